// check_ops.c - every op, by the rows of rows_*.c, over random shapes and options: its gradients against central differences and against the
// reference, slices, gradients that are added, work in place, and the same bits on 1, 2 and 3 threads. In double precision.
#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TRIALS = 60 };
static const double STEP = 1e-6, ABSOLUTE = 1e-5, RELATIVE = 1e-3;

static const struct row *row_of(const char *op)
{
    int i = 0;
    while (strcmp(row_at(i)->op, op)) i++;
    return row_at(i);
}

static struct trial *begin(const struct row *row, int number, bool large)
{
    static struct trial trial;
    trial = (struct trial){ .op = op_find(row->op), .large = large, .algorithm = row->algorithm, .ins = 1 };
    trial.state = 0x9E3779B97F4A7C15u * (uint64_t)(number + 1);
    for (int i = 0; i < 8; i++) trial_draw(&trial);
    trial.n = large ? 13 : trial_between(&trial, 1, 3);
    row->draw(&trial);
    if (!trial_prepare(&trial)) fail_msg("%s: trial %d has no shape", row->op, number);
    return &trial;
}

// ---- the checks ----

static void check_difference(struct trial *t, const char *what, int which, size_t at, float *value, double got)
{
    double keep = *value;
    *value = keep + STEP;
    trial_forward(t);
    double up = trial_objective(t);
    *value = keep - STEP;
    trial_forward(t);
    double want = (up - trial_objective(t)) / (2 * STEP);
    *value = keep;
    if (!(fabs(got - want) <= ABSOLUTE + RELATIVE * fabs(want)))
        fail_msg("%s: %s %d [%zu]: the gradient is %.9g, the difference %.9g", t->op->name, what, which, at, got, want);
}

static void check_gradients(struct trial *t)
{
    for (int i = 0; i < t->ins; i++) {
        double *got = trial_gradient(t, i);
        size_t c = (size_t)t->x[i].c;
        for (size_t j = 0; j < tensor_count(&t->in[i]); j++)
            check_difference(t, "input", i, j, t->in[i].data + (ptrdiff_t)(j / c) * t->in[i].ld + (ptrdiff_t)(j % c), got[j]);
    }
    for (int i = 0; i < t->plan.params; i++)
        for (size_t j = 0; j < t->count[i] && t->args.dparam[i]; j++)
            check_difference(t, t->plan.param[i].name, i, j, &t->args.param[i][j], t->args.dparam[i][j]);
}

static void check_row(const struct row *row)
{
    for (int number = 0; number < TRIALS; number++) {
        struct trial *t = begin(row, number, false);
        if (t->plan.flags & VIEW) {
            assert_int_equal(shape_count(t->plan.out), shape_count(t->x[0]));
            trial_free(t);
            continue;
        }
        trial_forward(t);
        trial_backward(t);
        assert_true(trial_intact(&t->out));
        for (int i = 0; i < t->ins; i++) {
            assert_true(trial_intact(&t->in[i]));
            assert_true(trial_intact(&t->din[i]));
        }
        size_t ny = tensor_count(&t->out), nx = tensor_count(&t->in[0]);
        struct expected e = { .x = trial_values(t, &t->in[0]), .y = trial_values(t, &t->out) };
        e.dy = t->dout.data ? trial_values(t, &t->dout) : NULL;
        e.want_y = trial_take(t, ny * sizeof *e.want_y);
        e.want_dx = trial_take(t, nx * sizeof *e.want_dx);
        if (row->expect) {
            row->expect(t, &e);
            assert_close("y", e.y, e.want_y, ny);
            assert_close("dx", trial_gradient(t, 0), e.want_dx, nx);
        }
        if (!row->estimate) check_gradients(t);
        for (int i = 0; i < t->ins; i++) t->dins_at[i] = NULL; // nobody asks
        for (int i = 0; i < t->plan.params; i++) t->args.dparam[i] = NULL;
        trial_backward(t);
        trial_free(t);
    }
}

static void every_op_passes(void **state)
{
    (void)state;
    for (int i = 0; row_at(i); i++)
        if (op_find(row_at(i)->op)) check_row(row_at(i));
}

