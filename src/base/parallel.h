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

// A lock with a place to wait. Between gate_enter and gate_leave there is one thread at a time; gate_wait, called there, lets others in
// until one of them calls gate_wake, which wakes all that wait.
struct gate;
struct gate *gate_new(void); // NULL when memory ran out
void gate_free(struct gate *gate);
void gate_enter(struct gate *gate);
void gate_leave(struct gate *gate);
void gate_wait(struct gate *gate);
void gate_wake(struct gate *gate);

#endif
