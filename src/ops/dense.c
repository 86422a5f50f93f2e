// dense.c - a fully connected layer: every output sees every value of its image.
//   shape     y[N][1][1][K]
//   forward   y = w x + b, x as one vector of H*W*C values
//   gradient  dx = w^T dy;  dw[k] = sum over images of dy[k] x;  db[k] = sum of dy[k]      (reads x)
// It is a convolution whose kernel is as large as the image.
#include "ops/linear.h"

#include <limits.h>
#include <stddef.h>

typedef striate_dense_options options;

static const struct attribute attributes[] = {
    { "units", ATTRIBUTE_INT, offsetof(options, units), "outputs", .low = 1, .high = 1 << 20, .required = true },
    { "no_bias", ATTRIBUTE_FLAG, offsetof(options, no_bias), "no b", .high = 1 },
    { "init", ATTRIBUTE_CHOICE, offsetof(options, init), "how weights begin", .high = 2, .choices = "he|xavier|gaussian" },
    { "init_std", ATTRIBUTE_FLOAT, offsetof(options, init_std), "standard deviation of gaussian", .value = 0.01, .low = 0,
      .high = 1e6 },
    { "init_bias", ATTRIBUTE_FLOAT, offsetof(options, init_bias), "how b begins", .low = -1e6, .high = 1e6 },
    { 0 },
};

static struct linear linear_of(const struct op_args *a, const struct tensor *x)
{
    return linear_for(a, x, axis_forward(x->shape.h, 1, x->shape.h, 1, 0, 1), axis_forward(x->shape.w, 1, x->shape.w, 1, 0, 1),
                      1, ((const options *)a->options)->units);
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    const options *o = a->options;
    const struct shape *x = &a->in[0]->shape;
    double weights = (double)x->h * x->w * x->c * o->units;
    if (weights > INT_MAX)
        FAIL(BAD_NETWORK, "%d units of %dx%dx%d inputs are more than %d weights", o->units, x->h, x->w, x->c, INT_MAX);
    int pixels = x->h * x->w;
    plan->out = (struct shape){ 1, 1, o->units, 1 };
    plan->flags = READS_INPUT;
    plan->params = o->no_bias ? 1 : 2;
    plan->param[0] = (struct op_param){ .name = "weight",
                                        .kind = PARAM_WEIGHT,
                                        .rank = 2,
                                        .dims = { o->units, pixels * x->c },
                                        .pixels = pixels == 1 ? x->folded : pixels,
                                        .fan_in = (float)pixels * (float)x->c,
                                        .init = o->init,
                                        .value = o->init_std };
    plan->param[1] = (struct op_param){
        .name = "bias", .kind = PARAM_BIAS, .rank = 1, .dims = { o->units }, .pixels = 1, .value = o->init_bias
    };
    struct linear l = linear_of(a, a->in[0]);
    if (l.k) linear_sizes(&l, a, plan);
    return STRIATE_OK;
}

static void pack(const struct op_args *a)
{
    struct linear l = linear_of(a, a->in[0]);
    linear_pack(&l, a);
}

static void forward(const struct op_args *a)
{
    struct linear l = linear_of(a, a->in[0]);
    linear_forward(&l, a, a->in[0]);
}

static void backward(const struct op_args *a)
{
    struct linear l = linear_of(a, a->in[0]);
    linear_backward_fused(a);
    linear_backward_weights(&l, a, a->in[0]);
    if (a->din[0]) linear_backward_data(&l, a, a->din[0]);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    const options *o = a->options;
    const struct shape *x = &a->in[0]->shape;
    *cost = (struct op_cost){ .macs = (int64_t)shape_count(*x) * o->units,
                              .sums = o->no_bias ? 0 : o->units,
                              .kernel_h = x->h,
                              .kernel_w = x->w,
                              .stride_h = 1,
                              .stride_w = 1 };
}

const struct op striate_op_dense = { .name = "dense",
                                     .doc = "every output sees every input",
                                     .min_ins = 1,
                                     .max_ins = 1,
                                     .options_size = sizeof(options),
                                     .attributes = attributes,
                                     .shape = shape,
                                     .pack = pack,
                                     .forward = forward,
                                     .backward = backward,
                                     .cost = cost };
