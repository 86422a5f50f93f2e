// strip_forward.c - convolution by strips (strip.c), forward, by either of the kernels that know them.
#include "base/parallel.h"
#include "ops/product.h"
#include "ops/strip.h"

enum { SPAN = 224 }; // places that one panel after the other meets, about: a multiple of every block height of the kernel

struct forward {
    struct strips s;
    const struct tensor *x, *y;
    const float *packed;
    const struct epilogue *epilogue;
};

// Places first..end-1, `cols` in a line, of a piece that ends at `last`. Panels from the last to the first: what a vector stores beyond a place
// is written over.
static void forward_places(const struct forward *f, const float *const *x, size_t first, size_t end, size_t cols, size_t last,
                           size_t from, size_t part, bool begins)
{
    const struct strips *s = &f->s;
    const struct panels *panels = &s->panels;
    const struct epilogue *e = f->epilogue;
    float *y = f->y->data + (ptrdiff_t)first * f->y->ld;
    const float *residual = e->residual ? e->residual->data + (ptrdiff_t)first * e->residual->ld : NULL;
    for (size_t j = panels->count; j--;) {
        struct panel panel = panel_at(panels, j);
        struct tile tile = { .pixels = cols,
                             .taps = s->depth,
                             .run = 1,
                             .size = s->size,
                             .lines = (end - first) / cols,
                             .step = s->line * (size_t)s->l->h.step,
                             .from = from,
                             .x = x,
                             .w = f->packed + panel.first * s->depth * s->points,
                             .vectors = panel.vectors,
                             .y = &y,
                             .ldy = f->y->ld,
                             .ldr = e->residual ? e->residual->ld : 0,
                             .column = panel.first,
                             .cols = panel.cols,
                             .residual = residual ? &residual : NULL,
                             .beyond = f->y->ld == (ptrdiff_t)panels->cols && (last - end) * panels->cols >= panels->lanes,
                             .stream = product_streams(f->y, &panel) };
        product_finish(&tile, e, part, panels->cols, panel.first, begins);
        s->run(&tile);
    }
}

// The first place of part j of a line.
static size_t span_at(const struct strips *s, size_t j, size_t spans)
{
    const size_t cols = (size_t)s->l->w.outs, from = cols * j / spans;
    return j == spans ? cols : from - from % s->group;
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
                size_t from = span_at(s, j, spans), to = span_at(s, j + 1, spans);
                forward_places(f, x, place + from, place + (lines - 1) * cols + to, to - from, last,
                               line * (size_t)l->h.step * s->line + from / s->size * s->points, i, !line && !j);
            }
        }
    }
}

void strip_run(struct strips s, const struct tensor *x, const float *packed, const struct epilogue *epilogue, float *workspace,
               const struct tensor *y)
{
    struct forward f = { .s = s, .x = x, .y = y, .packed = packed, .epilogue = epilogue };
    f.s.memory = workspace;
    parallel_for_on(s.l->slots, s.l->images * s.bands, 1, forward_bands, &f);
}

void strip_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                   float *workspace, const struct tensor *y)
{
    strip_run(strips_of(l), x, packed, epilogue, workspace, y);
}
