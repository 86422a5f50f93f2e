// pretrain.c - greedy layer-wise training without labels: each layer that can learns by itself, from what those below it make of the images, and is
// then left as it is (Hinton, Osindero and Teh 2006).
#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "data/batch.h"
#include "train/lesson.h"
#include "train/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct learner *const learners[] = { &learner_contrast, &learner_seed_cells };
enum { LEARNERS = sizeof learners / sizeof *learners, MOST_LAYERS = 64 };

// Of all layers, an entry per epoch.
struct curves {
    double *epoch, *error, *active;
    int count, room;
    struct {
        const char *name;
        int first, count;
    } layers[MOST_LAYERS];
    int layer_count;
};

struct pretraining {
    striate_model *model;
    striate_graph *graph;
    const striate_data *data;
    striate_pretraining how;
    struct batches *batches;
    int data_epoch; // of the batches, which go round the data
    bool begun;
    char *model_path, *jsonl, *csv, *curve;
    struct curves curves;
};

// ---- files ----

static striate_status open_folder(struct pretraining *p)
{
    static const char csv[] = "layer,epoch,error,active,seconds,images_per_second\n";
    if (!p->how.out) return STRIATE_OK;
    p->model_path = file_join(p->how.out, "model.safetensors");
    p->jsonl = file_join(p->how.out, "metrics.jsonl");
    p->csv = file_join(p->how.out, "metrics.csv");
    p->curve = file_join(p->how.out, "curve.png");
    if (!p->model_path || !p->jsonl || !p->csv || !p->curve) FAIL(NO_MEMORY, "%s: no memory for its name", p->how.out);
    TRY(file_make_folder(p->how.out));
    if (!p->how.overwrite && file_exists(p->model_path))
        FAIL(BAD_ARGUMENT, "%s: there is a model in this folder already; choose another folder", p->model_path);
    TRY(file_write(p->jsonl, &(struct span){ "", 0 }, 1));
    return file_write(p->csv, &(struct span){ csv, sizeof csv - 1 }, 1);
}

static void add_number(struct text *text, double value, const char *nothing)
{
    if (isfinite(value))
        text_add_float(text, value);
    else
        text_add(text, "%s", nothing);
}

static striate_status append(const char *path, struct text *text)
{
    striate_status status = text->failed ? status_fail(STRIATE_NO_MEMORY, "%s: no memory for a row", path)
                                         : file_append(path, text->s, text->length);
    text_free(text);
    return status;
}

static striate_status write_row(const struct pretraining *p, const striate_pretraining_step *row)
{
    const char *const names[] = { "error", "active", "seconds", "images_per_second" };
    const double values[] = { row->error, row->active, row->seconds, row->images_per_second };
    struct text json = { 0 }, csv = { 0 };
    if (!p->how.out) return STRIATE_OK;
    text_add(&json, "{\"layer\": ");
    text_add_json(&json, row->layer);
    text_add(&json, ", \"epoch\": %d", row->epoch);
    text_add(&csv, "%s,%d", row->layer, row->epoch);
    for (int i = 0; i < 4; i++) {
        text_add(&json, ", \"%s\": ", names[i]);
        add_number(&json, values[i], "null");
        text_add(&csv, ",");
        add_number(&csv, values[i], "");
    }
    text_add(&json, "}\n");
    text_add(&csv, "\n");
    striate_status status = append(p->jsonl, &json), second = append(p->csv, &csv);
    return status ? status : second;
}

static striate_status remember(struct curves *c, const struct lesson *lesson, const striate_pretraining_step *row)
{
    if (c->count == c->room) {
        c->room = c->room ? 2 * c->room : 256;
        double **columns[] = { &c->epoch, &c->error, &c->active };
        for (int i = 0; i < 3; i++) {
            double *more = realloc(*columns[i], (size_t)c->room * sizeof *more);
            if (!more) FAIL(NO_MEMORY, "no memory for the metrics of %d epochs", c->room);
            *columns[i] = more;
        }
    }
    if (!lesson->epoch && c->layer_count < MOST_LAYERS) {
        c->layers[c->layer_count].name = lesson->conv->name;
        c->layers[c->layer_count++].first = c->count;
    }
    c->layers[c->layer_count - 1].count = c->count + 1 - c->layers[c->layer_count - 1].first;
    c->epoch[c->count] = row->epoch;
    c->error[c->count] = row->error;
    c->active[c->count++] = row->active;
    return STRIATE_OK;
}

