// shortcut.c - the parameter-free shortcut of CIFAR ResNets (He et al. 2015, 3.3, option A).
//   shape     P = ceil(H / stride), Q = ceil(W / stride), K = channels
//   forward   y[n,p,q,before + c] = x[n,p*stride,q*stride,c], the other channels 0; before = floor((K - C) / 2)
//   gradient  dx[n,p*stride,q*stride,c] += dy[n,p,q,before + c]
#include "ops/op.h"

#include "base/parallel.h"

#include <stddef.h>
#include <stdint.h>

static const struct attribute attributes[] = {
    { "channels", ATTRIBUTE_INT, offsetof(striate_shortcut_options, channels), "of the output", .low = 1, .high = 1 << 20,
      .required = true },
    { "stride", ATTRIBUTE_INT, offsetof(striate_shortcut_options, stride), "takes every stride-th pixel", .value = 1, .low = 1,
      .high = 1024 },
    { 0 },
};

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    const striate_shortcut_options *o = a->options;
    struct shape x = a->in[0]->shape;
    if (o->channels < x.c)
        FAIL(BAD_NETWORK, "a shortcut adds channels, but the input has %d and channels is %d", x.c, o->channels);
    plan->out = (struct shape){ (x.h - 1) / o->stride + 1, (x.w - 1) / o->stride + 1, o->channels, 1 };
    return STRIATE_OK;
}

static void forward_rows(void *context, size_t begin, size_t end) // rows of the output
{
    const struct op_args *a = context;
    const struct tensor *x = a->in[0], *y = a->out;
    size_t q = (size_t)y->shape.w, c = (size_t)x->shape.c, before = ((size_t)y->shape.c - c) / 2;
    int stride = ((const striate_shortcut_options *)a->options)->stride;
    for (size_t row = begin; row < end; row++) {
        size_t n = row / (size_t)y->shape.h, p = row % (size_t)y->shape.h;
        const float *from = x->data + (ptrdiff_t)((n * (size_t)x->shape.h + p * (size_t)stride) * (size_t)x->shape.w) * x->ld;
        float *to = y->data + (ptrdiff_t)(row * q) * y->ld;
        a->k->fill(q, before, 0, to, y->ld);
        a->k->copy(q, c, from, x->ld * stride, to + before, y->ld, false);
        a->k->fill(q, (size_t)y->shape.c - before - c, 0, to + before + c, y->ld);
    }
}

static void forward(const struct op_args *a)
{
    struct shape y = a->out->shape;
    parallel_for((size_t)a->out->n * (size_t)y.h, 16384 / ((size_t)y.w * (size_t)y.c) + 1, forward_rows, (void *)(uintptr_t)a);
}

static void backward_rows(void *context, size_t begin, size_t end) // rows of the input
{
    const struct op_args *a = context;
    const struct tensor *dx = a->din[0], *dy = a->dout;
    size_t q = (size_t)dy->shape.w, c = (size_t)dx->shape.c, before = ((size_t)dy->shape.c - c) / 2;
    int stride = ((const striate_shortcut_options *)a->options)->stride;
    for (size_t row = begin; row < end; row++) {
        size_t n = row / (size_t)dx->shape.h, h = row % (size_t)dx->shape.h, p = h / (size_t)stride;
        float *to = dx->data + (ptrdiff_t)(row * (size_t)dx->shape.w) * dx->ld;
        if (!a->add[0]) a->k->fill((size_t)dx->shape.w, c, 0, to, dx->ld);
        if (h % (size_t)stride) continue;
        const float *from = dy->data + (ptrdiff_t)((n * (size_t)dy->shape.h + p) * q) * dy->ld + before;
        a->k->copy(q, c, from, dy->ld, to, dx->ld * stride, true);
    }
}

static void backward(const struct op_args *a)
{
    struct shape x = a->in[0]->shape;
    if (!a->din[0]) return;
    parallel_for((size_t)a->out->n * (size_t)x.h, 16384 / ((size_t)x.w * (size_t)x.c) + 1, backward_rows, (void *)(uintptr_t)a);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    int stride = ((const striate_shortcut_options *)a->options)->stride;
    *cost = (struct op_cost){ .kernel_h = 1, .kernel_w = 1, .stride_h = stride, .stride_w = stride };
}

const struct op striate_op_shortcut = { .name = "shortcut",
                                        .doc = "every stride-th pixel, with zero channels added before and behind",
                                        .min_ins = 1,
                                        .max_ins = 1,
                                        .options_size = sizeof(striate_shortcut_options),
                                        .attributes = attributes,
                                        .shape = shape,
                                        .forward = forward,
                                        .backward = backward,
                                        .cost = cost };
