// sigmoid.c - y = 1 / (1 + e^-x), element by element.
//   shape     y as x
//   gradient  dx += dy y (1 - y)
#include "ops/pointwise.h"

static void forward(const struct op_args *a)
{
    pointwise_forward(a, a->k->sigmoid);
}

static void backward(const struct op_args *a)
{
    pointwise_backward(a, a->k->sigmoid_grad);
}

const struct op striate_op_sigmoid = { .name = "sigmoid",
                                       .doc = "y = 1 / (1 + e^-x)",
                                       .min_ins = 1,
                                       .max_ins = 1,
                                       .shape = pointwise_shape,
                                       .forward = forward,
                                       .backward = backward };
