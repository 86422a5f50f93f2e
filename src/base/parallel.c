// parallel.c - OpenMP for computing, POSIX threads for reading ahead.
#include "base/parallel.h"

#include "striate.h"

#include <pthread.h>
#include <stdlib.h>

#ifdef _OPENMP
#include <omp.h>
#else
static int omp_get_num_procs(void)
{
    return 1;
}
#endif

static int chosen; // 0: not yet

int parallel_threads(void)
{
    return chosen ? chosen : striate_threads(0);
}

int striate_threads(int threads)
{
    chosen = threads > 0 ? threads : omp_get_num_procs();
    return chosen;
}

void parallel_for(size_t count, size_t grain, void (*work)(void *context, size_t begin, size_t end), void *context)
{
    if (!grain) grain = 1;
    long pieces = (long)((count + grain - 1) / grain);
    int threads = parallel_threads();
    if (pieces < 2 || threads < 2) {
        for (long i = 0; i < pieces; i++)
            work(context, (size_t)i * grain, (size_t)i * grain + grain < count ? (size_t)i * grain + grain : count);
        return;
    }
    if (pieces < threads) threads = (int)pieces;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (long i = 0; i < pieces; i++) {
        size_t begin = (size_t)i * grain, end = begin + grain;
        work(context, begin, end < count ? end : count);
    }
}

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
