// train.c - the training loop: epochs of shuffled batches, each forward, backward and an update; after each epoch validation, a row of
// metrics and a checkpoint.
#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"
#include "data/batch.h"
#include "graph/plan.h"
#include "graph/update.h"
#include "optim/schedule.h"
#include "train/board.h"
#include "train/checkpoint.h"
#include "train/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct session {
    struct settings settings;
    striate_model *model;
    striate_graph *graph; // the model's
    const striate_data *data, *validation;
    striate_plan *plan;
    striate_optimizer *optimizer;
    struct block blocks[RULE_STATES + 1]; // beside the weights all that a checkpoint holds
    struct batches *batches;
    struct run_folder folder; // where training.out is not NULL
    struct events *events;    // where TensorBoard is wanted
    struct progress progress;
    int64_t steps_per_epoch;
    double seconds;                 // this process spent on the epoch under way
    int64_t begun_at;               // the image of the epoch that this process began with
    striate_evaluation *evaluation; // the last on validation
    double drawn, drawing;          // when the folder's pictures were, by the clock, and how long that took
};

// ---- open and close ----

static striate_status check_classes(const striate_model *model, const striate_data *data)
{
    int classes = striate_data_about(data).classes;
    if (classes != striate_model_classes(model))
        FAIL(BAD_ARGUMENT, "the data has %d classes, but the model tells %d apart", classes, striate_model_classes(model));
    return STRIATE_OK;
}

// All state is in memory afterwards, and on disk too if there is a folder.
static striate_status begin(struct session *s)
{
    const striate_training *t = &s->settings.training;
    if (t->resume) {
        TRY(checkpoint_read(s->folder.path[RUN_LAST], s->model, s->blocks, &s->progress, &s->settings));
        s->optimizer->optim.steps = s->progress.step;
        TRY(run_folder_recall(&s->folder, (int)s->progress.epoch));
        return s->progress.epoch == t->epochs ? run_folder_draw(&s->folder) : STRIATE_OK;
    }
    TRY(striate_init_weights(s->graph, t->seed));
    if (!t->out) return STRIATE_OK;
    TRY(run_folder_begin(&s->folder, &s->settings));
    return checkpoint_write(s->folder.path[RUN_LAST], s->model, s->blocks, &s->progress, &s->settings);
}

static void list_blocks(struct session *s)
{
    const struct optim *optim = &s->optimizer->optim;
    for (int i = 0; i < optim_states(&optim->options); i++)
        s->blocks[i] = (struct block){ optim->rule->states[i], optim->state[i], false };
}

static striate_status session_open(struct session *s, const striate_training *training)
{
    TRY(check_classes(s->model, s->data));
    if (s->validation) TRY(check_classes(s->model, s->validation));
    TRY(settings_make(&s->settings, training, s->data, s->validation));
    const striate_training *t = &s->settings.training;
    if (t->resume && !t->out) FAIL(BAD_ARGUMENT, "to resume, name the run folder");
    s->steps_per_epoch = (s->settings.images - 1) / (t->batch_size * t->accumulate) + 1;
    TRY(striate_compile(
        &s->plan, s->graph,
        (striate_plan_options){
            .batch = t->batch_size, .train = 1, .seed = t->seed, .exact = t->exact, .recompute = t->recompute }));
    TRY(striate_optimizer_new(&s->optimizer, s->graph, t->optimizer));
    list_blocks(s);
    TRY(batches_open(&s->batches, &(struct batch_options){ .data = s->data,
                                                           .preprocessing = striate_model_preprocessing(s->model),
                                                           .batch_size = t->batch_size,
                                                           .shuffle = true,
                                                           .seed = t->seed,
                                                           .augmentation = &t->augmentation }));
    if (t->out) TRY(run_folder_open(&s->folder, &s->settings));
    TRY(begin(s));
    return t->out && t->tensorboard ? events_open(&s->events, t->out, s->progress.step) : STRIATE_OK;
}

static void session_close(struct session *s)
{
    striate_evaluation_free(s->evaluation);
    events_close(s->events);
    run_folder_close(&s->folder);
    batches_close(s->batches);
    striate_optimizer_free(s->optimizer);
    striate_plan_free(s->plan);
}

// ---- one step ----

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

static double rate_of(const struct session *s, int64_t step)
{
    return schedule_rate(&s->settings.training, step, s->steps_per_epoch);
}

// Forward and backward of the batch that is `part` of a step.
static striate_status train_batch(struct session *s, int part)
{
    struct progress *p = &s->progress;
    struct batch batch;
    TRY(batches_next(&batch, s->batches));
    striate_size size = striate_node_size(s->graph->nodes[0]);
    size_t image = (size_t)size.height * (size_t)size.width * (size_t)size.channels;
    memcpy(striate_plan_input(s->plan), batch.x, (size_t)batch.images * image * sizeof(float));
    memcpy(striate_plan_labels(s->plan), batch.labels, (size_t)batch.images * sizeof(int));
    memcpy(striate_plan_mix(s->plan, batch.share), batch.second, (size_t)batch.images * sizeof(int));
    striate_forward(s->plan, batch.images, (uint64_t)(p->step * s->settings.training.accumulate + part));
    p->loss += striate_loss(s->plan) * batch.images;
    p->correct += count_correct(s->plan, &batch);
    p->image += batch.images;
    striate_backward(s->plan);
    return STRIATE_OK;
}