// Errors on the left axis, where there are any, and how many units are on, on the right one.
static striate_status draw_curves(const struct pretraining *p)
{
    const struct curves *c = &p->curves;
    striate_series series[2 * MOST_LAYERS];
    char labels[2 * MOST_LAYERS][48];
    int count = 0;
    for (int i = 0; i < 2 * c->layer_count; i++) {
        int first = c->layers[i / 2].first;
        const double *y = (i % 2 ? c->active : c->error) + first;
        if (!isfinite(y[0])) continue;
        snprintf(labels[count], sizeof *labels, "%.30s, %s", c->layers[i / 2].name, i % 2 ? "active" : "error");
        series[count] = (striate_series){ labels[count], c->epoch + first, y, c->layers[i / 2].count, i % 2 };
        count++;
    }
    return striate_draw_curves(p->curve, "Layers without labels", "epoch", "reconstruction error", "active units", series,
                               count);
}

static striate_status save(const struct pretraining *p, const struct lesson *lesson)
{
    if (!p->how.out) return STRIATE_OK;
    TRY(striate_model_save(p->model, p->model_path));
    char name[256];
    snprintf(name, sizeof name, "%.240s.png", lesson->conv->name);
    for (char *at = name; *at; at++)
        if (*at == '/') *at = '_';
    char *path = file_join(p->how.out, name);
    if (!path) FAIL(NO_MEMORY, "%s: no memory for a file's name", name);
    striate_status status = lesson_draw(lesson, path);
    free(path);
    if (!status && p->curves.count) status = draw_curves(p);
    return status == STRIATE_UNSUPPORTED ? STRIATE_OK : status; // pictures need a library
}

// ---- one layer ----

static striate_status next_batch(struct batch *batch, struct pretraining *p)
{
    if (p->begun) TRY(batches_next(batch, p->batches));
    if (p->begun && batch->images) return STRIATE_OK;
    TRY(batches_start(p->batches, p->data_epoch++, 0));
    p->begun = true;
    return batches_next(batch, p->batches);
}

static striate_status check_finite(const struct lesson *lesson)
{
    const striate_graph *graph = lesson->graph;
    for (int i = 0; i < lesson->conv->plan.params; i++) {
        const struct param *param = &graph->params[lesson->conv->first_param + i];
        if (!kernels_pick()->all_finite(param->count, graph->weights + param->offset))
            FAIL(DIVERGED, "pre-training diverged: %s is not finite any more; try a lower learning rate", param->name);
    }
    return STRIATE_OK;
}

static striate_status learn_epoch(struct pretraining *p, struct lesson *lesson, const struct learner *learner, int epochs)
{
    double start = clock_seconds();
    int done = 0;
    striate_pretraining_step row = {
        .layer = lesson->conv->name, .epoch = lesson->epoch + 1, .epochs = epochs, .images = p->how.images
    };
    lesson->error = lesson->active = 0;
    while (done < p->how.images) {
        struct batch batch;
        TRY(next_batch(&batch, p));
        int count = batch.images < p->how.images - done ? batch.images : p->how.images - done;
        learner->step(lesson, batch.x, count);
        lesson->step++;
        row.image = done += count;
        row.error = learner->measures ? lesson->error / done : NAN;
        row.active = lesson->active / done;
        row.seconds = clock_seconds() - start;
        row.images_per_second = row.seconds > 0 ? done / row.seconds : 0;
        if (done == p->how.images) TRY(check_finite(lesson));
        int wish = p->how.on_step ? p->how.on_step(p->how.user, &row) : STRIATE_GO_ON;
        if (wish == STRIATE_STOP) {
            TRY(check_finite(lesson));
            TRY(save(p, lesson));
            FAIL(INTERRUPTED, "stopped on request in epoch %d of %d of layer %s", row.epoch, epochs, row.layer);
        }
    }
    TRY(remember(&p->curves, lesson, &row));
    return write_row(p, &row);
}

