// units.c - units without options: y = f(x), element by element. A line per op.
//   shape     y as x
//   gradient  dx += f'(x) dy, by the kernel of the same name; it reads y where that tells f'(x), so that x's memory may be reused
#include "ops/pointwise.h"

#define UNIT(unit, text, flag, which)                                                                                          \
    static striate_status unit##_shape(const struct op_args *a, struct op_plan *plan)                                          \
    {                                                                                                                          \
        return pointwise_shape(a, plan, flag);                                                                                 \
    }                                                                                                                          \
    static void unit##_forward(const struct op_args *a)                                                                        \
    {                                                                                                                          \
        pointwise_forward(a, a->k->unit);                                                                                      \
    }                                                                                                                          \
    static void unit##_backward(const struct op_args *a)                                                                       \
    {                                                                                                                          \
        pointwise_backward(a, which, a->k->unit##_grad);                                                                       \
    }                                                                                                                          \
    const struct op striate_op_##unit = { .name = #unit,                                                                       \
                                          .doc = "y = " text,                                                                  \
                                          .min_ins = 1,                                                                        \
                                          .max_ins = 1,                                                                        \
                                          .shape = unit##_shape,                                                               \
                                          .forward = unit##_forward,                                                           \
                                          .backward = unit##_backward };

UNIT(relu, "max(x, 0)", READS_OUTPUT, a->out)
UNIT(sigmoid, "1 / (1 + e^-x)", READS_OUTPUT, a->out)
UNIT(tanh, "tanh x", READS_OUTPUT, a->out)
UNIT(scaled_tanh, "1.7159 tanh(2 x / 3)", READS_OUTPUT, a->out) // LeCun et al. 1998, appendix A
UNIT(abs, "|x|", READS_INPUT, a->in[0])
