// features.c - the frozen part of a network over a data set.
#include "train/features.h"

#include "base/status.h"
#include "graph/plan.h"

#include <string.h>

size_t features_bytes(const struct striate_node *border, const struct settings *settings)
{
    return border ? shape_count(border->plan.out) * (size_t)(settings->images + settings->validation_images) * sizeof(float)
                  : 0;
}

const struct striate_node *features_border(const striate_model *model, const struct settings *settings)
{
    if (settings->training.skip_bad || settings->augmented || model->crops) return NULL;
    const struct striate_node *border = graph_frozen_part(model->graph);
    return features_bytes(border, settings) <= striate_memory_available() / 2 ? border : NULL;
}

static striate_status run(float *features, striate_plan *plan, struct batches *batches, const struct features_job *job)
{
    size_t in = plan_input_values(plan), out = (size_t)striate_plan_values(plan);
    TRY(batches_start(batches, 0, 0));
    for (int done = 0;;) {
        struct batch batch;
        TRY(batches_next(&batch, batches));
        if (!batch.images) return STRIATE_OK;
        memcpy(striate_plan_input(plan), batch.x, (size_t)batch.images * in * sizeof(float));
        striate_forward(plan, batch.images, 0);
        memcpy(features, striate_plan_output(plan), (size_t)batch.images * out * sizeof(float));
        features += (size_t)batch.images * out;
        done += batch.images;
        TRY(job->on_batch(job->user, done));
    }
}

striate_status features_make(float *features, const struct features_job *job)
{
    striate_plan *plan = NULL;
    struct batches *batches = NULL;
    TRY(plan_make_part(&plan, job->model->graph, (striate_plan_options){ .batch = job->batch, .exact = job->exact },
                       (struct plan_part){ .end = job->border }, job->train ? PLAN_UNFOLDED : 0));
    striate_status status = batches_open(
        &batches,
        &(struct batch_options){ .data = job->data, .preprocessing = &job->model->preprocessing, .batch_size = job->batch });
    if (!status) status = run(features, plan, batches, job);
    batches_close(batches);
    striate_plan_free(plan);
    return status;
}
