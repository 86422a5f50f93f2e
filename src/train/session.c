// session.c - a training's plan, optimizer and batches, and one step: forward, backward and update.
#include "train/session.h"

#include "base/status.h"
#include "optim/schedule.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- open and close ----

static striate_status check_classes(const striate_model *model, const striate_data *data)
{
    int classes = striate_data_about(data).classes;
    if (classes != striate_model_classes(model))
        FAIL(BAD_ARGUMENT, "the data has %d classes, but the model tells %d apart", classes, striate_model_classes(model));
    return model_check_order(model, data);
}

static void list_blocks(struct session *s)
{
    const struct optim *optim = &s->optimizer->optim;
    int count = optim_states(&optim->options);
    for (int i = 0; i < count; i++) s->blocks[i] = (struct block){ optim->rule->states[i], optim->state[i], false };
    if (s->average) s->blocks[count] = (struct block){ "average", s->average, true };
}

// Validation's batches.
static int least_batch(const struct session *s)
{
    int batch = s->settings.training.batch_size, images = s->settings.validation_images;
    return images < batch ? images : batch;
}

static striate_status make_head(struct session *s)
{
    size_t values = shape_count(s->border->plan.out);
    s->features = aligned_floats(features_bytes(s->border, &s->settings) / sizeof *s->features);
    if (!s->features) FAIL(NO_MEMORY, "no memory for the frozen part's %zu values of every image", values);
    s->head.ready = (struct ready){ s->features + (size_t)s->settings.images * values, values };
    if (!s->validation) return STRIATE_OK;
    bool exact = s->settings.training.exact || s->model->exact;
    return plan_make_part(&s->head.plan, s->graph, (striate_plan_options){ .batch = least_batch(s), .exact = exact },
                          (struct plan_part){ .begin = s->border }, 0);
}

// Images whose features are there, of all.
static striate_status report_features(const struct session *s, int done)
{
    const striate_training *t = &s->settings.training;
    striate_training_step report = { .epochs = t->epochs,
                                     .image = done,
                                     .images = s->settings.images + s->settings.validation_images,
                                     .step = s->progress.step };
    if (t->on_step && t->on_step(t->user, &report) == STRIATE_STOP)
        FAIL(INTERRUPTED, "stopped on request, before the first step");
    return STRIATE_OK;
}

static striate_status on_batch(void *session, int done)
{
    return report_features(session, done);
}

static striate_status on_validation_batch(void *session, int done)
{
    const struct session *s = session;
    return report_features(s, s->settings.images + done);
}

striate_status session_prepare(struct session *s)
{
    const striate_training *t = &s->settings.training;
    char sentence[256];
    if (!s->border) return STRIATE_OK;
    striate_size size = striate_node_size(s->border);
    snprintf(sentence, sizeof sentence, "frozen up to %s: its %dx%dx%d values are computed once for each image",
             s->border->name, size.height, size.width, size.channels);
    if (t->on_note) t->on_note(t->user, sentence);
    struct features_job job = { .model = s->model,
                                .border = s->border,
                                .data = s->data,
                                .train = true,
                                .batch = t->batch_size,
                                .exact = t->exact,
                                .on_batch = on_batch,
                                .user = s };
    TRY(features_make(s->features, &job));
    if (!s->validation) return STRIATE_OK;
    job.data = s->validation;
    job.train = false;
    job.batch = least_batch(s);
    job.exact |= s->model->exact;
    job.on_batch = on_validation_batch;
    return features_make(s->features + (size_t)s->settings.images * s->head.ready.values, &job);
}

striate_status session_open(struct session *s, const striate_training *training)
{
    TRY(check_classes(s->model, s->data));
    if (s->validation) TRY(check_classes(s->model, s->validation));
    TRY(settings_make(&s->settings, training, s->data, s->validation));
    const striate_training *t = &s->settings.training;
    if (t->resume && !t->out) FAIL(BAD_ARGUMENT, "to resume, name the run folder");
    TRY(striate_freeze(s->graph, t->freeze));
    s->steps_per_epoch = (s->settings.images - 1) / (t->batch_size * t->accumulate) + 1;
    s->border = features_border(s->model, &s->settings);
    TRY(plan_make_part(&s->plan, s->graph,
                       (striate_plan_options){ .batch = t->batch_size,
                                               .train = 1,
                                               .seed = t->seed,
                                               .exact = t->exact,
                                               .recompute = t->recompute,
                                               .label_smoothing = t->label_smoothing },
                       (struct plan_part){ .begin = s->border }, 0));
    if (s->border) TRY(make_head(s));
    TRY(striate_optimizer_new(&s->optimizer, s->graph, t->optimizer));
    if (t->ema_decay > 0 && !(s->average = aligned_floats(s->graph->total)))
        FAIL(NO_MEMORY, "no memory for an average of %zu weights", s->graph->total);
    list_blocks(s);
    return batches_open(&s->batches, &(struct batch_options){ .data = s->data,
                                                              .preprocessing = striate_model_preprocessing(s->model),
                                                              .batch_size = t->batch_size,
                                                              .ready = { s->features, s->head.ready.values },
                                                              .shuffle = true,
                                                              .seed = t->seed,
                                                              .augmentation = &t->augmentation,
                                                              .skip = t->skip_bad });
}

