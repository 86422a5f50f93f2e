// softmax.c - softmax over the columns of each row, its gradient, and the loss on top of it. All subtract the row's maximum first.
#include "kernels/declare.h"
#include "kernels/exp.h"
#include "kernels/part.h"

#include <math.h>

// The largest value; NaN if one is NaN.
INLINE float row_max(size_t cols, const float *x)
{
    float lanes[LANES];
    if (cols >= LANES) {
        vf most = vload(x);
        for (size_t i = LANES; i < cols; i += LANES) {
            vf v = part_load(x, part_overlapping(i, cols));
            most = vpick((v > most) | (v != v), v, most);
        }
        vstore(lanes, most);
        x = lanes;
        cols = LANES;
    }
    float max = x[0];
    for (size_t i = 1; i < cols; i++) max = x[i] > max || x[i] != x[i] ? x[i] : max;
    return max;
}

// The sum of e^(x - max), each of which goes to y unless that is NULL; x and y may be the same.
INLINE float row_exp(size_t cols, const float *x, float max, float *y)
{
    vf sum = { 0 };
    for (size_t i = 0; i < cols; i += LANES) {
        struct part part = part_once(i, cols);
        vf e = vexp(part_load(x, part) - max);
        if (part.count < LANES) { // lanes beyond the row hold e^-max
            vf some = vload_some((float *)&e, part.count);
            e = some;
        }
        if (y) part_store(y, part, e);
        sum += e;
    }
    return vsum(sum);
}

INLINE float row_sum(size_t cols, const float *x)
{
    vf sum = { 0 };
    for (size_t i = 0; i < cols; i += LANES) sum += part_load(x, part_once(i, cols));
    return vsum(sum);
}

void KERNEL(softmax)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    for (; rows--; x += ldx, y += ldy) {
        float scale = 1.0f / row_exp(cols, x, row_max(cols, x), y);
        for (size_t i = 0; i < cols; i++) y[i] *= scale;
    }
}

void KERNEL(softmax_grad)(size_t rows, size_t cols, const float *y, ptrdiff_t ldy, const float *dy, ptrdiff_t lddy, float *dx,
                          ptrdiff_t lddx, bool add)
{
    for (; rows--; y += ldy, dy += lddy, dx += lddx) {
        vf sum = { 0 };
        for (size_t i = 0; i < cols; i += LANES) {
            struct part part = part_once(i, cols);
            sum += part_load(y, part) * part_load(dy, part);
        }
        float dot = vsum(sum);
        for (size_t i = 0; i < cols; i += LANES) {
            struct part part = part_once(i, cols);
            vf v = part_load(y, part) * (part_load(dy, part) - dot);
            part_store(dx, part, add ? part_load(dx, part) + v : v);
        }
    }
}

void KERNEL(cross_entropy)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, const int *labels, float smoothing, float *loss,
                           ptrdiff_t ldloss, float *p)
{
    for (size_t r = 0; r < rows; r++, x += ldx, loss += ldloss) {
        float max = row_max(cols, x), sum = row_exp(cols, x, max, p);
        bool known = labels[r] >= 0 && (size_t)labels[r] < cols;
        *loss = known ? logf(sum) - (x[labels[r]] - max) : NAN;
        if (smoothing > 0 && known) *loss += smoothing * (x[labels[r]] - row_sum(cols, x) / (float)cols);
        if (!p) continue;
        for (size_t i = 0; i < cols; i++) p[i] = p[i] / sum - smoothing / (float)cols;
        p += cols;
    }
}
