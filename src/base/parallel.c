// parallel.c - a pool of threads.
//
// A job is cut into pieces, and each thread has a range of them, so that what it does next lies beside what it did; who is done helps the
// others. The caller works, too, so that it never waits for a thread that has not come yet, only for pieces that are under way. On a machine
// that others use as well this is what keeps work going: a helper that gets no core takes no piece. Threads that wait look around for some
// microseconds and then sleep.
#include "base/parallel.h"

#include "striate.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ volatile("yield")
#else
#define RELAX() (void)0
#endif

enum { MOST_THREADS = 256, LOOKS = 1000, LINE = 64 }; // LINE: bytes that pass between processors together
#define CLOSED UINT32_MAX                             // as a ticket's piece: beyond every job's last

static struct pool {
    pthread_mutex_t busy; // held by the caller whose job it is
    pthread_mutex_t lock; // guards going to sleep
    pthread_cond_t woken, finished;
    pthread_t helpers[MOST_THREADS];
    int started;
    atomic_int asleep; // helpers
    atomic_bool caller_asleep, quit;
    struct {
        _Alignas(LINE) atomic_uint_least64_t next; // the job's number << 32 | the next piece
    } ticket[MOST_THREADS]; // of every thread's range, apart, as threads that write side by side wait for each other
    // The job. It changes only while all tickets are CLOSED, so who reads it and then wins a ticket has read all of one job.
    atomic_size_t count, grain, pieces, done, threads;
    _Atomic(void (*)(void *, size_t, size_t)) work;
    _Atomic(void *) context;
} pool = { .busy = PTHREAD_MUTEX_INITIALIZER,
           .lock = PTHREAD_MUTEX_INITIALIZER,
           .woken = PTHREAD_COND_INITIALIZER,
           .finished = PTHREAD_COND_INITIALIZER };

static atomic_int chosen;         // 0: not yet
static _Thread_local size_t slot; // of this thread: 0 for whoever calls, from 1 on for helpers

static int cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) ? (int)sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);
}

int parallel_threads(void)
{
    return chosen ? chosen : striate_threads(0);
}

int striate_threads(int threads)
{
    chosen = threads > MOST_THREADS ? MOST_THREADS : threads > 0 ? threads : cores();
    return chosen;
}

static size_t range_begin(size_t pieces, size_t thread, size_t threads)
{
    return (size_t)((uint_least64_t)pieces * thread / threads);
}

// Does one piece of a thread's range in the job under way; false: none is left.
static bool take_piece_of(size_t thread)
{
    for (;;) {
        uint_least64_t ticket = pool.ticket[thread].next;
        size_t piece = (uint32_t)ticket, pieces = pool.pieces, count = pool.count, grain = pool.grain, threads = pool.threads;
        void (*work)(void *, size_t, size_t) = pool.work;
        void *context = pool.context;
        if (slot >= threads || thread >= threads || piece >= range_begin(pieces, thread + 1, threads)) return false;
        if (!atomic_compare_exchange_strong(&pool.ticket[thread].next, &ticket, ticket + 1)) continue; // another was quicker
        size_t begin = piece * grain;
        work(context, begin, count - begin < grain ? count : begin + grain);
        return true;
    }
}

// The same of any range, first of all one's own.
static bool take_piece(void)
{
    for (size_t i = 0, threads = pool.threads; i < threads; i++)
        if (take_piece_of((slot + i) % threads)) return true;
    return false;
}

static void take_pieces(void)
{
    size_t taken = 0;
    while (take_piece()) taken++;
    if (!taken) return;                        // else the job is not over before they are counted
    atomic_thread_fence(memory_order_seq_cst); // stores past the caches heed no weaker order
    if (atomic_fetch_add(&pool.done, taken) + taken == pool.pieces && pool.caller_asleep) {
        pthread_mutex_lock(&pool.lock);
        pthread_cond_signal(&pool.finished);
        pthread_mutex_unlock(&pool.lock);
    }
}

