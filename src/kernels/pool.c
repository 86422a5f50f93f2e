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
INLINE int divisor(const struct pool *s, int window, int size, int stride, int pad, int length)
{
    struct inside in = inside_of(window, size, stride, pad, length);
    if (s->sum) return 1;
    if (s->zeros) return size;
    if (s->exclude_pad) return in.end - in.begin;
    return length + pad - in.origin < size ? length + pad - in.origin : size;
}

enum { STRIP = 4, LINE = 16, FAR = 1 << 16 }; // LINE: floats that come into the cache together; FAR: so many do not stay there

// y[0..cols) in strips of four vectors, then in single ones: body(vectors, part, result, ...) computes a strip. What is left at the end is a
// vector that overlaps its neighbour, computed before that is stored, as results may be added to y.
#define EACH_STRIP(cols, y, body, ...)                                                                                         \
    do {                                                                                                                       \
        vf strip[STRIP] = { 0 }, last[STRIP] = { 0 };                                                                          \
        size_t offset = 0, rest = (cols) % LANES, whole = (cols)-rest;                                                         \
        if (rest && whole) body(1, (struct part){ (cols)-LANES, LANES }, last, __VA_ARGS__);                                   \
        for (; offset + STRIP * LANES <= whole; offset += STRIP * LANES) {                                                     \
            body(STRIP, (struct part){ offset, LANES }, strip, __VA_ARGS__);                                                   \
            for (size_t i = 0; i < STRIP; i++) vstore((y) + offset + i * LANES, strip[i]);                                     \
        }                                                                                                                      \
        for (; offset < whole; offset += LANES) {                                                                              \
            body(1, (struct part){ offset, LANES }, strip, __VA_ARGS__);                                                       \
            vstore((y) + offset, strip[0]);                                                                                    \
        }                                                                                                                      \
        if (rest && whole) vstore((y) + (cols)-LANES, last[0]);                                                                \
        if (!rest || whole) break;                                                                                             \
        body(1, (struct part){ 0, rest }, last, __VA_ARGS__);                                                                  \
        vstore_some((y), last[0], rest);                                                                                       \
    } while (0)

INLINE struct part part_next(struct part part, int vectors)
{
    return (struct part){ part.at + (size_t)vectors * LANES, part.count };
}

// A place of the window that lies outside the image; -1: none.
INLINE int place_outside(const struct pool *s, struct inside v, struct inside u)
{
    if (v.begin || u.begin) return 0;
    return v.end < s->size_h ? (s->size_h - 1) * s->size_w : u.end < s->size_w ? s->size_w - 1 : -1;
}

// One window: `first` is its first pixel inside the image, rows v.begin..v.end-1 and columns u.begin..u.end-1 are inside.
INLINE void max_strip(int vectors, struct part part, vf *best, const struct pool *s, struct inside v, struct inside u,
                      const float *first, ptrdiff_t ldx, uint8_t *argmax)
{
    vmask place[STRIP];
    int outside = s->zeros ? place_outside(s, v, u) : -1, begin = outside < 0 ? v.begin * s->size_w + u.begin : outside;
    UNROLLED (int i = 0; i < vectors; i++) {
        best[i] = outside < 0 ? part_load(first, part_next(part, i)) : vsplat(0);
        place[i] = (vmask)vsplat(0) + begin;
    }
    for (int r = v.begin; r < v.end; r++, first += s->w * ldx)
        for (int t = u.begin; t < u.end; t++)
            UNROLLED (int i = 0; i < vectors; i++) {
                vf value = part_load(first + (t - u.begin) * ldx, part_next(part, i));
                vmask better = (value > best[i]) | (value != value); // NaN wins, so that divergence shows
                best[i] = vpick(better, value, best[i]);
                place[i] = (place[i] & ~better) | ((r * s->size_w + t) & better);
            }
    UNROLLED (int i = 0; i < vectors && argmax; i++) part_store_bytes(argmax, part_next(part, i), place[i]);
}

// What the window below sees and this one does not: by then it is in the second cache.
INLINE void fetch_below(const struct pool *s, const float *below, ptrdiff_t ldx)
{
    for (int r = 0; r < s->stride_h; r++, below += s->w * ldx)
        for (int t = 0; t < s->stride_w; t++)
            for (int i = 0; i < s->c; i += LINE) __builtin_prefetch(below + t * ldx + i, 0, 2);
}

