// lrn.c - local response normalization across channels (Krizhevsky et al. 2012, 3.3), with alpha divided by the window as Caffe and PyTorch do.
//   shape     y as x
//   forward   y_c = x_c s_c^-beta, s_c = k + alpha / size * sum of x_j^2 over the `size` channels j around c
//   gradient  dx_c += dy_c s_c^-beta - 2 alpha beta / size * x_c * sum of dy_j x_j s_j^(-beta - 1) over the channels j around which c is
#include "ops/op.h"
#include "ops/rows.h"

#include <stddef.h>

static const struct attribute attributes[] = {
    { "size", ATTRIBUTE_INT, offsetof(striate_lrn_options, size), "channels of the window", .value = 5, .low = 1,
      .high = LRN_SIZE },
    { "alpha", ATTRIBUTE_FLOAT, offsetof(striate_lrn_options, alpha), "of the mean of squares", .value = 1e-4, .low = 0,
      .high = 1e6 },
    { "beta", ATTRIBUTE_FLOAT, offsetof(striate_lrn_options, beta), "the power", .value = 0.75, .low = 0, .high = 16 },
    { "k", ATTRIBUTE_FLOAT, offsetof(striate_lrn_options, k), "added to the squares", .value = 1, .low = 1e-6, .high = 1e6 },
    { 0 },
};

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    plan->out = a->in[0]->shape;
    plan->flags = READS_INPUT;
    return STRIATE_OK;
}

static struct lrn lrn_of(const struct op_args *a)
{
    const striate_lrn_options *o = a->options;
    return (struct lrn){ o->size, o->alpha / (float)o->size, o->beta, o->k };
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
    if (a->din[0]) rows_for(a->out, backward_rows, a);
}

const struct op striate_op_lrn = { .name = "lrn",
                                   .doc = "x (k + alpha mean x^2)^-beta, the mean over channels around each",
                                   .min_ins = 1,
                                   .max_ins = 1,
                                   .options_size = sizeof(striate_lrn_options),
                                   .attributes = attributes,
                                   .shape = shape,
                                   .forward = forward,
                                   .backward = backward };
