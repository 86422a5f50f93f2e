// guard.h - memory for tests: floats between two pages that must not be touched, close to the one behind (the last float ends where that page
// begins) or, low, to the one before. What lies on the other side, and every float that a test does not fill, holds a NaN of its own bits.
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guarded {
    float *data;
    size_t count;
    unsigned char *map;
    size_t bytes; // of the map, both pages included
};

static inline float guard_canary(void)
{
    const uint32_t bits = 0x7fc5a5a5;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline bool guard_is_canary(const float *value)
{
    const float canary = guard_canary();
    return !memcmp(value, &canary, sizeof canary);
}

static inline struct guarded guard_floats_at(bool low, size_t count)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (count * sizeof(float) + page) / page * page;
    struct guarded g = { .count = count, .bytes = inside + 2 * page };
    g.map = mmap(NULL, g.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g.map == MAP_FAILED || mprotect(g.map + page, inside, PROT_READ | PROT_WRITE)) abort();
    float *first = (float *)(void *)(g.map + page), *end = (float *)(void *)(g.map + page + inside), canary = guard_canary();
    for (float *p = first; p < end; p++) *p = canary;
    g.data = low && count ? first : end - count;
    return g;
}

static inline struct guarded guard_floats(size_t count)
{
    return guard_floats_at(false, count);
}

// True if nothing was written before the first float or after the last.
static inline bool guard_whole(const struct guarded *g)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const float *first = (const float *)(const void *)(g->map + page);
    const float *end = (const float *)(const void *)(g->map + g->bytes - page);
    for (const float *p = first; p < end; p++)
        if ((p < g->data || p >= g->data + g->count) && !guard_is_canary(p)) return false;
    return true;
}

static inline void guard_free(struct guarded *g)
{
    munmap(g->map, g->bytes);
}

#endif
