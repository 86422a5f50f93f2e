// board.c - see board.h. The tags with a slash are grouped by what stands before it.
#include "train/board.h"

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

void board_step(struct events *events, int64_t step, double loss, double learning_rate)
{
    events_scalar(events, "step/loss", step, loss);
    events_scalar(events, "step/learning_rate", step, learning_rate);
}

static void add_metrics(struct events *events, const striate_epoch *row)
{
    const struct {
        const char *tag;
        double value;
    } scalars[] = {
        { "epoch/train_loss", row->train_loss }, { "epoch/train_top1", row->train_top1 },
        { "epoch/val_loss", row->val_loss },     { "epoch/val_top1", row->val_top1 },
        { "epoch/val_top5", row->val_top5 },     { "epoch/images_per_second", row->images_per_second },
    };
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
        if (isfinite(scalars[i].value)) events_scalar(events, scalars[i].tag, row->step, scalars[i].value);
}

static void add_histogram(struct events *events, const char *kind, const char *name, int64_t step, const float *values,
                          size_t count)
{
    struct text tag = { 0 };
    text_add(&tag, "%s/%s", kind, name);
    if (!tag.failed) events_histogram(events, tag.s, step, values, count);
    text_free(&tag);
}

static striate_status add_picture(struct events *events, const char *tag, int64_t step, const char *path)
{
    enum { WIDTH = 16, HEIGHT = 20, HEAD = 24 }; // where a PNG says how large it is
    struct bytes png;
    if (!file_exists(path)) return STRIATE_OK;
    TRY(file_read(&png, path, 1 << 28));
    if (png.size > HEAD) {
        const uint8_t *w = png.data + WIDTH, *h = png.data + HEIGHT;
        events_image(events, tag, step, png.data, png.size, h[2] << 8 | h[3], w[2] << 8 | w[3]);
    }
    free(png.data);
    return STRIATE_OK;
}

striate_status board_epoch(struct events *events, const struct run_folder *folder, const striate_plan *plan)
{
    static const struct {
        const char *tag;
        enum run_file file;
    } pictures[] = {
        { "confusion", RUN_CONFUSION }, { "confused", RUN_CONFUSED }, { "worst", RUN_WORST }, { "filters", RUN_FILTERS }
    };
    const striate_epoch *row = &folder->metrics.rows[folder->metrics.count - 1];
    const striate_graph *graph = plan->graph;
    add_metrics(events, row);
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *p = &graph->params[i];
        const float *gradient = striate_plan_gradient(plan, i);
        add_histogram(events, "weights", p->name, row->step, graph->weights + p->offset, p->count);
        if (gradient) add_histogram(events, "gradients", p->name, row->step, gradient, p->count);
    }
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        TRY(add_picture(events, pictures[i].tag, row->step, folder->path[pictures[i].file]));
    return events_flush(events);
}
