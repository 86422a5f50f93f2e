// update.c - loops over all parameters at once: one step of the optimizer, and whether every value is a number.
#include "kernels/declare.h"

// g += weight_decay w; v = momentum v + g; w -= lr (v, or g + momentum v with nesterov).
void KERNEL(sgd)(size_t n, float *restrict w, const float *restrict g, float *restrict v, float lr, float momentum,
                 float weight_decay, bool nesterov)
{
    for (size_t i = 0; i < n; i++) {
        float d = g[i] + weight_decay * w[i];
        v[i] = momentum * v[i] + d;
        w[i] -= lr * (nesterov ? d + momentum * v[i] : v[i]);
    }
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
