// sign.c - y = 1 where x >= 0, else -1: the perceptron's unit (Rosenblatt 1958).
//   shape     y as x
//   gradient  dx += dy, straight through (Bengio et al. 2013, 4), as the derivative is 0 wherever there is one. After a squared error, whose dy
//             is y - t, this is the perceptron's rule: dw = (y - t) x.
#include "ops/copy.h"
#include "ops/pointwise.h"

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    return pointwise_shape(a, plan, 0);
}

static void forward(const struct op_args *a)
{
    pointwise_forward(a, a->k->sign);
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) copy_tensor(a, a->dout, a->din[0], a->add[0]);
}

const struct op striate_op_sign = { .name = "sign",
                                    .doc = "y = 1 where x >= 0, else -1",
                                    .min_ins = 1,
                                    .max_ins = 1,
                                    .shape = shape,
                                    .forward = forward,
                                    .backward = backward };
