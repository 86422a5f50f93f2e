// check_conv.c - conv and dense against the book: every algorithm of every instruction set, random shapes, memory between forbidden pages, gaps
// between pixels that must stay as they are, and the same bits on any number of threads.
//
// check_conv NUMBER [COUNT] checks only random layer NUMBER, as a failure says, and COUNT - 1 that follow.
#include "ops/linear.h"
#include "problem.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { LAYERS = 5600 };
static int first_layer, layers = LAYERS;
static const char *const names[RESULTS] = { "y", "dx", "dw", "db" };

static char now[512]; // what is being checked

static void stopped(int signal_number)
{
    if (write(STDERR_FILENO, now, strlen(now)) >= 0) signal(signal_number, SIG_DFL);
    raise(signal_number);
}

// ---- one run of an op on guarded memory ----

struct way {
    const struct kernels *k;
    const char *algorithm; // NULL: as the library chooses
    bool exact, low;
    int threads, slots;
};

struct run {
    float *result[RESULTS];
};

static struct op_args arguments(const struct problem *p, const struct way *way)
{
    bool conv = p->op == &striate_op_conv;
    return (struct op_args){ .k = way->k,
                             .options = conv ? (const void *)&p->conv : (const void *)&p->dense,
                             .ins = 1,
                             .add = &p->add,
                             .batch = p->batch,
                             .slots = (size_t)way->slots,
                             .exact = way->exact,
                             .algorithm = way->algorithm,
                             .train = true };
}

static struct op_plan plan_of(const struct problem *p, const struct way *way)
{
    const struct reference_conv *v = &p->v;
    struct tensor x = { .n = p->batch, .shape = { v->h, v->w, v->c, 1 }, .ld = v->c + p->ldx }, *in = &x;
    struct op_args a = arguments(p, way);
    struct op_plan plan = { 0 };
    a.in = &in;
    assert_int_equal(p->op->shape(&a, &plan), STRIATE_OK);
    assert_int_equal(plan.out.h, v->p);
    assert_int_equal(plan.out.w, v->q);
    assert_int_equal(plan.out.c, v->k);
    assert_int_equal(plan.params, problem_has_bias(p) ? 2 : 1);
    return plan;
}

static struct run run_op(const struct problem *p, const struct expected *e, const struct way *way)
{
    const struct reference_conv *v = &p->v;
    struct shape xs = { v->h, v->w, v->c, 1 };
    struct tensor x, dx, y, dy, *in = &x, *din = &dx;
    struct op_args a = arguments(p, way);
    struct op_plan plan = plan_of(p, way);
    bool low = way->low, bias = problem_has_bias(p);
    struct guarded gx = guarded_activation(&x, low, v->n, xs, p->ldx, e->x),
                   gdx = guarded_activation(&dx, low, v->n, xs, p->lddx, p->add ? e->old_dx : NULL),
                   gy = guarded_activation(&y, low, v->n, plan.out, p->ldy, NULL),
                   gdy = guarded_activation(&dy, low, v->n, plan.out, p->lddy, e->dy), gw = guarded_copy(low, e->weights, e->w),
                   gb = guarded_copy(low, e->count[DB], e->b), gdw = guarded_copy(low, e->weights, NULL),
                   gdb = guarded_copy(low, e->count[DB], NULL), packed = guarded_copy(low, plan.packed / sizeof(float), NULL),
                   workspace = guarded_copy(low, plan.workspace / sizeof(float), NULL);
    a.in = &in;
    a.din = &din;
    a.out = &y;
    a.dout = &dy;
    a.param[0] = gw.data;
    a.dparam[0] = gdw.data;
    if (bias) {
        a.param[1] = gb.data;
        a.dparam[1] = gdb.data;
    }
    a.packed = packed.data;
    a.workspace = workspace.data;
    striate_threads(way->threads);
    p->op->pack(&a);
    p->op->forward(&a);
    p->op->backward(&a);
    struct run run = { { guarded_values(&y), guarded_values(&dx) } };
    if (!run.result[Y] || !run.result[DX]) fail_msg("%s: wrote between pixels", now);
    run.result[DW] = malloc((e->weights + 1) * sizeof(float));
    run.result[DB] = malloc((e->count[DB] + 1) * sizeof(float));
    if (!run.result[DW] || !run.result[DB]) abort();
    memcpy(run.result[DW], gdw.data, e->weights * sizeof(float));
    memcpy(run.result[DB], gdb.data, e->count[DB] * sizeof(float));
    if (!bias) free(run.result[DB]), run.result[DB] = NULL;
    struct guarded *all[] = { &gx, &gdx, &gy, &gdy, &gw, &gb, &gdw, &gdb, &packed, &workspace };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!guard_whole(all[i])) fail_msg("%s: wrote beside its memory", now);
        guard_free(all[i]);
    }
    return run;
}

