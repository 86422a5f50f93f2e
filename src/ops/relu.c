// relu.c - y = max(x, 0), element by element.
//   shape     y as x
//   gradient  dx += dy where y > 0
#include "ops/pointwise.h"

static void forward(const struct op_args *a)
{
    pointwise_forward(a, a->k->relu);
}

static void backward(const struct op_args *a)
{
    pointwise_backward(a, a->k->relu_grad);
}

const struct op striate_op_relu = { .name = "relu",
                                    .doc = "y = max(x, 0)",
                                    .min_ins = 1,
                                    .max_ins = 1,
                                    .shape = pointwise_shape,
                                    .forward = forward,
                                    .backward = backward };
