// flatten.c - [H][W][C] becomes [1][1][H*W*C]; no value moves.
//   shape     1x1x(H*W*C), which files order channel, row, column: folded remembers H*W
#include "ops/op.h"

#include <limits.h>

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    struct shape x = a->in[0]->shape;
    if (shape_count(x) > INT_MAX) FAIL(BAD_NETWORK, "%dx%dx%d is too large to flatten; pool first", x.h, x.w, x.c);
    plan->out = (struct shape){ 1, 1, x.h * x.w * x.c, x.h * x.w * x.folded };
    plan->flags = VIEW;
    return STRIATE_OK;
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    struct shape x = a->in[0]->shape;
    *cost = (struct op_cost){ .kernel_h = x.h, .kernel_w = x.w, .stride_h = 1, .stride_w = 1 };
}

const struct op striate_op_flatten = {
    .name = "flatten", .doc = "all values as channels of one pixel", .min_ins = 1, .max_ins = 1, .shape = shape, .cost = cost
};
