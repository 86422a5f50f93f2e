// machine.c - the ceilings that layers are measured against.
#include "base/arena.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "kernels/kernels.h"

#include "striate.h"

#include <stdlib.h>
#include <string.h>

struct measuring {
    const struct kernels *k;
    const float *memory;
    size_t count; // floats or rounds of a piece
    float *sums;  // [pieces]
    double done;  // of piece 0
};

static const double patience = 0.3, longest = 3; // seconds

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

// In units of 1e9 per second, the best of the bursts until none has been better for a while: another process may hold a core for long.
static double best_rate(struct measuring *m, size_t threads, size_t pieces,
                        void (*burst)(void *context, size_t begin, size_t end))
{
    double begin = clock_seconds(), now = begin, better = begin, best = 0;
    while (now - better < patience && now - begin < longest) {
        double start = clock_seconds();
        parallel_for_on(threads, pieces, 1, burst, m);
        now = clock_seconds();
        double rate = (double)pieces * m->done / (now - start) * 1e-9;
        if (rate > best * 1.002) better = now;
        if (rate > best) best = rate;
    }
    return best;
}

static const struct kernels *kernels_of(const char *isa)
{
    if (!isa) return kernels_pick();
    int i = 0;
    while (kernels_at(i) && strcmp(kernels_at(i)->isa, isa)) i++;
    return kernels_at(i);
}

static size_t threads_of(int threads)
{
    int all = parallel_threads();
    return (size_t)(threads < 1 || threads > all ? all : threads);
}

const char *striate_isa_at(int index)
{
    return kernels_at(index) ? kernels_at(index)->isa : NULL;
}

double striate_peak_gflops(const char *isa, int threads)
{
    size_t count = threads_of(threads);
    struct measuring m = { .k = kernels_of(isa), .count = 2000000, .sums = aligned_floats(count) };
    double rate = m.k && m.sums ? best_rate(&m, count, count, burst_fma) : 0;
    free(m.sums);
    return rate;
}

double striate_bandwidth(const char *isa, int threads)
{
    enum { PIECES = 64 };
    float sums[PIECES];
    struct measuring m = { .k = kernels_of(isa), .count = (size_t)1 << 20, .sums = sums };
    float *memory = aligned_floats(PIECES * m.count);
    m.memory = memory;
    double rate = m.k && memory ? best_rate(&m, threads_of(threads), PIECES, burst_read) : 0;
    free(memory);
    return rate;
}
