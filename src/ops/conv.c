// conv.c - convolution (cross-correlation), in groups or by a table of the channels that each filter reads.
//   shape     P = floor((H + pad_above + pad_below - dilation (R - 1) - 1) / stride) + 1; Q likewise
//   forward   y[n,p,q,k] = b[k] + sum w[k,r,s,c] x[n, p stride - pad_above + r dilation, q stride - pad_left + s dilation, c]
//   gradient  dx: the full convolution of dy, spread by the stride, with w turned by 180 degrees
//             dw[k,r,s,c] = sum dy[n,p,q,k] x[n, ..., c];  db[k] = sum dy[n,p,q,k]      (reads x)
//   flip      in place of w[k,r,s,c] stands w[k,R-1-r,S-1-s,c] everywhere
#include "ops/conv.h"

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
    { "init", ATTRIBUTE_CHOICE, offsetof(options, init), "how weights begin",
      .choices = "he|xavier|gaussian|sobel|prewitt|laplacian|gabor|blur|decay|whiten" },
    { "init_std", ATTRIBUTE_FLOAT, offsetof(options, init_std), "standard deviation of gaussian", .value = 0.01, .low = 0,
      .high = 1e6 },
    { "init_bias", ATTRIBUTE_FLOAT, offsetof(options, init_bias), "how b begins", .low = -1e6, .high = 1e6 },
    { "frozen", ATTRIBUTE_FLAG, offsetof(options, frozen), "not trained" },
    { "mode", ATTRIBUTE_CHOICE, offsetof(options, mode), "how far the window goes", .choices = "valid|same|full" },
    { "flip", ATTRIBUTE_FLAG, offsetof(options, flip), "true convolution, the kernel turned by 180 degrees" },
    { "table", ATTRIBUTE_TEXT, offsetof(options, table), "each filter's channels, as 0+1,1+2" },
    { 0 },
};

// Where weights are stored otherwise than they are multiplied, these lie at the beginning of `packed` in forward, of `workspace` in backward.
static struct op_args with_weights(const struct op_args *a, size_t unlike, void *memory)
{
    struct op_args with = *a;
    if (unlike) with.param[0] = memory;
    return with;
}

static void pack(const struct op_args *a)
{
    struct linear l = conv_linear(a, a->out->shape);
    size_t unlike = conv_unlike(a, &l);
    struct op_args with = with_weights(a, unlike, a->packed);
    with.packed = (float *)a->packed + unlike;
    if (unlike) conv_expand(a, &l, with.param[0]);
    linear_pack(&l, &with);
}

static void forward(const struct op_args *a)
{
    struct linear l = conv_linear(a, a->out->shape);
    size_t unlike = conv_unlike(a, &l);
    struct op_args with = with_weights(a, unlike, a->packed);
    with.packed = (float *)a->packed + unlike;
    linear_forward(&l, &with, a->in[0]);
}

static void backward(const struct op_args *a)
{
    struct linear l = conv_linear(a, a->out->shape);
    size_t unlike = conv_unlike(a, &l);
    struct op_args with = with_weights(a, unlike, a->workspace);
    with.workspace = (float *)a->workspace + unlike;
    linear_backward_fused(a);
    if (unlike && a->din[0]) conv_expand(a, &l, with.param[0]);
    if (a->din[0]) linear_backward_data(&l, &with, a->din[0]);
    if (unlike && a->dparam[0]) with.dparam[0] = with.param[0]; // which has done its work
    linear_backward_weights(&l, &with, a->in[0]);
    if (unlike && a->dparam[0]) conv_collect(a, &l, with.dparam[0]);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    const options *o = a->options;
    struct side h = conv_side_h(a), w = conv_side_w(a);
    struct shape x = a->in[0]->shape, y = a->out->shape;
    int64_t kernels = o->table ? conv_connections(o->table, o->filters, x.c) : (int64_t)o->filters * (x.c / o->groups);
    *cost = (struct op_cost){ .macs = kernels * h.kernel * w.kernel * y.h * y.w,
                              .sums = o->no_bias ? 0 : (int64_t)shape_count(y),
                              .kernel_h = (int)h.reach,
                              .kernel_w = (int)w.reach,
                              .stride_h = h.stride,
                              .stride_w = w.stride };
}

const struct op striate_op_conv = { .name = "conv",
                                    .doc = "convolution: filters slide over the image",
                                    .min_ins = 1,
                                    .max_ins = 1,
                                    .options_size = sizeof(options),
                                    .attributes = attributes,
                                    .shape = conv_shape,
                                    .pack = pack,
                                    .forward = forward,
                                    .backward = backward,
                                    .cost = cost };
