// pointwise.c - cutting element-wise work into pieces.
#include "ops/pointwise.h"

#include "ops/rows.h"

struct map {
    const struct op_args *a;
    pointwise_map *map;
    pointwise_slope *slope;
    const struct tensor *v;
};

striate_status pointwise_shape(const struct op_args *a, struct op_plan *plan, unsigned reads)
{
    plan->out = a->in[0]->shape;
    plan->flags = reads | IN_PLACE;
    return STRIATE_OK;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct map *m = context;
    struct rows x = rows_of(m->a->in[0], begin, end), y = rows_of(m->a->out, begin, end);
    m->map(x.rows, x.cols, x.data, x.ld, y.data, y.ld);
}

void pointwise_forward(const struct op_args *a, pointwise_map *kernel)
{
    struct map m = { .a = a, .map = kernel };
    rows_for(a->out, forward_rows, &m);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct map *m = context;
    const struct op_args *a = m->a;
    struct rows v = rows_of(m->v, begin, end), dy = rows_of(a->dout, begin, end), dx = rows_of(a->din[0], begin, end);
    m->slope(v.rows, v.cols, v.data, v.ld, dy.data, dy.ld, dx.data, dx.ld, a->add[0]);
}

void pointwise_backward(const struct op_args *a, const struct tensor *v, pointwise_slope *kernel)
{
    struct map m = { .a = a, .slope = kernel, .v = v };
    if (a->din[0]) rows_for(a->out, backward_rows, &m);
}
