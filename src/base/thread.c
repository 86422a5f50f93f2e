// thread.c - POSIX threads for reading ahead.
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>

struct background {
    pthread_t thread;
    void (*work)(void *context);
    void *context;
};

static void *background_main(void *argument)
{
    struct background *thread = argument;
    thread->work(thread->context);
    return NULL;
}

struct background *background_start(void (*work)(void *context), void *context)
{
    struct background *thread = malloc(sizeof *thread);
    if (!thread) return NULL;
    *thread = (struct background){ .work = work, .context = context };
    if (pthread_create(&thread->thread, NULL, background_main, thread)) {
        free(thread);
        return NULL;
    }
    return thread;
}

void background_join(struct background *thread)
{
    if (!thread) return;
    pthread_join(thread->thread, NULL);
    free(thread);
}

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t woken;
};

struct gate *gate_new(void)
{
    struct gate *gate = malloc(sizeof *gate);
    if (gate) *gate = (struct gate){ PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
    return gate;
}

void gate_free(struct gate *gate)
{
    if (!gate) return;
    pthread_mutex_destroy(&gate->lock);
    pthread_cond_destroy(&gate->woken);
    free(gate);
}

void gate_enter(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
}

void gate_leave(struct gate *gate)
{
    pthread_mutex_unlock(&gate->lock);
}

void gate_wait(struct gate *gate)
{
    pthread_cond_wait(&gate->woken, &gate->lock);
}

void gate_wake(struct gate *gate)
{
    pthread_cond_broadcast(&gate->woken);
}
