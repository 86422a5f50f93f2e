// rows_pool.c - rows of check_ops: pooling.
#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void draw_window(struct trial *t)
{
    striate_window *o = &t->options.window;
    t->x[0] = draw_shape(t, 7, 5);
    int h = trial_between(t, 1, t->x[0].h < 4 ? t->x[0].h : 4), w = trial_between(t, 1, t->x[0].w < 4 ? t->x[0].w : 4);
    o->size = h;
    if (w != h) o->size_w = w;
    o->stride = trial_between(t, 0, 3);
    if (trial_draw(t) % 3 == 0) o->stride_h = trial_between(t, 1, 5);
    if (trial_draw(t) % 2) o->pad = trial_between(t, 0, (h < w ? h : w) - 1);
    if (trial_draw(t) % 4 == 0) o->pad_w = trial_between(t, 0, w - 1);
    o->ceil = trial_draw(t) % 2;
    o->zero_fill = trial_draw(t) % 4 == 0;
    if (trial_draw(t) % 6) return;
    o->mode = STRIATE_MODE_SAME;
    o->pad = o->pad_w = o->ceil = 0;
}

static void draw_avg_pool(struct trial *t)
{
    draw_window(t);
    t->options.window.exclude_pad = trial_draw(t) % 2;
}

static void draw_adaptive(struct trial *t)
{
    t->smooth = true;
    t->x[0] = draw_shape(t, 7, 5);
    t->options.adaptive = (striate_adaptive_options){ .height = trial_between(t, 1, 9), .width = trial_between(t, 1, 5) };
}

// The pooling of input i.
static struct reference_pool pool_at(const struct trial *t, int i)
{
    const striate_window *o = &t->options.window;
    struct reference_pool s = { .n = t->n, .h = t->x[i].h, .w = t->x[i].w, .c = t->x[i].c };
    s.size_h = o->size_h ? o->size_h : o->size;
    s.size_w = o->size_w ? o->size_w : o->size;
    s.stride_h = o->stride_h ? o->stride_h : o->stride;
    s.stride_w = o->stride_w ? o->stride_w : o->stride;
    s.pad_h = o->pad_h ? o->pad_h : o->pad;
    s.pad_w = o->pad_w ? o->pad_w : o->pad;
    s.ceil = o->ceil;
    s.exclude_pad = o->exclude_pad;
    s.zero_fill = o->zero_fill;
    s.same = o->mode == STRIATE_MODE_SAME;
    return s;
}

static struct reference_pool pool_of(const struct trial *t)
{
    struct reference_pool s = pool_at(t, 0), copy = s;
    int p, q;
    reference_pool_outputs(&copy, &p, &q);
    assert_int_equal(t->plan.out.h, p);
    assert_int_equal(t->plan.out.w, q);
    return s;
}

static void expect_max_pool(struct trial *t, struct expected *e)
{
    struct reference_pool s = pool_of(t);
    reference_max_pool(&s, e->x, e->want_y);
    reference_max_pool_grad(&s, e->x, e->dy, e->want_dx);
}

static void expect_avg_pool(struct trial *t, struct expected *e)
{
    struct reference_pool s = pool_of(t);
    reference_avg_pool(&s, e->x, e->want_y);
    reference_avg_pool_grad(&s, e->dy, e->want_dx);
}

static void expect_subsample(struct trial *t, struct expected *e)
{
    struct reference_pool s = pool_of(t);
    int count = (int)tensor_count(&t->out), c = t->x[0].c;
    double *sums = trial_take(t, (size_t)count * sizeof *sums), *dsums = trial_take(t, (size_t)count * sizeof *dsums);
    double *dweight = trial_take(t, (size_t)c * sizeof *dweight), *dbias = trial_take(t, (size_t)c * sizeof *dbias);
    s.sum = true;
    reference_avg_pool(&s, e->x, sums);
    for (int i = 0; i < count; i++) {
        e->want_y[i] = t->args.param[0][i % c] * sums[i] + t->args.param[1][i % c];
        dsums[i] = t->args.param[0][i % c] * e->dy[i];
        dweight[i % c] += e->dy[i] * sums[i];
        dbias[i % c] += e->dy[i];
    }
    reference_avg_pool_grad(&s, dsums, e->want_dx);
    assert_close("dweight", t->args.dparam[0], dweight, (size_t)c);
    assert_close("dbias", t->args.dparam[1], dbias, (size_t)c);
}

static void draw_upsample(struct trial *t)
{
    t->smooth = true;
    t->x[0] = draw_shape(t, 3, 5);
    t->options.upsample.factor = trial_between(t, 0, 3);
}

