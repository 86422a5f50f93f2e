// arena.h - many small allocations, one release.
#ifndef ARENA_H
#define ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena {
    struct arena_block *last;
};

// Zeroed memory, aligned for any type, until arena_free; NULL when there is none left.
void *arena_take(struct arena *arena, size_t bytes);
char *arena_copy(struct arena *arena, const char *text);
char *arena_format(struct arena *arena, const char *format, va_list arguments);
void arena_free(struct arena *arena);

// A zeroed block of `count` floats on a cache line boundary; release with free(). NULL when there is no memory left.
float *aligned_floats(size_t count);
size_t aligned_bytes(size_t bytes); // that such a block of so many bytes takes

#endif