static striate_status train_step(struct session *s)
{
    struct progress *p = &s->progress;
    const struct progress before = *p;
    for (int part = 0;; part++) {
        TRY(train_batch(s, part));
        if (part + 1 == s->settings.training.accumulate || p->image == s->settings.images) break;
        TRY(striate_accumulate(s->optimizer, s->plan));
    }
    TRY(striate_update(s->optimizer, s->plan, (float)rate_of(s, p->step)));
    p->step++;
    double loss = (p->loss - before.loss) / (double)(p->image - before.image);
    if (s->events) board_step(s->events, p->step, loss, rate_of(s, before.step));
    return STRIATE_OK;
}

static double images_per_second(const struct session *s)
{
    return s->seconds > 0 ? (double)(s->progress.image - s->begun_at) / s->seconds : 0;
}

// Whether the caller wants to stop.
static bool report_step(const struct session *s)
{
    const striate_training *t = &s->settings.training;
    const struct progress *p = &s->progress;
    double images = (double)p->image;
    striate_training_step report = { .epoch = (int)p->epoch + 1,
                                     .epochs = t->epochs,
                                     .image = (int)p->image,
                                     .images = s->settings.images,
                                     .step = p->step,
                                     .loss = p->loss / images,
                                     .top1 = (double)p->correct / images,
                                     .learning_rate = rate_of(s, p->step - 1),
                                     .images_per_second = images_per_second(s) };
    return t->on_step && t->on_step(t->user, &report);
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

static striate_status validate(struct session *s, striate_epoch *row)
{
    row->val_loss = row->val_top1 = row->val_top5 = NAN;
    if (!s->validation) return STRIATE_OK;
    const striate_training *t = &s->settings.training;
    striate_evaluation_free(s->evaluation);
    s->evaluation = NULL;
    TRY(striate_evaluate(&s->evaluation, s->model, s->validation,
                         (striate_evaluate_options){ .batch_size = t->batch_size, .exact = t->exact }));
    struct progress *p = &s->progress;
    const striate_evaluation *e = s->evaluation;
    row->val_loss = e->loss;
    row->val_top1 = (double)e->correct / e->images;
    row->val_top5 = (double)e->correct5 / e->images;
    row->best = !p->best_epoch || e->correct > p->best_correct || (e->correct == p->best_correct && e->loss < p->best_loss);
    if (row->best) {
        p->best_epoch = row->epoch;
        p->best_correct = e->correct;
        p->best_loss = e->loss;
    }
    return STRIATE_OK;
}

// Curves and report, at the end and as often as that takes little of the time.
static striate_status draw(struct session *s)
{
    enum { SELDOM = 20 };
    double now = clock_seconds();
    if (s->progress.epoch < s->settings.training.epochs && now - s->drawn < SELDOM * s->drawing) return STRIATE_OK;
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
    if (row->best || !s->validation) TRY(striate_model_save(s->model, s->folder.path[RUN_MODEL]));
    TRY(save(s));
    TRY(draw(s));
    return s->events ? board_epoch(s->events, &s->folder, s->plan) : STRIATE_OK;
}

static striate_status finish_epoch(struct session *s)
{
    struct progress *p = &s->progress;
    double images = (double)p->image, rate = images_per_second(s);
    striate_epoch row = { .epoch = (int)p->epoch + 1,
                          .step = p->step,
                          .learning_rate = rate_of(s, p->step - 1),
                          .train_loss = p->loss / images,
                          .train_top1 = (double)p->correct / images,
                          .seconds = rate > 0 ? images / rate : 0, // of the whole epoch, also if it was resumed half-way
                          .images_per_second = rate };
    TRY(validate(s, &row));
    p->epoch++;
    p->image = p->correct = 0;
    p->loss = 0;
    TRY(write_epoch(s, &row));
    const striate_training *t = &s->settings.training;
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
        TRY(train_step(s));
        s->seconds = clock_seconds() - start;
        bool stopping = report_step(s), ends = p->image == s->settings.images;
        bool due = !ends && t->save_steps && p->step % t->save_steps == 0;
        if (stopping || ends || due) TRY(check_weights(s));
        if (stopping) return stop(s);
        if (due) TRY(save(s));
    }
    return finish_epoch(s);
}

striate_status striate_train(striate_model *model, const striate_data *data, const striate_data *validation,
                             const striate_training *training)
{
    struct session s = {
        .model = model, .graph = striate_model_graph(model), .data = data, .validation = validation, .folder.lock = -1
    };
    striate_status status = session_open(&s, training);
    while (!status && s.progress.epoch < s.settings.training.epochs) status = train_epoch(&s);
    session_close(&s);
    return status;
}
