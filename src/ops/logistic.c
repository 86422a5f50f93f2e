// logistic.c - the loss of logistic regression, each output by itself: -weight sum t_c log s_c + (1 - t_c) log(1 - s_c), s_c = 1 / (1 + e^-x_c),
// for each image; t as in loss.h, so that one output tells label 1 from label 0.
//   shape     1x1x1
//   gradient  of the batch's mean: dx_c += weight (s_c - t_c) / n      (reads x)
#include "ops/loss.h"

#include <math.h>
#include <stddef.h>

typedef striate_logistic_options options;

static const struct attribute attributes[] = { LOSS_WEIGHT(options), { 0 } };

static double loss(const struct op_args *a, int classes, const float *x, const float *t, float *dx)
{
    double sum = 0;
    (void)a;
    for (int c = 0; c < classes; c++) {
        double e = exp(-fabs(x[c])); // log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
        sum += (x[c] > 0 ? x[c] : 0) + log1p(e) - t[c] * x[c];
        if (dx) dx[c] = (float)((x[c] > 0 ? 1 : e) / (1 + e)) - t[c];
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

const struct op striate_op_logistic = { .name = "logistic",
                                        .doc = "the loss of logistic regression, each output by itself",
                                        .min_ins = 1,
                                        .max_ins = 1,
                                        .options_size = sizeof(options),
                                        .attributes = attributes,
                                        .shape = loss_shape,
                                        .forward = forward,
                                        .backward = backward };
