// elementwise.c - loops over every value of an activation.
#include "kernels/declare.h"
#include "kernels/exp.h"
#include "kernels/part.h"

// y = f(x). Rows without gaps between them are one long row.
INLINE void map(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy, vf f(vf x))
{
    if ((ptrdiff_t)cols == ldx && ldx == ldy) cols *= rows, rows = 1;
    for (; rows--; x += ldx, y += ldy)
        for (size_t i = 0; i < cols; i += LANES) {
            struct part part = part_once(i, cols);
            part_store(y, part, f(part_load(x, part)));
        }
}

// y = f(a, b), added to y or not.
INLINE void map2(size_t rows, size_t cols, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb, float *y,
                 ptrdiff_t ldy, bool add, vf f(vf a, vf b))
{
    if ((ptrdiff_t)cols == lda && lda == ldb && ldb == ldy) cols *= rows, rows = 1;
    for (; rows--; a += lda, b += ldb, y += ldy)
        for (size_t i = 0; i < cols; i += LANES) {
            struct part part = part_once(i, cols);
            vf v = f(part_load(a, part), part_load(b, part));
            part_store(y, part, add ? part_load(y, part) + v : v);
        }
}

INLINE vf relu_of(vf x)
{
    return vpick(x < 0.0f, vsplat(0), x); // NaN stays, so that divergence shows
}

void KERNEL(relu)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    map(rows, cols, x, ldx, y, ldy, relu_of);
}

INLINE vf relu_slope(vf y, vf dy)
{
    return vpick(y > 0.0f, dy, vsplat(0));
}

void KERNEL(relu_grad)(size_t rows, size_t cols, const float *y, ptrdiff_t ldy, const float *dy, ptrdiff_t lddy, float *dx,
                       ptrdiff_t lddx, bool add)
{
    map2(rows, cols, y, ldy, dy, lddy, dx, lddx, add, relu_slope);
}

void KERNEL(sigmoid)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    map(rows, cols, x, ldx, y, ldy, vsigmoid);
}

INLINE vf sigmoid_slope(vf y, vf dy)
{
    return dy * y * (1.0f - y);
}

void KERNEL(sigmoid_grad)(size_t rows, size_t cols, const float *y, ptrdiff_t ldy, const float *dy, ptrdiff_t lddy, float *dx,
                          ptrdiff_t lddx, bool add)
{
    map2(rows, cols, y, ldy, dy, lddy, dx, lddx, add, sigmoid_slope);
}

void KERNEL(tanh)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    map(rows, cols, x, ldx, y, ldy, vtanh);
}

INLINE vf tanh_slope(vf y, vf dy)
{
    return dy * (1.0f - y * y);
}

void KERNEL(tanh_grad)(size_t rows, size_t cols, const float *y, ptrdiff_t ldy, const float *dy, ptrdiff_t lddy, float *dx,
                       ptrdiff_t lddx, bool add)
{
    map2(rows, cols, y, ldy, dy, lddy, dx, lddx, add, tanh_slope);
}

INLINE vf sum_of(vf a, vf b)
{
    return a + b;
}

void KERNEL(add)(size_t rows, size_t cols, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb, float *y,
                 ptrdiff_t ldy)
{
    map2(rows, cols, a, lda, b, ldb, y, ldy, false, sum_of);
}

INLINE vf itself(vf x)
{
    return x;
}

void KERNEL(copy)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy, bool add)
{
    if (add)
        map2(rows, cols, x, ldx, y, ldy, y, ldy, false, sum_of);
    else
        map(rows, cols, x, ldx, y, ldy, itself);
}

void KERNEL(fill)(size_t rows, size_t cols, float value, float *y, ptrdiff_t ldy)
{
    for (; rows--; y += ldy)
        for (size_t i = 0; i < cols; i++) y[i] = value;
}

void KERNEL(mask)(size_t rows, size_t cols, const uint8_t *keep, float scale, const float *x, ptrdiff_t ldx, float *y,
                  ptrdiff_t ldy, bool add)
{
    for (; rows--; keep += cols, x += ldx, y += ldy)
        for (size_t i = 0; i < cols; i += LANES) {
            struct part part = part_once(i, cols);
            vf v = vpick(part_load_bytes(keep, part) != 0, part_load(x, part) * scale, vsplat(0));
            part_store(y, part, add ? part_load(y, part) + v : v);
        }
}
