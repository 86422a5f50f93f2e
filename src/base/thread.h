// thread.h - a thread of its own for work beside the computing, and how it meets others.
#ifndef THREAD_H
#define THREAD_H

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
