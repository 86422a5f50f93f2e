// pool.c - the maximum or the mean of a window. Forward goes over windows, backward over input pixels: each gathers from the windows that hold
// it, in order, so that pieces are independent and nothing is cleared first.
#include "kernels/declare.h"
#include "kernels/part.h"

// What of a window's positions begin..end-1 lies inside the image, and where in the image position 0 is.
struct inside {
    int origin, begin, end;
};

INLINE struct inside inside_of(int window, int size, int stride, int pad, int length)
{
    int origin = window * stride - pad;
    return (struct inside){ origin, origin < 0 ? -origin : 0, length - origin < size ? length - origin : size };
}

// Windows first..end-1 hold a place. Places rise from call to call; `at` counts from the padding's edge.
struct holders {
    int first, end;
};

INLINE void holders_advance(struct holders *holders, int at, int size, int stride, int windows)
{
    while (holders->end < windows && holders->end * stride <= at) holders->end++;
    while (holders->first * stride + size <= at) holders->first++;
}

// Pixels that a mean divides by, along one side.
INLINE int divisor(int window, int size, int stride, int pad, int length, bool exclude_pad)
{
    struct inside in = inside_of(window, size, stride, pad, length);
    if (exclude_pad) return in.end - in.begin;
    return length + pad - in.origin < size ? length + pad - in.origin : size;
}

void KERNEL(max_pool)(const struct pool *pool, size_t begin, size_t end, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy,
                      uint8_t *argmax)
{
    const struct pool s = *pool;
    size_t c = (size_t)s.c;
    for (size_t row = begin; row < end; row++) {
        struct inside v = inside_of((int)(row % (size_t)s.p), s.size_h, s.stride_h, s.pad_h, s.h);
        const float *image = x + (ptrdiff_t)(row / (size_t)s.p) * s.h * s.w * ldx;
        for (int q = 0; q < s.q; q++) {
            struct inside u = inside_of(q, s.size_w, s.stride_w, s.pad_w, s.w);
            size_t pixel = row * (size_t)s.q + (size_t)q;
            const float *first = image + ((ptrdiff_t)(v.origin + v.begin) * s.w + u.origin + u.begin) * ldx;
            for (size_t i = 0; i < c; i += LANES) {
                struct part part = part_overlapping(i, c);
                vf best = part_load(first, part);
                vmask place = (vmask)vsplat(0) + (v.begin * s.size_w + u.begin);
                const float *from = first;
                for (int r = v.begin; r < v.end; r++, from += s.w * ldx)
                    for (int t = u.begin; t < u.end; t++) {
                        vf value = part_load(from + (t - u.begin) * ldx, part);
                        vmask better = (value > best) | (value != value); // NaN wins, so that divergence shows
                        best = vpick(better, value, best);
                        place = (place & ~better) | ((r * s.size_w + t) & better);
                    }
                part_store(y + (ptrdiff_t)pixel * ldy, part, best);
                if (argmax) part_store_bytes(argmax + pixel * c, part, place);
            }
        }
    }
}

// One row of pixels where no two windows overlap: a value of dy meets all pixels of its window.
INLINE void grad_apart(const struct pool *s, size_t row, const uint8_t *argmax, const float *dy, ptrdiff_t lddy, float *dx,
                       ptrdiff_t lddx, bool add)
{
    size_t c = (size_t)s->c;
    int h = (int)(row % (size_t)s->h) + s->pad_h, p = h / s->stride_h, r = h % s->stride_h, done = 0;
    bool held = p < s->p && r < s->size_h;
    size_t pixel = (row / (size_t)s->h * (size_t)s->p + (size_t)p) * (size_t)s->q;
    dx += (ptrdiff_t)row * s->w * lddx;
    for (int q = 0; held && q < s->q; q++, pixel++) {
        struct inside u = inside_of(q, s->size_w, s->stride_w, s->pad_w, s->w);
        for (size_t i = 0; i < c; i += LANES) {
            struct part part = add ? part_once(i, c) : part_overlapping(i, c);
            vf gradient = part_load(dy + (ptrdiff_t)pixel * lddy, part);
            vmask place = part_load_bytes(argmax + pixel * c, part);
            for (int t = u.begin; t < u.end; t++) {
                float *to = dx + (ptrdiff_t)(u.origin + t) * lddx;
                vf v = vpick(place == r * s->size_w + t, gradient, vsplat(0));
                part_store(to, part, add ? part_load(to, part) + v : v);
            }
        }
        done = u.origin + u.end;
    }
    for (int column = done; column < s->w && !add; column++) // in no window
        for (size_t i = 0; i < c; i++) dx[column * lddx + (ptrdiff_t)i] = 0;
}

