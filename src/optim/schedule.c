// schedule.c - the learning rate as a function of the step: a factor per schedule, times a warmup.
#include "optim/schedule.h"

#include <math.h>

struct moment {
    double step, steps; // t and T
    int64_t epoch;      // 0 for the first
    int64_t reductions;
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

// From `high` to `low` along half a cosine.
static double fall(double high, double low, double fraction)
{
    return low + (high - low) * (1 + cos(acos(-1) * fraction)) / 2;
}

static double cosine(const striate_training *o, struct moment now)
{
    return fall(1, (double)o->lr_min / (double)o->learning_rate, now.step / now.steps);
}

static double exponential(const striate_training *o, struct moment now)
{
    return pow((double)o->gamma, (double)now.epoch);
}

static double polynomial(const striate_training *o, struct moment now)
{
    return pow(fmax(1 - now.step / now.steps, 0), (double)o->power);
}

static double one_cycle(const striate_training *o, struct moment now)
{
    static const double rising = 0.3, start = 1.0 / 25, end = start / 1e4; // PyTorch's defaults
    (void)o;
    double top = rising * now.steps - 1, last = now.steps - 1;
    if (now.step < top) return fall(start, 1, now.step / top);
    return last > top ? fall(1, end, (now.step - top) / (last - top)) : 1;
}

static double plateau(const striate_training *o, struct moment now)
{
    return pow((double)o->gamma, (double)now.reductions);
}

static double (*const factors[])(const striate_training *, struct moment) = {
    [STRIATE_SCHEDULE_CONSTANT] = constant,   [STRIATE_SCHEDULE_STEP] = step_wise,
    [STRIATE_SCHEDULE_MULTISTEP] = multistep, [STRIATE_SCHEDULE_INV] = inverse,
    [STRIATE_SCHEDULE_COSINE] = cosine,       [STRIATE_SCHEDULE_EXPONENTIAL] = exponential,
    [STRIATE_SCHEDULE_POLY] = polynomial,     [STRIATE_SCHEDULE_ONE_CYCLE] = one_cycle,
    [STRIATE_SCHEDULE_PLATEAU] = plateau,
};

static double warmup(const striate_training *o, double step, double steps_per_epoch)
{
    double done = (step + 1) / ((double)o->warmup_epochs * steps_per_epoch); // infinite without warmup
    if (o->warmup_constant) return done <= 1 ? (double)o->warmup_factor : 1;
    return done < 1 ? (double)o->warmup_factor + (1 - (double)o->warmup_factor) * done : 1;
}

double schedule_rate(const striate_training *options, int64_t step, int64_t steps_per_epoch, int64_t reductions)
{
    struct moment now = { (double)step, (double)options->epochs * (double)steps_per_epoch, step / steps_per_epoch, reductions };
    return (double)options->learning_rate * factors[options->schedule](options, now) *
           warmup(options, now.step, (double)steps_per_epoch);
}
