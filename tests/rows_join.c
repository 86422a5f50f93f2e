// rows_join.c - rows of check_ops: what joins branches.
#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void draw_add(struct trial *t)
{
    t->ins = 2;
    draw_one(t);
    t->x[1] = t->x[0];
}

static void expect_add(struct trial *t, struct expected *e)
{
    double *b = trial_values(t, &t->in[1]), *db = trial_gradient(t, 1);
    for (size_t i = 0; i < tensor_count(&t->out); i++) {
        e->want_y[i] = e->x[i] + b[i];
        e->want_dx[i] = e->dy[i];
    }
    assert_close("db", db, e->dy, tensor_count(&t->out));
}

static void draw_shortcut(struct trial *t)
{
    draw_one(t);
    t->options.shortcut.stride = trial_between(t, 0, 3);
    t->options.shortcut.channels = t->x[0].c + trial_between(t, 0, 6);
}

static void expect_shortcut(struct trial *t, struct expected *e)
{
    struct shape x = t->x[0];
    int stride = t->options.shortcut.stride, k = t->options.shortcut.channels;
    reference_shortcut(t->n, x.h, x.w, x.c, stride, k, e->x, e->want_y);
    reference_shortcut_grad(t->n, x.h, x.w, x.c, stride, k, e->dy, e->want_dx);
}

static void draw_concat(struct trial *t)
{
    draw_one(t);
    t->ins = trial_between(t, 1, TRIAL_INS);
    for (int i = 1; i < t->ins; i++) t->x[i] = (struct shape){ t->x[0].h, t->x[0].w, trial_between(t, 1, 5), 1 };
}

static void expect_concat(struct trial *t, struct expected *e)
{
    int channels = t->plan.out.c, first = 0;
    for (int i = 0; i < t->ins; first += t->x[i++].c) {
        double *x = trial_values(t, &t->in[i]), *dx = trial_gradient(t, i);
        int c = t->x[i].c;
        for (int j = 0; j < (int)tensor_count(&t->in[i]); j++) {
            int at = j / c * channels + first + j % c;
            e->want_y[at] = x[j];
            assert_close("concat dx", &dx[j], &e->dy[at], 1);
            if (i == 0) e->want_dx[j] = e->dy[at];
        }
    }
    assert_int_equal(first, channels);
}

const struct row rows_join[] = {
    { "add", draw_add, expect_add },
    { "shortcut", draw_shortcut, expect_shortcut },
    { "concat", draw_concat, expect_concat },
    { NULL, NULL, NULL },
};
