// strip.c - convolution of few channels, as of an image. A band of rows of x is copied into a strip, where the values that a tap sees at
// neighbouring places lie side by side: every channel apart, and every `step`-th column. So one address per tap serves a row of y, padding and all.
#include "ops/strip.h"

#include <math.h>
#include <string.h>

enum {
    CHANNELS = 4,    // at most
    SHALLOW = 256,   // so many, if panels are to stay in the first cache, as forward wants
    FEWEST = 7,      // of these and of a row's places: what the kernels' blocks need
    PLACES = 2048,   // of a band, about
    STRIP = 1 << 17, // floats of a strip, at most
    BEYOND = 3,      // rows and values that the kernel of planes goes beyond its ends
    LINE = 16,       // floats that come into the cache together
};
static const double GAIN = 0.8; // of what it costs directly

struct strips strips_of(const struct linear *l)
{
    struct strips s = { .l = l, .panels = panels_of(l->k, l->filters), .size = 1, .points = 1, .group = 1, .run = l->k->strip };
    size_t outs = (size_t)l->h.outs, cols = (size_t)l->w.outs;
    s.panels.count = size_ratio(s.panels.vectors, 2);
    s.planes = l->channels * (size_t)l->w.step;
    s.width = s.plane = cols + (size_t)((l->w.taps - 1) * l->w.dilate / l->w.step);
    s.columns = (size_t)l->w.taps;
    s.depth = linear_taps(l) * l->channels;
    s.line = s.width * s.planes;
    s.band = size_ratio(outs, size_ratio(outs * cols, PLACES));
    s.bands = size_ratio(outs, s.band);
    s.rows = (s.band - 1) * (size_t)l->h.step + (size_t)((l->h.taps - 1) * l->h.dilate) + 1;
    return s;
}

size_t strip_floats(const struct strips *s)
{
    return s->rows * s->line + (s->planes + BEYOND) * s->width + s->planes * s->width + BEYOND;
}

bool strips_fit(const struct strips *s)
{
    const struct linear *l = s->l;
    return l->groups == 1 && l->channels <= CHANNELS && linear_taps(l) > 1 && s->depth <= STRIP_DEPTH && l->w.outs >= FEWEST &&
           strip_floats(s) <= STRIP;
}

double strip_cost(const struct linear *l, enum direction direction)
{
    struct strips s = strips_of(l);
    bool fits =
        direction != BACKWARD_DATA && strips_fit(&s) && s.depth >= FEWEST && (direction != FORWARD || s.depth <= SHALLOW);
    return fits ? GAIN * direct_cost(l, direction) : INFINITY;
}

const float *strip_image(const struct linear *l, const struct tensor *x, size_t image)
{
    return x->data + (ptrdiff_t)(image * (size_t)l->h.ins * (size_t)l->w.ins) * x->ld;
}

// What a line's planes store beyond them the next line's overwrite, or no one reads.
void strip_fill(const struct strips *s, const float *x, ptrdiff_t ld, size_t row, float *strip)
{
    const struct linear *l = s->l;
    const struct axis *h = &l->h, *w = &l->w;
    const size_t channels = l->channels, pixels = s->width * s->planes / channels;
    size_t left = (size_t)(w->offset < 0 ? -w->offset : 0), skip = (size_t)(w->offset > 0 ? w->offset : 0);
    size_t count = size_min(pixels - size_min(left, pixels), (size_t)w->ins - size_min(skip, (size_t)w->ins));
    const bool joined = ld == (ptrdiff_t)channels;
    float *planes = strip + s->rows * s->line, *line = planes + (s->planes + BEYOND) * s->width;
    memset(line, 0, (pixels * channels + BEYOND) * sizeof *line);
    for (size_t i = 0; i < s->rows; i++, strip += s->line) {
        ptrdiff_t from = (ptrdiff_t)(row * (size_t)h->step + i) + h->offset;
        if (from < 0 || from >= h->ins) {
            memset(strip, 0, s->line * sizeof *strip);
            continue;
        }
        l->k->copy(joined ? 1 : count, joined ? count * channels : channels, x + (from * w->ins + (ptrdiff_t)skip) * ld, ld,
                   line + left * channels, (ptrdiff_t)channels, false);
        l->k->planes(s->planes, s->width, line, s->size > 1 ? planes : strip);
        if (s->size > 1) l->k->winograd_1d_in(s->size, s->planes / s->size, s->plane, planes, s->width, strip);
    }
}

// Not in the file that calls it: a compiler that sees that all this does is to ask leaves it out.
void strip_fetch(const struct strips *s, const float *x, ptrdiff_t ld, size_t line)
{
    const struct axis *h = &s->l->h;
    size_t from = (line + s->band) * (size_t)h->step + (size_t)((h->taps - 1) * h->dilate), values = (size_t)(s->l->w.ins * ld);
    ptrdiff_t row = (ptrdiff_t)from + h->offset;
    for (ptrdiff_t end = row + h->step; row >= 0 && row < end && row < h->ins; row++)
        for (size_t i = 0; i < values; i += LINE) __builtin_prefetch(x + row * (ptrdiff_t)values + i, 0, 2);
}

void strip_list_taps(const struct strips *s, const float *strip, const float **list)
{
    const struct linear *l = s->l;
    const size_t step = (size_t)l->w.step, dilate = (size_t)l->w.dilate;
    for (int r = 0; r < l->h.taps; r++)
        for (size_t column = 0; column < s->columns * dilate; column += dilate)
            for (size_t c = 0; c < l->channels; c++)
                *list++ =
                    strip + (size_t)(r * l->h.dilate) * s->line + (column % step * l->channels + c) * s->plane + column / step;
}

size_t strip_parts(const struct linear *l)
{
    return l->images * strips_of(l).bands;
}

size_t strip_packed(const struct linear *l)
{
    struct strips s = strips_of(l);
    return s.panels.vectors * s.panels.lanes * s.depth;
}

void strip_pack(const struct linear *l, const float *weights, float *packed)
{
    struct strips s = strips_of(l);
    for (size_t i = 0; i < s.panels.count; i++) {
        struct panel panel = panel_at(&s.panels, i);
        l->k->pack_columns(s.depth, panel.cols, panel.width, weights + panel.first * s.depth, (ptrdiff_t)s.depth,
                           packed + panel.first * s.depth);
    }
}

size_t strip_workspace(const struct linear *l, enum direction direction)
{
    struct strips s = strips_of(l);
    return direction == FORWARD ? l->slots * strip_floats(&s) : strip_weights_workspace(l);
}