static uint_least64_t job_number(void)
{
    return pool.ticket[0].next >> 32;
}

static void wait_for_job_after(uint_least64_t number)
{
    for (int i = 0; i < LOOKS; i++) {
        if (job_number() != number || pool.quit) return;
        RELAX();
    }
    pthread_mutex_lock(&pool.lock);
    pool.asleep++;
    while (job_number() == number && !pool.quit) pthread_cond_wait(&pool.woken, &pool.lock);
    pool.asleep--;
    pthread_mutex_unlock(&pool.lock);
}

static void *helper_main(void *argument)
{
    slot = 1 + (size_t)(intptr_t)argument;
    while (!pool.quit) {
        uint_least64_t number = job_number();
        take_pieces();
        wait_for_job_after(number);
    }
    return NULL;
}

static void close_job(size_t threads) // for so many in the next one
{
    uint_least64_t number = job_number();
    for (size_t i = 0; i < pool.threads || i < threads; i++) pool.ticket[i].next = number << 32 | CLOSED;
}

static void open_job(uint_least64_t number)
{
    for (size_t i = pool.threads; i--;) // the first at last, as all watch it
        pool.ticket[i].next = number << 32 | range_begin(pool.pieces, i, pool.threads);
    if (!pool.asleep) return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.woken);
    pthread_mutex_unlock(&pool.lock);
}

static void wait_for_pieces(size_t pieces)
{
    for (int i = 0; i < LOOKS; i++) {
        if (pool.done == pieces) return;
        RELAX();
    }
    pthread_mutex_lock(&pool.lock);
    pool.caller_asleep = true;
    while (pool.done != pieces) pthread_cond_wait(&pool.finished, &pool.lock);
    pool.caller_asleep = false;
    pthread_mutex_unlock(&pool.lock);
}

static void forget_helpers(void) // in a forked child, which has none
{
    pool.started = 0;
    pool.asleep = 0;
    pthread_mutex_init(&pool.busy, NULL);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.woken, NULL);
    pthread_cond_init(&pool.finished, NULL);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget_helpers);
}

static void start_helpers(int wanted)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    while (pool.started < wanted &&
           !pthread_create(&pool.helpers[pool.started], NULL, helper_main, (void *)(intptr_t)pool.started))
        pool.started++;
}

__attribute__((destructor)) static void end_helpers(void)
{
    pool.quit = true;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.woken);
    pthread_mutex_unlock(&pool.lock);
    while (pool.started) pthread_join(pool.helpers[--pool.started], NULL);
}

size_t parallel_slot(void)
{
    return slot;
}

void parallel_for(size_t count, size_t grain, void (*work)(void *context, size_t begin, size_t end), void *context)
{
    parallel_for_on(MOST_THREADS, count, grain, work, context);
}

void parallel_for_on(size_t most, size_t count, size_t grain, void (*work)(void *context, size_t begin, size_t end),
                     void *context)
{
    if (!grain) grain = 1;
    size_t pieces = count / grain + (count % grain != 0);
    size_t threads = (size_t)parallel_threads();
    if (threads > most) threads = most;
    bool alone = pieces < 2 || pieces >= CLOSED || threads < 2 || pthread_mutex_trylock(&pool.busy); // within a piece, too
    size_t own = slot;
    if (alone) slot = 0;
    for (size_t begin = 0; alone && begin < count; begin += grain) {
        work(context, begin, count - begin < grain ? count : begin + grain);
        if (count - begin <= grain) break;
    }
    slot = own;
    if (alone) atomic_thread_fence(memory_order_seq_cst);
    if (alone) return;
    start_helpers((int)threads - 1);
    uint_least64_t number = job_number();
    close_job(threads);
    pool.count = count;
    pool.grain = grain;
    pool.pieces = pieces;
    pool.done = 0;
    pool.threads = threads;
    pool.work = work;
    pool.context = context;
    open_job(number + 1);
    take_pieces();
    wait_for_pieces(pieces);
    pthread_mutex_unlock(&pool.busy);
}