void KERNEL(max_pool)(const struct pool *pool, size_t begin, size_t end, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy,
                      uint8_t *argmax)
{
    const struct pool s = *pool;
    size_t c = (size_t)s.c;
    bool far = s.stride_h > 1 && (size_t)s.h * (size_t)s.w * c >= FAR;
    for (size_t row = begin; row < end; row++) {
        struct inside v = inside_of((int)(row % (size_t)s.p), s.size_h, s.stride_h, s.pad_h, s.h);
        const float *image = x + (ptrdiff_t)(row / (size_t)s.p) * s.h * s.w * ldx;
        for (int q = 0; q < s.q; q++) {
            struct inside u = inside_of(q, s.size_w, s.stride_w, s.pad_w, s.w);
            size_t pixel = row * (size_t)s.q + (size_t)q;
            const float *first = image + ((ptrdiff_t)(v.origin + v.begin) * s.w + u.origin + u.begin) * ldx;
            if (far) fetch_below(&s, first + (ptrdiff_t)(v.end - v.begin) * s.w * ldx, ldx);
            EACH_STRIP(c, y + (ptrdiff_t)pixel * ldy, max_strip, &s, v, u, first, ldx, argmax ? argmax + pixel * c : NULL);
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

// A pixel of the input, at row h and column w from the padding's edge, gathers from the windows v x u of an image that hold it.
INLINE void max_grad_strip(int vectors, struct part part, vf *sum, const struct pool *s, struct holders v, struct holders u,
                           int h, int w, const uint8_t *argmax, const float *dy, ptrdiff_t lddy, const float *dx, bool add)
{
    UNROLLED (int i = 0; i < vectors; i++) sum[i] = add ? part_load(dx, part_next(part, i)) : vsplat(0);
    for (int p = v.first; p < v.end; p++)
        for (int q = u.first; q < u.end; q++) {
            size_t pixel = (size_t)p * (size_t)s->q + (size_t)q;
            int place = (h - p * s->stride_h) * s->size_w + w - q * s->stride_w;
            UNROLLED (int i = 0; i < vectors; i++) {
                vmask chosen = part_load_bytes(argmax + pixel * (size_t)s->c, part_next(part, i)) == place;
                sum[i] += vpick(chosen, part_load(dy + (ptrdiff_t)pixel * lddy, part_next(part, i)), vsplat(0));
            }
        }
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
        float *to = dx + ((ptrdiff_t)row * s->w + column) * lddx;
        holders_advance(&u, column + s->pad_w, s->size_w, s->stride_w, s->q);
        EACH_STRIP(c, to, max_grad_strip, s, v, u, h, column + s->pad_w, argmax + image * c, dy + (ptrdiff_t)image * lddy, lddy,
                   to, add);
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

INLINE void mean_strip(int vectors, struct part part, vf *sum, struct inside v, struct inside u, const float *first,
                       ptrdiff_t row, ptrdiff_t ldx, float scale, const float *y, bool add)
{
    UNROLLED (int i = 0; i < vectors; i++) sum[i] = vsplat(0);
    for (int r = v.begin; r < v.end; r++, first += row)
        for (int t = u.begin; t < u.end; t++)
            UNROLLED (int i = 0; i < vectors; i++) sum[i] += part_load(first + (t - u.begin) * ldx, part_next(part, i));
    UNROLLED (int i = 0; i < vectors; i++) sum[i] = sum[i] * scale + (add ? part_load(y, part_next(part, i)) : vsplat(0));
}

void KERNEL(avg_pool)(const struct pool *pool, size_t begin, size_t end, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy,
                      bool add)
{
    const struct pool s = *pool;
    size_t c = (size_t)s.c;
    for (size_t row = begin; row < end; row++) {
        int p = (int)(row % (size_t)s.p), rows = divisor(&s, p, s.size_h, s.stride_h, s.pad_h, s.h);
        struct inside v = inside_of(p, s.size_h, s.stride_h, s.pad_h, s.h);
        const float *image = x + (ptrdiff_t)(row / (size_t)s.p) * s.h * s.w * ldx;
        for (int q = 0; q < s.q; q++) {
            struct inside u = inside_of(q, s.size_w, s.stride_w, s.pad_w, s.w);
            float scale = 1.0f / (float)(rows * divisor(&s, q, s.size_w, s.stride_w, s.pad_w, s.w));
            const float *first = image + ((ptrdiff_t)(v.origin + v.begin) * s.w + u.origin + u.begin) * ldx;
            float *to = y + (ptrdiff_t)(row * (size_t)s.q + (size_t)q) * ldy;
            EACH_STRIP(c, to, mean_strip, v, u, first, s.w * ldx, ldx, scale, to, add);
        }
    }
}

INLINE void mean_grad_strip(int vectors, struct part part, vf *sum, const struct pool *s, struct holders v, struct holders u,
                            const float *dy, ptrdiff_t lddy, const float *dx, bool add)
{
    UNROLLED (int i = 0; i < vectors; i++) sum[i] = add ? part_load(dx, part_next(part, i)) : vsplat(0);
    for (int p = v.first; p < v.end; p++) {
        int rows = divisor(s, p, s->size_h, s->stride_h, s->pad_h, s->h);
        for (int q = u.first; q < u.end; q++) {
            float scale = 1.0f / (float)(rows * divisor(s, q, s->size_w, s->stride_w, s->pad_w, s->w));
            UNROLLED (int i = 0; i < vectors; i++)
                sum[i] += part_load(dy + ((ptrdiff_t)p * s->q + q) * lddy, part_next(part, i)) * scale;
        }
    }
}

void KERNEL(avg_pool_grad)(const struct pool *pool, size_t begin, size_t end, const float *dy, ptrdiff_t lddy, float *dx,
                           ptrdiff_t lddx, bool add)
{
    const struct pool s = *pool;
    size_t c = (size_t)s.c;
    for (size_t row = begin; row < end; row++) {
        const float *image = dy + (ptrdiff_t)(row / (size_t)s.h) * s.p * s.q * lddy;
        struct holders v = { 0 }, u = { 0 };
        holders_advance(&v, (int)(row % (size_t)s.h) + s.pad_h, s.size_h, s.stride_h, s.p);
        for (int column = 0; column < s.w; column++) {
            float *to = dx + ((ptrdiff_t)row * s.w + column) * lddx;
            holders_advance(&u, column + s.pad_w, s.size_w, s.stride_w, s.q);
            EACH_STRIP(c, to, mean_grad_strip, &s, v, u, image, lddy, to, add);
        }
    }
}

INLINE void fold_strip(int vectors, struct part part, vf *sum, const struct pool *s, struct holders v, struct holders u, int h,
                       int w, const float *z, ptrdiff_t ldz, const float *dx, bool add)
{
    UNROLLED (int i = 0; i < vectors; i++) sum[i] = add ? part_load(dx, part_next(part, i)) : vsplat(0);
    for (int p = v.first; p < v.end; p++) {
        const float *row = z + (ptrdiff_t)p * s->q * ldz + (ptrdiff_t)(h - p * s->stride_h) * s->size_w * s->c;
        for (int q = u.first; q < u.end; q++)
            UNROLLED (int i = 0; i < vectors; i++)
                sum[i] += part_load(row + q * ldz + (w - q * s->stride_w) * s->c, part_next(part, i));
    }
}

void KERNEL(fold)(const struct pool *pool, size_t begin, size_t end, const float *z, ptrdiff_t ldz, float *dx, ptrdiff_t lddx,
                  bool add)
{
    const struct pool s = *pool;
    for (size_t row = begin; row < end; row++) {
        const float *image = z + (ptrdiff_t)(row / (size_t)s.h) * s.p * s.q * ldz;
        int h = (int)(row % (size_t)s.h) + s.pad_h;
        struct holders v = { 0 }, u = { 0 };
        holders_advance(&v, h, s.size_h, s.stride_h, s.p);
        for (int column = 0; column < s.w; column++) {
            float *to = dx + ((ptrdiff_t)row * s.w + column) * lddx;
            holders_advance(&u, column + s.pad_w, s.size_w, s.stride_w, s.q);
            EACH_STRIP((size_t)s.c, to, fold_strip, &s, v, u, h, column + s.pad_w, image, ldz, to, add);
        }
    }
}
