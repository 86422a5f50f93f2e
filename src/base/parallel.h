// parallel.h - computing on all threads. Work is cut by its shape, never by the number of threads, so results do not depend on it.
#ifndef PARALLEL_H
#define PARALLEL_H

#include <stddef.h>

// Calls work(context, begin, end) for [0, count) cut every `grain` items, on all threads; returns when all is done. The order is
// not fixed: pieces must not depend on one another.
void parallel_for(size_t count, size_t grain, void (*work)(void *context, size_t begin, size_t end), void *context);

// The same on no more than `threads` threads, for work that needs scratch memory of its own in each: parallel_slot() is below `threads`
// and no two pieces under way at the same time have the same.
void parallel_for_on(size_t threads, size_t count, size_t grain, void (*work)(void *context, size_t begin, size_t end),
                     void *context);
size_t parallel_slot(void);

int parallel_threads(void);

#endif
