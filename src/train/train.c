// train.c - the training loop: epochs of shuffled batches, each forward, backward and an update; after each epoch validation, a row of
// metrics and a checkpoint.
#include "base/clock.h"
#include "base/status.h"
#include "train/report.h"
#include "train/session.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

// ---- begin and end ----

static bool finished(const struct session *s)
{
    const striate_training *t = &s->settings.training;
    const struct progress *p = &s->progress;
    return p->epoch == t->epochs || (t->patience && p->epoch - p->best_epoch >= t->patience);
}

// All state is in memory afterwards, and on disk too if there is a folder.
static striate_status begin_run(struct session *s)
{
    const striate_training *t = &s->settings.training;
    if (t->resume) {
        TRY(checkpoint_read(s->folder.path[RUN_LAST], s->model, s->blocks, &s->progress, &s->settings));
        s->optimizer->optim.steps = s->progress.step;
        TRY(run_folder_recall(&s->folder, (int)s->progress.epoch));
        return finished(s) ? run_folder_draw(&s->folder) : STRIATE_OK;
    }
    TRY(striate_init_weights(s->graph, t->seed));
    if (t->weights) {
        striate_load_options how = { t->allow_missing, 1, t->on_note, t->user };
        TRY(striate_load_some_weights(s->graph, t->weights, &how));
    }
    session_begin_average(s);
    if (!t->out) return STRIATE_OK;
    TRY(run_folder_begin(&s->folder, &s->settings));
    return checkpoint_write(s->folder.path[RUN_LAST], s->model, s->blocks, &s->progress, &s->settings);
}

static striate_status begin(struct session *s)
{
    const striate_training *t = &s->settings.training;
    if (t->out) TRY(run_folder_open(&s->folder, &s->settings));
    TRY(begin_run(s));
    if (!finished(s)) TRY(session_prepare(s));
    return t->out && t->tensorboard ? events_open(&s->events, t->out, s->progress.step) : STRIATE_OK;
}

static double images_per_second(const struct session *s)
{
    return s->seconds > 0 ? (double)(s->progress.image - s->begun_at) / s->seconds : 0;
}

// What the caller wants.
static int report_step(const struct session *s)
{
    const striate_training *t = &s->settings.training;
    const struct progress *p = &s->progress;
    double images = session_images(s);
    struct batches_speed speed = batches_speed(s->batches);
    striate_training_step report = { .epoch = (int)p->epoch + 1,
                                     .epochs = t->epochs,
                                     .image = (int)p->image,
                                     .images = s->settings.images,
                                     .step = p->step,
                                     .loss = p->loss / images,
                                     .top1 = (double)p->correct / images,
                                     .learning_rate = session_rate(s, p->step - 1),
                                     .images_per_second = images_per_second(s),
                                     .waiting = s->seconds > 0 ? speed.waited / s->seconds : 0,
                                     .prepared_per_second = speed.rate,
                                     .bad = (int)p->bad };
    return t->on_step ? t->on_step(t->user, &report) : STRIATE_GO_ON;
}

// ---- saving ----

// A step can carry finite weights and gradients to weights that are not. No file may hold those.
static striate_status check_weights(const struct session *s)
{
    const struct param *bad = update_first_bad(s->graph, s->graph->weights, s->graph->total);
    for (const struct block *b = s->blocks; b->name && !bad; b++)
        bad = update_first_bad(s->graph, b->values, b->all ? s->graph->total : s->graph->trained);
    if (bad) FAIL(DIVERGED, "training diverged: %s is not finite any more; try a lower learning rate", bad->name);
    return STRIATE_OK;
}

static striate_status save(const struct session *s)
{
    if (!s->settings.training.out) return STRIATE_OK;
    return checkpoint_write(s->folder.path[RUN_LAST], s->model, s->blocks, &s->progress, &s->settings);
}

static striate_status stop(const struct session *s)
{
    TRY(save(s));
    if (s->events) TRY(events_flush(s->events));
    const char *out = s->settings.training.out;
    FAIL(INTERRUPTED, "stopped on request after step %" PRId64 "%s%s", s->progress.step, out ? "; to go on, resume " : "",
         out ? out : "");
}

// ---- one epoch ----

// As PyTorch's ReduceLROnPlateau.
static void watch_plateau(struct session *s, double loss)
{
    struct progress *p = &s->progress;
    p->waited++;
    if (isfinite(loss) && (p->lowest == 0 || loss < p->lowest * (1 - 1e-4))) {
        p->lowest = loss;
        p->waited = 0;
    }
    if (p->waited <= s->settings.training.plateau_epochs) return;
    p->reductions++;
    p->waited = 0;
}

