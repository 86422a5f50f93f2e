// check_allocations.c - nothing is allocated between compile and the end of training: this program's own malloc counts. Where the C library
// or a sanitizer does not let a program have its own, the check is skipped.
#include "striate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

#if defined(__has_feature)
#define SANITIZER __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZER 1
#else
#define SANITIZER 0
#endif

static atomic_long allocations;

#if defined(__GLIBC__) && !(SANITIZER)
enum { COUNTS = 1 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    allocations++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    allocations++;
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : ENOMEM;
}
#else
enum { COUNTS = 0 };
#endif

static void step(striate_plan *plan, striate_optimizer *sgd, int images, uint64_t number)
{
    striate_forward(plan, images, number);
    striate_backward(plan);
    assert_int_equal(striate_update(sgd, plan, 0.01f), STRIATE_OK);
}

static void check_network(const char *name, int threads, int recompute)
{
    enum { BATCH = 6 };
    striate_graph *graph;
    striate_plan *plan;
    striate_optimizer *sgd;
    assert_int_equal(striate_graph_from_zoo(&graph, name, (striate_zoo_options){ 0 }), STRIATE_OK);
    assert_int_equal(striate_init_weights(graph, 1), STRIATE_OK);
    striate_plan_options options = { .batch = BATCH, .train = 1, .recompute = recompute };
    assert_int_equal(striate_compile(&plan, graph, options), STRIATE_OK);
    assert_int_equal(striate_optimizer_new(&sgd, graph, (striate_optimizer_options){ .momentum = 0.9f }), STRIATE_OK);
    for (int i = 0; i < BATCH; i++) striate_plan_labels(plan)[i] = i;
    striate_threads(threads);
    if (threads > 1) step(plan, sgd, BATCH, 0); // the pool makes its threads, once
    long before = allocations;
    assert_true(before > 0); // the counting works
    for (uint64_t i = 1; i <= 10; i++) step(plan, sgd, i % 3 ? BATCH : 1, i);
    assert_int_equal(allocations - before, 0);
    striate_optimizer_free(sgd);
    striate_plan_free(plan);
    striate_graph_free(graph);
}

static void check_steps(void **state)
{
    (void)state;
    if (!COUNTS) skip();
    for (int threads = 1; threads <= 2; threads++) {
        check_network("lenet", threads, 0);
        check_network("cifar_resnet20", threads, 0);
        check_network("cifar_resnet20", threads, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(check_steps) };
    return cmocka_run_group_tests_name("allocations", tests, NULL, NULL);
}
