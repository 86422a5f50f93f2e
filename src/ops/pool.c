// pool.c - the geometry of pooling.
#include "ops/pool.h"

#include "base/parallel.h"

// floor or ceil((length + 2 pad - size) / stride) + 1; a last window must not begin in the padding (nor may one beyond it).
static int windows(int length, int size, int stride, int pad, bool ceil)
{
    int count = (length + 2 * pad - size + (ceil ? stride - 1 : 0)) / stride + 1;
    return ceil && (count - 1) * stride >= length + pad ? count - 1 : count;
}

// One side: the number of windows, and the padding before the first; TensorFlow's "same" pads the more behind.
static void side(const striate_window *o, int length, int size, int stride, int *pad, int *count)
{
    *count = windows(length, size, stride, *pad, o->ceil || o->zero_fill);
    if (o->mode != STRIATE_MODE_SAME) return;
    int total = ((length - 1) / stride) * stride + size - length;
    *count = (length - 1) / stride + 1;
    *pad = total > 0 ? total / 2 : 0;
}

struct pool pool_geometry_of(const striate_window *o, struct shape x)
{
    struct pool s = { .h = x.h,
                      .w = x.w,
                      .c = x.c,
                      .size_h = o->size_h ? o->size_h : o->size,
                      .size_w = o->size_w ? o->size_w : o->size,
                      .stride_h = o->stride_h ? o->stride_h : o->stride,
                      .stride_w = o->stride_w ? o->stride_w : o->stride,
                      .pad_h = o->pad_h ? o->pad_h : o->pad,
                      .pad_w = o->pad_w ? o->pad_w : o->pad,
                      .exclude_pad = o->exclude_pad || o->mode == STRIATE_MODE_SAME,
                      .zeros = o->zero_fill };
    side(o, s.h, s.size_h, s.stride_h, &s.pad_h, &s.p);
    side(o, s.w, s.size_w, s.stride_w, &s.pad_w, &s.q);
    return s;
}

striate_status pool_shape(const struct op_args *a, struct op_plan *plan)
{
    const striate_window *o = a->options;
    struct pool s = pool_geometry(a);
    bool same = o->mode == STRIATE_MODE_SAME;
    if (!s.size_h || !s.size_w) FAIL(BAD_NETWORK, "attribute size is missing (both sides of the window)");
    if (same && (o->pad || o->pad_h || o->pad_w || o->ceil))
        FAIL(BAD_NETWORK, "mode same pads by itself; leave out pad, pad_h, pad_w and ceil");
    if (s.pad_h >= s.size_h || s.pad_w >= s.size_w)
        FAIL(BAD_NETWORK, "padding of %dx%d is not less than the window of %dx%d", s.pad_h, s.pad_w, s.size_h, s.size_w);
    if (!same && (s.size_h > s.h + 2 * s.pad_h || s.size_w > s.w + 2 * s.pad_w))
        FAIL(BAD_NETWORK, "a window of %dx%d is larger than the input of %dx%d with its padding of %dx%d", s.size_h, s.size_w,
             s.h, s.w, s.pad_h, s.pad_w);
    plan->out = (struct shape){ s.p, s.q, s.c, a->in[0]->shape.folded };
    return STRIATE_OK;
}

striate_status max_pool_shape(const struct op_args *a, struct op_plan *plan)
{
    struct pool s = pool_geometry(a);
    TRY(pool_shape(a, plan));
    if (s.size_h * s.size_w > 256)
        FAIL(BAD_NETWORK, "a window of %dx%d has more than 256 pixels; pool in two steps", s.size_h, s.size_w);
    plan->saved = (size_t)a->in[0]->n * shape_count(plan->out);
    return STRIATE_OK;
}

void pool_cost(const struct op_args *a, struct op_cost *cost)
{
    struct pool s = pool_geometry(a);
    *cost = (struct op_cost){ .kernel_h = s.size_h, .kernel_w = s.size_w, .stride_h = s.stride_h, .stride_w = s.stride_w };
}

void pool_rows_for(const struct tensor *t, void (*work)(void *context, size_t begin, size_t end), const void *context)
{
    size_t row = (size_t)t->shape.w * (size_t)t->shape.c;
    parallel_for((size_t)t->n * (size_t)t->shape.h, 8192 / row + 1, work, (void *)(uintptr_t)context);
}
