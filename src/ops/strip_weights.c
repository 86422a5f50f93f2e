// strip_weights.c - the gradient of the weights by strips (strip.c). Parts of the bands have sums of their own, which are added in a fixed order.
#include "ops/strip.h"

#include "base/parallel.h"

enum {
    CHUNK = 256,    // places between two visits to the sums, about
    PARTS = 32,     // of all bands, at most
    SUMS = 1 << 20, // of all parts together, at most
    JOIN = 128,     // rows of the sums that are added together
    LINE = 16,      // floats that come into the cache together
};

struct gradient {
    struct strips s;
    const struct tensor *x, *dy;
    size_t parts, stride, lines; // stride: from part to part; lines: of a chunk
    float *sums, *bias, *copies; // [parts][panels][depth][width], [parts][filters], [slots][places of a chunk][width]
    float *dw, *db;
};

static struct gradient gradient_of(const struct linear *l)
{
    struct gradient g = { .s = strips_of(l), .lines = size_max(1, CHUNK / (size_t)l->w.outs) };
    g.stride = g.s.panels.vectors * g.s.panels.lanes * g.s.depth;
    g.parts = size_max(1, size_min(l->images * g.s.bands, size_min(PARTS, SUMS / g.stride)));
    return g;
}

static size_t copy_floats(const struct gradient *g)
{
    return 2 * g->s.panels.lanes * g->lines * (size_t)g->s.l->w.outs;
}

// The places of `lines` rows, whose strip begins where `list` says.
static void add_lines(const struct gradient *g, size_t part, const float *const *list, size_t place, size_t lines, bool add)
{
    const struct linear *l = g->s.l;
    const size_t cols = (size_t)l->w.outs, places = lines * cols, left = l->images * (size_t)l->h.outs * cols - place - places;
    const float *dy = g->dy->data + (ptrdiff_t)place * g->dy->ld;
    const bool joined = g->dy->ld == (ptrdiff_t)l->filters; // then line after line
    struct ahead ahead[AHEADS] = { { dy + (ptrdiff_t)places * g->dy->ld, joined ? LINE : g->dy->ld,
                                     joined ? LINE * (ptrdiff_t)places : LINE, left ? size_ratio(l->filters, LINE) : 0 } };
    if (g->db) l->k->column_sum(places, l->filters, dy, g->dy->ld, g->bias + part * l->filters, add);
    for (size_t i = 0; i < g->s.panels.count; i++) {
        struct panel panel = panel_at(&g->s.panels, i);
        struct outer outer = { .pixels = cols,
                               .rows = g->s.depth,
                               .a = list,
                               .b = dy + panel.first,
                               .ldb = g->dy->ld,
                               .vectors = panel.vectors,
                               .c = g->sums + part * g->stride + panel.first * g->s.depth,
                               .ldc = (ptrdiff_t)panel.width,
                               .cols = panel.width,
                               .add = add,
                               .lines = lines,
                               .step = (size_t)l->h.step * g->s.line,
                               .ahead = ahead };
        if (left * (size_t)g->dy->ld < panel.width - panel.cols) { // whole vectors would be read beyond the end of dy
            float *copy = g->copies + parallel_slot() * copy_floats(g);
            l->k->pack_rows(places, panel.cols, panel.width, outer.b, outer.ldb, copy);
            outer.b = copy;
            outer.ldb = (ptrdiff_t)panel.width;
        }
        l->k->lines(&outer);
    }
}

static void gradient_parts(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    const struct strips *s = &g->s;
    const struct linear *l = s->l;
    const size_t outs = (size_t)l->h.outs, bands = l->images * s->bands;
    float *strip = s->memory + parallel_slot() * strip_floats(s);
    const float *list[STRIP_DEPTH];
    for (size_t part = begin; part < end; part++)
        for (size_t first = bands * part / g->parts, i = first; i < bands * (part + 1) / g->parts; i++) {
            size_t image = i / s->bands, row = i % s->bands * s->band, rows = size_min(s->band, outs - row);
            strip_fill(s, strip_image(l, g->x, image), g->x->ld, row, strip);
            for (size_t line = 0; line < rows; line += g->lines) {
                strip_list_taps(s, strip + line * (size_t)l->h.step * s->line, list);
                for (size_t j = line; j < line + g->lines && j < rows; j++)
                    strip_fetch(s, strip_image(l, g->x, image), g->x->ld, row + j);
                add_lines(g, part, list, (image * outs + row + line) * (size_t)l->w.outs, size_min(g->lines, rows - line),
                          i > first || line);
            }
        }
}

static void join_parts(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    const size_t depth = g->s.depth, slices = size_ratio(depth, JOIN);
    for (size_t i = begin; i < end; i++) {
        struct panel panel = panel_at(&g->s.panels, i / slices);
        size_t from = i % slices * JOIN;
        g->s.l->k->sum_turned(size_min(JOIN, depth - from), panel.cols, g->parts,
                              g->sums + panel.first * depth + from * panel.width, g->stride, (ptrdiff_t)panel.width,
                              g->dw + panel.first * depth + from, (ptrdiff_t)depth);
    }
}

void strip_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                   float *db)
{
    struct gradient g = gradient_of(l);
    g.x = x;
    g.dy = dy;
    g.dw = dw;
    g.db = db;
    g.sums = workspace;
    g.bias = g.sums + g.parts * g.stride;
    g.copies = g.bias + g.parts * l->filters;
    g.s.memory = g.copies + l->slots * copy_floats(&g);
    parallel_for_on(l->slots, g.parts, 1, gradient_parts, &g);
    parallel_for(g.s.panels.count * size_ratio(g.s.depth, JOIN), 1, join_parts, &g);
    if (db) l->k->sum_parts(1, l->filters, g.parts, g.bias, l->filters, 0, db, 0);
}

size_t strip_weights_workspace(const struct linear *l)
{
    struct gradient g = gradient_of(l);
    return g.parts * (g.stride + l->filters) + l->slots * (copy_floats(&g) + strip_floats(&g.s));
}
