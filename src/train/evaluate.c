// evaluate.c - a model over a data set: how often it is right, how sure, and whom it takes for whom.
#include "base/clock.h"
#include "base/status.h"
#include "data/batch.h"
#include "graph/plan.h"
#include "train/features.h"
#include "train/model.h"

#include <stdlib.h>
#include <string.h>

static const int default_batch = 256;

struct run {
    striate_evaluation *result;
    striate_model *model;
    struct batches *batches;
    striate_plan *plan;
    const struct head *head; // or NULL
    int *classes;            // [classes of the data] which of the model's each is
    double loss;             // summed
};

static void count_image(struct run *r, int image, int label, const float *outputs)
{
    striate_evaluation *e = r->result;
    int best = 0, above = 0;
    for (int c = 0; c < e->classes; c++) {
        if (outputs[c] > outputs[best]) best = c;
        if (!(outputs[c] <= outputs[label])) above++; // a NaN is above all
    }
    e->predictions[image] = best;
    e->labels[image] = label;
    e->correct += best == label;
    e->correct5 += above < 5;
    e->per_class[label].images++;
    e->per_class[label].correct += best == label;
    e->per_class[best].predicted++;
    e->confusion[(size_t)label * (size_t)e->classes + (size_t)best]++;
    r->loss += model_loss(r->model, outputs, label);
}

static striate_status run(struct run *r, int images, const striate_evaluate_options *options)
{
    striate_evaluation *e = r->result;
    size_t values = plan_input_values(r->plan), classes = (size_t)e->classes;
    size_t views = (size_t)model_views(r->model);
    double start = clock_seconds();
    TRY(batches_start(r->batches, 0, 0));
    for (int done = 0; done < images;) {
        struct batch batch;
        TRY(batches_next(&batch, r->batches));
        if (!batch.images) break;
        memcpy(striate_plan_input(r->plan), batch.x, (size_t)batch.images * views * values * sizeof(float));
        striate_forward(r->plan, batch.images * (int)views, 0);
        const float *got = striate_plan_output(r->plan);
        for (int i = 0; i < batch.images; i++, got += views * classes) {
            float *outputs = e->logits + (size_t)batch.places[i] * classes;
            model_merge(outputs, r->model, got);
            count_image(r, batch.places[i], r->classes[batch.labels[i]], outputs);
        }
        if (batch.bad) options->on_bad(options->user, batch.bad);
        e->images += batch.images;
        done += batch.taken;
        if (options->progress && options->progress(options->user, done, images))
            FAIL(INTERRUPTED, "evaluation stopped on request after %d of %d images", done, images);
    }
    e->loss = r->loss / e->images;
    e->seconds = clock_seconds() - start;
    return STRIATE_OK;
}

// Data of fewer classes than the model has must be of some of them, by their names.
static striate_status find_classes(struct run *r, const striate_data *data)
{
    striate_data_info about = striate_data_about(data);
    const striate_model *model = r->model;
    if (about.classes > model->classes)
        FAIL(BAD_FILE, "%s: its data set has %d classes, the model %d: evaluate a model on data of the kind it was trained on",
             striate_data_name(data, 0), about.classes, model->classes);
    r->classes = malloc((size_t)about.classes * sizeof *r->classes);
    if (!r->classes) FAIL(NO_MEMORY, "no memory to evaluate %d classes", about.classes);
    for (int i = 0; i < about.classes; i++) r->classes[i] = i;
    if (about.classes == model->classes) return model_check_order(model, data);
    for (int i = 0; i < about.classes; i++) {
        int class = 0;
        while (class < model->classes && strcmp(about.class_names[i], model->names[class])) class ++;
        if (class == model->classes)
            FAIL(BAD_FILE,
                 "%s: its data set has %d classes, the model %d, and none called '%.48s': call the classes as the model does",
                 striate_data_name(data, 0), about.classes, class, about.class_names[i]);
        r->classes[i] = class;
    }
    return STRIATE_OK;
}

static striate_status prepare(struct run *r, const striate_data *data, int images, int at_once,
                              const striate_evaluate_options *options)
{
    size_t classes = (size_t)r->model->classes, count = (size_t)images;
    striate_evaluation *e = r->result = calloc(1, sizeof *e);
    if (!e) FAIL(NO_MEMORY, "no memory to evaluate %d images", images);
    e->classes = r->model->classes;
    e->per_class = calloc(classes, sizeof *e->per_class);
    e->confusion = calloc(classes * classes, sizeof *e->confusion);
    e->predictions = malloc(count * sizeof *e->predictions);
    e->labels = calloc(count, sizeof *e->labels);
    e->logits = calloc(count * classes, sizeof *e->logits);
    if (!e->per_class || !e->confusion || !e->predictions || !e->labels || !e->logits)
        FAIL(NO_MEMORY, "no memory to evaluate %d images of %d classes", images, e->classes);
    memset(e->predictions, -1, count * sizeof *e->predictions); // for images that cannot be read
    striate_preprocessing how = model_look(r->model);
    int views = model_views(r->model), batch = at_once > views ? at_once / views : 1;
    if (batch > images) batch = images;
    if (r->head)
        r->plan = r->head->plan;
    else
        TRY(model_plan(&r->plan, r->model, batch * views, options->exact));
    return batches_open(&r->batches, &(struct batch_options){ .data = data,
                                                              .preprocessing = &how,
                                                              .batch_size = batch,
                                                              .limit = images,
                                                              .views = views,
                                                              .ready = r->head ? r->head->ready : (struct ready){ 0 },
                                                              .skip = options->on_bad != NULL });
}

striate_status evaluate_head(striate_evaluation **evaluation, striate_model *model, const striate_data *data,
                             striate_evaluate_options options, const struct head *head)
{
    striate_data_info about = striate_data_about(data);
    if (options.batch_size < 0 || options.limit < 0)
        FAIL(BAD_ARGUMENT, "batch size %d, limit %d: neither may be negative", options.batch_size, options.limit);
    if (!about.images) FAIL(BAD_FILE, "the data set has no image to evaluate");
    int images = options.limit && options.limit < about.images ? options.limit : about.images;
    int batch = options.batch_size ? options.batch_size : default_batch;
    struct run r = { .model = model, .head = head };
    striate_status status = find_classes(&r, data);
    if (!status) status = prepare(&r, data, images, batch, &options);
    if (!status) status = run(&r, images, &options);
    batches_close(r.batches);
    free(r.classes);
    if (status)
        striate_evaluation_free(r.result);
    else
        *evaluation = r.result;
    return status;
}

striate_status striate_evaluate(striate_evaluation **evaluation, striate_model *model, const striate_data *data,
                                striate_evaluate_options options)
{
    return evaluate_head(evaluation, model, data, options, NULL);
}

void striate_evaluation_free(striate_evaluation *evaluation)
{
    if (!evaluation) return;
    free(evaluation->per_class);
    free(evaluation->confusion);
    free(evaluation->predictions);
    free(evaluation->labels);
    free(evaluation->logits);
    free(evaluation);
}
