// depthwise.c - convolution of every channel with a filter of its own, forward and backward: vectors lie along channels.
#include "kernels/declare.h"
#include "kernels/part.h"

enum { PIXELS = 8, TAPS = 9 }; // of a block of sums

INLINE void block(int rows, const struct tile *t, ptrdiff_t ldw, size_t pixel, struct part part)
{
    vf sum[PIXELS];
    UNROLLED (int i = 0; i < rows; i++) sum[i] = vsplat(0);
    const float *w = t->w;
    const float *const *x = t->x + pixel;
    for (size_t tap = 0; tap < t->taps; tap++, x += t->pixels, w += ldw) {
        vf weight = part_load(w, part);
        UNROLLED (int i = 0; i < rows; i++) sum[i] += weight * part_load(x[i], part);
    }
    vf bias = t->bias ? part_load(t->bias, part) : vsplat(0), pivot = t->pivot ? part_load(t->pivot, part) : vsplat(0);
    vf all = vsplat(0), squares = vsplat(0);
    UNROLLED (int i = 0; i < rows; i++) {
        float *y = t->y[pixel + (size_t)i] + t->column;
        if (t->add) sum[i] += part_load(y, part);
        if (t->bias) sum[i] += bias;
        if (t->residual) sum[i] += part_load(t->residual[pixel + (size_t)i] + t->column, part);
        if (t->relu) sum[i] = vpick(sum[i] < 0.0f, vsplat(0), sum[i]); // NaN stays
        part_store(y, part, sum[i]);
        all += sum[i] - pivot;
        squares += (sum[i] - pivot) * (sum[i] - pivot);
    }
    if (!t->sum) return;
    part_store(t->sum, part, part_load(t->sum, part) + all);
    part_store(t->squares, part, part_load(t->squares, part) + squares);
}

INLINE void columns(int rows, const struct tile *t, ptrdiff_t ldw, size_t pixel)
{
    size_t column = 0;
    for (; column + LANES <= t->cols; column += LANES) block(rows, t, ldw, pixel, (struct part){ column, LANES });
    if (column < t->cols) block(rows, t, ldw, pixel, part_once(column, t->cols));
}

void KERNEL(depthwise)(const struct tile *t, ptrdiff_t ldw)
{
    size_t pixel = 0;
    for (; pixel + PIXELS <= t->pixels; pixel += PIXELS) columns(PIXELS, t, ldw, pixel);
    for (; pixel < t->pixels; pixel++) columns(1, t, ldw, pixel);
}

// Sums of `taps` taps; `next`: pointers from tap to tap.
INLINE void sums(int taps, size_t pixels, size_t next, const float *const *x, const float *dy, ptrdiff_t lddy, float *sum,
                 ptrdiff_t ldsum, struct part part, bool add)
{
    vf all[TAPS];
    UNROLLED (int t = 0; t < taps; t++) all[t] = add ? part_load(sum + t * ldsum, part) : vsplat(0);
    for (size_t p = 0; p < pixels; p++, dy += lddy, x++) {
        vf gradient = part_load(dy, part);
        UNROLLED (int t = 0; t < taps; t++) all[t] += gradient * part_load(x[(size_t)t * next], part);
    }
    UNROLLED (int t = 0; t < taps; t++) part_store(sum + t * ldsum, part, all[t]);
}

void KERNEL(depthwise_weights)(size_t pixels, size_t taps, size_t cols, const float *const *x, const float *dy, ptrdiff_t lddy,
                               float *sum, ptrdiff_t ldsum, bool add)
{
    for (size_t tap = 0, count; tap < taps; tap += count, x += count * pixels, sum += (ptrdiff_t)count * ldsum) {
        count = taps - tap >= TAPS ? TAPS : taps - tap >= 3 ? 3 : 1;
        for (size_t column = 0; column < cols; column += LANES) {
            struct part part = part_once(column, cols);
            if (count == TAPS && part.count == LANES)
                sums(TAPS, pixels, pixels, x, dy, lddy, sum, ldsum, (struct part){ column, LANES }, add);
            else if (count == 3 && part.count == LANES)
                sums(3, pixels, pixels, x, dy, lddy, sum, ldsum, (struct part){ column, LANES }, add);
            else
                for (size_t t = 0; t < count; t++)
                    sums(1, pixels, pixels, x + t * pixels, dy, lddy, sum + (ptrdiff_t)t * ldsum, ldsum, part, add);
        }
    }
}
