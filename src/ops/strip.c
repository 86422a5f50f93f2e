// strip.c - convolution of few channels, as of an image, forward. A band of rows of x is copied into a strip, where
// the values that a tap sees at neighbouring places lie side by side: every channel apart, and every `step`-th column. So one address per tap
// serves a row of y, padding and all.
#include "ops/strip.h"

#include "base/parallel.h"
#include "ops/product.h"

#include <math.h>
#include <string.h>

enum {
    CHANNELS = 4,    // at most
    SHALLOW = 256,   // so many, if panels are to stay in the first cache, as forward wants
    FEWEST = 7,      // of these and of a row's places: what the kernels' blocks need
    PLACES = 2048,   // of a band, about
    STRIP = 1 << 17, // floats of a strip, at most
    SPAN = 224,      // places that one panel after the other meets: a multiple of every block height of the kernel
    BEYOND = 3,      // rows and values that the kernel of planes goes beyond its ends
    LINE = 16,       // floats that come into the cache together
};
static const double GAIN = 0.8; // of what it costs directly

struct strips strips_of(const struct linear *l)
{
    struct strips s = { .l = l, .panels = panels_of(l->k, l->filters), .depth = linear_taps(l) * l->channels };
    size_t outs = (size_t)l->h.outs, cols = (size_t)l->w.outs;
    s.panels.count = size_ratio(s.panels.vectors, 2);
    s.width = cols + (size_t)((l->w.taps - 1) * l->w.dilate / l->w.step);
    s.line = s.width * l->channels * (size_t)l->w.step;
    s.band = size_ratio(outs, size_ratio(outs * cols, PLACES));
    s.bands = size_ratio(outs, s.band);
    s.rows = (s.band - 1) * (size_t)l->h.step + (size_t)((l->h.taps - 1) * l->h.dilate) + 1;
    return s;
}

size_t strip_floats(const struct strips *s)
{
    return s->rows * s->line + BEYOND * s->width + s->line + BEYOND;
}

double strip_cost(const struct linear *l, enum direction direction)
{
    struct strips s = strips_of(l);
    bool fits = direction != BACKWARD_DATA && l->groups == 1 && l->channels <= CHANNELS && linear_taps(l) > 1 &&
                s.depth >= FEWEST && s.depth <= (direction == FORWARD ? SHALLOW : STRIP_DEPTH) && l->w.outs >= FEWEST &&
                strip_floats(&s) <= STRIP;
    return fits ? GAIN * direct_cost(l, direction) : INFINITY;
}

const float *strip_image(const struct linear *l, const struct tensor *x, size_t image)
{
    return x->data + (ptrdiff_t)(image * (size_t)l->h.ins * (size_t)l->w.ins) * x->ld;
}

// What a line's planes store beyond them the next line's overwrite.
void strip_fill(const struct strips *s, const float *x, ptrdiff_t ld, size_t row, float *strip)
{
    const struct linear *l = s->l;
    const struct axis *h = &l->h, *w = &l->w;
    const size_t channels = l->channels, pixels = s->width * (size_t)w->step;
    size_t left = (size_t)(w->offset < 0 ? -w->offset : 0), skip = (size_t)(w->offset > 0 ? w->offset : 0);
    size_t count = size_min(pixels - size_min(left, pixels), (size_t)w->ins - size_min(skip, (size_t)w->ins));
    const bool joined = ld == (ptrdiff_t)channels;
    float *line = strip + s->rows * s->line + BEYOND * s->width;
    memset(line, 0, (s->line + BEYOND) * sizeof *line);
    for (size_t i = 0; i < s->rows; i++, strip += s->line) {
        ptrdiff_t from = (ptrdiff_t)(row * (size_t)h->step + i) + h->offset;
        if (from < 0 || from >= h->ins) {
            memset(strip, 0, s->line * sizeof *strip);
            continue;
        }
        l->k->copy(joined ? 1 : count, joined ? count * channels : channels, x + (from * w->ins + (ptrdiff_t)skip) * ld, ld,
                   line + left * channels, (ptrdiff_t)channels, false);
        l->k->planes(channels * (size_t)w->step, s->width, line, strip);
    }
}

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
    for (int r = 0; r < l->h.taps; r++)
        for (int column = 0; column < l->w.taps * l->w.dilate; column += l->w.dilate)
            for (size_t c = 0; c < l->channels; c++)
                *list++ = strip + (size_t)(r * l->h.dilate) * s->line +
                          ((size_t)(column % l->w.step) * l->channels + c) * s->width + column / l->w.step;
}

