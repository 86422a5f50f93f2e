// exp.h - the exponential function and its kin on vectors, to about one unit in the last place.
//   e^x = 2^n e^r  with n = round(x / ln 2), |r| <= ln 2 / 2, and e^r - 1 = r + r^2 q(r), q interpolated at Chebyshev nodes
//   ln x = n ln 2 + ln m  with x = 2^n m, 1/sqrt 2 <= m < sqrt 2, and ln (1 + f) = f - f^2/2 + f^3 q(f) (Moshier's Cephes, logf)
#ifndef EXP_H
#define EXP_H

#include "kernels/simd.h"

#include <float.h>

// 2^n, for -126 <= n <= 127 in each lane.
INLINE vf vpower_of_two(vmask n)
{
    return (vf)((n + 127) << 23);
}

// e^r - 1, and n. Where x is NaN so is the result.
INLINE vf vexp_reduced(vf x, vmask *n)
{
    const float round = 12582912.0f; // 1.5 * 2^23: adding it leaves no bits for a fraction
    vf shifted = x * 1.44269504f + round, whole = shifted - round;
    *n = (vmask)shifted - (vmask)vsplat(round);
    vf r = x - whole * 0.693145751953125f - whole * 1.42860677e-6f; // ln 2 in two parts, the first exact times n
    vf q = (((0.00139262508f * r + 0.00836323288f) * r + 0.0416665542f) * r + 0.166665767f) * r + 0.5f;
    return r + r * r * q;
}

INLINE vf vexp(vf x)
{
    x = vpick(x < -104.0f, vsplat(-104.0f), x); // beyond these the result is 0 and infinity
    x = vpick(x > 89.0f, vsplat(89.0f), x);
    vmask n, half;
    vf e = vexp_reduced(x, &n) + 1.0f;
    half = n >> 1;
    return e * vpower_of_two(half) * vpower_of_two(n - half); // two steps, as 2^n alone may be out of range
}

INLINE vf vsigmoid(vf x)
{
    return 1.0f / (1.0f + vexp(-x));
}

// tanh x = -sign(x) m / (m + 2) with m = e^(-2|x|) - 1, which keeps small x exact.
INLINE vf vtanh(vf x)
{
    vmask n;
    vf a = vpick(x < 0.0f, x, -x) * 2.0f;
    a = vpick(a < -40.0f, vsplat(-40.0f), a);
    vf e = vexp_reduced(a, &n), power = vpower_of_two(n), m = e * power + (power - 1.0f);
    vf t = m / (m + 2.0f);
    return vpick(x < 0.0f, t, -t);
}

// Of normal positive numbers, infinity and NaN.
INLINE vf vlog(vf x)
{
    vmask bits = (vmask)x, n = (bits - 0x3f3504f3) >> 23; // the bits of 1/sqrt 2
    vf f = (vf)(bits - (n << 23)) - 1.0f, whole = __builtin_convertvector(n, vf);
    vf low = (0.070376836292f * f - 0.1151461031f) * f + 0.116769987f;
    vf q = ((((low * f - 0.12420140846f) * f + 0.14249322787f) * f - 0.16668057665f) * f + 0.20000714765f) * f;
    q = ((q - 0.24999993993f) * f + 0.33333331174f) * f * f * f;
    vf log = whole * 0.693359375f + (f + (q + whole * -2.12194440e-4f - 0.5f * f * f));
    return vpick(x <= FLT_MAX, log, x);
}

#endif