static void expect_upsample(struct trial *t, struct expected *e)
{
    struct shape x = t->x[0], y = t->plan.out;
    int f = t->options.upsample.factor;
    assert_int_equal(y.h, x.h * f);
    assert_int_equal(y.w, x.w * f);
    for (int i = 0; i < (int)tensor_count(&t->out); i++) {
        int c = i % y.c, w = i / y.c % y.w, h = i / y.c / y.w % y.h, n = i / y.c / y.w / y.h;
        int from = ((n * x.h + h / f) * x.w + w / f) * x.c + c;
        e->want_y[i] = e->x[from];
        e->want_dx[from] += e->dy[i];
    }
}

// The pooled image is the second input, the first has the shape of what comes of it.
static void draw_unpool(struct trial *t)
{
    draw_window(t);
    t->ins = 2;
    t->x[1] = t->x[0];
    struct reference_pool s = pool_at(t, 1);
    if (!s.stride_h) s.stride_h = 1;
    if (!s.stride_w) s.stride_w = 1;
    reference_pool_outputs(&s, &t->x[0].h, &t->x[0].w);
}

static void expect_unpool(struct trial *t, struct expected *e)
{
    struct reference_pool s = pool_at(t, 1);
    double *z = trial_values(t, &t->in[1]), *dz = trial_gradient(t, 1);
    size_t count = tensor_count(&t->in[0]), image = tensor_count(&t->in[1]);
    double *one = trial_take(t, count * sizeof *one), *at = trial_take(t, image * sizeof *at);
    reference_max_pool_grad(&s, z, e->x, e->want_y);
    for (size_t i = 0; i < image; i++) assert_true(dz[i] == 0);
    for (size_t i = 0; i < count; i++) { // where a gradient of 1 goes, this value comes from
        one[i] = 1;
        reference_max_pool_grad(&s, z, one, at);
        for (size_t j = 0; j < image; j++) e->want_dx[i] += at[j] * e->dy[j];
        one[i] = 0;
    }
}

static void draw_blocks(struct trial *t)
{
    draw_smooth(t);
    t->options.window.size = trial_between(t, 0, 3);
}

// Pixel i's value and its block's sum of e^x.
static void expect_blocks(struct trial *t, struct expected *e)
{
    struct shape x = t->x[0], y = t->plan.out;
    int size = t->options.window.size, count = (int)tensor_count(&t->in[0]);
    double *sums = trial_take(t, tensor_count(&t->out) * sizeof *sums);
    int *block = trial_take(t, (size_t)count * sizeof *block);
    assert_int_equal(y.h, (x.h + size - 1) / size);
    assert_int_equal(y.w, (x.w + size - 1) / size);
    for (int i = 0; i < count; i++) {
        int c = i % x.c, w = i / x.c % x.w, h = i / x.c / x.w % x.h, n = i / x.c / x.w / x.h;
        block[i] = ((n * y.h + h / size) * y.w + w / size) * y.c + c;
        sums[block[i]] += exp(e->x[i]);
    }
    for (int i = 0; i < (int)tensor_count(&t->out); i++) e->want_y[i] = sums[i] / (1 + sums[i]);
    for (int i = 0; i < count; i++) e->want_dx[i] = e->dy[block[i]] * exp(e->x[i]) / pow(1 + sums[block[i]], 2);
}

static void expect_global_max_pool(struct trial *t, struct expected *e)
{
    int pixels = t->x[0].h * t->x[0].w, c = t->x[0].c;
    for (int i = 0; i < t->n * c; i++) {
        int first = i / c * pixels * c + i % c, best = first;
        for (int p = 1; p < pixels; p++)
            if (e->x[first + p * c] > e->x[best]) best = first + p * c;
        e->want_y[i] = e->x[best];
        e->want_dx[best] = e->dy[i];
    }
}

static void expect_global_avg_pool(struct trial *t, struct expected *e)
{
    reference_global_avg_pool(t->n, t->x[0].h * t->x[0].w, t->x[0].c, e->x, e->want_y);
    reference_global_avg_pool_grad(t->n, t->x[0].h * t->x[0].w, t->x[0].c, e->dy, e->want_dx);
}

static void expect_adaptive_avg_pool(struct trial *t, struct expected *e)
{
    struct shape x = t->x[0], y = t->plan.out;
    reference_adaptive_avg_pool(t->n, x.h, x.w, x.c, y.h, y.w, e->x, e->want_y);
    reference_adaptive_avg_pool_grad(t->n, x.h, x.w, x.c, y.h, y.w, e->dy, e->want_dx);
}

const struct row rows_pool[] = {
    { "max_pool", draw_window, expect_max_pool },
    { "avg_pool", draw_avg_pool, expect_avg_pool },
    { "subsample", draw_window, expect_subsample },
    { "upsample", draw_upsample, expect_upsample },
    { "max_unpool", draw_unpool, expect_unpool },
    { "prob_max_pool", draw_blocks, expect_blocks },
    { "global_max_pool", draw_one, expect_global_max_pool },
    { "global_avg_pool", draw_one, expect_global_avg_pool },
    { "adaptive_avg_pool", draw_adaptive, expect_adaptive_avg_pool },
    { NULL, NULL, NULL },
};