// ---- forward ----

struct forward {
    struct strips s;
    const struct tensor *x, *y;
    const float *packed;
    const struct epilogue *epilogue;
};

static void list_places(float **list, const struct tensor *y, size_t first, size_t places)
{
    for (size_t i = 0; i < places; i++) list[i] = y->data + (ptrdiff_t)(first + i) * y->ld;
}

// Places first..end-1, `cols` in a line, of a piece that ends at `last`. Panels from the last to the first: what a vector stores beyond a place
// is written over.
static void forward_places(const struct forward *f, const float *const *x, size_t first, size_t end, size_t cols, size_t last,
                           size_t from, size_t part, bool begins)
{
    float *y[SPAN], *residual[SPAN];
    const struct strips *s = &f->s;
    const struct panels *panels = &s->panels;
    const struct epilogue *e = f->epilogue;
    list_places(y, f->y, first, end - first);
    if (e->residual) list_places(residual, e->residual, first, end - first);
    for (size_t j = panels->count; j--;) {
        struct panel panel = panel_at(panels, j);
        struct tile tile = { .pixels = cols,
                             .taps = s->depth,
                             .run = 1,
                             .lines = (end - first) / cols,
                             .step = s->line * (size_t)s->l->h.step,
                             .from = from,
                             .x = x,
                             .w = f->packed + panel.first * s->depth,
                             .vectors = panel.vectors,
                             .y = y,
                             .column = panel.first,
                             .cols = panel.cols,
                             .residual = e->residual ? (const float *const *)residual : NULL,
                             .beyond = f->y->ld == (ptrdiff_t)panels->cols && (last - end) * panels->cols >= panels->lanes,
                             .stream = product_streams(f->y, &panel) };
        product_finish(&tile, e, part, panels->cols, panel.first, begins);
        s->l->k->strip(&tile);
    }
}

static void forward_bands(void *context, size_t begin, size_t end)
{
    const struct forward *f = context;
    const struct strips *s = &f->s;
    const struct linear *l = s->l;
    const size_t outs = (size_t)l->h.outs, cols = (size_t)l->w.outs, spans = size_ratio(cols, SPAN);
    float *strip = s->memory + parallel_slot() * strip_floats(s);
    const float *x[STRIP_DEPTH];
    strip_list_taps(s, strip, x);
    for (size_t i = begin, image, row, lines; i < end; i++) {
        image = i / s->bands, row = i % s->bands * s->band;
        size_t rows = size_min(s->band, outs - row), first = (image * outs + row) * cols, last = first + rows * cols;
        strip_fill(s, strip_image(l, f->x, image), f->x->ld, row, strip);
        for (size_t line = 0, place = first; line < rows; line += lines, place += lines * cols) {
            lines = size_min(rows - line, size_max(1, SPAN / cols));
            for (size_t j = line; j < line + lines; j++) strip_fetch(s, strip_image(l, f->x, image), f->x->ld, row + j);
            for (size_t j = 0; j < spans; j++) {
                size_t from = cols * j / spans, to = cols * (j + 1) / spans;
                forward_places(f, x, place + from, place + (lines - 1) * cols + to, to - from, last,
                               line * (size_t)l->h.step * s->line + from, i, !line && !j);
            }
        }
    }
}

void strip_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                   float *workspace, const struct tensor *y)
{
    struct forward f = { .s = strips_of(l), .x = x, .y = y, .packed = packed, .epilogue = epilogue };
    f.s.memory = workspace;
    parallel_for_on(l->slots, l->images * f.s.bands, 1, forward_bands, &f);
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
