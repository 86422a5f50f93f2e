// pick.c - which table: the last one this CPU can run, unless STRIATE_ISA names another it can run.
#include "kernels/kernels.h"

#include "striate.h"

#include <stdlib.h>
#include <string.h>

extern const struct kernels kernels_base, kernels_avx2, kernels_avx512, kernels_neon; // those that this processor's kind has

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static const struct {
    const struct kernels *table;
    bool (*runs)(void);
} all[] = {
#if defined(__x86_64__)
    { &kernels_base, always },
    { &kernels_avx2, has_avx2 },
    { &kernels_avx512, has_avx512 },
#elif defined(__aarch64__)
    { &kernels_neon, always },
#else
    { &kernels_base, always },
#endif
};

const struct kernels *kernels_at(int index)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].runs() && index-- == 0) return all[i].table;
    return NULL;
}

const struct kernels *kernels_pick(void)
{
    const char *wanted = getenv("STRIATE_ISA");
    const struct kernels *best = kernels_at(0);
    for (int i = 1; kernels_at(i); i++) best = kernels_at(i);
    for (int i = 0; wanted && kernels_at(i); i++)
        if (!strcmp(kernels_at(i)->isa, wanted)) best = kernels_at(i);
    return best;
}

const char *striate_isa(void)
{
    return kernels_pick()->isa;
}
