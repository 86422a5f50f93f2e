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

static struct reference_pool pool_of(const struct trial *t)
{
    const striate_window *o = &t->options.window;
    struct reference_pool s = { .n = t->n, .h = t->x[0].h, .w = t->x[0].w, .c = t->x[0].c };
    s.size_h = o->size_h ? o->size_h : o->size;
    s.size_w = o->size_w ? o->size_w : o->size;
    s.stride_h = o->stride_h ? o->stride_h : o->stride;
    s.stride_w = o->stride_w ? o->stride_w : o->stride;
    s.pad_h = o->pad_h ? o->pad_h : o->pad;
    s.pad_w = o->pad_w ? o->pad_w : o->pad;
    s.ceil = o->ceil;
    s.exclude_pad = o->exclude_pad;
    assert_int_equal(t->plan.out.h, reference_windows(s.h, s.size_h, s.stride_h, s.pad_h, s.ceil));
    assert_int_equal(t->plan.out.w, reference_windows(s.w, s.size_w, s.stride_w, s.pad_w, s.ceil));
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
    { "global_avg_pool", draw_one, expect_global_avg_pool },
    { "adaptive_avg_pool", draw_adaptive, expect_adaptive_avg_pool },
    { NULL, NULL, NULL },
};
