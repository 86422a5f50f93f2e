// relu.c - y = max(x, 0), element by element.
//   shape     y as x
//   gradient  dx += dy where y > 0      (reads y, not x: x's memory may be reused)
#include "ops/op.h"
#include "ops/rows.h"

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    plan->out = a->in[0]->shape;
    plan->flags = READS_OUTPUT | IN_PLACE;
    return STRIATE_OK;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows x = rows_of(a->in[0], begin, end), y = rows_of(a->out, begin, end);
    a->k->relu(x.rows, x.cols, x.data, x.ld, y.data, y.ld);
}

static void forward(const struct op_args *a)
{
    rows_for(a->out, forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows y = rows_of(a->out, begin, end), dy = rows_of(a->dout, begin, end), dx = rows_of(a->din[0], begin, end);
    a->k->relu_grad(y.rows, y.cols, y.data, y.ld, dy.data, dy.ld, dx.data, dx.ld, a->add[0]);
}

static void backward(const struct op_args *a)
{
    rows_for(a->out, backward_rows, a);
}

const struct op striate_op_relu = {
    .name = "relu", .doc = "y = max(x, 0)", .min_ins = 1, .max_ins = 1, .shape = shape, .forward = forward, .backward = backward
};
