// machine.c - the ceilings that layers are measured against.
#include "base/arena.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "kernels/kernels.h"

#include "striate.h"

#include <stdlib.h>

struct measuring {
    const struct kernels *k;
    const float *memory;
    size_t count; // floats or rounds of a piece
    float *sums;  // [pieces]
    double done;  // of piece 0
};

enum { TRIES = 10 };

static void burst_fma(void *context, size_t begin, size_t end)
{
    struct measuring *m = context;
    for (size_t i = begin; i < end; i++) {
        double done = m->k->fma_burst(m->count, &m->sums[i]);
        if (!i) m->done = done;
    }
}

static void burst_read(void *context, size_t begin, size_t end)
{
    struct measuring *m = context;
    for (size_t i = begin; i < end; i++) {
        double done = m->k->read_burst(m->count, m->memory + i * m->count, &m->sums[i]);
        if (!i) m->done = done;
    }
}

// The best of some tries, in units of 1e9 per second. A piece per thread and try.
static double best_rate(struct measuring *m, size_t pieces, void (*burst)(void *context, size_t begin, size_t end))
{
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        double start = clock_seconds();
        parallel_for(pieces, 1, burst, m);
        double rate = (double)pieces * m->done / (clock_seconds() - start) * 1e-9;
        if (rate > best) best = rate;
    }
    return best;
}

double striate_peak_gflops(void)
{
    size_t threads = (size_t)parallel_threads();
    float *sums = aligned_floats(threads);
    if (!sums) return 0;
    struct measuring m = { .k = kernels_pick(), .count = 8000000, .sums = sums };
    double rate = best_rate(&m, threads, burst_fma);
    free(sums);
    return rate;
}

double striate_bandwidth(void)
{
    enum { PIECES = 64 };
    float sums[PIECES];
    struct measuring m = { .k = kernels_pick(), .count = (size_t)1 << 20, .sums = sums };
    float *memory = aligned_floats(PIECES * m.count);
    if (!memory) return 0;
    m.memory = memory;
    double rate = best_rate(&m, PIECES, burst_read);
    free(memory);
    return rate;
}