// One row of pixels, each gathering from all windows that hold it.
INLINE void grad_overlapping(const struct pool *s, size_t row, const uint8_t *argmax, const float *dy, ptrdiff_t lddy,
                             float *dx, ptrdiff_t lddx, bool add)
{
    size_t c = (size_t)s->c, image = row / (size_t)s->h * (size_t)s->p * (size_t)s->q;
    int h = (int)(row % (size_t)s->h) + s->pad_h;
    struct holders v = { 0 }, u = { 0 };
    holders_advance(&v, h, s->size_h, s->stride_h, s->p);
    for (int column = 0; column < s->w; column++) {
        int w = column + s->pad_w;
        float *to = dx + ((ptrdiff_t)row * s->w + column) * lddx;
        holders_advance(&u, w, s->size_w, s->stride_w, s->q);
        for (size_t i = 0; i < c; i += LANES) {
            struct part part = add ? part_once(i, c) : part_overlapping(i, c);
            vf sum = add ? part_load(to, part) : vsplat(0);
            for (int p = v.first; p < v.end; p++)
                for (int q = u.first; q < u.end; q++) {
                    size_t pixel = image + (size_t)p * (size_t)s->q + (size_t)q;
                    int place = (h - p * s->stride_h) * s->size_w + w - q * s->stride_w;
                    vmask chosen = part_load_bytes(argmax + pixel * c, part) == place;
                    sum += vpick(chosen, part_load(dy + (ptrdiff_t)pixel * lddy, part), vsplat(0));
                }
            part_store(to, part, sum);
        }
    }
}

void KERNEL(max_pool_grad)(const struct pool *pool, size_t begin, size_t end, const uint8_t *argmax, const float *dy,
                           ptrdiff_t lddy, float *dx, ptrdiff_t lddx, bool add)
{
    bool apart = pool->stride_h >= pool->size_h && pool->stride_w == pool->size_w;
    for (size_t row = begin; row < end; row++)
        if (apart)
            grad_apart(pool, row, argmax, dy, lddy, dx, lddx, add);
        else
            grad_overlapping(pool, row, argmax, dy, lddy, dx, lddx, add);
}

void KERNEL(avg_pool)(const struct pool *pool, size_t begin, size_t end, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    const struct pool s = *pool;
    size_t c = (size_t)s.c;
    for (size_t row = begin; row < end; row++) {
        int p = (int)(row % (size_t)s.p), rows = divisor(p, s.size_h, s.stride_h, s.pad_h, s.h, s.exclude_pad);
        struct inside v = inside_of(p, s.size_h, s.stride_h, s.pad_h, s.h);
        const float *image = x + (ptrdiff_t)(row / (size_t)s.p) * s.h * s.w * ldx;
        for (int q = 0; q < s.q; q++) {
            struct inside u = inside_of(q, s.size_w, s.stride_w, s.pad_w, s.w);
            float scale = 1.0f / (float)(rows * divisor(q, s.size_w, s.stride_w, s.pad_w, s.w, s.exclude_pad));
            float *to = y + (ptrdiff_t)(row * (size_t)s.q + (size_t)q) * ldy;
            for (size_t i = 0; i < c; i += LANES) {
                struct part part = part_overlapping(i, c);
                vf sum = { 0 };
                for (int r = v.begin; r < v.end; r++)
                    for (int t = u.begin; t < u.end; t++)
                        sum += part_load(image + ((ptrdiff_t)(v.origin + r) * s.w + u.origin + t) * ldx, part);
                part_store(to, part, sum * scale);
            }
        }
    }
}

void KERNEL(avg_pool_grad)(const struct pool *pool, size_t begin, size_t end, const float *dy, ptrdiff_t lddy, float *dx,
                           ptrdiff_t lddx, bool add)
{
    const struct pool s = *pool;
    size_t c = (size_t)s.c;
    for (size_t row = begin; row < end; row++) {
        int h = (int)(row % (size_t)s.h) + s.pad_h;
        const float *image = dy + (ptrdiff_t)(row / (size_t)s.h) * s.p * s.q * lddy;
        struct holders v = { 0 }, u = { 0 };
        holders_advance(&v, h, s.size_h, s.stride_h, s.p);
        for (int column = 0; column < s.w; column++) {
            float *to = dx + ((ptrdiff_t)row * s.w + column) * lddx;
            holders_advance(&u, column + s.pad_w, s.size_w, s.stride_w, s.q);
            for (size_t i = 0; i < c; i += LANES) {
                struct part part = add ? part_once(i, c) : part_overlapping(i, c);
                vf sum = add ? part_load(to, part) : vsplat(0);
                for (int p = v.first; p < v.end; p++)
                    for (int q = u.first; q < u.end; q++) {
                        int rows = divisor(p, s.size_h, s.stride_h, s.pad_h, s.h, s.exclude_pad);
                        int columns = divisor(q, s.size_w, s.stride_w, s.pad_w, s.w, s.exclude_pad);
                        float scale = 1.0f / (float)(rows * columns);
                        sum += part_load(image + ((ptrdiff_t)p * s.q + q) * lddy, part) * scale;
                    }
                part_store(to, part, sum);
            }
        }
    }
}
