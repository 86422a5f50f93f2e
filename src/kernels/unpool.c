// unpool.c - what belongs to maxima beside pooling: values back from where they were the largest, and the maxima of columns.
#include "kernels/declare.h"
#include "kernels/part.h"

void KERNEL(max_unpool_grad)(const struct pool *pool, size_t begin, size_t end, const uint8_t *argmax, const float *dy,
                             ptrdiff_t lddy, float *dx, ptrdiff_t lddx, bool add)
{
    const struct pool s = *pool;
    size_t c = (size_t)s.c;
    for (size_t row = begin; row < end; row++) {
        int top = (int)(row % (size_t)s.p) * s.stride_h - s.pad_h;
        const float *image = dy + (ptrdiff_t)(row / (size_t)s.p) * s.h * s.w * lddy;
        for (int q = 0; q < s.q; q++) {
            size_t pixel = row * (size_t)s.q + (size_t)q;
            for (size_t i = 0; i < c; i++) {
                int place = argmax[pixel * c + i], h = top + place / s.size_w, w = q * s.stride_w - s.pad_w + place % s.size_w;
                bool inside = h >= 0 && h < s.h && w >= 0 && w < s.w;
                float v = inside ? image[((ptrdiff_t)h * s.w + w) * lddy + (ptrdiff_t)i] : 0,
                      *to = dx + (ptrdiff_t)pixel * lddx;
                to[i] = add ? to[i] + v : v;
            }
        }
    }
}

void KERNEL(column_max)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, int *row)
{
    for (size_t i = 0; i < cols; i += LANES) {
        struct part part = part_once(i, cols);
        vf best = part_load(x, part);
        vmask place = (vmask)vsplat(0);
        for (size_t r = 1; r < rows; r++) {
            vf value = part_load(x + (ptrdiff_t)r * ldx, part);
            vmask better = (value > best) | (value != value); // NaN wins, so that divergence shows
            best = vpick(better, value, best);
            place = (place & ~better) | (((vmask)vsplat(0) + (int)r) & better);
        }
        part_store(y, part, best);
        for (size_t j = 0; j < part.count && row; j++) row[i + j] = (int)place[j];
    }
}