void session_close(struct session *s)
{
    striate_freeze(s->graph, NULL);
    striate_evaluation_free(s->evaluation);
    events_close(s->events);
    run_folder_close(&s->folder);
    batches_close(s->batches);
    striate_optimizer_free(s->optimizer);
    free(s->average);
    striate_plan_free(s->plan);
    striate_plan_free(s->head.plan);
    free(s->features);
}

// ---- a batch ----

static int64_t count_correct(const striate_plan *plan, const struct batch *batch)
{
    int values = striate_plan_values(plan);
    const float *y = striate_plan_output(plan);
    int64_t correct = 0;
    for (int n = 0; n < batch->images; n++, y += values) {
        int best = 0;
        for (int i = 1; i < values; i++)
            if (y[i] > y[best]) best = i;
        correct += best == (batch->share < 0.5f ? batch->second : batch->labels)[n];
    }
    return correct;
}

double session_rate(const struct session *s, int64_t step)
{
    double rate = schedule_rate(&s->settings.training, step, s->steps_per_epoch, s->progress.reductions);
    return ldexp(rate, -(int)s->progress.rollbacks);
}

void session_bad(void *session, const char *sentences)
{
    const striate_training *t = &((const struct session *)session)->settings.training;
    if (t->on_bad) t->on_bad(t->user, sentences);
}

// Beyond 1 % of images that cannot be read something else is wrong.
static striate_status report_bad(struct session *s, const char *sentences)
{
    session_bad(s, sentences);
    if (100 * s->progress.bad > s->settings.images)
        FAIL(BAD_FILE, "%" PRId64 " of %" PRId64 " images could not be read, which is more than 1 %% of them; the last: %.*s",
             s->progress.bad, s->progress.image, (int)strcspn(sentences, "\n"), sentences);
    return STRIATE_OK;
}

double session_images(const struct session *s)
{
    return (double)(s->progress.image - s->progress.bad);
}

// Forward and backward of the batch that is `part` of a step.
static striate_status train_batch(struct session *s, int part)
{
    struct progress *p = &s->progress;
    struct batch batch;
    TRY(batches_next(&batch, s->batches));
    size_t image = plan_input_values(s->plan);
    memcpy(striate_plan_input(s->plan), batch.x, (size_t)batch.images * image * sizeof(float));
    memcpy(striate_plan_labels(s->plan), batch.labels, (size_t)batch.images * sizeof(int));
    memcpy(striate_plan_mix(s->plan, batch.share), batch.second, (size_t)batch.images * sizeof(int));
    striate_forward(s->plan, batch.images, (uint64_t)(p->step * s->settings.training.accumulate + part));
    p->loss += striate_loss(s->plan) * batch.images;
    p->correct += count_correct(s->plan, &batch);
    p->image += batch.taken;
    p->bad += batch.taken - batch.images;
    if (batch.bad) TRY(report_bad(s, batch.bad));
    striate_backward(s->plan);
    return STRIATE_OK;
}

// ---- the average of weights ----

void session_begin_average(struct session *s)
{
    if (s->average) memcpy(s->average, s->graph->weights, s->graph->total * sizeof(float));
}

static void follow(struct session *s)
{
    const striate_training *t = &s->settings.training;
    if ((double)s->progress.step <= (double)t->warmup_epochs * (double)s->steps_per_epoch)
        session_begin_average(s);
    else
        optim_approach(s->graph->total, 1 - t->ema_decay, s->graph->weights, s->average);
}

void session_exchange(struct session *s)
{
    float *w = s->graph->weights, *average = s->average;
    for (size_t i = 0; average && i < s->graph->total; i++) {
        float keep = w[i];
        w[i] = average[i];
        average[i] = keep;
    }
    s->graph->version++;
}

// ---- a step ----

striate_status session_step(struct session *s)
{
    struct progress *p = &s->progress;
    const struct progress before = *p;
    for (int part = 0;; part++) {
        TRY(train_batch(s, part));
        if (part + 1 == s->settings.training.accumulate || p->image == s->settings.images) break;
        TRY(striate_accumulate(s->optimizer, s->plan));
    }
    TRY(striate_update(s->optimizer, s->plan, (float)session_rate(s, p->step)));
    p->step++;
    if (s->average) follow(s);
    double loss = (p->loss - before.loss) / (double)(p->image - p->bad - before.image + before.bad);
    if (s->events) board_step(s->events, p->step, loss, session_rate(s, before.step));
    return STRIATE_OK;
}
