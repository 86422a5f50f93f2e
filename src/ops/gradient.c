// gradient.c - the gradient of the weights of convolution and dense layers: dw[k][d] = sum over pixels of dy[k] x[d], where d counts the
// values of a window. Columns of dw are cut into panels. Where there are few, pixels are cut into parts too, each with sums of its own that
// are added at the end in a fixed order.
#include "ops/linear.h"

#include "base/parallel.h"

#include <string.h>

enum {
    CHUNK = 128,         // pixels between two visits to the sums
    ROW = 128,           // of a window, as one run
    PARTS = 32,          // of the pixels, at most
    PART = 512,          // pixels, at least
    PART_SUMS = 1 << 20, // of all parts together, at most
    PIECES = 32,         // at least so many, where parts and panels allow
    LANES_MOST = 16,
    WIDEST = 4 * LANES_MOST, // floats of a panel's row
};

struct gradient {
    const struct linear *l;
    struct window window;
    const struct tensor *dy;
    const float *end;     // of x
    struct panels panels; // of a span: of a tap, where a panel's rows can be read in place, else of the window
    size_t spans, span;
    bool in_place;
    size_t places, parts, shares;
    float *dw, *db; // of the first part
    size_t stride;  // from part to part
};

static size_t window_values(const struct linear *l)
{
    return (size_t)l->h.taps * (size_t)l->w.taps * l->channels;
}

static size_t weight_count(const struct linear *l)
{
    return l->groups * l->filters * window_values(l);
}

static size_t part_count(const struct linear *l)
{
    size_t places = l->images * (size_t)l->h.outs * (size_t)l->w.outs;
    return size_max(1, size_min(size_min(places / PART, PARTS), PART_SUMS / weight_count(l)));
}

static size_t part_floats(const struct linear *l)
{
    return weight_count(l) + l->groups * l->filters;
}

size_t direct_weights_workspace(const struct linear *l)
{
    size_t parts = part_count(l);
    return parts > 1 ? parts * part_floats(l) : 0;
}

// rows[i] = the values first..first+cols of the windows of places from..from+places, in place or copied to `buffer`.
static void panel_rows(const float **rows, const struct gradient *g, size_t group, size_t from, size_t places, size_t first,
                       const struct panel *panel, float *buffer)
{
    float scratch[CHUNK * ROW + LANES_MOST];
    struct window w = g->window;
    w.data += group * w.channels;
    if (g->in_place) {
        window_list(rows, scratch, &w, from, places, first / w.run, 1, first % w.run);
        return;
    }
    const float *list[CHUNK];
    size_t stride = panel->width + g->panels.lanes; // gather writes whole vectors
    for (size_t at = first, last = first + panel->cols; at < last;) {
        size_t skip = at % w.run, count = size_min(w.run - skip, last - at);
        window_list(list, scratch, &w, from, places, at / w.run, 1, skip);
        g->l->k->gather(places, count, list, g->end, buffer + (at - first), (ptrdiff_t)stride);
        at += count;
    }
    for (size_t i = 0; i < places; i++) rows[i] = buffer + i * stride;
}

// Rows that are far apart come late, as the processor does not foresee them.
static void fetch(const float *x, size_t rows, size_t cols, ptrdiff_t ld)
{
    for (; rows--; x += ld)
        for (size_t i = 0; i < cols; i += 16) __builtin_prefetch(x + i);
}

static void gradient_piece(const struct gradient *g, size_t part, size_t group, size_t share)
{
    const struct linear *l = g->l;
    const float *rows[CHUNK];
    _Alignas(64) float buffer[CHUNK * (WIDEST + LANES_MOST)];
    if (!g->in_place) memset(buffer, 0, sizeof buffer); // lanes beyond the last column: denormal numbers there would be slow
    size_t begin = g->places * part / g->parts, end = g->places * (part + 1) / g->parts;
    size_t all = g->spans * g->panels.count, from = all * share / g->shares, to = all * (share + 1) / g->shares;
    size_t values = window_values(l), filters = l->filters;
    for (size_t place = begin; place < end; place += CHUNK) {
        size_t places = size_min(CHUNK, end - place);
        const float *dy = g->dy->data + (ptrdiff_t)place * g->dy->ld + group * filters;
        if (g->db && !from)
            l->k->column_sum(places, filters, dy, g->dy->ld, g->db + part * g->stride + group * filters, place > begin);
        else
            fetch(dy, places, filters, g->dy->ld);
        for (size_t i = from; i < to; i++) {
            struct panel panel = panel_at(&g->panels, i % g->panels.count);
            size_t first = i / g->panels.count * g->span + panel.first;
            panel_rows(rows, g, group, place, places, first, &panel, buffer);
            l->k->outer(&(struct outer){ .pixels = places,
                                         .rows = filters,
                                         .dy = dy,
                                         .lddy = g->dy->ld,
                                         .x = rows,
                                         .vectors = panel.vectors,
                                         .cols = panel.cols,
                                         .lddw = (ptrdiff_t)values,
                                         .dw = g->dw + part * g->stride + group * filters * values + first,
                                         .add = place > begin });
        }
    }
}

static void gradient_pieces(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    for (size_t i = begin; i < end; i++)
        gradient_piece(g, i / g->shares / g->l->groups, i / g->shares % g->l->groups, i % g->shares);
}

struct joining {
    const struct gradient *g;
    float *sum;
    const float *parts;
};

static void join_parts(void *context, size_t begin, size_t end)
{
    const struct joining *j = context;
    j->g->l->k->sum_parts(end - begin, j->g->parts, j->parts + begin, j->g->stride, j->sum + begin);
}

void direct_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                    float *db)
{
    size_t lanes = (size_t)l->k->lanes;
    struct gradient g = { .l = l, .dy = dy, .dw = dw, .db = db, .parts = part_count(l), .spans = 1, .span = window_values(l) };
    g.in_place = l->channels % lanes == 0 && l->channels >= 2 * lanes;
    g.window = window_of(l->h, l->w, l->images, x->data, x->ld, l->channels, l->groups == 1 && !g.in_place ? ROW : 0);
    g.end = x->data + (ptrdiff_t)(tensor_pixels(x) - 1) * x->ld + x->shape.c;
    g.places = window_places(&g.window);
    if (g.in_place) {
        g.span = l->channels;
        g.spans = g.window.taps;
    }
    g.panels = panels_of(l->k, g.span);
    g.shares = size_max(1, size_min(g.spans * g.panels.count, PIECES / (g.parts * l->groups)));
    if (g.parts > 1) {
        g.stride = part_floats(l);
        g.dw = workspace;
        g.db = db ? workspace + weight_count(l) : NULL;
    }
    parallel_for(g.parts * l->groups * g.shares, 1, gradient_pieces, &g);
    if (g.parts == 1) return;
    struct joining weights = { &g, dw, g.dw }, bias = { &g, db, g.db };
    parallel_for(weight_count(l), 8192, join_parts, &weights);
    if (db) parallel_for(l->groups * l->filters, 8192, join_parts, &bias);
}
