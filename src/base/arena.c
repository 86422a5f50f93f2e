// arena.c - a chain of blocks, each filled from its start; nothing is released before everything is.
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BLOCK = 16 * 1024, ALIGN = 16, LINE = 64, HUGE_PAGE = 2 << 20 };

struct arena_block {
    struct arena_block *before;
    size_t used, size;
    _Alignas(ALIGN) unsigned char bytes[];
};

void *arena_take(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2) return NULL;
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    struct arena_block *block = arena->last;
    if (!block || block->size - block->used < bytes) {
        size_t size = bytes > BLOCK ? bytes : BLOCK;
        block = calloc(1, sizeof *block + size);
        if (!block) return NULL;
        *block = (struct arena_block){ .before = arena->last, .size = size };
        arena->last = block;
    }
    void *taken = block->bytes + block->used;
    block->used += bytes;
    return taken;
}

char *arena_copy(struct arena *arena, const char *text)
{
    char *copy = arena_take(arena, strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

char *arena_format(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = length < 0 ? NULL : arena_take(arena, (size_t)length + 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

void arena_free(struct arena *arena)
{
    for (struct arena_block *block = arena->last, *before; block; block = before) {
        before = block->before;
        free(block);
    }
    arena->last = NULL;
}

static size_t unit_of(size_t bytes)
{
    return bytes < HUGE_PAGE ? LINE : HUGE_PAGE;
}

size_t aligned_bytes(size_t bytes)
{
    size_t unit = unit_of(bytes);
    return (bytes + unit - 1) / unit * unit;
}

// In huge pages where there are any: a network walks through more pages than the processor remembers addresses of.
float *aligned_floats(size_t count)
{
    if (count > SIZE_MAX / 2 / sizeof(float)) return NULL;
    size_t unit = unit_of(count * sizeof(float)), bytes = aligned_bytes(count * sizeof(float));
    float *floats = aligned_alloc(unit, bytes ? bytes : LINE);
#ifdef MADV_HUGEPAGE
    if (floats && unit == HUGE_PAGE) madvise(floats, bytes, MADV_HUGEPAGE);
#endif
    if (floats) memset(floats, 0, bytes);
    return floats;
}
