// report_pictures.c - which class is taken for which, the images that cost most, an example of each frequent confusion, the first filters.
#include "train/report_pictures.h"

#include "base/status.h"
#include "graph/graph.h"
#include "train/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TILES = 24, COLUMNS = 6, NOTE = 96 };

// An image, and what it is chosen by: the greatest first, of equals the first.
struct choice {
    int image;
    double weight;
};

// Keeps the TILES greatest, in order.
static void offer(struct choice best[TILES], int *count, struct choice new)
{
    int at = *count;
    while (at > 0 && best[at - 1].weight < new.weight) at--;
    if (at == TILES) return;
    if (*count < TILES) (*count)++;
    memmove(best + at + 1, best + at, (size_t)(*count - 1 - at) * sizeof *best);
    best[at] = new;
}

static int worst(struct choice best[TILES], const struct report *r)
{
    const striate_evaluation *e = r->evaluation;
    int count = 0;
    for (int i = 0; i < striate_data_about(r->validation).images; i++) {
        int label = striate_data_label(r->validation, i);
        if (e->predictions[i] < 0) continue; // it could not be read
        double loss = model_loss(r->model, e->logits + (size_t)i * (size_t)e->classes, label);
        if (e->predictions[i] != label) offer(best, &count, (struct choice){ i, loss });
    }
    return count;
}

// One image for each pair of classes, by how often the first is taken for the second.
static int confused(struct choice best[TILES], const struct report *r)
{
    const striate_evaluation *e = r->evaluation;
    int count = 0;
    for (int i = 0; i < striate_data_about(r->validation).images; i++) {
        int label = striate_data_label(r->validation, i), guess = e->predictions[i];
        if (guess < 0) continue;
        double times = e->confusion[(size_t)label * (size_t)e->classes + (size_t)guess];
        bool seen = label == guess;
        for (int j = 0; j < count && !seen; j++)
            seen = striate_data_label(r->validation, best[j].image) == label && e->predictions[best[j].image] == guess;
        if (!seen) offer(best, &count, (struct choice){ i, times });
    }
    return count;
}

static striate_status draw_sheet(const struct report *r, enum run_file file, const char *title,
                                 int choose(struct choice best[TILES], const struct report *r), const char *format)
{
    struct choice best[TILES];
    striate_image images[TILES] = { 0 };
    striate_tile tiles[TILES];
    char captions[TILES][NOTE], notes[TILES][NOTE];
    const char *path = r->folder->path[file];
    int count = choose(best, r);
    unlink(path);
    if (!count) return STRIATE_OK;
    striate_status status = STRIATE_OK;
    for (int i = 0; i < count && !status; i++) {
        int image = best[i].image, guess = r->evaluation->predictions[image];
        snprintf(captions[i], NOTE, "%s", striate_model_class_name(r->model, guess));
        snprintf(notes[i], NOTE, format, striate_model_class_name(r->model, striate_data_label(r->validation, image)),
                 best[i].weight);
        tiles[i] = (striate_tile){ &images[i], captions[i], notes[i], -1 };
        status = striate_data_image(&images[i], r->validation, image);
    }
    if (!status) status = striate_draw_sheet(path, title, tiles, count, COLUMNS);
    for (int i = 0; i < count; i++) striate_image_free(&images[i]);
    return status;
}

static striate_status draw_filters(const struct report *r)
{
    const striate_graph *graph = r->model->graph;
    for (int i = 0; i < graph->count; i++)
        if (graph->nodes[i]->op == &striate_op_conv)
            return striate_draw_filters(r->folder->path[RUN_FILTERS], r->model->graph, graph->nodes[i]->name);
    return STRIATE_OK;
}

striate_status report_draw(const struct report *r)
{
    const striate_evaluation *e = r->evaluation;
    TRY(draw_filters(r));
    if (!e) return STRIATE_OK;
    TRY(striate_draw_confusion(r->folder->path[RUN_CONFUSION], "Which class is taken for which", e->confusion, r->model->names,
                               e->classes));
    TRY(draw_sheet(r, RUN_WORST, "The wrong predictions that cost most", worst, "is %.60s, loss %.2f"));
    return draw_sheet(r, RUN_CONFUSED, "The most frequent confusions", confused, "is %.60s, %.0f times");
}
