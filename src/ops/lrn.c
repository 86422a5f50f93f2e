// lrn.c - local response normalization: across channels (Krizhevsky et al. 2012, 3.3), or within each channel over a square of pixels.
//   shape     y as x
//   forward   y = x s^-beta, s = k + a * sum of x_j^2 over the window around: `size` channels, or size x size pixels, of which size / 2 lie before.
//             a is alpha over the window's values by Caffe's and PyTorch's convention, alpha itself by the paper's
//   gradient  dx += dy s^-beta - 2 a beta x * sum of dy_j x_j s_j^(-beta - 1) over the j around which this is      (reads x)
#include "ops/lrn_within.h"
#include "ops/rows.h"

#include <stddef.h>

typedef striate_lrn_options options;

static const struct attribute attributes[] = {
    { "size", ATTRIBUTE_INT, offsetof(options, size), "of the window", .value = 5, .low = 1, .high = LRN_SIZE },
    { "alpha", ATTRIBUTE_FLOAT, offsetof(options, alpha), "of the squares", .value = 1e-4, .low = 0, .high = 1e6 },
    { "beta", ATTRIBUTE_FLOAT, offsetof(options, beta), "the power", .value = 0.75, .low = 0, .high = 16 },
    { "k", ATTRIBUTE_FLOAT, offsetof(options, k), "added to the squares", .value = 1, .low = 1e-6, .high = 1e6 },
    { "convention", ATTRIBUTE_CHOICE, offsetof(options, convention), "alpha times the squares' mean (caffe) or sum (paper)",
      .choices = "caffe|paper" },
    { "region", ATTRIBUTE_CHOICE, offsetof(options, region), "the window: channels, or pixels of a channel",
      .choices = "across|within" },
    { 0 },
};

static bool is_within(const struct op_args *a)
{
    return ((const options *)a->options)->region == STRIATE_LRN_WITHIN;
}

static struct lrn lrn_of(const struct op_args *a)
{
    const options *o = a->options;
    int values = o->convention == STRIATE_LRN_PAPER ? 1 : is_within(a) ? o->size * o->size : o->size;
    return (struct lrn){ o->size, o->alpha / (float)values, o->beta, o->k };
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    plan->out = a->in[0]->shape;
    plan->flags = READS_INPUT;
    if (is_within(a)) lrn_within_sizes(a, plan);
    return STRIATE_OK;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct lrn how = lrn_of(a);
    struct rows x = rows_of(a->in[0], begin, end), y = rows_of(a->out, begin, end);
    a->k->lrn(&how, x.rows, x.cols, x.data, x.ld, y.data, y.ld);
}

static void forward(const struct op_args *a)
{
    if (is_within(a))
        lrn_within_forward(a, lrn_of(a));
    else
        rows_for(a->out, forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct lrn how = lrn_of(a);
    struct rows x = rows_of(a->in[0], begin, end), dy = rows_of(a->dout, begin, end), dx = rows_of(a->din[0], begin, end);
    a->k->lrn_grad(&how, x.rows, x.cols, x.data, x.ld, dy.data, dy.ld, dx.data, dx.ld, a->add[0]);
}

static void backward(const struct op_args *a)
{
    if (!a->din[0]) return;
    if (is_within(a))
        lrn_within_backward(a, lrn_of(a));
    else
        rows_for(a->out, backward_rows, a);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    int side = is_within(a) ? lrn_of(a).size : 1;
    *cost = (struct op_cost){ .kernel_h = side, .kernel_w = side, .stride_h = 1, .stride_w = 1 };
}

const struct op striate_op_lrn = { .name = "lrn",
                                   .doc = "x (k + alpha mean x^2)^-beta, the mean over values around each",
                                   .min_ins = 1,
                                   .max_ins = 1,
                                   .options_size = sizeof(options),
                                   .attributes = attributes,
                                   .shape = shape,
                                   .forward = forward,
                                   .backward = backward,
                                   .cost = cost };
