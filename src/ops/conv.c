// conv.c - convolution (cross-correlation), in groups.
//   shape     P = floor((H + pad_above + pad_below - dilation (R - 1) - 1) / stride) + 1; Q likewise
//   forward   y[n,p,q,k] = b[k] + sum w[k,r,s,c] x[n, p stride - pad_above + r dilation, q stride - pad_left + s dilation, c]
//   gradient  dx: the full convolution of dy, spread by the stride, with w turned by 180 degrees
//             dw[k,r,s,c] = sum dy[n,p,q,k] x[n, ..., c];  db[k] = sum dy[n,p,q,k]      (reads x)
#include "ops/linear.h"

#include <limits.h>
#include <stddef.h>

typedef striate_conv_options options;
enum { SIDE = 16384 };

static const struct attribute attributes[] = {
    { "filters", ATTRIBUTE_INT, offsetof(options, filters), "output channels", .low = 1, .high = 1 << 20, .required = true },
    { "kernel", ATTRIBUTE_INT, offsetof(options, kernel), "rows and columns of the kernel", .low = 0, .high = SIDE },
    { "kernel_h", ATTRIBUTE_INT, offsetof(options, kernel_h), "rows, where not as kernel", .low = 0, .high = SIDE },
    { "kernel_w", ATTRIBUTE_INT, offsetof(options, kernel_w), "columns, where not as kernel", .low = 0, .high = SIDE },
    { "stride", ATTRIBUTE_INT, offsetof(options, stride), "step of the window", .value = 1, .low = 1, .high = SIDE },
    { "stride_h", ATTRIBUTE_INT, offsetof(options, stride_h), "down, where not as stride", .low = 0, .high = SIDE },
    { "stride_w", ATTRIBUTE_INT, offsetof(options, stride_w), "across, where not as stride", .low = 0, .high = SIDE },
    { "pad", ATTRIBUTE_INT, offsetof(options, pad), "zeros on every side", .low = 0, .high = SIDE },
    { "pad_top", ATTRIBUTE_INT, offsetof(options, pad_top), "more above", .low = 0, .high = SIDE },
    { "pad_bottom", ATTRIBUTE_INT, offsetof(options, pad_bottom), "more below", .low = 0, .high = SIDE },
    { "pad_left", ATTRIBUTE_INT, offsetof(options, pad_left), "more on the left", .low = 0, .high = SIDE },
    { "pad_right", ATTRIBUTE_INT, offsetof(options, pad_right), "more on the right", .low = 0, .high = SIDE },
    { "dilation", ATTRIBUTE_INT, offsetof(options, dilation), "distance of taps", .value = 1, .low = 1, .high = SIDE },
    { "groups", ATTRIBUTE_INT, offsetof(options, groups), "parts of the channels kept apart", .value = 1, .low = 1,
      .high = 1 << 20 },
    { "no_bias", ATTRIBUTE_FLAG, offsetof(options, no_bias), "no b", .high = 1 },
    { "init", ATTRIBUTE_CHOICE, offsetof(options, init), "how weights begin", .high = 2, .choices = "he|xavier|gaussian" },
    { "init_std", ATTRIBUTE_FLOAT, offsetof(options, init_std), "standard deviation of gaussian", .value = 0.01, .low = 0,
      .high = 1e6 },
    { "init_bias", ATTRIBUTE_FLOAT, offsetof(options, init_bias), "how b begins", .low = -1e6, .high = 1e6 },
    { 0 },
};

// One side of the window.
struct side {
    int kernel, stride, before;
    int64_t padded, reach; // reach: positions from the first tap to the last, both included
};

static struct side side_of(const options *o, int size, int kernel, int stride, int before, int after)
{
    if (!kernel) kernel = o->kernel;
    return (struct side){ kernel, stride ? stride : o->stride, o->pad + before, (int64_t)size + 2 * o->pad + before + after,
                          (int64_t)o->dilation * (kernel - 1) + 1 };
}

static struct side side_h(const struct op_args *a)
{
    const options *o = a->options;
    return side_of(o, a->in[0]->shape.h, o->kernel_h, o->stride_h, o->pad_top, o->pad_bottom);
}

