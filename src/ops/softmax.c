// softmax.c - y_c = exp(x_c) / sum exp(x), over the channels of each pixel.
//   shape     y as x
//   gradient  dx_c += y_c (dy_c - sum dy y)
#include "ops/pointwise.h"

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    return pointwise_shape(a, plan, READS_OUTPUT);
}

static void forward(const struct op_args *a)
{
    pointwise_forward(a, a->k->softmax);
}

static void backward(const struct op_args *a)
{
    pointwise_backward(a, a->out, a->k->softmax_grad);
}

const struct op striate_op_softmax = { .name = "softmax",
                                       .doc = "probabilities of the channels of each pixel",
                                       .min_ins = 1,
                                       .max_ins = 1,
                                       .shape = shape,
                                       .forward = forward,
                                       .backward = backward };
