// norm.c - statistics of columns (channels) over rows (pixels), and what is made of them. Columns go in strips of up to four vectors, so that
// the running sums stay in registers; every sum has a fixed order.
#include "kernels/declare.h"
#include "kernels/part.h"

enum { STRIP = 4, RUN = 256 }; // RUN: rows summed in a row before the sum joins the others, which bounds the rounding

// Splits columns into strips: calls body with STRIP vectors, then with one, the last of which may overlap (so bodies write, never add).
#define EACH_STRIP(cols, body, ...)                                                                                            \
    do {                                                                                                                       \
        size_t strip = 0;                                                                                                      \
        for (; strip + STRIP * LANES <= (cols); strip += STRIP * LANES)                                                        \
            body(STRIP, (struct part){ strip, LANES }, __VA_ARGS__);                                                           \
        for (; strip < (cols); strip += LANES) body(1, part_overlapping(strip, (cols)), __VA_ARGS__);                          \
    } while (0)

INLINE struct part next(struct part part, int vectors)
{
    return (struct part){ part.at + (size_t)vectors * LANES, part.count };
}

INLINE void mean_strip(int vectors, struct part part, size_t rows, const float *x, ptrdiff_t ldx, float *mean)
{
    vf total[STRIP] = { 0 };
    for (size_t r = 0; r < rows; r += RUN) {
        vf sum[STRIP] = { 0 };
        size_t end = r + RUN < rows ? r + RUN : rows;
        for (size_t i = r; i < end; i++)
            for (int v = 0; v < vectors; v++) sum[v] += part_load(x + (ptrdiff_t)i * ldx, next(part, v));
        for (int v = 0; v < vectors; v++) total[v] += sum[v];
    }
    for (int v = 0; v < vectors; v++) part_store(mean, next(part, v), total[v] / (float)rows);
}

void KERNEL(mean)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *mean)
{
    EACH_STRIP(cols, mean_strip, rows, x, ldx, mean);
}

void KERNEL(spread)(size_t rows, size_t cols, const float *v, float scale, float *y, ptrdiff_t ldy, bool add)
{
    for (; rows--; y += ldy)
        for (size_t i = 0; i < cols; i += LANES) {
            struct part part = part_once(i, cols);
            vf value = part_load(v, part) * scale;
            part_store(y, part, add ? part_load(y, part) + value : value);
        }
}

INLINE void squares_strip(int vectors, struct part part, size_t rows, const float *x, ptrdiff_t ldx, const float *mean,
                          float *squares)
{
    vf sum[STRIP] = { 0 };
    for (size_t r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            vf d = part_load(x + (ptrdiff_t)r * ldx, next(part, v)) - part_load(mean, next(part, v));
            sum[v] += d * d;
        }
    for (int v = 0; v < vectors; v++) part_store(squares, next(part, v), sum[v]);
}

void KERNEL(moments)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *mean, float *squares)
{
    KERNEL(mean)(rows, cols, x, ldx, mean);
    EACH_STRIP(cols, squares_strip, rows, x, ldx, mean, squares);
}

void KERNEL(normalize)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, const float *mean, const float *scale,
                       const float *bias, float *y, ptrdiff_t ldy)
{
    for (; rows--; x += ldx, y += ldy)
        for (size_t i = 0; i < cols; i += LANES) {
            struct part part = part_once(i, cols);
            vf d = part_load(x, part) - part_load(mean, part);
            part_store(y, part, d * part_load(scale, part) + part_load(bias, part));
        }
}

INLINE void sums_strip(int vectors, struct part part, size_t rows, const float *x, ptrdiff_t ldx, const float *mean,
                       const float *dy, ptrdiff_t lddy, float *sum, float *product)
{
    vf s[STRIP] = { 0 }, p[STRIP] = { 0 };
    for (size_t r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            vf d = part_load(dy + (ptrdiff_t)r * lddy, next(part, v));
            s[v] += d;
            p[v] += d * (part_load(x + (ptrdiff_t)r * ldx, next(part, v)) - part_load(mean, next(part, v)));
        }
    for (int v = 0; v < vectors; v++) {
        part_store(sum, next(part, v), s[v]);
        part_store(product, next(part, v), p[v]);
    }
}

void KERNEL(norm_sums)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, const float *mean, const float *dy,
                       ptrdiff_t lddy, float *sum, float *product)
{
    EACH_STRIP(cols, sums_strip, rows, x, ldx, mean, dy, lddy, sum, product);
}

void KERNEL(norm_grad)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, const float *mean, const float *dy,
                       ptrdiff_t lddy, const float *a, const float *b, const float *c, float *dx, ptrdiff_t lddx, bool add)
{
    for (; rows--; x += ldx, dy += lddy, dx += lddx)
        for (size_t i = 0; i < cols; i += LANES) {
            struct part part = part_once(i, cols);
            vf d = part_load(x, part) - part_load(mean, part);
            vf v = part_load(a, part) * part_load(dy, part) + part_load(b, part) * d + part_load(c, part);
            part_store(dx, part, add ? part_load(dx, part) + v : v);
        }
}
