// conv_shape.c - a convolution's geometry: its window, output and parameters.
#include "ops/conv.h"

#include <limits.h>

typedef striate_conv_options options;

static struct side side_of(const options *o, int size, int kernel, int stride, int before, int after)
{
    if (!kernel) kernel = o->kernel;
    if (!stride) stride = o->stride;
    struct side s = { kernel, stride, o->pad + before, (int64_t)size + 2 * o->pad + before + after,
                      (int64_t)o->dilation * (kernel - 1) + 1 };
    int64_t same = (int64_t)((size - 1) / stride) * stride + s.reach - size, total = 0;
    if (o->mode == STRIATE_MODE_SAME) total = same > 0 ? same : 0;
    if (o->mode == STRIATE_MODE_FULL) total = 2 * (s.reach - 1);
    s.before += total / 2;
    s.padded += total;
    return s;
}

struct side conv_side_h(const struct op_args *a)
{
    const options *o = a->options;
    return side_of(o, a->in[0]->shape.h, o->kernel_h, o->stride_h, o->pad_top, o->pad_bottom);
}

struct side conv_side_w(const struct op_args *a)
{
    const options *o = a->options;
    return side_of(o, a->in[0]->shape.w, o->kernel_w, o->stride_w, o->pad_left, o->pad_right);
}

struct linear conv_linear(const struct op_args *a, struct shape y)
{
    const options *o = a->options;
    const struct shape *x = &a->in[0]->shape;
    struct side h = conv_side_h(a), w = conv_side_w(a);
    return linear_for(a, a->in[0], axis_forward(x->h, y.h, h.kernel, h.stride, (int)h.before, o->dilation),
                      axis_forward(x->w, y.w, w.kernel, w.stride, (int)w.before, o->dilation), o->groups, o->filters);
}

static striate_status check(const options *o, const struct shape *x, struct side h, struct side w)
{
    bool pads = o->pad || o->pad_top || o->pad_bottom || o->pad_left || o->pad_right;
    if (!h.kernel || !w.kernel) FAIL(BAD_NETWORK, "kernel is missing; give kernel, or kernel_h and kernel_w");
    if (o->mode != STRIATE_MODE_VALID && pads)
        FAIL(BAD_NETWORK, "mode %s pads by itself; leave out pad and its kin", o->mode == STRIATE_MODE_SAME ? "same" : "full");
    if (h.padded > INT_MAX || w.padded > INT_MAX || h.reach > INT_MAX || w.reach > INT_MAX)
        FAIL(BAD_NETWORK, "a kernel of %dx%d with dilation %d reaches too far", h.kernel, w.kernel, o->dilation);
    if (h.reach > h.padded || w.reach > w.padded)
        FAIL(BAD_NETWORK, "kernel %lldx%lld is larger than the padded input %lldx%lld", (long long)h.reach, (long long)w.reach,
             (long long)h.padded, (long long)w.padded);
    if (x->c % o->groups) FAIL(BAD_NETWORK, "%d input channels are no multiple of groups %d", x->c, o->groups);
    if (o->filters % o->groups) FAIL(BAD_NETWORK, "filters %d is no multiple of groups %d", o->filters, o->groups);
    double weights = (double)o->filters * (x->c / o->groups) * h.kernel * w.kernel;
    if (weights > INT_MAX)
        FAIL(BAD_NETWORK, "%d filters of %dx%dx%d values are more than %d weights", o->filters, h.kernel, w.kernel,
             x->c / o->groups, INT_MAX);
    if (o->table && o->groups > 1) FAIL(BAD_NETWORK, "a table and groups %d; give one of them", o->groups);
    if (o->table && conv_connections(o->table, o->filters, x->c) < 0)
        FAIL(BAD_NETWORK, "table does not name for each of the %d filters some of the channels 0 to %d, rising, as in 0+1,1+2",
             o->filters, x->c - 1);
    return o->init < STRIATE_INIT_SOBEL ? STRIATE_OK : conv_fixed_check(o->init, h.kernel, w.kernel);
}

striate_status conv_shape(const struct op_args *a, struct op_plan *plan)
{
    const options *o = a->options;
    const struct shape *x = &a->in[0]->shape;
    struct side h = conv_side_h(a), w = conv_side_w(a);
    TRY(check(o, x, h, w));
    int kernels = o->table ? conv_connections(o->table, o->filters, x->c) : o->filters;
    int pixels = h.kernel * w.kernel, channels = o->table ? 1 : x->c / o->groups;
    plan->out =
        (struct shape){ (int)((h.padded - h.reach) / h.stride) + 1, (int)((w.padded - w.reach) / w.stride) + 1, o->filters, 1 };
    plan->flags = READS_INPUT;
    plan->params = o->no_bias ? 1 : 2;
    plan->param[0] = (struct op_param){ .name = "weight",
                                        .kind = o->frozen ? PARAM_STATE : PARAM_WEIGHT,
                                        .rank = 4,
                                        .dims = { kernels, channels, h.kernel, w.kernel },
                                        .pixels = pixels,
                                        .init = o->init,
                                        .fill = o->init < STRIATE_INIT_SOBEL ? NULL : conv_fixed,
                                        .fan_in = (float)kernels / (float)o->filters * (float)channels * (float)pixels,
                                        .value = o->init_std };
    plan->param[1] = (struct op_param){ .name = "bias",
                                        .kind = o->frozen ? PARAM_STATE : PARAM_BIAS,
                                        .rank = 1,
                                        .dims = { o->filters },
                                        .pixels = 1,
                                        .value = o->init_bias };
    struct linear l = conv_linear(a, plan->out);
    if (!l.k) return STRIATE_OK;
    linear_sizes(&l, a, plan);
    size_t unlike = conv_unlike(a, &l) * sizeof(float);
    plan->packed += unlike;
    plan->workspace += unlike;
    plan->backward_only += unlike;
    return STRIATE_OK;
}