static striate_status validate(struct session *s, striate_epoch *row)
{
    row->val_loss = row->val_top1 = row->val_top5 = NAN;
    if (!s->validation) return STRIATE_OK;
    const striate_training *t = &s->settings.training;
    striate_evaluation_free(s->evaluation);
    s->evaluation = NULL;
    striate_evaluate_options how = {
        .batch_size = t->batch_size, .exact = t->exact, .on_bad = t->skip_bad ? session_bad : NULL, .user = s
    };
    TRY(evaluate_head(&s->evaluation, s->model, s->validation, how, s->border ? &s->head : NULL));
    struct progress *p = &s->progress;
    const striate_evaluation *e = s->evaluation;
    row->val_loss = e->loss;
    row->val_top1 = (double)e->correct / e->images;
    row->val_top5 = (double)e->correct5 / e->images;
    row->best = !p->best_epoch || e->correct > p->best_correct || (e->correct == p->best_correct && e->loss < p->best_loss);
    if (row->best) {
        p->best_epoch = row->epoch;
        p->best_correct = e->correct;
        p->best_loss = fmin(e->loss, DBL_MAX);
    }
    watch_plateau(s, e->loss);
    return STRIATE_OK;
}

// Curves and report, at the end and as often as that takes little of the time.
static striate_status draw(struct session *s)
{
    enum { SELDOM = 20 };
    double now = clock_seconds();
    if (!finished(s) && now - s->drawn < SELDOM * s->drawing) return STRIATE_OK;
    TRY(run_folder_draw(&s->folder));
    TRY(report_write(&(struct report){ &s->folder, &s->settings, s->model, s->validation, s->evaluation }));
    s->drawn = clock_seconds();
    s->drawing = s->drawn - now;
    return STRIATE_OK;
}

// last.safetensors comes after everything that a resume from it would not make again.
static striate_status write_epoch(struct session *s, const striate_epoch *row)
{
    if (!s->settings.training.out) return STRIATE_OK;
    TRY(run_folder_add(&s->folder, row));
    TRY(save(s));
    if (s->settings.training.keep) TRY(run_folder_keep(&s->folder, row->epoch, s->settings.training.keep));
    TRY(draw(s));
    return s->events ? board_epoch(s->events, &s->folder, s->plan) : STRIATE_OK;
}

static striate_status finish_epoch(struct session *s)
{
    struct progress *p = &s->progress;
    const striate_training *t = &s->settings.training;
    double images = session_images(s), rate = images_per_second(s);
    striate_epoch row = { .epoch = (int)p->epoch + 1,
                          .step = p->step,
                          .learning_rate = session_rate(s, p->step - 1),
                          .train_loss = p->loss / images,
                          .train_top1 = (double)p->correct / images,
                          .seconds = rate > 0 ? images / rate : 0, // of the whole epoch, also if it was resumed half-way
                          .images_per_second = rate };
    session_exchange(s);
    striate_status status = validate(s, &row);
    if (!status && t->out && (row.best || !s->validation)) status = striate_model_save(s->model, s->folder.path[RUN_MODEL]);
    session_exchange(s);
    if (status) return status;
    p->epoch++;
    p->image = p->correct = p->bad = 0;
    p->loss = 0;
    TRY(write_epoch(s, &row));
    if (t->on_epoch) t->on_epoch(t->user, &row);
    return STRIATE_OK;
}

static striate_status train_epoch(struct session *s)
{
    struct progress *p = &s->progress;
    const striate_training *t = &s->settings.training;
    double start = clock_seconds();
    s->begun_at = p->image;
    if (p->image < s->settings.images) TRY(batches_start(s->batches, (int)p->epoch, (int)p->image));
    while (p->image < s->settings.images) {
        TRY(session_step(s));
        s->seconds = clock_seconds() - start;
        int wish = report_step(s);
        bool stopping = wish == STRIATE_STOP, ends = p->image == s->settings.images;
        bool due = !ends && (wish == STRIATE_SNAPSHOT || (t->save_steps && p->step % t->save_steps == 0));
        if (stopping || ends || due) TRY(check_weights(s));
        if (stopping) return stop(s);
        if (due) TRY(save(s));
    }
    return finish_epoch(s);
}

// Back to what was saved last, at half the rate.
static striate_status roll_back(struct session *s)
{
    const striate_training *t = &s->settings.training;
    int64_t rollbacks = s->progress.rollbacks + 1;
    char sentence[512];
    int length = snprintf(sentence, sizeof sentence, "%.300s", striate_error());
    TRY(checkpoint_read(s->folder.path[RUN_LAST], s->model, s->blocks, &s->progress, &s->settings));
    s->progress.rollbacks = rollbacks;
    s->optimizer->optim.steps = s->progress.step;
    s->optimizer->images = 0;
    snprintf(sentence + length, sizeof sentence - (size_t)length,
             "; back to step %" PRId64 " at half the rate, try %" PRId64 " of %d", s->progress.step, rollbacks, t->rollbacks);
    if (t->on_note) t->on_note(t->user, sentence);
    return STRIATE_OK;
}

striate_status striate_train(striate_model *model, const striate_data *data, const striate_data *validation,
                             const striate_training *training)
{
    struct session s = {
        .model = model, .graph = striate_model_graph(model), .data = data, .validation = validation, .folder.lock = -1
    };
    striate_status status = session_open(&s, training);
    if (!status) status = begin(&s);
    while (!status && !finished(&s)) {
        status = train_epoch(&s);
        if (status == STRIATE_DIVERGED && s.progress.rollbacks < s.settings.training.rollbacks) status = roll_back(&s);
    }
    if (!status) session_exchange(&s);
    session_close(&s);
    return status;
}
