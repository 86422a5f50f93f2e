// tanh.c - y = tanh x, element by element.
//   shape     y as x
//   gradient  dx += dy (1 - y^2)
#include "ops/pointwise.h"

static void forward(const struct op_args *a)
{
    pointwise_forward(a, a->k->tanh);
}

static void backward(const struct op_args *a)
{
    pointwise_backward(a, a->k->tanh_grad);
}

const struct op striate_op_tanh = { .name = "tanh",
                                    .doc = "y = tanh x",
                                    .min_ins = 1,
                                    .max_ins = 1,
                                    .shape = pointwise_shape,
                                    .forward = forward,
                                    .backward = backward };
