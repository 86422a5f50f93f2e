// check_conv.c - conv and dense against the book: every instruction set, random shapes, memory that ends at a forbidden page, gaps between
// pixels that must stay as they are, and the same bits on 1, 2 and 3 threads.
#include "guard.h"
#include "ops/op.h"
#include "reference_conv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static uint64_t state = 88172645463325252u;

static uint32_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static int between(int low, int high)
{
    return low + (int)(draw() % (uint32_t)(high - low + 1));
}

// Small more often than large.
static int size_up_to(int high)
{
    return between(1, between(1, high));
}

struct problem {
    const struct op *op;
    striate_conv_options conv;
    striate_dense_options dense;
    struct reference_conv v;
    int ldx, lddx, ldy, lddy; // how much more than the channels
    bool add;
};

enum result { Y, DX, DW, DB, RESULTS };
static const char *const names[RESULTS] = { "y", "dx", "dw", "db" };

// What the book says, and the sums of absolute terms that errors are measured against; values in float, sums in double.
struct expected {
    size_t count[RESULTS];
    double *value[RESULTS], *scale[RESULTS];
    float *x, *w, *b, *dy, *old_dx;
    size_t weights;
};

static float *random_floats(size_t count)
{
    float *x = malloc((count + 1) * sizeof *x);
    if (!x) abort();
    for (size_t i = 0; i < count; i++) x[i] = (float)((int)(draw() % 2001) - 1000) / 1000;
    return x;
}

static double *doubles(const float *x, size_t count, bool absolute)
{
    double *d = calloc(count + 1, sizeof *d);
    if (!d) abort();
    for (size_t i = 0; x && i < count; i++) d[i] = absolute ? fabs((double)x[i]) : (double)x[i];
    return d;
}

static void compute(const struct problem *p, const struct expected *e, bool absolute, double *result[RESULTS])
{
    bool bias = p->op == &striate_op_conv ? !p->conv.no_bias : !p->dense.no_bias;
    double *x = doubles(e->x, e->count[DX], absolute), *w = doubles(e->w, e->weights, absolute);
    double *b = doubles(e->b, e->count[DB], absolute), *dy = doubles(e->dy, e->count[Y], absolute);
    for (int r = 0; r < RESULTS; r++) result[r] = doubles(NULL, e->count[r], false);
    reference_conv_forward(&p->v, x, w, bias ? b : NULL, result[Y]);
    reference_conv_data(&p->v, dy, w, result[DX]);
    reference_conv_weights(&p->v, x, dy, result[DW], result[DB]);
    for (size_t i = 0; p->add && i < e->count[DX]; i++)
        result[DX][i] += absolute ? fabs((double)e->old_dx[i]) : (double)e->old_dx[i];
    free(x);
    free(w);
    free(b);
    free(dy);
}

static struct expected expect(const struct problem *p)
{
    const struct reference_conv *v = &p->v;
    struct expected e = { .weights = (size_t)v->k * (size_t)v->r * (size_t)v->s * (size_t)(v->c / v->groups) };
    e.count[DX] = (size_t)v->n * (size_t)v->h * (size_t)v->w * (size_t)v->c;
    e.count[Y] = (size_t)v->n * (size_t)v->p * (size_t)v->q * (size_t)v->k;
    e.count[DW] = e.weights;
    e.count[DB] = (size_t)v->k;
    e.x = random_floats(e.count[DX]);
    e.w = random_floats(e.weights);
    e.b = random_floats(e.count[DB]);
    e.dy = random_floats(e.count[Y]);
    e.old_dx = random_floats(e.count[DX]);
    compute(p, &e, false, e.value);
    compute(p, &e, true, e.scale);
    return e;
}

static void expected_free(struct expected *e)
{
    for (int r = 0; r < RESULTS; r++) {
        free(e->value[r]);
        free(e->scale[r]);
    }
    free(e->x);
    free(e->w);
    free(e->b);
    free(e->dy);
    free(e->old_dx);
}

// ---- one run of an op on guarded memory ----