// The layer's convolution, whose windows lie one pixel apart.
static striate_status find_conv(struct lesson *lesson, const struct learner *learner)
{
    const struct striate_node *conv = lesson->conv = lesson->node->in[0];
    const striate_conv_options *o = conv->options;
    if (conv->op != &striate_op_conv)
        FAIL(BAD_NETWORK, "%s: what learns there is a convolution, not %s", lesson->node->name, conv->op->name);
    struct shape x = conv->in[0]->plan.out, y = conv->plan.out;
    struct lesson_weights w = lesson_weights(lesson->graph, conv);
    bool plain = o->groups == 1 && !o->table && !o->flip && (learner->padded || !o->pad);
    if (!plain || y.h != x.h + 2 * o->pad - w.height + 1 || y.w != x.w + 2 * o->pad - w.width + 1)
        FAIL(BAD_NETWORK,
             "%s: a layer learns without labels as a plain convolution alone: stride 1, %sneither groups nor dilation",
             conv->name, learner->padded ? "" : "no padding, ");
    return STRIATE_OK;
}

static striate_status learn(struct pretraining *p, struct lesson *lesson, const struct learner *learner)
{
    int epochs = p->how.epochs ? p->how.epochs : learner->epochs;
    TRY(find_conv(lesson, learner));
    TRY(learner->begin(lesson));
    for (; lesson->epoch < epochs; lesson->epoch++) TRY(learn_epoch(p, lesson, learner, epochs));
    return save(p, lesson);
}

static striate_status learn_layers(struct pretraining *p)
{
    int stages[LEARNERS] = { 0 };
    for (int i = 0; i < p->graph->count; i++)
        for (int j = 0; j < LEARNERS; j++) {
            const struct striate_node *node = p->graph->nodes[i];
            if (node->op != learners[j]->op || (node->in[0]->plan.params && graph_is_fixed(node->in[0]))) continue;
            struct lesson lesson = { .how = &p->how, .graph = p->graph, .node = node, .stage = stages[j]++ };
            striate_status status = learn(p, &lesson, learners[j]);
            striate_plan_free(lesson.plan);
            arena_free(&lesson.arena);
            free(lesson.floats);
            if (status) return status;
        }
    if (!stages[0] && !stages[1])
        FAIL(BAD_NETWORK,
             "no layer of this network learns without labels: it has neither prob_max_pool nor s_cells, as conv_dbn and "
             "neocognitron have");
    if (!stages[1]) return STRIATE_OK;
    TRY(seed_cells_name(p->graph, p->data, striate_model_preprocessing(p->model)));
    return p->how.out ? striate_model_save(p->model, p->model_path) : STRIATE_OK;
}

static striate_status begin(struct pretraining *p)
{
    int images = striate_data_about(p->data).images;
    striate_pretraining *how = &p->how;
    if (how->epochs < 0 || how->images < 0 || how->batch_size < 0 || !(how->learning_rate >= 0) || !(how->sparsity >= 0) ||
        !(how->sparsity_cost >= 0) || !(how->weight_decay >= 0))
        FAIL(BAD_ARGUMENT, "pre-training: a number of epochs, images or a rate is negative");
    if (!how->images) how->images = images < 1000 ? images : 1000;
    if (!how->batch_size) how->batch_size = 1;
    if (how->learning_rate <= 0) how->learning_rate = 0.1f;
    if (how->sparsity <= 0) how->sparsity = 0.003f;
    if (how->sparsity_cost <= 0) how->sparsity_cost = 5;
    if (how->weight_decay <= 0) how->weight_decay = 0.01f;
    TRY(striate_init_weights(p->graph, how->seed));
    TRY(open_folder(p));
    return batches_open(&p->batches, &(struct batch_options){ .data = p->data,
                                                              .preprocessing = striate_model_preprocessing(p->model),
                                                              .batch_size = how->batch_size,
                                                              .shuffle = true,
                                                              .seed = how->seed,
                                                              .augmentation = &how->augmentation });
}

striate_status striate_pretrain(striate_model *model, const striate_data *data, const striate_pretraining *how)
{
    struct pretraining p = { .model = model, .graph = striate_model_graph(model), .data = data, .how = *how };
    striate_status status = begin(&p);
    if (!status) status = learn_layers(&p);
    batches_close(p.batches);
    free(p.model_path), free(p.jsonl), free(p.csv), free(p.curve);
    free(p.curves.epoch), free(p.curves.error), free(p.curves.active);
    return status;
}
