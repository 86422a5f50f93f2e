// squared_error.c - half the squared distance of the outputs from their targets: 1/2 weight sum (x_c - t_c)^2, for each image; t is `on` at the
// label, else `off` (loss.h).
//   shape     1x1x1
//   gradient  of the batch's mean: dx_c += weight (x_c - t_c) / n      (reads x)
#include "ops/loss.h"

#include <stddef.h>

typedef striate_squared_error_options options;

static const struct attribute attributes[] = {
    LOSS_WEIGHT(options),
    { "on", ATTRIBUTE_FLOAT, offsetof(options, on), "the target of the label's output", .value = 1, .low = -1e6, .high = 1e6 },
    { "off", ATTRIBUTE_FLOAT, offsetof(options, off), "that of the others", .low = -1e6, .high = 1e6 },
    { 0 },
};

static double loss(const struct op_args *a, int classes, const float *x, const float *t, float *dx)
{
    const options *o = a->options;
    double sum = 0;
    for (int c = 0; c < classes; c++) {
        float away = x[c] - (o->off + (o->on - o->off) * t[c]);
        sum += 0.5 * away * away;
        if (dx) dx[c] = away;
    }
    return sum;
}

static void forward(const struct op_args *a)
{
    loss_forward(a, loss);
}

static void backward(const struct op_args *a)
{
    loss_backward(a, loss);
}

const struct op striate_op_squared_error = { .name = "squared_error",
                                             .doc = "half the squared distance from the targets",
                                             .min_ins = 1,
                                             .max_ins = 1,
                                             .options_size = sizeof(options),
                                             .attributes = attributes,
                                             .shape = loss_shape,
                                             .forward = forward,
                                             .backward = backward };
