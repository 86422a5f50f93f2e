// check_fused.c - what an op does in the same passes as something else gives what the two give one after the other. In double precision.
#include "reference.h"
#include "trial.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TRIALS = 200 };

static void assert_close(const char *what, const double *got, const double *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs(got[i] - want[i]) <= 1e-9 * (1 + fabs(want[i]))))
            fail_msg("%s[%zu]: got %.12g, the reference says %.12g", what, i, got[i], want[i]);
}

// Sums of two halves of x about some pivot, as a convolution's epilogue gives them.
static void give_sums(struct trial *t, struct fusion *fused, const double *x)
{
    size_t c = (size_t)t->x[0].c, count = tensor_count(&t->in[0]);
    float *sums = trial_take(t, 4 * c * sizeof *sums), *pivot = trial_take(t, c * sizeof *pivot);
    for (size_t i = 0; i < c; i++) pivot[i] = 0.5 * (double)i;
    for (size_t i = 0; i < count; i++) {
        float *at = sums + (i < count / 2 ? 0 : 2 * c) + i % c, away = x[i] - pivot[i % c];
        at[0] += away;
        at[c] += away * away;
    }
    fused->parts = 2;
    fused->sums = sums;
    fused->pivot = pivot;
}

static struct trial *begin(int number, bool large)
{
    static struct trial t;
    t = (struct trial){ .op = op_find("batch_norm"), .ins = 1, .large = large, .smooth = true };
    t.state = 0x9E3779B97F4A7C15u * (uint64_t)(number + 1);
    for (int i = 0; i < 8; i++) trial_draw(&t);
    int side = large ? 20 : 5, channels = large ? 150 : 40;
    t.n = trial_between(&t, 2, 4);
    t.x[0] = (struct shape){ trial_between(&t, 1, side), trial_between(&t, 1, side), trial_between(&t, 1, channels), 1 };
    assert_true(trial_prepare(&t));
    return &t;
}

// A tensor like y with values of its own.
static struct tensor *like_output(struct trial *t)
{
    struct tensor *copy = trial_take(t, sizeof *copy);
    *copy = t->out;
    copy->ld += trial_between(t, 0, 1) * 3;
    copy->data = trial_take(t, tensor_pixels(copy) * (size_t)copy->ld * sizeof(float));
    trial_fill(t, copy);
    return copy;
}

static void batch_norm(void **unused)
{
    (void)unused;
    for (int number = 0; number < TRIALS; number++) {
        struct trial *t = begin(number, number % 10 == 0);
        size_t count = tensor_count(&t->out);
        int c = t->x[0].c, rows = (int)tensor_pixels(&t->out);
        double *x = trial_values(t, &t->in[0]), *dy = trial_values(t, &t->dout), *before = NULL;
        double *y = trial_take(t, count * sizeof *y), *dx = trial_take(t, count * sizeof *dx);
        double *params = trial_take(t, 4 * (size_t)c * sizeof *params), *residual = trial_take(t, count * sizeof *residual);
        struct fusion fused = { .relu = number % 4 != 0, .add = trial_draw(t) % 2 };
        if (number % 2) fused.residual = like_output(t);
        if (number % 2 && number % 8 != 1) fused.dresidual = like_output(t);
        if (number % 8 == 3 && !fused.add) fused.dresidual = &t->dout;
        if (number % 3 == 0) give_sums(t, &fused, x);
        if (fused.residual) residual = trial_values(t, fused.residual);
        if (fused.dresidual) before = trial_values(t, fused.dresidual);
        t->args.fused = &fused;
        trial_forward(t);
        trial_backward(t);

        reference_moments(rows, c, x, params, params + c);
        reference_normalize(rows, c, x, params, params + c, t->options.norm.eps, t->args.param[0], t->args.param[1], y);
        for (size_t i = 0; i < count; i++) {
            y[i] += residual[i];
            if (fused.relu && y[i] <= 0) y[i] = dy[i] = 0;
        }
        reference_batch_norm_grad(rows, c, x, t->options.norm.eps, t->args.param[0], dy, dx, params, params + c);
        assert_close("y", trial_values(t, &t->out), y, count);
        assert_close("dx", trial_gradient(t, 0), dx, count);
        assert_close("dweight", t->args.dparam[0], params, (size_t)c);
        assert_close("dbias", t->args.dparam[1], params + c, (size_t)c);
        for (size_t i = 0; i < count && fused.dresidual; i++) dy[i] += fused.add ? before[i] : 0;
        if (fused.dresidual) assert_close("dresidual", trial_values(t, fused.dresidual), dy, count);
        trial_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(batch_norm) };
    return cmocka_run_group_tests_name("fused", tests, NULL, NULL);
}
