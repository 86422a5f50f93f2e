// elementwise.c - loops over every value of an activation.
#include "kernels/declare.h"

void KERNEL(relu)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    for (size_t r = 0; r < rows; r++, x += ldx, y += ldy)
        for (size_t i = 0; i < cols; i++) y[i] = x[i] > 0 ? x[i] : 0;
}

void KERNEL(relu_grad)(size_t rows, size_t cols, const float *y, ptrdiff_t ldy, const float *dy, ptrdiff_t lddy, float *dx,
                       ptrdiff_t lddx, bool add)
{
    for (size_t r = 0; r < rows; r++, y += ldy, dy += lddy, dx += lddx)
        for (size_t i = 0; i < cols; i++) dx[i] = (add ? dx[i] : 0) + (y[i] > 0 ? dy[i] : 0);
}
