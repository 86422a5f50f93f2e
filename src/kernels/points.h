// points.h - Winograd's minimal filtering in one dimension, of six points: m outputs of r taps, m + r - 1 = 6, are A^T ((G g) * (B^T d)).
//
// Convolution is a product of polynomials; B^T and G evaluate its factors at six points and A^T interpolates. The points alone decide the
// matrices, so any m and r share B^T, and A^T and G are powers of the points: row i of A^T the points' i-th powers, column i of G the same divided
// by what interpolation divides by. Points 0, +-1/sqrt(2), +-sqrt(2) and infinity lose half as many digits as the usual 0, +-1, +-2: their powers
// are nearer to 1. The functions take x[0], x[from], x[2 * from], ...
#ifndef POINTS_H
#define POINTS_H

#include "kernels/simd.h"

enum { POINTS = 6 };
static const float NEAR = 0.707106781f, FAR = 1.41421356f;
static const float NEAR_POWERS[] = { 1, 0.5f, 0.25f }, FAR_POWERS[] = { 1, 2, 4 }; // of their squares

// y = B^T x
INLINE void evaluate(const vf *x, size_t from, vf *y)
{
    vf a = x[0], b = x[from], c = x[2 * from], d = x[3 * from], e = x[4 * from], f = x[5 * from];
    vf even = e - 2.0f * c, odd = d - 2.0f * b, even2 = e - 0.5f * c, odd2 = d - 0.5f * b;
    y[0] = a - 2.5f * c + e;
    y[1] = even + NEAR * odd;
    y[2] = even - NEAR * odd;
    y[3] = even2 + FAR * odd2;
    y[4] = even2 - FAR * odd2;
    y[5] = b - 2.5f * d + f;
}

// y = G x, of `taps` values
INLINE void evaluate_taps(int taps, const vf *x, size_t from, vf *y)
{
    vf even = x[0], odd = x[from], even2 = x[0], odd2 = x[from];
    UNROLLED (int i = 2; i < taps; i++) {
        vf *near = i % 2 ? &odd : &even, *far = i % 2 ? &odd2 : &even2;
        *near += NEAR_POWERS[i / 2] * x[(size_t)i * from];
        *far += FAR_POWERS[i / 2] * x[(size_t)i * from];
    }
    even *= -2.0f / 3;
    odd *= -2.0f / 3 * NEAR;
    even2 *= 1.0f / 6;
    odd2 *= 1.0f / 6 * FAR;
    y[0] = x[0];
    y[1] = even + odd;
    y[2] = even - odd;
    y[3] = even2 + odd2;
    y[4] = even2 - odd2;
    y[5] = x[(size_t)(taps - 1) * from];
}

// y = A^T x, `size` values
INLINE void interpolate(int size, const vf *x, size_t from, vf *y)
{
    vf even = x[from] + x[2 * from], odd = NEAR * (x[from] - x[2 * from]);
    vf even2 = x[3 * from] + x[4 * from], odd2 = FAR * (x[3 * from] - x[4 * from]);
    UNROLLED (int i = 0; i < size; i++)
        y[i] = NEAR_POWERS[i / 2] * (i % 2 ? odd : even) + FAR_POWERS[i / 2] * (i % 2 ? odd2 : even2);
    y[0] += x[0];
    y[size - 1] += x[5 * from];
}

#endif