static void run_free(struct run *run)
{
    for (int r = 0; r < RESULTS; r++) free(run->result[r]);
}

// Winograd's errors spread over a tile: they are measured against the largest scale.
static void compare(const struct expected *e, const struct run *run, const struct op_plan *plan)
{
    static const int direction[RESULTS] = { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, BACKWARD_WEIGHTS };
    for (int r = 0; r < RESULTS; r++) {
        bool exact = algorithm_find(plan->algorithm[direction[r]])->exact || r == DB;
        for (size_t i = 0; run->result[r] && i < e->count[r]; i++) {
            double got = (double)run->result[r][i], want = e->value[r][i];
            double most = 2e-5 * (exact ? e->scale[r][i] : e->largest[r]) + 1e-30;
            if (!(fabs(got - want) <= most)) fail_msg("%s: %s[%zu] is %g, not %g", now, names[r], i, got, want);
        }
    }
}

// ---- every way of a problem ----

static void say_now(const struct problem *p, const struct way *way, int number)
{
    char text[256];
    problem_describe(text, p);
    int end =
        snprintf(now, sizeof now, "%s, %s, %d threads, %d slots, %s: %s\n", way->k->isa,
                 way->algorithm ? way->algorithm : "any algorithm", way->threads, way->slots, way->low ? "low" : "high", text);
    if (number < LAYERS) snprintf(now + end, sizeof now - (size_t)end, "again: check_conv %d\n", number);
}

// Once before each of the forbidden pages: on one thread and on more, whose bits must be the same.
static void check_way(const struct problem *p, const struct expected *e, struct way way, const struct op_plan *plan, int number)
{
    static const struct {
        int threads, slots;
    } more[] = { { 2, 2 }, { 3, 3 }, { 4, 4 }, { 8, 8 }, { 8, 3 }, { 2, 1 } };
    static unsigned turn;
    size_t i = turn++ % (sizeof more / sizeof *more);
    way.threads = way.slots = 1;
    say_now(p, &way, number);
    struct run one = run_op(p, e, &way);
    compare(e, &one, plan);
    way.low = !way.low;
    way.threads = more[i].threads;
    way.slots = more[i].slots;
    say_now(p, &way, number);
    struct run other = run_op(p, e, &way);
    for (int r = 0; r < RESULTS; r++)
        if (one.result[r] && memcmp(one.result[r], other.result[r], e->count[r] * sizeof(float)))
            fail_msg("%s: other bits of %s than on one thread", now, names[r]);
    run_free(&one);
    run_free(&other);
}

static bool same_algorithms(const struct op_plan *a, const struct op_plan *b)
{
    for (int d = 0; d < DIRECTIONS; d++)
        if (strcmp(a->algorithm[d], b->algorithm[d])) return false;
    return true;
}

static void check(const struct problem *p, int number)
{
    struct expected e = problem_expect(p, problem_uniform);
    for (int isa = 0; kernels_at(isa); isa++) {
        struct way way = { .k = kernels_at(isa), .low = number % 2, .threads = 1, .slots = 1 };
        struct op_plan chosen = plan_of(p, &way);
        check_way(p, &e, way, &chosen, number);
        way.exact = true;
        struct op_plan exact = plan_of(p, &way);
        for (int d = 0; d < DIRECTIONS; d++) assert_true(algorithm_find(exact.algorithm[d])->exact);
        way.exact = false;
        for (int i = 0; algorithm_at(i); i++) {
            way.algorithm = algorithm_at(i)->name;
            struct op_plan forced = plan_of(p, &way);
            bool used = false;
            for (int d = 0; d < DIRECTIONS; d++) used |= !strcmp(forced.algorithm[d], way.algorithm);
            if (used && !same_algorithms(&forced, &chosen)) check_way(p, &e, way, &forced, number);
        }
    }
    expected_free(&e);
}

static void test_random_layers(void **unused)
{
    (void)unused;
    signal(SIGSEGV, stopped);
    signal(SIGBUS, stopped);
    for (int i = first_layer; i < first_layer + layers; i++) {
        problem_seed((uint32_t)i);
        struct problem p = i % 14 == 13 ? problem_dense() : problem_conv();
        check(&p, i);
    }
}

