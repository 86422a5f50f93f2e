// update.c - loops over all parameters at once: one step of an optimizer, sums over a block, and whether every value is a number.
#include "kernels/declare.h"

#include <math.h>

INLINE float gradient_of(const struct descent *d, float g, float w)
{
    g *= d->scale;
    g = g > d->limit ? d->limit : g;
    g = g < -d->limit ? -d->limit : g;
    return g + d->decay * w;
}

// v = momentum v + g; w -= rate (v, or g + momentum v with nesterov).
void KERNEL(sgd)(size_t n, const struct descent *d, float *restrict w, const float *restrict g, float *restrict v)
{
    const struct descent how = *d;
    if (!v)
        for (size_t i = 0; i < n; i++) w[i] -= how.rate * gradient_of(&how, g[i], w[i]);
    else
        for (size_t i = 0; i < n; i++) {
            float x = gradient_of(&how, g[i], w[i]);
            v[i] = how.momentum * v[i] + x;
            w[i] -= how.rate * (how.nesterov ? x + how.momentum * v[i] : v[i]);
        }
}

// m += (1 - beta1) (g - m); v = beta2 v + (1 - beta2) g^2; w -= shrink w + rate m / (root sqrt(v) + eps).
void KERNEL(adam)(size_t n, const struct descent *d, float *restrict w, const float *restrict g, float *restrict m,
                  float *restrict v)
{
    const struct descent how = *d;
    float share1 = 1 - how.beta1, share2 = 1 - how.beta2;
    for (size_t i = 0; i < n; i++) {
        float x = gradient_of(&how, g[i], w[i]);
        m[i] += share1 * (x - m[i]);
        v[i] = how.beta2 * v[i] + share2 * x * x;
        w[i] -= how.shrink * w[i] + how.rate * m[i] / (how.root * sqrtf(v[i]) + how.eps);
    }
}

// v = beta2 v + (1 - beta2) g^2; b = momentum b + g / (sqrt(v) + eps); w -= rate b.
void KERNEL(rmsprop)(size_t n, const struct descent *d, float *restrict w, const float *restrict g, float *restrict v,
                     float *restrict b)
{
    const struct descent how = *d;
    float share = 1 - how.beta2;
    for (size_t i = 0; i < n; i++) {
        float x = gradient_of(&how, g[i], w[i]);
        v[i] = how.beta2 * v[i] + share * x * x;
        x /= sqrtf(v[i]) + how.eps;
        if (b) b[i] = x += how.momentum * b[i];
        w[i] -= how.rate * x;
    }
}

void KERNEL(accumulate)(size_t n, float scale, const float *restrict x, float *restrict sum)
{
    for (size_t i = 0; i < n; i++) sum[i] += scale * x[i];
}

void KERNEL(approach)(size_t n, float share, const float *restrict x, float *restrict mean)
{
    for (size_t i = 0; i < n; i++) mean[i] += share * (x[i] - mean[i]);
}

double KERNEL(squares)(size_t n, const float *x)
{
    enum { HALF = LANES / 2, STREAMS = 4, STEP = STREAMS * HALF };
    typedef float half __attribute__((vector_size(HALF * sizeof(float)), aligned(sizeof(float)), may_alias));
    typedef double wide __attribute__((vector_size(HALF * sizeof(double))));
    wide sums[STREAMS] = { 0 };
    double sum = 0;
    size_t i = 0;
    for (; i + STEP <= n; i += STEP)
        UNROLLED (size_t j = 0; j < STREAMS; j++) {
            wide v = __builtin_convertvector(*(const half *)(x + i + j * HALF), wide);
            sums[j] += v * v;
        }
    for (; i < n; i++) sum += (double)x[i] * (double)x[i];
    UNROLLED (size_t j = 1; j < STREAMS; j++) sums[0] += sums[j];
    for (size_t lane = 0; lane < HALF; lane++) sum += sums[0][lane];
    return sum;
}

bool KERNEL(all_finite)(size_t n, const float *x)
{
    enum { STREAMS = 8, STEP = STREAMS * LANES };
    vf zero[STREAMS] = { 0 }; // x * 0 is 0 where x is finite, and else not a number
    size_t i = 0;
    for (; i + STEP <= n; i += STEP)
        UNROLLED (size_t j = 0; j < STREAMS; j++) zero[j] += vload(x + i + j * LANES) * 0.0f;
    for (; i < n; i++) zero[0][0] += x[i] * 0.0f;
    UNROLLED (size_t j = 1; j < STREAMS; j++) zero[0] += zero[j];
    return vsum(zero[0]) == 0;
}
