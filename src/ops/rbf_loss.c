// rbf_loss.c - the loss of LeNet-5 (LeCun et al. 1998, eq. 9): weight (-sum t_c x_c + log(e^-j + sum e^x_c)), for each image; x are the outputs of
// rbf, which are penalties with a minus, and t as in loss.h. e^-j is a class of rubbish, which keeps the penalties of wrong classes from growing
// beyond need.
//   shape     1x1x1
//   gradient  of the batch's mean: dx_c += weight (e^x_c / (e^-j + sum e^x) - t_c) / n      (reads x)
#include "ops/loss.h"

#include <math.h>
#include <stddef.h>

typedef striate_rbf_loss_options options;

static const struct attribute attributes[] = {
    LOSS_WEIGHT(options),
    { "j", ATTRIBUTE_FLOAT, offsetof(options, j), "the penalty of being none of the classes", .value = 0.1, .low = 1e-6,
      .high = 1e6 },
    { 0 },
};

static double loss(const struct op_args *a, int classes, const float *x, const float *t, float *dx)
{
    double j = ((const options *)a->options)->j, most = -j, linear = 0;
    for (int c = 0; c < classes; c++) {
        most = x[c] <= most ? most : x[c]; // NaN stays
        linear += t[c] * x[c];
    }
    double sum = exp(-j - most);
    for (int c = 0; c < classes; c++) sum += exp(x[c] - most);
    for (int c = 0; c < classes && dx; c++) dx[c] = (float)(exp(x[c] - most) / sum) - t[c];
    return log(sum) + most - linear;
}

static void forward(const struct op_args *a)
{
    loss_forward(a, loss);
}

static void backward(const struct op_args *a)
{
    loss_backward(a, loss);
}

const struct op striate_op_rbf_loss = { .name = "rbf_loss",
                                        .doc = "the loss of LeNet-5, after rbf",
                                        .min_ins = 1,
                                        .max_ins = 1,
                                        .options_size = sizeof(options),
                                        .attributes = attributes,
                                        .shape = loss_shape,
                                        .forward = forward,
                                        .backward = backward };
