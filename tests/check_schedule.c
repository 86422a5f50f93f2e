// check_schedule.c - learning rates over the steps, against values computed by hand.
#include "optim/schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * (1 + fabs(want)))) fail_msg("%.9g, want %.9g", got, want);
}

// 4 epochs of 5 steps, so T = 20.
static void check_schedules(void **state)
{
    (void)state;
    static const struct {
        striate_training t;
        struct {
            int64_t step;
            double rate;
        } want[5];
    } rows[] = {
        { { .learning_rate = 0.1f }, { { 0, 0.1 }, { 7, 0.1 }, { 19, 0.1 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_STEP, .step_epochs = 2, .gamma = 0.5f },
          { { 0, 0.1 }, { 9, 0.1 }, { 10, 0.05 }, { 19, 0.05 }, { 20, 0.025 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_MULTISTEP, .milestones = { 1, 3 }, .gamma = 0.1f },
          { { 4, 0.1 }, { 5, 0.01 }, { 14, 0.01 }, { 15, 0.001 }, { 19, 0.001 } } },
        { { .learning_rate = 0.01f, .schedule = STRIATE_SCHEDULE_INV, .gamma = 0.0001f, .power = 0.75f },
          { { 0, 0.01 }, { 10000, 0.00594603557501 }, { 30000, 0.00353553390593 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_COSINE },
          { { 0, 0.1 }, { 5, 0.0853553390593 }, { 10, 0.05 }, { 15, 0.0146446609407 }, { 19, 0.000615582970243 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_COSINE, .lr_min = 0.02f },
          { { 0, 0.1 }, { 5, 0.0882842712475 }, { 10, 0.06 }, { 15, 0.0317157287525 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_EXPONENTIAL, .gamma = 0.5f },
          { { 0, 0.1 }, { 4, 0.1 }, { 5, 0.05 }, { 14, 0.025 }, { 15, 0.0125 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_POLY, .power = 2 },
          { { 0, 0.1 }, { 5, 0.05625 }, { 10, 0.025 }, { 19, 0.00025 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_ONE_CYCLE }, // of torch.optim.lr_scheduler.OneCycleLR
          { { 0, 0.004 }, { 2, 0.03716718427 }, { 5, 0.1 }, { 12, 0.0500002 }, { 19, 4e-07 } } },
        { { .learning_rate = 0.1f, .warmup_epochs = 1, .warmup_constant = 1, .warmup_factor = 0.1f },
          { { 0, 0.01 }, { 4, 0.01 }, { 5, 0.1 } } },
        { { .learning_rate = 0.1f, .warmup_epochs = 1, .warmup_factor = 0.5f }, { { 0, 0.06 }, { 4, 0.1 }, { 5, 0.1 } } },
        { { .learning_rate = 0.1f, .warmup_epochs = 2 }, { { 0, 0.01 }, { 4, 0.05 }, { 9, 0.1 }, { 10, 0.1 } } },
        { { .learning_rate = 0.1f, .warmup_epochs = 0.5f }, { { 0, 0.04 }, { 1, 0.08 }, { 2, 0.1 }, { 3, 0.1 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_COSINE, .warmup_epochs = 2 },
          { { 0, 0.01 }, { 5, 0.6 * 0.0853553390593 }, { 10, 0.05 } } },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (int i = 0; i < 5 && rows[r].want[i].rate > 0; i++) {
            striate_training t = rows[r].t;
            t.epochs = 4;
            near(schedule_rate(&t, rows[r].want[i].step, 5, 0), rows[r].want[i].rate, 1e-7);
        }
}

static void check_plateau(void **state)
{
    (void)state;
    striate_training t = { .epochs = 4, .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_PLATEAU, .gamma = 0.5f };
    for (int reductions = 0; reductions < 4; reductions++)
        near(schedule_rate(&t, 7, 5, reductions), 0.1 / (1 << reductions), 1e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(check_schedules), cmocka_unit_test(check_plateau) };
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