// An activation [n][h][w][c] with `gap` floats between pixels, filled from `values` or left as it is.
static struct guarded activation(struct tensor *t, int n, struct shape shape, int gap, const float *values)
{
    *t = (struct tensor){ .n = n, .shape = shape, .ld = shape.c + gap };
    size_t pixels = tensor_pixels(t), c = (size_t)shape.c;
    struct guarded g = guard_floats((pixels - 1) * (size_t)t->ld + c);
    t->data = g.data;
    for (size_t i = 0; values && i < pixels; i++) memcpy(g.data + i * (size_t)t->ld, values + i * c, c * sizeof *values);
    return g;
}

static struct guarded filled(size_t count, const float *values)
{
    struct guarded g = guard_floats(count);
    if (values && count) memcpy(g.data, values, count * sizeof *values);
    return g;
}

// The values without the gaps, which must be canaries still.
static float *close_gaps(const struct tensor *t)
{
    size_t c = (size_t)t->shape.c, pixels = tensor_pixels(t);
    float *values = malloc(pixels * c * sizeof *values);
    if (!values) abort();
    for (size_t i = 0; i < pixels; i++) {
        const float *row = t->data + i * (size_t)t->ld;
        memcpy(values + i * c, row, c * sizeof *values);
        for (size_t j = c; j < (size_t)t->ld && i + 1 < pixels; j++) assert_true(guard_is_canary(row + j));
    }
    return values;
}

struct run {
    float *result[RESULTS];
};

static struct run run_op(const struct problem *p, const struct expected *e, const struct kernels *k)
{
    const struct reference_conv *v = &p->v;
    struct shape xs = { v->h, v->w, v->c, 1 };
    struct tensor x, dx, y, dy, *in = &x, *din = &dx;
    bool add = p->add, conv = p->op == &striate_op_conv, bias = conv ? !p->conv.no_bias : !p->dense.no_bias;
    struct guarded gx = activation(&x, v->n, xs, p->ldx, e->x),
                   gdx = activation(&dx, v->n, xs, p->lddx, add ? e->old_dx : NULL);
    struct op_args a = { .k = k,
                         .options = conv ? (const void *)&p->conv : (const void *)&p->dense,
                         .ins = 1,
                         .in = &in,
                         .din = &din,
                         .add = &add,
                         .train = true };
    struct op_plan plan = { 0 };
    assert_int_equal(p->op->shape(&a, &plan), STRIATE_OK);
    assert_int_equal(plan.out.h * plan.out.w * plan.out.c, v->p * v->q * v->k);
    assert_int_equal(plan.params, bias ? 2 : 1);
    struct guarded gy = activation(&y, v->n, plan.out, p->ldy, NULL), gdy = activation(&dy, v->n, plan.out, p->lddy, e->dy);
    struct guarded gw = filled(e->weights, e->w), gb = filled(e->count[DB], e->b), gdw = filled(e->weights, NULL);
    struct guarded gdb = filled(e->count[DB], NULL), packed = filled(plan.packed / sizeof(float), NULL);
    struct guarded workspace = filled(plan.workspace / sizeof(float), NULL);
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
    p->op->pack(&a);
    p->op->forward(&a);
    p->op->backward(&a);
    struct run run = { { close_gaps(&y), close_gaps(&dx) } };
    run.result[DW] = malloc((e->weights + 1) * sizeof(float));
    run.result[DB] = malloc((e->count[DB] + 1) * sizeof(float));
    if (!run.result[DW] || !run.result[DB]) abort();
    memcpy(run.result[DW], gdw.data, e->weights * sizeof(float));
    memcpy(run.result[DB], gdb.data, e->count[DB] * sizeof(float));
    if (!bias) free(run.result[DB]), run.result[DB] = NULL;
    struct guarded *all[] = { &gx, &gdx, &gy, &gdy, &gw, &gb, &gdw, &gdb, &packed, &workspace };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_true(guard_whole(all[i]));
        guard_free(all[i]);
    }
    return run;
}

static void run_free(struct run *run)
{
    for (int r = 0; r < RESULTS; r++) free(run->result[r]);
}

