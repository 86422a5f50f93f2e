// elementwise.c - loops over every value of an activation.
#include "kernels/declare.h"
#include "kernels/exp.h"
#include "kernels/part.h"

// y = f(x).
#define MAP(name, f)                                                                                                           \
    void KERNEL(name)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)                        \
    {                                                                                                                          \
        each_value(rows, cols, 1, (struct operand[]){ { x, ldx } }, y, ldy, f, 0);                                             \
    }

// dx = f(y, dy), or that added to dx.
#define ADDED(name, f, last)                                                                                                   \
    INLINE vf name(const vf *v, float s)                                                                                       \
    {                                                                                                                          \
        return v[last] + f(v, s);                                                                                              \
    }
#define SLOPE(name, f)                                                                                                         \
    ADDED(name##_added, f, 2)                                                                                                  \
    void KERNEL(name)(size_t rows, size_t cols, const float *y, ptrdiff_t ldy, const float *dy, ptrdiff_t lddy, float *dx,     \
                      ptrdiff_t lddx, bool add)                                                                                \
    {                                                                                                                          \
        struct operand in[] = { { y, ldy }, { dy, lddy }, { dx, lddx } };                                                      \
        if (add)                                                                                                               \
            each_value(rows, cols, 3, in, dx, lddx, name##_added, 0);                                                          \
        else                                                                                                                   \
            each_value(rows, cols, 2, in, dx, lddx, f, 0);                                                                     \
    }

INLINE vf relu_of(const vf *x, float zero)
{
    return vpick(*x < zero, vsplat(zero), *x); // NaN stays, so that divergence shows
}
MAP(relu, relu_of)

INLINE vf relu_slope(const vf *v, float zero)
{
    return vpick(v[0] > zero, v[1], vsplat(zero));
}
SLOPE(relu_grad, relu_slope)

INLINE vf sigmoid_of(const vf *x, float unused)
{
    (void)unused;
    return vsigmoid(*x);
}
MAP(sigmoid, sigmoid_of)

INLINE vf sigmoid_slope(const vf *v, float unused)
{
    (void)unused;
    return v[1] * v[0] * (1.0f - v[0]);
}
SLOPE(sigmoid_grad, sigmoid_slope)

INLINE vf tanh_of(const vf *x, float unused)
{
    (void)unused;
    return vtanh(*x);
}
MAP(tanh, tanh_of)

INLINE vf tanh_slope(const vf *v, float unused)
{
    (void)unused;
    return v[1] * (1.0f - v[0] * v[0]);
}
SLOPE(tanh_grad, tanh_slope)

// 1.7159 tanh(2 x / 3); its slope from y.
#define TANH_HEIGHT ((float)1.7159)
#define TANH_RATE   ((float)2 / 3)

INLINE vf scaled_tanh_of(const vf *x, float unused)
{
    (void)unused;
    return TANH_HEIGHT * vtanh(TANH_RATE * *x);
}
MAP(scaled_tanh, scaled_tanh_of)

INLINE vf scaled_tanh_slope(const vf *v, float unused)
{
    (void)unused;
    return v[1] * (TANH_RATE * TANH_HEIGHT - TANH_RATE / TANH_HEIGHT * v[0] * v[0]);
}
SLOPE(scaled_tanh_grad, scaled_tanh_slope)

INLINE vf abs_of(const vf *x, float zero)
{
    return vpick(*x < zero, -*x, *x);
}
MAP(abs, abs_of)

INLINE vf abs_slope(const vf *v, float zero)
{
    return vpick(v[0] > zero, v[1], vpick(v[0] < zero, -v[1], vsplat(zero)));
}
SLOPE(abs_grad, abs_slope)

INLINE vf sign_of(const vf *x, float zero)
{
    return vpick(*x < zero, vsplat(-1), vpick(*x >= zero, vsplat(1), *x)); // NaN stays
}
MAP(sign, sign_of)

INLINE vf leaky_relu_of(const vf *x, float slope)
{
    return vpick(*x < 0, *x * slope, *x);
}

void KERNEL(leaky_relu)(float slope, size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    each_value(rows, cols, 1, (struct operand[]){ { x, ldx } }, y, ldy, leaky_relu_of, slope);
}

INLINE vf leaky_relu_slope(const vf *v, float slope)
{
    return vpick(v[0] > 0, v[1], v[1] * slope);
}
ADDED(leaky_relu_added, leaky_relu_slope, 2)

void KERNEL(leaky_relu_grad)(float slope, size_t rows, size_t cols, const float *y, ptrdiff_t ldy, const float *dy,
                             ptrdiff_t lddy, float *dx, ptrdiff_t lddx, bool add)
{
    struct operand in[] = { { y, ldy }, { dy, lddy }, { dx, lddx } };
    if (add)
        each_value(rows, cols, 3, in, dx, lddx, leaky_relu_added, slope);
    else
        each_value(rows, cols, 2, in, dx, lddx, leaky_relu_slope, slope);
}

void KERNEL(stream)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    for (; rows--; x += ldx, y += ldy)
        for (size_t i = 0; i < cols; i += LANES) vstream(y + i, vload(x + i));
}

INLINE vf scaled(const vf *v, float scale)
{
    return *v * scale;
}

INLINE vf scaled_added(const vf *v, float scale)
{
    return v[1] + *v * scale;
}

void KERNEL(add)(size_t rows, size_t cols, const float *a, ptrdiff_t lda, float scale, const float *b, ptrdiff_t ldb, float *y,
                 ptrdiff_t ldy)
{
    each_value(rows, cols, 2, (struct operand[]){ { b, ldb }, { a, lda } }, y, ldy, scaled_added, scale);
}

void KERNEL(scale)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float scale, float *y, ptrdiff_t ldy, bool add)
{
    struct operand in[] = { { x, ldx }, { y, ldy } };
    if (add)
        each_value(rows, cols, 2, in, y, ldy, scaled_added, scale);
    else
        each_value(rows, cols, 1, in, y, ldy, scaled, scale);
}

