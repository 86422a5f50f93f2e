// rows_join.c - rows of check_ops: what joins branches.
#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void draw_joined(struct trial *t, int ins)
{
    draw_one(t);
    t->ins = ins;
    for (int i = 1; i < ins; i++) t->x[i] = t->x[0];
}

static void draw_add(struct trial *t)
{
    draw_joined(t, 2);
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

static void draw_scaled_add(struct trial *t)
{
    draw_joined(t, 2);
    t->options.scaled_add.scale = (float)trial_between(t, -8, 8) / 4;
    t->options.scaled_add.drop = (float)trial_between(t, 0, 4) / 4;
}

// Whether b is dropped is the op's own choice: what it did forward it must do backward.
static void expect_scaled_add(struct trial *t, struct expected *e)
{
    double *b = trial_values(t, &t->in[1]), *db = trial_gradient(t, 1), scale = t->options.scaled_add.scale;
    if (t->options.scaled_add.drop == 1 || (t->options.scaled_add.drop > 0 && e->y[0] == e->x[0])) scale = 0;
    for (size_t i = 0; i < tensor_count(&t->out); i++) {
        e->want_y[i] = e->x[i] + scale * b[i];
        e->want_dx[i] = e->dy[i];
        assert_close("db", &db[i], &(double){ scale * e->dy[i] }, 1);
    }
}

static void infer_scaled_add(struct trial *t, const double *x, double *want)
{
    double *b = trial_values(t, &t->in[1]), scale = t->options.scaled_add.scale * (1 - t->options.scaled_add.drop);
    for (size_t i = 0; i < tensor_count(&t->out); i++) want[i] = x[i] + scale * b[i];
}

static void draw_mul(struct trial *t)
{
    t->smooth = true;
    draw_joined(t, 2);
}

static void expect_mul(struct trial *t, struct expected *e)
{
    double *b = trial_values(t, &t->in[1]), *db = trial_gradient(t, 1);
    for (size_t i = 0; i < tensor_count(&t->out); i++) {
        e->want_y[i] = e->x[i] * b[i];
        e->want_dx[i] = e->dy[i] * b[i];
        assert_close("db", &db[i], &(double){ e->dy[i] * e->x[i] }, 1);
    }
}

static void draw_gate(struct trial *t)
{
    t->smooth = true;
    draw_joined(t, 3);
}

static void expect_gate(struct trial *t, struct expected *e)
{
    double *h = trial_values(t, &t->in[1]), *x = trial_values(t, &t->in[2]), *dh = trial_gradient(t, 1),
           *dx = trial_gradient(t, 2);
    for (size_t i = 0; i < tensor_count(&t->out); i++) {
        double gate = e->x[i];
        e->want_y[i] = gate * h[i] + (1 - gate) * x[i];
        e->want_dx[i] = e->dy[i] * h[i] - e->dy[i] * x[i];
        assert_close("dh", &dh[i], &(double){ e->dy[i] * gate }, 1);
        assert_close("dx", &dx[i], &(double){ e->dy[i] - e->dy[i] * gate }, 1);
    }
}

static void draw_average(struct trial *t)
{
    draw_joined(t, trial_between(t, 1, TRIAL_INS));
    if (trial_draw(t) % 2) t->options.average.drop = (float)trial_between(t, 1, 4) / 4;
    if (trial_draw(t) % 2) t->options.average.global = (float)trial_between(t, 1, 2) / 2;
    if (t->options.average.global > 0) t->options.average.columns = t->ins + trial_between(t, 0, 1);
}

// Which inputs are dropped is the op's own choice, and shows in their gradients: the others have equal shares.
static void expect_average(struct trial *t, struct expected *e)
{
    int kept = 0, count = (int)tensor_count(&t->out);
    for (int i = 0; i < t->ins; i++) kept += trial_gradient(t, i)[0] != 0;
    assert_true(kept > 0);
    if (t->options.average.drop == 0 && t->options.average.global == 0) assert_int_equal(kept, t->ins);
    for (int i = 0; i < t->ins; i++) {
        double *x = trial_values(t, &t->in[i]), *dx = trial_gradient(t, i), share = dx[0] != 0 ? 1.0 / kept : 0;
        for (int j = 0; j < count; j++) {
            e->want_y[j] += share * x[j];
            assert_close("average dx", &dx[j], &(double){ share * e->dy[j] }, 1);
            if (i == 0) e->want_dx[j] = share * e->dy[j];
        }
    }
}

static void infer_average(struct trial *t, const double *x, double *want)
{
    (void)x;
    memset(want, 0, tensor_count(&t->out) * sizeof *want);
    for (int i = 0; i < t->ins; i++) {
        double *values = trial_values(t, &t->in[i]);
        for (size_t j = 0; j < tensor_count(&t->out); j++) want[j] += values[j] / t->ins;
    }
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
    { "scaled_add", draw_scaled_add, expect_scaled_add, .infer = infer_scaled_add },
    { "mul", draw_mul, expect_mul },
    { "gate", draw_gate, expect_gate },
    { "average", draw_average, expect_average, .infer = infer_average },
    { "shortcut", draw_shortcut, expect_shortcut },
    { "concat", draw_concat, expect_concat },
    { NULL, NULL, NULL },
};
