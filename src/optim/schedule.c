// schedule.c - the learning rate as a function of the step: a factor per schedule, times a linear warmup.
#include "optim/schedule.h"

#include <math.h>

struct moment {
    double step, steps; // t and T
    int64_t epoch;      // 0 for the first
};

static double constant(const striate_training *o, struct moment now)
{
    (void)o, (void)now;
    return 1;
}

static double step_wise(const striate_training *o, struct moment now)
{
    return pow(o->gamma, (double)(now.epoch / o->step_epochs));
}

static double multistep(const striate_training *o, struct moment now)
{
    int passed = 0;
    for (size_t i = 0; i < sizeof o->milestones / sizeof *o->milestones && o->milestones[i]; i++)
        passed += now.epoch >= o->milestones[i];
    return pow(o->gamma, passed);
}

static double inverse(const striate_training *o, struct moment now)
{
    return pow(1 + o->gamma * now.step, -o->power);
}

static double cosine(const striate_training *o, struct moment now)
{
    (void)o;
    return (1 + cos(acos(-1) * now.step / now.steps)) / 2;
}

static double (*const factors[])(const striate_training *, struct moment) = {
    [STRIATE_SCHEDULE_CONSTANT] = constant, [STRIATE_SCHEDULE_STEP] = step_wise, [STRIATE_SCHEDULE_MULTISTEP] = multistep,
    [STRIATE_SCHEDULE_INV] = inverse,       [STRIATE_SCHEDULE_COSINE] = cosine,
};

double schedule_rate(const striate_training *options, int64_t step, int64_t steps_per_epoch)
{
    struct moment now = { (double)step, (double)options->epochs * (double)steps_per_epoch, step / steps_per_epoch };
    double warm = (now.step + 1) / ((double)options->warmup_epochs * (double)steps_per_epoch); // infinite without warmup
    return options->learning_rate * factors[options->schedule](options, now) * (warm < 1 ? warm : 1);
}
