// upsample.c - every pixel as a square of `factor` x `factor` equal ones (nearest neighbour).
//   shape     H factor x W factor x C
//   gradient  dx[n,h,w] += sum of dy over the square
// It is a pooling by sums turned around: forward is that one's gradient, backward its forward.
#include "ops/pool.h"

static const struct attribute attributes[] = {
    { "factor", ATTRIBUTE_INT, offsetof(striate_upsample_options, factor), "rows and columns from one", .value = 2, .low = 1,
      .high = 1024 },
    { 0 },
};

static int factor_of(const struct op_args *a)
{
    return ((const striate_upsample_options *)a->options)->factor;
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    struct shape x = a->in[0]->shape;
    int factor = factor_of(a);
    if ((double)x.h * x.w * x.c * factor * factor > 2147483647.0)
        FAIL(BAD_NETWORK, "%dx%dx%d values are too many to upsample by %d", x.h, x.w, x.c, factor);
    plan->out = (struct shape){ x.h * factor, x.w * factor, x.c, x.folded };
    return STRIATE_OK;
}

static struct pool geometry(const struct op_args *a)
{
    const striate_window window = { .size = factor_of(a), .stride = factor_of(a) };
    struct shape x = a->in[0]->shape;
    struct pool s = pool_geometry_of(&window, (struct shape){ x.h * window.size, x.w * window.size, x.c, x.folded });
    s.sum = true;
    return s;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = geometry(a);
    a->k->avg_pool_grad(&s, begin, end, a->in[0]->data, a->in[0]->ld, a->out->data, a->out->ld, false);
}

static void forward(const struct op_args *a)
{
    pool_rows_for(a->out, forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = geometry(a);
    a->k->avg_pool(&s, begin, end, a->dout->data, a->dout->ld, a->din[0]->data, a->din[0]->ld, a->add[0]);
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) pool_rows_for(a->din[0], backward_rows, a);
}

const struct op striate_op_upsample = { .name = "upsample",
                                        .doc = "every pixel as a square of equal ones",
                                        .min_ins = 1,
                                        .max_ins = 1,
                                        .options_size = sizeof(striate_upsample_options),
                                        .attributes = attributes,
                                        .shape = shape,
                                        .forward = forward,
                                        .backward = backward };
