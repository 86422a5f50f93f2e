// lesson.c - the weights that a layer learns, and their picture.
#include "train/lesson.h"

#include "base/status.h"
#include "picture/filters.h"

#include <stdlib.h>

struct lesson_weights lesson_weights(const striate_graph *graph, const struct striate_node *conv)
{
    const struct param *p = &graph->params[conv->first_param];
    return (struct lesson_weights){ graph->weights + p->offset, p->as.dims[0], p->as.dims[2], p->as.dims[3], p->as.dims[1] };
}

// The convolution under the machine on whose blocks another convolution looks; NULL: there is none.
static const struct striate_node *machine_below(const struct striate_node *conv)
{
    const struct striate_node *pool = conv->in[0];
    return pool->op == &striate_op_prob_max_pool && pool->in[0]->op == &striate_op_conv ? pool->in[0] : NULL;
}

// Patterns of units as what the units stand for: each weight of a block times the sum of the filter at all the block's places.
static striate_status unfold(struct lesson_weights *patterns, const struct lesson_weights *w, int size)
{
    int f = patterns->filters, high = patterns->height * size + w->height - 1, wide = patterns->width * size + w->width - 1,
        c = w->channels, k = w->filters;
    float *to = calloc((size_t)f * (size_t)high * (size_t)wide * (size_t)c, sizeof *to);
    if (!to) FAIL(NO_MEMORY, "no memory for a picture of %d patterns", f);
    for (int i = 0; i < f * patterns->height * size * patterns->width * size; i++) {
        int x = i % (patterns->width * size), y = i / (patterns->width * size) % (patterns->height * size),
            n = i / (patterns->width * size) / (patterns->height * size);
        const float *units = patterns->values + ((ptrdiff_t)(n * patterns->height + y / size) * patterns->width + x / size) * k;
        for (int j = 0; j < k; j++)
            for (int p = 0; p < w->height * w->width; p++) {
                ptrdiff_t at = ((ptrdiff_t)(n * high + y + p / w->width) * wide + x + p % w->width) * c;
                const float *filter = w->values + ((ptrdiff_t)j * w->height * w->width + p) * c;
                for (int channel = 0; channel < c; channel++) to[at + channel] += units[j] * filter[channel];
            }
    }
    free(patterns->values);
    *patterns = (struct lesson_weights){ to, f, high, wide, c };
    return STRIATE_OK;
}

striate_status lesson_draw(const struct lesson *lesson, const char *path)
{
    const struct striate_node *conv = lesson->conv, *below = machine_below(conv);
    if (!below) return striate_draw_filters(path, lesson->graph, conv->name);
    struct lesson_weights w = lesson_weights(lesson->graph, conv), patterns = w;
    size_t count = (size_t)w.filters * (size_t)w.height * (size_t)w.width * (size_t)w.channels;
    patterns.values = malloc(count * sizeof *patterns.values);
    if (!patterns.values) FAIL(NO_MEMORY, "%s: no memory for %zu weights", path, count);
    for (size_t i = 0; i < count; i++) patterns.values[i] = w.values[i];
    striate_status status = STRIATE_OK;
    for (; below && !status; conv = below, below = machine_below(conv)) {
        struct lesson_weights filters = lesson_weights(lesson->graph, below);
        status = unfold(&patterns, &filters, ((const striate_window *)conv->in[0]->options)->size);
    }
    striate_parameter picture = { .values = patterns.values,
                                  .dims = { patterns.filters, patterns.channels, patterns.height, patterns.width } };
    if (!status) status = filters_draw(path, lesson->conv->name, "; sums of the filters below", &picture);
    free(patterns.values);
    return status;
}
