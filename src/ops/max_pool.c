// max_pool.c - the maximum of each window, channel by channel; padding never wins.
//   shape     P = floor or ceil((H + 2 pad - size) / stride) + 1, Q likewise
//   gradient  dx += dy at the first maximum of each window, whose place in the window forward saves as a byte
#include "ops/pool.h"

static const struct attribute attributes[] = { POOL_ATTRIBUTES, { 0 } };

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    TRY(max_pool_shape(a, plan));
    plan->flags = CHEAP;
    return STRIATE_OK;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = pool_geometry(a);
    a->k->max_pool(&s, begin, end, a->in[0]->data, a->in[0]->ld, a->out->data, a->out->ld, a->train ? a->saved : NULL);
}

static void forward(const struct op_args *a)
{
    pool_rows_for(a->out, forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = pool_geometry(a);
    a->k->max_pool_grad(&s, begin, end, a->saved, a->dout->data, a->dout->ld, a->din[0]->data, a->din[0]->ld, a->add[0]);
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) pool_rows_for(a->din[0], backward_rows, a);
}

const struct op striate_op_max_pool = { .name = "max_pool",
                                        .doc = "the maximum of each window",
                                        .min_ins = 1,
                                        .max_ins = 1,
                                        .options_size = sizeof(striate_window),
                                        .attributes = attributes,
                                        .shape = shape,
                                        .forward = forward,
                                        .backward = backward,
                                        .cost = pool_cost };
