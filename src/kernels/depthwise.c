// depthwise.c - convolution of every channel, or of groups of few, with filters of their own, forward and backward: vectors lie along channels.
#include "kernels/declare.h"
#include "kernels/part.h"

enum { PIXELS = 8, TAPS = 9, VECTORS_OF_RUN = 12 }; // of a block of sums

// From the sums of `rows` pixels to memory.
INLINE void finish(int rows, const struct tile *t, size_t pixel, struct part part, vf *sum)
{
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
    finish(rows, t, pixel, part, sum);
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

// Pixels of `step` floats; the values of one window that meet a lane are `run` vectors side by side in each of its rows.
INLINE void grouped(int rows, const struct tile *t, ptrdiff_t step, size_t pixel)
{
    vf sum[PIXELS];
    UNROLLED (int i = 0; i < rows; i++) sum[i] = vsplat(0);
    const float *w = t->w;
    for (size_t r = 0; r < t->taps; r++) {
        const float *x = t->x[r] + (ptrdiff_t)pixel * step;
        for (size_t tap = 0; tap < t->run; tap++, x += LANES, w += LANES) {
            vf weight = vload(w);
            UNROLLED (int i = 0; i < rows; i++) sum[i] += weight * vload(x + i * step);
        }
    }
    if (t->cols == LANES)
        finish(rows, t, pixel, (struct part){ 0, LANES }, sum);
    else
        finish(rows, t, pixel, (struct part){ 0, t->cols }, sum);
}

void KERNEL(grouped)(const struct tile *t, ptrdiff_t step)
{
    size_t pixel = 0;
    for (; pixel + PIXELS <= t->pixels; pixel += PIXELS) grouped(PIXELS, t, step, pixel);
    for (; pixel + 3 <= t->pixels; pixel += 3) grouped(3, t, step, pixel);
    for (; pixel < t->pixels; pixel++) grouped(1, t, step, pixel);
}

INLINE void grouped_sums(int vectors, size_t pixels, const float *x, ptrdiff_t step, const float *dy, ptrdiff_t lddy,
                         size_t cols, float *sum)
{
    vf all[VECTORS_OF_RUN];
    UNROLLED (int i = 0; i < vectors; i++) all[i] = vload(sum + i * LANES);
    for (; pixels--; dy += lddy, x += step) {
        vf gradient = part_load(dy, (struct part){ 0, cols });
        UNROLLED (int i = 0; i < vectors; i++) all[i] += gradient * vload(x + i * LANES);
    }
    UNROLLED (int i = 0; i < vectors; i++) vstore(sum + i * LANES, all[i]);
}

void KERNEL(grouped_weights)(size_t pixels, size_t rows, size_t run, const float *const *x, ptrdiff_t step, const float *dy,
                             ptrdiff_t lddy, size_t cols, float *sum)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0, count; i < run; i += count, sum += count * LANES) {
            count = run - i >= VECTORS_OF_RUN ? VECTORS_OF_RUN : run - i >= 6 ? 6 : 2;
            const float *from = x[r] + i * LANES;
            if (count == VECTORS_OF_RUN)
                grouped_sums(VECTORS_OF_RUN, pixels, from, step, dy, lddy, cols, sum);
            else if (count == 6)
                grouped_sums(6, pixels, from, step, dy, lddy, cols, sum);
            else
                grouped_sums(2, pixels, from, step, dy, lddy, cols, sum);
        }
}

INLINE void spread_group(size_t group, size_t pixels, size_t cols, const float *x, ptrdiff_t ldx, float *y)
{
    const float *next = x + (ptrdiff_t)pixels * ldx; // as the next row lies
    for (; pixels--; x += ldx, next += ldx) {
        __builtin_prefetch(next);
        vf v = part_load(x, (struct part){ 0, cols });
        UNROLLED (size_t j = 0; j < group; j++, y += LANES) vstore(y, vspread(v, group, j));
    }
}

void KERNEL(spread_groups)(size_t group, size_t pixels, size_t cols, const float *x, ptrdiff_t ldx, float *y)
{
    if (group >= LANES)
        for (; pixels--; x += ldx)
            for (size_t j = 0; j < group; j++, y += LANES) vstore(y, vsplat(x[j]));
    else if (group == 2)
        spread_group(2, pixels, cols, x, ldx, y);
    else if (group == 4)
        spread_group(4, pixels, cols, x, ldx, y);
    else
        spread_group(8, pixels, cols, x, ldx, y);
}
