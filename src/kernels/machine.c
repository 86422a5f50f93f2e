// machine.c - what this machine can do at best: multiply-adds in registers, reads from memory.
#include "kernels/declare.h"

enum { CHAINS = 12 }; // more than two units with a latency of four need

double KERNEL(fma_burst)(size_t rounds, float *sum)
{
    vf x[CHAINS], scale = vsplat(0.999f), shift = vsplat(0.001f), all = { 0 };
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++) x[i] = vsplat((float)i);
    for (size_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) x[i] = x[i] * scale + shift;
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++) all += x[i];
    *sum = vsum(all);
    return 2.0 * CHAINS * LANES * (double)rounds;
}

double KERNEL(read_burst)(size_t count, const float *x, float *sum)
{
    enum { STREAMS = 8 };
    vf all[STREAMS] = { 0 };
    size_t step = (size_t)STREAMS * LANES;
    for (size_t i = 0; i + step <= count; i += step)
#pragma GCC unroll 8
        for (int j = 0; j < STREAMS; j++) all[j] += vload(x + i + (size_t)j * LANES);
#pragma GCC unroll 8
    for (int j = 1; j < STREAMS; j++) all[0] += all[j];
    *sum = vsum(all[0]);
    return (double)(count / step * step) * sizeof(float);
}
