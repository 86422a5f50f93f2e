// update.c - loops over all parameters at once: one step of the optimizer, and whether every value is a number.
#include "kernels/declare.h"

#include <float.h>
#include <math.h>

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
    int bad = 0;
    for (size_t i = 0; i < n; i++) bad |= !(fabsf(x[i]) <= FLT_MAX);
    return !bad;
}
