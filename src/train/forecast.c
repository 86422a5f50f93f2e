// forecast.c - what a training will take, by laying out its plans without making them.
#include "base/arena.h"
#include "base/status.h"
#include "data/batch.h"
#include "graph/plan.h"
#include "graph/update.h"
#include "train/features.h"
#include "train/settings.h"

enum { PICTURES = 10 << 20 }; // of a report, measured: a sheet of 24 small images, and its PNG

static striate_status lay_out(striate_memory *memory, striate_model *model, striate_plan_options options, struct plan_part part)
{
    striate_plan *plan;
    TRY(plan_make_part(&plan, striate_model_graph(model), options, part, PLAN_FORECAST));
    *memory = striate_plan_memory(plan);
    striate_plan_free(plan);
    return STRIATE_OK;
}

// The plans of a training: of its steps; for validation; and of the frozen part, where that is computed once.
static striate_status lay_out_all(striate_memory *step, striate_memory *validation, striate_memory *frozen,
                                  const struct striate_node **border, striate_model *model, const struct settings *s)
{
    int batch = s->training.batch_size, least = s->validation_images < batch ? s->validation_images : batch;
    striate_plan_options how = { .batch = batch, .train = 1, .exact = s->training.exact, .recompute = s->training.recompute };
    *border = features_border(model, s);
    TRY(lay_out(step, model, how, (struct plan_part){ .begin = *border }));
    how.train = how.recompute = 0;
    if (*border) TRY(lay_out(frozen, model, how, (struct plan_part){ .end = *border }));
    how.batch = least;
    return least ? lay_out(validation, model, how, (struct plan_part){ .begin = *border }) : STRIATE_OK;
}

striate_status striate_training_forecast(striate_training_memory *memory, striate_model *model, const striate_data *data,
                                         const striate_data *validation, const striate_training *training)
{
    struct settings s;
    striate_memory evaluation = { 0 }, frozen = { 0 };
    striate_training_memory m = { 0 };
    const struct striate_node *border;
    TRY(settings_make(&s, training, data, validation));
    int batch = s.training.batch_size, images = s.validation_images;
    TRY(striate_freeze(striate_model_graph(model), s.training.freeze));
    striate_status status = lay_out_all(&m.plan, &evaluation, &frozen, &border, model, &s);
    striate_freeze(striate_model_graph(model), NULL);
    TRY(status);
    m.optimizer = update_bytes(striate_model_graph(model), &s.training.optimizer);
    if (s.training.ema_decay > 0) m.optimizer += aligned_bytes(m.plan.weights);
    struct batch_options batches = { .data = data, .preprocessing = striate_model_preprocessing(model), .batch_size = batch };
    size_t making = border ? frozen.arena + batches_bytes(&batches) : 0;
    if (border) batches.ready.values = shape_count(border->plan.out);
    m.batches = batches_bytes(&batches) + features_bytes(border, &s);
    size_t ahead = 0, outputs = 0;
    if (validation) {
        if (images < batch) batches.batch_size = images;
        batches.data = validation;
        ahead = batches_bytes(&batches);
        outputs = (size_t)images * (size_t)striate_model_classes(model) * sizeof(float);
    }
    m.validation = evaluation.arena + ahead + outputs;
    m.checkpoint = s.training.out ? m.plan.weights + m.optimizer : 0;
    m.pictures = s.training.out ? PICTURES : 0;
    const size_t blocks[] = { m.plan.arena, m.plan.gradients, m.optimizer, m.batches, evaluation.arena };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) m.total += aligned_bytes(blocks[i]);
    const size_t in_turn[] = { ahead, m.checkpoint, m.pictures, making };
    size_t most = 0;
    for (size_t i = 0; i < sizeof in_turn / sizeof *in_turn; i++) most = in_turn[i] > most ? in_turn[i] : most;
    m.total += aligned_bytes(most) + aligned_bytes(outputs);
    *memory = m;
    return STRIATE_OK;
}
