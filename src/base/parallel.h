// parallel.h - the one seam to threads. Work is cut by its shape, never by the number of threads, so results do not depend on it.
#ifndef PARALLEL_H
#define PARALLEL_H

#include <stddef.h>

// Calls work(context, begin, end) for [0, count) cut every `grain` items, on all threads; returns when all is done. The order is
// not fixed: pieces must not depend on one another.
void parallel_for(size_t count, size_t grain, void (*work)(void *context, size_t begin, size_t end), void *context);

int parallel_threads(void);

// A thread beside the computing ones, for reading ahead. NULL when the system has none to give. background_join waits for its end.
struct background;
struct background *background_start(void (*work)(void *context), void *context);
void background_join(struct background *thread);

#endif
