// check_recompute.c - what is dropped and computed again has the same bits: random graphs and networks of the zoo with and without, also with
// dead memory filled with NaN and on other numbers of threads; and it does take less memory.
#include "plans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void compare(striate_graph *g, int batch, int images, int *again)
{
    striate_plan_options plain = { .batch = batch, .train = 1 }, recompute = { .batch = batch, .train = 1, .recompute = 1 };
    struct result want = run(g, plain, images, PLAN_KEPT);
    const unsigned debug[] = { 0, PLAN_POISON, PLAN_UNSHARED };
    for (int i = 0; i < 3; i++) {
        struct result result = run(g, recompute, images, debug[i]);
        expect_equal(g, &result, &want, images, true);
        if (!i && result.bytes > want.bytes + want.bytes / 100) fail_msg("%zu bytes, %zu without", result.bytes, want.bytes);
        *again += result.again;
        result_free(&result);
    }
    result_free(&want);
}

static void random_graphs(void **state)
{
    (void)state;
    int again = 0;
    for (int i = 0; i < 250; i++) {
        striate_graph *g = random_graph();
        int batch = 1 + below(4);
        compare(g, batch, 1 + below(batch), &again);
        striate_graph_free(g);
    }
    if (again <= 400) fail_msg("%d steps were computed again", again);
}

// On one thread and on three.
static void networks(void **state)
{
    (void)state;
    const struct {
        const char *name;
        int side;
    } rows[] = { { "cifar_resnet20", 32 }, { "densenet121", 32 }, { "googlenet_torchvision", 64 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        striate_graph *g;
        int again = 0;
        striate_zoo_options how = { .height = rows[i].side, .width = rows[i].side, .classes = 3 };
        assert_int_equal(striate_graph_from_zoo(&g, rows[i].name, how), STRIATE_OK);
        assert_int_equal(striate_init_weights(g, 1), STRIATE_OK);
        for (int threads = 1; threads <= 3; threads += 2) {
            striate_threads(threads);
            compare(g, 2, 2, &again);
        }
        assert_true(again > 0);
        striate_graph_free(g);
    }
}

static striate_memory laid_out(striate_graph *g, int batch, int recompute, unsigned debug)
{
    striate_plan *plan;
    striate_plan_options options = { .batch = batch, .train = 1, .recompute = recompute };
    assert_int_equal(plan_make(&plan, g, options, PLAN_FORECAST | debug), STRIATE_OK);
    striate_memory memory = striate_plan_memory(plan);
    check_placement(plan->buffers, plan->buffer_count, plan->block_bytes, plan->bound);
    striate_plan_free(plan);
    return memory;
}

// No network takes more, and the deep ones take a fraction.
static void zoo(void **state)
{
    (void)state;
    const struct {
        const char *name;
        int batch;
        double cheap, part; // of the arena where all is kept
    } deep[] = { { "cifar_resnet1202", 32, 0.7, 0.06 }, { "densenet201", 8, 0.3, 0.16 },  { "densenet121", 8, 0.35, 0.2 },
                 { "resnet152", 16, 0.75, 0.26 },       { "inception_v3", 8, 0.8, 0.33 }, { "resnet50", 16, 0.77, 0.38 } };
    for (const striate_zoo_entry *entry = striate_zoo(); entry->name; entry++) {
        striate_graph *g;
        assert_int_equal(striate_graph_from_zoo(&g, entry->name, (striate_zoo_options){ 0 }), STRIATE_OK);
        size_t kept = laid_out(g, 16, 0, PLAN_KEPT).bound, plain = laid_out(g, 16, 0, 0).bound,
               less = laid_out(g, 16, 1, 0).bound;
        if (less > plain || plain > kept)
            fail_msg("%s takes %zu bytes, %zu, with all kept %zu", entry->name, less, plain, kept);
        for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
            if (strcmp(deep[i].name, entry->name)) continue;
            double all = (double)laid_out(g, deep[i].batch, 0, PLAN_KEPT).arena;
            double cheap = (double)laid_out(g, deep[i].batch, 0, 0).arena / all;
            double part = (double)laid_out(g, deep[i].batch, 1, 0).arena / all;
            if (cheap > deep[i].cheap || part > deep[i].part) fail_msg("%s takes %.3f and %.3f", entry->name, cheap, part);
        }
        striate_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(random_graphs), cmocka_unit_test(networks), cmocka_unit_test(zoo) };
    return cmocka_run_group_tests_name("recompute", tests, NULL, NULL);
}
