// avg_pool.c - the mean of each window, channel by channel.
//   shape     P = floor or ceil((H + 2 pad - size) / stride) + 1, Q likewise
//   forward   y = sum of the window's pixels / their number, that of the window clipped to the padded image, or without the padding
//   gradient  dx += dy / that number, for each window that holds the pixel
#include "ops/pool.h"

static const struct attribute attributes[] = {
    POOL_ATTRIBUTES,
    POOL_ATTRIBUTE(exclude_pad, FLAG, 0, 1, 0, "divide by the pixels inside the image"),
    { 0 },
};

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = pool_geometry(a);
    a->k->avg_pool(&s, begin, end, a->in[0]->data, a->in[0]->ld, a->out->data, a->out->ld, false);
}

static void forward(const struct op_args *a)
{
    pool_rows_for(a->out, forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = pool_geometry(a);
    a->k->avg_pool_grad(&s, begin, end, a->dout->data, a->dout->ld, a->din[0]->data, a->din[0]->ld, a->add[0]);
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) pool_rows_for(a->din[0], backward_rows, a);
}

const struct op striate_op_avg_pool = { .name = "avg_pool",
                                        .doc = "the mean of each window",
                                        .min_ins = 1,
                                        .max_ins = 1,
                                        .options_size = sizeof(striate_window),
                                        .attributes = attributes,
                                        .shape = pool_shape,
                                        .forward = forward,
                                        .backward = backward,
                                        .cost = pool_cost };
