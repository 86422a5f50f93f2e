// prob_max_pool.c - probabilistic max pooling (Lee et al. 2009, 3.3): x is what the units of a convolutional restricted Boltzmann machine get, y
// the probability that one of a block's units is on, where at most one is.
//   shape     P = ceil(H / size), Q likewise: the last blocks may be smaller
//   forward   y = S / (1 + S), S = the sum of e^x over the block
//   gradient  dx += dy e^x / (1 + S)^2      (reads x)
#include "ops/pool.h"

static const struct attribute attributes[] = {
    { "size", ATTRIBUTE_INT, offsetof(striate_window, size), "both sides of a block", .value = 2, .low = 1, .high = 1024 },
    { 0 },
};

struct pool prob_max_pool_geometry(const striate_window *o, struct shape x)
{
    int size = o->size;
    return (struct pool){ .h = x.h,
                          .w = x.w,
                          .c = x.c,
                          .p = (x.h - 1) / size + 1,
                          .q = (x.w - 1) / size + 1,
                          .size_h = size,
                          .size_w = size,
                          .stride_h = size,
                          .stride_w = size };
}

static struct pool geometry(const struct op_args *a)
{
    return prob_max_pool_geometry(a->options, a->in[0]->shape);
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    struct pool s = geometry(a);
    plan->out = (struct shape){ s.p, s.q, s.c, a->in[0]->shape.folded };
    plan->flags = READS_INPUT;
    return STRIATE_OK;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = geometry(a);
    a->k->block_on(&s, begin, end, a->in[0]->data, a->in[0]->ld, a->out->data, a->out->ld);
}

static void forward(const struct op_args *a)
{
    pool_rows_for(a->out, forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = geometry(a);
    a->k->block_units(&s, begin, end, a->in[0]->data, a->in[0]->ld, a->dout->data, a->dout->ld, a->din[0]->data, a->din[0]->ld,
                      a->add[0]);
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) pool_rows_for(a->out, backward_rows, a);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    struct pool s = geometry(a);
    *cost = (struct op_cost){ .kernel_h = s.size_h, .kernel_w = s.size_w, .stride_h = s.size_h, .stride_w = s.size_w };
}

const struct op striate_op_prob_max_pool = { .name = "prob_max_pool",
                                             .doc = "the probability that one unit of each block is on, where at most one is",
                                             .min_ins = 1,
                                             .max_ins = 1,
                                             .options_size = sizeof(striate_window),
                                             .attributes = attributes,
                                             .shape = shape,
                                             .forward = forward,
                                             .backward = backward,
                                             .cost = cost };