INLINE vf itself(const vf *v, float unused)
{
    (void)unused;
    return *v;
}

void KERNEL(copy)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy, bool add)
{
    struct operand in[] = { { x, ldx }, { y, ldy } };
    if (add)
        each_value(rows, cols, 2, in, y, ldy, scaled_added, 1);
    else
        each_value(rows, cols, 1, in, y, ldy, itself, 0);
}

INLINE vf product_of(const vf *v, float unused)
{
    (void)unused;
    return v[0] * v[1];
}
SLOPE(mul, product_of)

INLINE vf gate_of(const vf *v, float unused) // t, h, x
{
    (void)unused;
    return v[2] + v[0] * (v[1] - v[2]);
}

void KERNEL(gate)(size_t rows, size_t cols, const float *t, ptrdiff_t ldt, const float *h, ptrdiff_t ldh, const float *x,
                  ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    each_value(rows, cols, 3, (struct operand[]){ { t, ldt }, { h, ldh }, { x, ldx } }, y, ldy, gate_of, 0);
}

INLINE vf gate_slope(const vf *v, float unused) // h, x, dy
{
    (void)unused;
    return v[2] * (v[0] - v[1]);
}

ADDED(gate_slope_added, gate_slope, 3)

void KERNEL(gate_grad)(size_t rows, size_t cols, const float *h, ptrdiff_t ldh, const float *x, ptrdiff_t ldx, const float *dy,
                       ptrdiff_t lddy, float *dt, ptrdiff_t lddt, bool add)
{
    struct operand in[] = { { h, ldh }, { x, ldx }, { dy, lddy }, { dt, lddt } };
    if (add)
        each_value(rows, cols, 4, in, dt, lddt, gate_slope_added, 0);
    else
        each_value(rows, cols, 3, in, dt, lddt, gate_slope, 0);
}

INLINE vf carried(const vf *v, float unused) // t, dy
{
    (void)unused;
    return v[1] * (1.0f - v[0]);
}
SLOPE(gate_carry, carried)

INLINE vf constant(const vf *unused, float value)
{
    (void)unused;
    return vsplat(value);
}

void KERNEL(fill)(size_t rows, size_t cols, float value, float *y, ptrdiff_t ldy)
{
    each_value(rows, cols, 0, NULL, y, ldy, constant, value);
}

void KERNEL(mask)(size_t rows, size_t cols, const uint8_t *keep, float scale, const float *x, ptrdiff_t ldx, float *y,
                  ptrdiff_t ldy, bool add)
{
    if (ldx == (ptrdiff_t)cols && ldy == ldx) cols *= rows, rows = rows > 0;
    for (; rows--; keep += cols, x += ldx, y += ldy)
        for (size_t i = 0; i < cols; i += LANES) {
            struct part part = part_once(i, cols);
            vf v = vpick(part_load_bytes(keep, part) != 0, part_load(x, part) * scale, vsplat(0));
            part_store(y, part, add ? part_load(y, part) + v : v);
        }
}

void KERNEL(draw)(struct random_key key, size_t first, size_t count, uint32_t least, uint8_t *keep)
{
    enum { BLOCKS = 16 };
    for (size_t at = first / 4 * 4; at < first + count; at += 4 * BLOCKS) {
        uint8_t kept[BLOCKS][4];
        for (uint32_t b = 0; b < BLOCKS; b++) {
            uint32_t words[4];
            random_words(key, (uint32_t)(at / 4) + b, words);
            for (int j = 0; j < 4; j++) kept[b][j] = words[j] >= least;
        }
        size_t skip = at < first ? first - at : 0, end = first + count - at < sizeof kept ? first + count - at : sizeof kept;
        memcpy(keep + (at + skip - first), &kept[0][0] + skip, end - skip);
    }
}