static void every_op_has_a_row(void **state)
{
    (void)state;
    for (int i = 0; op_at(i); i++) {
        bool found = !strcmp(op_at(i)->name, "input"); // computes nothing
        for (int j = 0; row_at(j); j++) found |= !strcmp(row_at(j)->op, op_at(i)->name);
        if (!found) fail_msg("%s has no row in tests/rows_*.c", op_at(i)->name);
    }
}

// Ops that may work in place give the same with y in x's memory, and with dx in dy's.
static void in_place(void **state)
{
    (void)state;
    for (int i = 0; row_at(i); i++)
        for (int number = 0; number < TRIALS; number++) {
            struct trial *t = begin(row_at(i), number, number == 0);
            t->add[0] = false;
            trial_forward(t);
            trial_backward(t);
            if (t->plan.flags & IN_PLACE) {
                size_t count = tensor_count(&t->out);
                double *y = trial_values(t, &t->out), *dx = trial_gradient(t, 0);
                t->dins_at[0] = &t->dout;
                trial_backward(t);
                assert_close("dx in place", trial_values(t, &t->dout), dx, count);
                t->args.out = &t->in[0];
                trial_forward(t);
                assert_close("y in place", trial_values(t, &t->in[0]), y, count);
            }
            trial_free(t);
        }
}

// Inputs that lie in the output already are left alone, and so are gradients that lie in dout.
static void concat_without_copies(void **state)
{
    (void)state;
    for (int number = 0; number < TRIALS; number++) {
        struct trial *t = begin(row_of("concat"), number, false);
        trial_fill(t, &t->out);
        for (int i = 0, first = 0; i < t->ins; first += t->x[i++].c) {
            t->in[i] = t->out;
            t->din[i] = t->dout;
            t->in[i].shape = t->din[i].shape = t->x[i];
            t->in[i].data += first;
            t->din[i].data += first;
            t->add[i] = false;
        }
        size_t count = tensor_count(&t->out);
        double *y = trial_values(t, &t->out), *dy = trial_values(t, &t->dout);
        trial_forward(t);
        trial_backward(t);
        assert_close("y", trial_values(t, &t->out), y, count);
        assert_close("dy", trial_values(t, &t->dout), dy, count);
        trial_free(t);
    }
}

// Everything an op writes, on 1, 2 and 3 threads.
static void same_bits_on_any_threads(void **state)
{
    (void)state;
    for (int i = 0; row_at(i); i++)
        for (int number = 0; number < 4; number++) {
            uint64_t first = 0;
            for (int threads = 1; threads <= 3; threads++) {
                striate_threads(threads);
                struct trial *t = begin(row_at(i), number, true);
                trial_forward(t);
                trial_backward(t);
                uint64_t hash = trial_hash(t);
                if (threads == 1) first = hash;
                assert_true(hash == first);
                trial_free(t);
            }
        }
    striate_threads(0);
}

// Without training: the same outputs, or what the row says, and nothing saved.
static void inference(void **state)
{
    (void)state;
    for (int i = 0; row_at(i); i++)
        for (int number = 0; number < TRIALS; number++) {
            struct trial *t = begin(row_at(i), number, false);
            size_t count = tensor_count(&t->out);
            double *x = trial_values(t, &t->in[0]), *want = trial_take(t, count * sizeof *want);
            trial_forward(t);
            if (!(t->plan.flags & VIEW)) want = trial_values(t, &t->out);
            if (row_at(i)->infer) row_at(i)->infer(t, x, want);
            t->args.train = false;
            t->args.saved = NULL;
            trial_forward(t);
            if (!(t->plan.flags & VIEW)) assert_close("y", trial_values(t, &t->out), want, count);
            trial_free(t);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_has_a_row),    cmocka_unit_test(every_op_passes),          cmocka_unit_test(in_place),
        cmocka_unit_test(concat_without_copies), cmocka_unit_test(same_bits_on_any_threads), cmocka_unit_test(inference),
    };
    return cmocka_run_group_tests_name("ops", tests, NULL, NULL);
}