static struct side side_w(const struct op_args *a)
{
    const options *o = a->options;
    return side_of(o, a->in[0]->shape.w, o->kernel_w, o->stride_w, o->pad_left, o->pad_right);
}

static struct linear linear_of(const struct op_args *a, struct shape y)
{
    const options *o = a->options;
    const struct shape *x = &a->in[0]->shape;
    struct side h = side_h(a), w = side_w(a);
    return linear_for(a, a->in[0], axis_forward(x->h, y.h, h.kernel, h.stride, h.before, o->dilation),
                      axis_forward(x->w, y.w, w.kernel, w.stride, w.before, o->dilation), o->groups, o->filters);
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    const options *o = a->options;
    const struct shape *x = &a->in[0]->shape;
    struct side h = side_h(a), w = side_w(a);
    if (!h.kernel || !w.kernel) FAIL(BAD_NETWORK, "kernel is missing; give kernel, or kernel_h and kernel_w");
    if (h.reach > h.padded || w.reach > w.padded)
        FAIL(BAD_NETWORK, "kernel %lldx%lld is larger than the padded input %lldx%lld", (long long)h.reach, (long long)w.reach,
             (long long)h.padded, (long long)w.padded);
    if (x->c % o->groups) FAIL(BAD_NETWORK, "%d input channels are no multiple of groups %d", x->c, o->groups);
    if (o->filters % o->groups) FAIL(BAD_NETWORK, "filters %d is no multiple of groups %d", o->filters, o->groups);
    double weights = (double)o->filters * (x->c / o->groups) * h.kernel * w.kernel;
    if (weights > INT_MAX)
        FAIL(BAD_NETWORK, "%d filters of %dx%dx%d values are more than %d weights", o->filters, h.kernel, w.kernel,
             x->c / o->groups, INT_MAX);
    plan->out =
        (struct shape){ (int)((h.padded - h.reach) / h.stride) + 1, (int)((w.padded - w.reach) / w.stride) + 1, o->filters, 1 };
    plan->flags = READS_INPUT;
    plan->params = o->no_bias ? 1 : 2;
    plan->param[0] = (struct op_param){ .name = "weight",
                                        .kind = PARAM_WEIGHT,
                                        .rank = 4,
                                        .dims = { o->filters, x->c / o->groups, h.kernel, w.kernel },
                                        .pixels = h.kernel * w.kernel,
                                        .init = o->init,
                                        .value = o->init_std };
    plan->param[1] = (struct op_param){
        .name = "bias", .kind = PARAM_BIAS, .rank = 1, .dims = { o->filters }, .pixels = 1, .value = o->init_bias
    };
    struct linear l = linear_of(a, plan->out);
    if (l.k) linear_sizes(&l, a, plan);
    return STRIATE_OK;
}

static void pack(const struct op_args *a)
{
    struct linear l = linear_of(a, a->out->shape);
    linear_pack(&l, a);
}

static void forward(const struct op_args *a)
{
    struct linear l = linear_of(a, a->out->shape);
    linear_forward(&l, a, a->in[0]);
}

static void backward(const struct op_args *a)
{
    struct linear l = linear_of(a, a->out->shape);
    linear_backward_fused(a);
    linear_backward_weights(&l, a, a->in[0]);
    if (a->din[0]) linear_backward_data(&l, a, a->din[0]);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    const options *o = a->options;
    struct side h = side_h(a), w = side_w(a);
    int64_t terms = (int64_t)h.kernel * w.kernel * (a->in[0]->shape.c / o->groups);
    *cost = (struct op_cost){ (int64_t)shape_count(a->out->shape) * terms, (int)h.reach, (int)w.reach, h.stride, w.stride };
}

const struct op striate_op_conv = { .name = "conv",
                                    .doc = "convolution: filters slide over the image",
                                    .min_ins = 1,
                                    .max_ins = 1,
                                    .options_size = sizeof(options),
                                    .attributes = attributes,
                                    .shape = shape,
                                    .pack = pack,
                                    .forward = forward,
                                    .backward = backward,
                                    .cost = cost };
