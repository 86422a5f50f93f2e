// place.c - lifetimes to offsets.
//
//   offset
//     ^   +-----------------+
//     |   |  b (large)      |  +--------+
//     |   +-----------------+  |   d    |
//     |   | a |        | c     +--------+
//     +---+---+--------+----------------+--> step
#include "graph/plan.h"

#include <stdlib.h>

struct placed {
    size_t bytes;
    int index;
};

static int larger_first(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    return a->index - b->index;
}

striate_status place_buffers(size_t *bytes, struct buffer *buffers, int count)
{
    // order[0..i-1] are the buffers that have a place, by offset; the rest waits, largest first.
    struct placed *order = malloc((size_t)(count + !count) * sizeof *order);
    if (!order) FAIL(NO_MEMORY, "no memory to place %d buffers", count);
    for (int i = 0; i < count; i++) order[i] = (struct placed){ buffers[i].bytes, i };
    qsort(order, (size_t)count, sizeof *order, larger_first);
    size_t peak = 0;
    for (int i = 0; i < count; i++) {
        struct placed next = order[i];
        struct buffer *b = &buffers[next.index];
        size_t offset = 0;
        for (int j = 0; j < i; j++) {
            const struct buffer *other = &buffers[order[j].index];
            if (other->first > b->last || b->first > other->last) continue; // never alive together
            if (other->offset >= offset + b->bytes) break;                  // the gap before it is large enough
            if (other->offset + other->bytes > offset) offset = other->offset + other->bytes;
        }
        b->offset = offset;
        if (offset + b->bytes > peak) peak = offset + b->bytes;
        int j = i;
        for (; j > 0 && buffers[order[j - 1].index].offset > offset; j--) order[j] = order[j - 1];
        order[j] = next;
    }
    free(order);
    *bytes = peak;
    return STRIATE_OK;
}