static void describe(char text[256], const struct problem *p, const char *isa)
{
    const struct reference_conv *v = &p->v;
    snprintf(text, 256,
             "%s %s n%d %dx%dx%d k%d %dx%d stride %d,%d pad %d,%d out %dx%d dilation %d groups %d gaps %d,%d,%d,%d add %d", isa,
             p->op->name, v->n, v->h, v->w, v->c, v->k, v->r, v->s, v->stride_h, v->stride_w, v->pad_top, v->pad_left, v->p,
             v->q, v->dilation, v->groups, p->ldx, p->lddx, p->ldy, p->lddy, p->add);
}

static void compare(const struct problem *p, const struct expected *e, const struct run *run, const char *isa)
{
    char text[256];
    for (int r = 0; r < RESULTS; r++)
        for (size_t i = 0; run->result[r] && i < e->count[r]; i++) {
            double got = (double)run->result[r][i], want = e->value[r][i];
            if (fabs(got - want) <= 2e-5 * e->scale[r][i] + 1e-30) continue;
            describe(text, p, isa);
            fail_msg("%s: %s[%zu] is %g, not %g", text, names[r], i, got, want);
        }
}

static void check(const struct problem *p, int number)
{
    struct expected e = expect(p);
    for (int i = 0; kernels_at(i); i++) {
        const struct kernels *k = kernels_at(i);
        striate_threads(1);
        struct run one = run_op(p, &e, k);
        compare(p, &e, &one, k->isa);
        for (int threads = 2; threads < 4 && (number + i) % 3 == 0; threads++) {
            striate_threads(threads);
            struct run more = run_op(p, &e, k);
            for (int r = 0; r < RESULTS; r++)
                if (one.result[r]) assert_memory_equal(one.result[r], more.result[r], e.count[r] * sizeof(float));
            run_free(&more);
        }
        run_free(&one);
    }
    expected_free(&e);
}

// ---- problems ----

static void set_gaps(struct problem *p)
{
    p->ldx = between(0, 2) ? 0 : size_up_to(20);
    p->lddx = between(0, 2) ? 0 : size_up_to(20);
    p->ldy = between(0, 2) ? 0 : size_up_to(20);
    p->lddy = between(0, 2) ? 0 : size_up_to(20);
    p->add = between(0, 1);
}

static int outputs(int size, int before, int after, int kernel, int dilation, int stride)
{
    int room = size + before + after - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}

static double macs(const struct reference_conv *v)
{
    return (double)v->n * v->p * v->q * v->k * v->r * v->s * (v->c / v->groups);
}

// Fills what the options do not say; false where the kernel does not fit.
static bool complete(struct problem *p, int n, int h, int w, int c)
{
    striate_conv_options *o = &p->conv;
    p->op = &striate_op_conv;
    if (!o->stride) o->stride = 1;
    if (!o->dilation) o->dilation = 1;
    if (!o->groups) o->groups = 1;
    struct reference_conv v = { .n = n, .h = h, .w = w, .c = c, .k = o->filters, .dilation = o->dilation, .groups = o->groups };
    v.r = o->kernel_h ? o->kernel_h : o->kernel;
    v.s = o->kernel_w ? o->kernel_w : o->kernel;
    v.stride_h = o->stride_h ? o->stride_h : o->stride;
    v.stride_w = o->stride_w ? o->stride_w : o->stride;
    v.pad_top = o->pad + o->pad_top;
    v.pad_left = o->pad + o->pad_left;
    v.p = outputs(h, v.pad_top, o->pad + o->pad_bottom, v.r, v.dilation, v.stride_h);
    v.q = outputs(w, v.pad_left, o->pad + o->pad_right, v.s, v.dilation, v.stride_w);
    p->v = v;
    return v.p && v.q;
}