// Shapes that are cut in more ways than the small ones: several blocks, panels, depths and parts.
static void test_large(void **unused)
{
    (void)unused;
    static const struct {
        int n, h, w, c;
        striate_conv_options conv;
    } rows[] = {
        { 4, 28, 28, 1, { .filters = 20, .kernel = 5 } },
        { 3, 12, 12, 20, { .filters = 50, .kernel = 5 } },
        { 2, 33, 31, 3, { .filters = 24, .kernel = 7, .stride = 2, .pad = 3 } },
        { 1, 47, 43, 3, { .filters = 18, .kernel = 11, .stride = 4, .pad = 2 } },
        { 1, 5, 500, 3, { .filters = 40, .kernel = 3, .pad = 1 } },
        { 1, 9, 603, 3, { .filters = 20, .kernel = 7, .stride = 2, .pad = 3 } },
        { 2, 24, 24, 16, { .filters = 16, .kernel = 3, .pad = 1 } },
        { 1, 14, 14, 64, { .filters = 64, .kernel = 3, .pad = 1 } },
        { 1, 9, 9, 96, { .filters = 70, .kernel = 3, .pad = 1, .stride = 2 } },
        { 1, 5, 5, 530, { .filters = 33, .kernel = 1 } },
        { 1, 4, 4, 600, { .filters = 34, .kernel = 2, .pad = 1, .dilation = 2 } },
        { 1, 3, 2, 40, { .filters = 300, .kernel = 3, .pad = 1 } },
        { 2, 9, 8, 100, { .filters = 520, .kernel = 3, .pad = 1, .stride = 2, .groups = 2 } },
        { 2, 20, 20, 48, { .filters = 48, .kernel = 3, .pad = 1, .groups = 48 } },
        { 1, 5, 140, 12, { .filters = 12, .kernel_h = 3, .kernel_w = 5, .pad = 1, .groups = 6 } },
        { 3, 20, 21, 40, { .filters = 40, .kernel = 3, .pad = 1, .groups = 10 } },
        { 2, 15, 14, 48, { .filters = 48, .kernel = 3, .pad = 1, .groups = 6, .stride = 2 } },
        { 2, 9, 12, 48, { .filters = 48, .kernel = 5, .pad = 3, .groups = 3, .stride = 3 } },
        { 1, 40, 40, 1, { .filters = 3, .kernel = 31, .pad = 15 } },
        { 13, 6, 6, 20, { .filters = 50, .kernel = 5, .pad = 2 } },
        { 100, 3, 3, 8, { .filters = 9, .kernel = 3, .pad = 1, .stride = 2 } },
        { 2, 64, 64, 2, { .filters = 5, .kernel = 3, .pad = 1 } },
        { 1, 9, 9, 300, { .filters = 20, .kernel = 3, .pad = 1 } },
        { 2, 8, 7, 600, { .filters = 24, .kernel = 3, .pad = 1, .groups = 2 } },
        { 1, 17, 17, 300, { .filters = 10, .kernel = 5, .pad = 2 } },
        { 1, 31, 33, 3000, { .filters = 1, .kernel = 3, .pad = 1 } },
        { 1, 31, 33, 1, { .filters = 3000, .kernel = 3, .pad = 1 } },
        { 2, 33, 32, 18, { .filters = 1024, .kernel = 1 } },
        { 2, 33, 32, 1024, { .filters = 18, .kernel = 1 } },
        { 3, 9, 23, 1024, { .filters = 1024, .kernel = 1, .stride = 2 } },
        { 1, 47, 45, 1024, { .filters = 34, .kernel = 1, .stride = 2 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int add = 0; add < 2; add++) {
            struct problem p = { .conv = rows[i].conv, .add = add };
            problem_seed((uint32_t)i);
            assert_true(problem_of_conv(&p, rows[i].n, rows[i].h, rows[i].w, rows[i].c));
            if (add) p.ldx = p.lddx = p.ldy = p.lddy = 3;
            check(&p, LAYERS + (int)i);
        }
    static const struct {
        int n, h, w, c, units;
    } dense[] = { { 1, 4, 4, 150, 330 },   { 4, 4, 4, 150, 330 },   { 16, 4, 4, 150, 330 }, { 64, 4, 4, 150, 330 },
                  { 110, 1, 1, 1024, 90 }, { 100, 1, 1, 4096, 70 }, { 275, 2, 2, 24, 530 } };
    for (size_t i = 0; i < sizeof dense / sizeof *dense; i++) {
        struct problem wide = problem_of_dense(dense[i].n, dense[i].h, dense[i].w, dense[i].c, dense[i].units, false);
        check(&wide, LAYERS);
        wide.ldx = wide.lddx = 5;
        wide.add = true;
        check(&wide, LAYERS);
    }
}

// din and dparam are NULL where nobody asks.
static void test_nothing_asked(void **unused)
{
    (void)unused;
    struct tensor x = { .n = 1, .shape = { 3, 3, 2, 1 }, .ld = 2 }, y = { .n = 1, .shape = { 3, 3, 4, 1 }, .ld = 4 };
    struct tensor *in = &x, *din = NULL;
    bool add = false;
    striate_conv_options conv = { .filters = 4, .kernel = 1, .stride = 1, .dilation = 1, .groups = 1 };
    striate_dense_options units = { .units = 4 };
    struct op_args a = {
        .k = kernels_at(0), .options = &conv, .ins = 1, .in = &in, .din = &din, .add = &add, .out = &y, .dout = &y
    };
    striate_op_conv.backward(&a);
    a.options = &units;
    striate_op_dense.backward(&a);
}

static void test_shapes(void **unused)
{
    (void)unused;
    static const struct {
        striate_conv_options conv;
        const char *sentence; // or NULL, and
        int h, w;
    } rows[] = {
        { { .filters = 30, .kernel = 7, .groups = 1, .dilation = 1, .stride = 1 },
          "kernel 7x7 is larger than the padded input 5x6",
          0,
          0 },
        { { .filters = 30, .kernel = 3, .groups = 1, .dilation = 3, .stride = 1 },
          "kernel 7x7 is larger than the padded input 5x6",
          0,
          0 },
        { { .filters = 30, .kernel = 3, .groups = 4, .dilation = 1, .stride = 1 },
          "filters 30 is no multiple of groups 4",
          0,
          0 },
        { { .filters = 30, .kernel = 3, .groups = 5, .dilation = 1, .stride = 1 },
          "12 input channels are no multiple of groups 5",
          0,
          0 },
        { { .filters = 30, .groups = 1, .dilation = 1, .stride = 1 }, "kernel is missing", 0, 0 },
        { { .filters = 1 << 20, .kernel = 16384, .pad = 16384, .groups = 1, .dilation = 1, .stride = 1 }, "weights", 0, 0 },
        { { .filters = 8, .kernel = 16384, .pad = 16384, .groups = 1, .dilation = 16384, .stride = 1 },
          "kernel 268419073x",
          0,
          0 },
        { { .filters = 8, .kernel = 3, .pad = 1, .groups = 1, .dilation = 1, .stride = 2 }, NULL, 3, 3 },
        { { .filters = 8, .kernel_h = 5, .kernel_w = 1, .groups = 1, .dilation = 1, .stride = 1 }, NULL, 1, 6 },
        { { .filters = 8, .kernel = 1, .pad_left = 2, .pad_bottom = 3, .groups = 1, .dilation = 1, .stride = 3 }, NULL, 3, 3 },
    };
    struct tensor x = { .n = 1, .shape = { 5, 6, 12, 1 }, .ld = 12 }, *in = &x;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct op_args a = { .options = &rows[i].conv, .ins = 1, .in = &in };
        struct op_plan plan = { 0 };
        striate_status status = striate_op_conv.shape(&a, &plan);
        if (rows[i].sentence) {
            assert_int_equal(status, STRIATE_BAD_NETWORK);
            assert_non_null(strstr(striate_error(), rows[i].sentence));
        } else {
            assert_int_equal(status, STRIATE_OK);
            assert_int_equal(plan.out.h, rows[i].h);
            assert_int_equal(plan.out.w, rows[i].w);
        }
    }
}

static void test_cost(void **unused)
{
    (void)unused;
    striate_conv_options conv = { .filters = 8, .kernel = 3, .groups = 4, .dilation = 2, .stride = 2 };
    striate_dense_options units = { .units = 10 };
    struct tensor x = { .n = 1, .shape = { 9, 11, 12, 1 }, .ld = 12 }, y = { .n = 1, .shape = { 3, 4, 8, 1 }, .ld = 8 },
                  *in = &x;
    struct op_args a = { .options = &conv, .ins = 1, .in = &in, .out = &y };
    struct op_cost cost;
    striate_op_conv.cost(&a, &cost);
    assert_int_equal(cost.macs, 3 * 4 * 8 * 3 * 3 * 3);
    assert_int_equal(cost.kernel_h, 5);
    assert_int_equal(cost.stride_w, 2);
    a.options = &units;
    striate_op_dense.cost(&a, &cost);
    assert_int_equal(cost.macs, 9 * 11 * 12 * 10);
    assert_int_equal(cost.kernel_w, 11);
}

static void test_machine(void **unused)
{
    (void)unused;
    striate_threads(0);
    assert_true(striate_peak_gflops(NULL, 0) > 0.1);
    assert_true(striate_bandwidth(NULL, 0) > 0.01);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_layers), cmocka_unit_test(test_large),         cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_cost),          cmocka_unit_test(test_nothing_asked), cmocka_unit_test(test_machine),
    };
    if (count > 1) {
        const struct CMUnitTest few[] = { tests[0] };
        first_layer = atoi(arguments[1]);
        layers = count > 2 ? atoi(arguments[2]) : 1;
        return cmocka_run_group_tests(few, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
