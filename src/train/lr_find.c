// lr_find.c - the loss while the learning rate grows (Smith 2017, 3.3), from which one is chosen. The weights are what they were afterwards.
#include "base/status.h"
#include "train/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double KEPT = 0.9, BEYOND = 4, // of the smooth loss in each step; times the lowest one ends the curve
    CERTAIN = 5;                            // standard errors

static striate_status check(const striate_lr_options *o)
{
    if (!(o->low > 0 && o->high > o->low && isfinite(o->high)))
        FAIL(BAD_ARGUMENT, "the learning rate cannot grow from %g to %g; the first must be above 0 and below the second",
             (double)o->low, (double)o->high);
    if (o->steps < 10 || o->steps > 100000) FAIL(BAD_ARGUMENT, "%d steps; 10 to 100000 make a curve", o->steps);
    return STRIATE_OK;
}

// The loss of one more step; images come round again.
static striate_status take_step(double *loss, struct session *s)
{
    struct progress *p = &s->progress;
    if (p->image == s->settings.images || !p->step) {
        p->image = 0;
        TRY(batches_start(s->batches, (int)p->epoch++, 0));
    }
    double before = p->loss;
    int64_t image = p->image;
    TRY(session_step(s));
    *loss = (p->loss - before) / (double)(p->image - image);
    return STRIATE_OK;
}

static bool wants_to_stop(const struct session *s, int step, int steps, double loss)
{
    const striate_training *t = &s->settings.training;
    striate_training_step report = { .epoch = 1,
                                     .epochs = 1,
                                     .image = step + 1,
                                     .images = steps,
                                     .step = step + 1,
                                     .loss = loss,
                                     .learning_rate = (double)t->learning_rate };
    return t->on_step && t->on_step(t->user, &report) == STRIATE_STOP;
}

// Until the loss is far above its lowest, or no number any more, which is no failure.
static striate_status run(striate_lr_curve *c, struct session *s, const striate_lr_options *o)
{
    double mean = 0, lowest = INFINITY;
    for (int i = 0; i < o->steps; i++) {
        double rate = (double)o->low * pow((double)o->high / (double)o->low, (double)i / (o->steps - 1)), loss;
        s->settings.training.learning_rate = (float)rate;
        striate_status status = take_step(&loss, s);
        if (status == STRIATE_DIVERGED && i) return STRIATE_OK;
        TRY(status);
        mean = KEPT * mean + (1 - KEPT) * loss;
        double smooth = mean / (1 - pow(KEPT, i + 1));
        c->rates[i] = rate;
        c->losses[i] = loss;
        c->smooth[i] = smooth;
        c->count = i + 1;
        if (smooth < lowest) lowest = smooth;
        if (smooth > BEYOND * lowest) return STRIATE_OK;
        if (wants_to_stop(s, i, o->steps, loss)) FAIL(INTERRUPTED, "stopped on request after %d of %d steps", i + 1, o->steps);
    }
    return STRIATE_OK;
}

// Half-way, in orders of magnitude, from the rate where the losses fall most to that where they are lowest: by the means of a tenth of the steps
// each, as smooth losses are late, and noisy where they begin. What chance makes of such means is known from how much neighbours differ.
static double suggest(const striate_lr_curve *c, int steps)
{
    int span = steps / 10 > 2 ? steps / 10 : 2, end = 0;
    double before = 0, after = 0, noise = 0, fall = 0, least = INFINITY, falling = 0, lowest = 0;
    for (int i = 0; i < c->count; i++)
        if (c->smooth[i] < c->smooth[end]) end = i;
    for (int i = 0; i <= end; i++) {
        after += c->losses[i];
        if (i) noise += pow(c->losses[i] - c->losses[i - 1], 2) / (2.0 * end);
        if (i >= span) before += c->losses[i - span], after -= c->losses[i - span];
        if (i >= 2 * span) before -= c->losses[i - 2 * span];
        if (i < 2 * span - 1) continue;
        if (before - after > fall) fall = before - after, falling = c->rates[i - span];
        if (after < least) least = after, lowest = c->rates[i - span / 2];
    }
    return fall > CERTAIN * sqrt(2 * span * noise) ? sqrt(falling * lowest) : 0;
}

static striate_status find(striate_lr_curve *c, struct session *s, const striate_training *training,
                           const striate_lr_options *o)
{
    striate_training t = *training;
    t.epochs = 1;
    t.schedule = STRIATE_SCHEDULE_CONSTANT;
    t.warmup_epochs = t.lr_min = t.ema_decay = 0;
    t.out = NULL;
    t.resume = t.patience = t.keep = t.rollbacks = t.tensorboard = 0;
    TRY(session_open(s, &t));
    size_t bytes = s->graph->total * sizeof(float);
    float *before = malloc(bytes);
    if (!before) FAIL(NO_MEMORY, "no memory for a copy of %zu weights", s->graph->total);
    memcpy(before, s->graph->weights, bytes);
    striate_status status = session_prepare(s);
    if (!status) status = run(c, s, o);
    memcpy(s->graph->weights, before, bytes);
    s->graph->version++;
    free(before);
    if (!status) c->suggestion = suggest(c, o->steps);
    return status;
}

striate_status striate_lr_find(striate_lr_curve **curve, striate_model *model, const striate_data *data,
                               const striate_training *training, striate_lr_options options)
{
    if (options.low == 0) options.low = 1e-6f;
    if (options.high == 0) options.high = 10;
    if (!options.steps) options.steps = 100;
    TRY(check(&options));
    size_t room = (size_t)options.steps;
    striate_lr_curve *c = calloc(1, sizeof *c + 3 * room * sizeof(double));
    if (!c) FAIL(NO_MEMORY, "no memory for a curve of %d steps", options.steps);
    c->rates = (double *)(void *)(c + 1);
    c->losses = c->rates + room;
    c->smooth = c->losses + room;
    struct session s = { .model = model, .graph = striate_model_graph(model), .data = data, .folder.lock = -1 };
    striate_status status = find(c, &s, training, &options);
    session_close(&s);
    if (status)
        free(c);
    else
        *curve = c;
    return status;
}