static struct problem random_conv(void)
{
    for (;;) {
        struct problem p = { 0 };
        striate_conv_options *o = &p.conv;
        o->groups = between(0, 3) ? 1 : size_up_to(12);
        o->filters = o->groups * size_up_to(o->groups > 1 ? 20 : 70);
        int c = o->groups * (between(0, 3) ? size_up_to(o->groups > 1 ? 20 : 70) : between(1, 3));
        o->kernel = size_up_to(7);
        if (!between(0, 3)) o->kernel_h = size_up_to(7), o->kernel_w = size_up_to(7);
        o->stride = between(0, 1) ? 1 : size_up_to(4);
        if (!between(0, 3)) o->stride_h = size_up_to(4), o->stride_w = size_up_to(4);
        o->dilation = between(0, 2) ? 1 : size_up_to(3);
        o->pad = between(0, 1) ? 0 : size_up_to(4);
        if (!between(0, 3)) {
            o->pad_top = between(0, 3);
            o->pad_bottom = between(0, 3);
            o->pad_left = between(0, 3);
            o->pad_right = between(0, 3);
        }
        o->no_bias = !between(0, 3);
        int n = between(0, 4) ? size_up_to(6) : between(12, 30); // many images are taken place by place
        if (!complete(&p, n, size_up_to(40), size_up_to(40), c) || macs(&p.v) > 30000) continue;
        set_gaps(&p);
        return p;
    }
}

static void test_random_convolutions(void **unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        struct problem p = random_conv();
        check(&p, i);
    }
}

static struct problem dense(int n, int h, int w, int c, int units, bool no_bias)
{
    struct problem p = { .op = &striate_op_dense, .dense = { .units = units, .no_bias = no_bias } };
    p.v = (struct reference_conv){ .n = n,
                                   .h = h,
                                   .w = w,
                                   .c = c,
                                   .k = units,
                                   .r = h,
                                   .s = w,
                                   .p = 1,
                                   .q = 1,
                                   .stride_h = 1,
                                   .stride_w = 1,
                                   .dilation = 1,
                                   .groups = 1 };
    return p;
}

static void test_random_dense(void **unused)
{
    (void)unused;
    for (int i = 0; i < 400; i++) {
        bool image = between(0, 1);
        struct problem p = dense(size_up_to(40), image ? size_up_to(9) : 1, image ? size_up_to(9) : 1,
                                 size_up_to(image ? 40 : 700), size_up_to(100), !between(0, 3));
        if (macs(&p.v) > 100000) continue;
        set_gaps(&p);
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
        { 2, 24, 24, 16, { .filters = 16, .kernel = 3, .pad = 1 } },
        { 1, 14, 14, 64, { .filters = 64, .kernel = 3, .pad = 1 } },
        { 1, 9, 9, 96, { .filters = 70, .kernel = 3, .pad = 1, .stride = 2 } },
        { 1, 5, 5, 530, { .filters = 33, .kernel = 1 } },
        { 1, 4, 4, 600, { .filters = 34, .kernel = 2, .pad = 1, .dilation = 2 } },
        { 1, 3, 2, 40, { .filters = 300, .kernel = 3, .pad = 1 } },
        { 2, 20, 20, 48, { .filters = 48, .kernel = 3, .pad = 1, .groups = 48 } },
        { 1, 40, 40, 1, { .filters = 3, .kernel = 31, .pad = 15 } },
        { 13, 6, 6, 20, { .filters = 50, .kernel = 5, .pad = 2 } },
        { 100, 3, 3, 8, { .filters = 9, .kernel = 3, .pad = 1, .stride = 2 } },
        { 2, 64, 64, 2, { .filters = 5, .kernel = 3, .pad = 1 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int add = 0; add < 2; add++) {
            struct problem p = { .conv = rows[i].conv, .add = add };
            assert_true(complete(&p, rows[i].n, rows[i].h, rows[i].w, rows[i].c));
            if (add) p.ldx = p.lddx = p.ldy = p.lddy = 3;
            check(&p, 0), check(&p, 1), check(&p, 2);
        }
    struct problem wide = dense(64, 4, 4, 50, 130, false);
    check(&wide, 0), check(&wide, 1), check(&wide, 2);
    wide.ldx = wide.lddx = 5;
    check(&wide, 0);
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
    assert_true(striate_peak_gflops() > 0.1);
    assert_true(striate_bandwidth() > 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),       cmocka_unit_test(test_cost),  cmocka_unit_test(test_random_convolutions),
        cmocka_unit_test(test_random_dense), cmocka_unit_test(test_large), cmocka_unit_test(test_nothing_asked),
        cmocka_unit_test(test_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
