// machine.c - what this machine can do at best: multiply-adds in registers, reads from memory.
#include "kernels/declare.h"

enum {
    CHAINS = 10,
    KINDS = 2
}; // chains: more than two units with a latency of four need; with the kinds they fit 16 registers

// Lanes between -1/2 and 1/2.
INLINE vf any_values(uint32_t *seed)
{
    float lanes[LANES];
    for (int i = 0; i < LANES; i++) {
        *seed = *seed * 1664525 + 1013904223;
        lanes[i] = (float)(int32_t)*seed * 0x1p-32f;
    }
    return vload(lanes);
}

// On values of all kinds, as networks have them: where power limits the clock, units that see the same bits again and again run faster than
// any real work can.
double KERNEL(fma_burst)(size_t rounds, float *sum)
{
    vf x[CHAINS], scale[KINDS], shift[KINDS], all = { 0 };
    uint32_t seed = 1;
    for (int i = 0; i < CHAINS; i++) x[i] = any_values(&seed);
    for (int i = 0; i < KINDS; i++) scale[i] = any_values(&seed), shift[i] = any_values(&seed);
    for (size_t r = 0; r < rounds; r++)
        UNROLLED (int i = 0; i < CHAINS; i++) x[i] = x[i] * scale[i % KINDS] + shift[i / 5];
    UNROLLED (int i = 0; i < CHAINS; i++) all += x[i];
    *sum = vsum(all);
    return 2.0 * CHAINS * LANES * (double)rounds;
}

double KERNEL(read_burst)(size_t count, const float *x, float *sum)
{
    enum { STREAMS = 8 };
    vf all[STREAMS] = { 0 };
    size_t step = (size_t)STREAMS * LANES;
    for (size_t i = 0; i + step <= count; i += step)
        UNROLLED (int j = 0; j < STREAMS; j++) all[j] += vload(x + i + (size_t)j * LANES);
    UNROLLED (int j = 1; j < STREAMS; j++) all[0] += all[j];
    *sum = vsum(all[0]);
    return (double)(count / step * step) * sizeof(float);
}
