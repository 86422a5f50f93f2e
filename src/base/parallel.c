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

enum { MOST_THREADS = 1024 }; // OpenMP ends the program when the system has no thread to give

static int chosen; // 0: not yet

int parallel_threads(void)
{
    return chosen ? chosen : striate_threads(0);
}

int striate_threads(int threads)
{
    chosen = threads > MOST_THREADS ? MOST_THREADS : threads > 0 ? threads : omp_get_num_procs();
    return chosen;
}

void parallel_for(size_t count, size_t grain, void (*work)(void *context, size_t begin, size_t end), void *context)
{
    if (!grain) grain = 1;
    long pieces = (long)(count / grain + (count % grain != 0));
    int threads = pieces < parallel_threads() ? (int)pieces : parallel_threads();
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) if (threads > 1)
    for (long i = 0; i < pieces; i++) {
        size_t begin = (size_t)i * grain;
        work(context, begin, count - begin < grain ? count : begin + grain);
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
