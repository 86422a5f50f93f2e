// check_drop.c - what ops drop at random in training: how often, and who drops together with whom. In double precision.
#include "trial.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 4000, MOST = 4 };

// Which inputs a join takes in each step: of 1, 2, 4, ... the sum of those it took times their shares.
struct join {
    int ins, node;
    striate_average_options options;
    bool took[STEPS][MOST];
    int kept[STEPS];
};

static void run_join(struct join *j)
{
    struct trial t = { .op = op_find("average"), .state = 7, .n = 2, .ins = j->ins };
    for (int i = 0; i < j->ins; i++) t.x[i] = (struct shape){ 1, 2, 3, 1 };
    t.options.average = j->options;
    assert_true(trial_prepare(&t));
    t.args.random.part = (uint32_t)j->node;
    memset(t.add, false, sizeof t.add);
    for (int i = 0; i < j->ins; i++)
        for (size_t k = 0; k < tensor_count(&t.in[i]); k++) t.in[i].data[k / 3 * (size_t)t.in[i].ld + k % 3] = 1 << i;
    for (int step = 0; step < STEPS; step++) {
        t.args.random.place = (uint64_t)step;
        trial_forward(&t);
        trial_backward(&t);
        double sum = 0;
        j->kept[step] = 0;
        for (int i = 0; i < j->ins; i++) {
            j->took[step][i] = t.din[i].data[0] != 0;
            j->kept[step] += j->took[step][i];
            sum += j->took[step][i] << i;
        }
        for (size_t k = 0; k < tensor_count(&t.out); k++)
            assert_true(fabs(t.out.data[k / 3 * (size_t)t.out.ld + k % 3] - sum / j->kept[step]) < 1e-12);
    }
    trial_free(&t);
}

// Of `count` independent tries, `seen` happened, at five standard deviations.
static void assert_share(int seen, int count, double share)
{
    double deviation = sqrt(share * (1 - share) / count);
    if (!(fabs((double)seen / count - share) <= 5 * deviation)) fail_msg("%d of %d is not %g", seen, count, share);
}

// Larsson et al. 2016, 4: each input with the same probability, but never all.
static void local_drop_path(void **state)
{
    (void)state;
    static struct join a = { .ins = 3, .node = 4, .options = { .drop = 0.15 } },
                       b = { .ins = 2, .node = 5, .options = { .drop = 0.15 } };
    int taken = 0, together = 0, single[2] = { 0 };
    run_join(&a);
    run_join(&b);
    for (int s = 0; s < STEPS; s++) {
        assert_in_range(a.kept[s], 1, 3);
        assert_in_range(b.kept[s], 1, 2);
        taken += a.took[s][0];
        together += a.took[s][0] && b.took[s][0];
        for (int i = 0; i < 2; i++) single[i] += b.kept[s] == 1 && b.took[s][i];
    }
    double all = 0.15 * 0.15 * 0.15, kept = 0.85 + all / 3, kept_of_two = 0.85 + 0.15 * 0.15 / 2;
    assert_share(taken, STEPS, kept);
    assert_share(together, STEPS, kept * kept_of_two); // joins know nothing of each other
    for (int i = 0; i < 2; i++) assert_share(single[i], STEPS, 1 - kept_of_two);
}

// In half of the steps one column in the whole network; a join that lacks it takes all.
static void global_drop_path(void **state)
{
    (void)state;
    static struct join a = { .ins = 4, .node = 4, .options = { .global = 0.5, .columns = 4 } },
                       b = { .ins = 2, .node = 9, .options = { .global = 0.5, .columns = 4 } };
    int column[4] = { 0 };
    run_join(&a);
    run_join(&b);
    for (int s = 0; s < STEPS; s++) {
        assert_true(a.kept[s] == 1 || a.kept[s] == 4);
        for (int c = 0; c < 4; c++) {
            if (a.kept[s] == 4 || !a.took[s][c]) continue;
            column[c]++;
            if (c < 2) assert_true(b.kept[s] == 1 && b.took[s][c]);
            if (c >= 2) assert_int_equal(b.kept[s], 2);
        }
        if (a.kept[s] == 4) assert_int_equal(b.kept[s], 2);
    }
    for (int c = 0; c < 4; c++) assert_share(column[c], STEPS, 0.125);
}

// Huang et al. 2016, 3: a branch of stochastic depth, for the whole batch.
static void stochastic_depth(void **state)
{
    (void)state;
    struct trial t = { .op = op_find("scaled_add"), .state = 7, .smooth = true, .n = 3, .ins = 2 };
    t.x[0] = t.x[1] = (struct shape){ 2, 2, 5, 1 };
    t.options.scaled_add.drop = 0.3;
    assert_true(trial_prepare(&t));
    int dropped = 0;
    double *a = trial_values(&t, &t.in[0]), *b = trial_values(&t, &t.in[1]);
    for (int step = 0; step < STEPS; step++) {
        t.args.random.place = (uint64_t)step;
        trial_forward(&t);
        bool now = t.out.data[0] == a[0];
        dropped += now;
        for (size_t k = 0; k < tensor_count(&t.out); k++)
            assert_true(fabs(t.out.data[k / 5 * (size_t)t.out.ld + k % 5] - a[k] - (now ? 0 : b[k])) < 1e-12);
    }
    assert_share(dropped, STEPS, 0.3);
    trial_free(&t);
}

static void dropout_keeps_its_rate(void **state)
{
    (void)state;
    uint64_t seen[2] = { 0 };
    for (int step = 0; step < 2; step++)
        for (int tenths = 1; tenths <= 9; tenths++) {
            struct trial t = {
                .op = op_find("dropout"), .state = 7, .smooth = true, .n = 4, .ins = 1, .x = { { 50, 50, 20, 1 } }
            };
            t.options.dropout.rate = tenths / 10.0;
            assert_true(trial_prepare(&t));
            t.args.random.place = (uint64_t)step;
            trial_forward(&t);
            double *y = trial_values(&t, &t.out), *x = trial_values(&t, &t.in[0]);
            size_t count = tensor_count(&t.out), dropped = 0, pairs = 0;
            for (size_t i = 0; i < count; i++) {
                dropped += y[i] == 0;
                pairs += i && y[i] == 0 && y[i - 1] == 0;
                if (y[i] != 0) assert_true(fabs(y[i] * (1 - tenths / 10.0) - x[i]) < 1e-9);
            }
            double rate = tenths / 10.0, deviation = sqrt(rate * (1 - rate) / (double)count);
            assert_true(fabs((double)dropped / (double)count - rate) < 5 * deviation);
            assert_true(fabs((double)pairs / (double)count - rate * rate) <
                        10 * deviation); // neighbours know nothing of each other
            if (tenths == 5) seen[step] = trial_hash(&t);
            trial_free(&t);
        }
    assert_true(seen[0] != seen[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(local_drop_path), cmocka_unit_test(global_drop_path),
                                        cmocka_unit_test(stochastic_depth), cmocka_unit_test(dropout_keeps_its_rate) };
    return cmocka_run_group_tests_name("drop", tests, NULL, NULL);
}
