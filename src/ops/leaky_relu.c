// leaky_relu.c - y = x where x > 0, else slope * x (Maas et al. 2013).
//   shape     y as x
//   gradient  dx += dy where y > 0, else slope * dy      (reads y: as slope > 0, x and y have one sign)
#include "ops/pointwise.h"
#include "ops/rows.h"

#include <stddef.h>

typedef striate_leaky_relu_options options;

static const struct attribute attributes[] = {
    { "slope", ATTRIBUTE_FLOAT, offsetof(options, slope), "of what is below 0", .value = 0.01, .low = 1e-6, .high = 1 },
    { 0 },
};

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    return pointwise_shape(a, plan, READS_OUTPUT);
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    const options *o = a->options;
    struct rows x = rows_of(a->in[0], begin, end), y = rows_of(a->out, begin, end);
    a->k->leaky_relu(o->slope, x.rows, x.cols, x.data, x.ld, y.data, y.ld);
}

static void forward(const struct op_args *a)
{
    rows_for(a->out, forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    const options *o = a->options;
    struct rows y = rows_of(a->out, begin, end), dy = rows_of(a->dout, begin, end), dx = rows_of(a->din[0], begin, end);
    a->k->leaky_relu_grad(o->slope, y.rows, y.cols, y.data, y.ld, dy.data, dy.ld, dx.data, dx.ld, a->add[0]);
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) rows_for(a->out, backward_rows, a);
}

const struct op striate_op_leaky_relu = { .name = "leaky_relu",
                                          .doc = "y = x where x > 0, else slope x",
                                          .min_ins = 1,
                                          .max_ins = 1,
                                          .options_size = sizeof(options),
                                          .attributes = attributes,
                                          .shape = shape,
                                          .forward = forward,
                                          .backward = backward };
