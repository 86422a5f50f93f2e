// gradient.c - the gradient of the weights of convolution and dense layers: dw[k][d] = sum over places of dy[k] x[d], where d counts the
// values of a window of x. A product of two matrices with a row per place: of one the columns are taken in panels, copied where they must be,
// a chunk of places at a time, and meet the other's where they lie in memory. The panels are dy's, so that windows of any form cost the same;
// or x's, of one tap each. Places are cut into parts, each with sums of its own that are added in a fixed order.
#include "ops/gradient.h"

#include "base/parallel.h"
#include "ops/ahead.h"

#include <stdint.h>

enum {
    LIST = 4096,                             // pointers of a piece
    SCRATCH = GRADIENT_CHUNK * GRADIENT_ROW, // floats for rows that are partly padding
    JOIN = 128,                              // rows of the sums that are added together
};

// What one thread computes: sums of a part of the places, a share of the panels and a slice of a's runs.
struct piece {
    size_t part, group, begin, end; // places
    size_t from, to, first, cols;   // panels, and b's columns
    size_t skip, length;            // of a's runs
    float *panel, *copy;
    struct ahead ahead[AHEADS]; // of b's next panel, of a's next chunk
};

static size_t tap_at(const struct gradient *g, size_t tile)
{
    return tile / g->panels.count;
}

static struct panel tile_at(const struct gradient *g, size_t tile)
{
    return panel_at(&g->panels, tile % g->panels.count);
}

static struct piece piece_of(const struct gradient *g, size_t index)
{
    struct piece p = { .panel = g->buffers + parallel_slot() * g->buffer };
    size_t share = index / g->parts % g->shares, slice = index / g->parts / g->shares % g->slices;
    p.part = index % g->parts; // first, so that threads that are at different shares of it read it at the same time
    p.group = index / g->parts / g->shares / g->slices;
    p.begin = g->places * p.part / g->parts;
    p.end = g->places * (p.part + 1) / g->parts;
    p.from = g->tiles * share / g->shares;
    p.to = g->tiles * (share + 1) / g->shares;
    p.skip = g->a.run * slice / g->slices;
    p.length = g->a.run * (slice + 1) / g->slices - p.skip;
    struct panel first = tile_at(g, p.from), last = tile_at(g, p.to - 1);
    p.first = first.first;
    p.cols = last.first + last.cols - p.first;
    p.copy = p.panel + g->copies;
    return p;
}

// Where the sums of some row of a tile begin.
struct sums {
    float *at;
    ptrdiff_t ld;
    size_t cols;
};

static struct sums sums_at(const struct gradient *g, size_t part, size_t group, size_t tile, size_t row)
{
    struct panel panel = tile_at(g, tile);
    size_t tap = tap_at(g, tile), cols = g->l->channels, ld = g->b.taps * cols, padded = g->panels.vectors * g->panels.lanes;
    if (g->in_place)
        return (struct sums){ g->sums + (group * g->values + row) * ld + tap * cols + panel.first, (ptrdiff_t)ld, panel.cols };
    size_t first = (group * g->b.taps + tap) * padded + panel.first;
    return (struct sums){ g->sums + part * g->stride + first * g->values + row * panel.width, (ptrdiff_t)panel.width,
                          panel.width };
}

// Columns of b are copied where whole vectors would reach beyond its end, or where they are so far apart that few would stay in the cache.
static bool is_copied(const struct gradient *g, const struct piece *p, const struct panel *panel, size_t place, size_t places)
{
    size_t beyond = panel->width - panel->cols, left = (window_places(&g->b) - place - places) * (size_t)g->b.ld;
    return g->apart || !g->beside || (beyond && beyond > left + (g->l->groups - 1 - p->group) * g->b.channels);
}

// Adds the products of a chunk of places to the sums; `next`: how many places the chunk after it has.
static void add_products(struct piece *p, const struct gradient *g, const struct window *a, const struct window *b,
                         size_t place, size_t places, size_t next)
{
    const float *list[LIST], *rows[GRADIENT_CHUNK];
    float scratch[SCRATCH];
    struct window w = *a;
    size_t skip = p->skip, taps = (w.rows ? size_min(LIST, SCRATCH / w.run) : LIST) / places;
    struct range range = range_of(a, place, places), then = range_of(a, place + places, next);
    size_t pixels = range.to - range.from, ld = (p->length + AHEAD_LINE - 1) / AHEAD_LINE * AHEAD_LINE + AHEAD_LINE;
    then.from = size_max(range.to, then.from); // what this chunk does not see
    look_ahead(p->ahead + AHEAD_AREAS, a, skip, p->length, then, next);
    if (g->closer && pixels * ld <= g->near) { // distances that are powers of two would let few of them stay in the cache
        g->l->k->copy(pixels, p->length, w.data + (ptrdiff_t)range.from * w.ld + skip, w.ld, p->copy, (ptrdiff_t)ld, false);
        w.data = (const float *)((uintptr_t)p->copy - range.from * ld * sizeof(float));
        w.ld = (ptrdiff_t)ld;
        skip = 0;
    }
    for (size_t tap = 0; tap < w.taps; tap += taps) {
        size_t now = size_min(taps, w.taps - tap);
        window_list(list, scratch, &w, place, places, tap, now, skip);
        for (size_t i = p->from; i < p->to; i++) {
            bool last = i + 1 == p->to;
            struct panel panel = tile_at(g, i), later = tile_at(g, last ? p->from : i + 1);
            struct sums sums = sums_at(g, p->part, p->group, i, tap * w.run + p->skip);
            const float *columns = b->data + (ptrdiff_t)place * b->ld + panel.first;
            ptrdiff_t ldb = b->ld;
            if (is_copied(g, p, &panel, place, places)) {
                window_list(rows, NULL, b, place, places, tap_at(g, i), 1, panel.first);
                g->l->k->gather(places, panel.cols, panel.width, rows, p->panel);
                columns = p->panel;
                ldb = (ptrdiff_t)panel.width;
            }
            struct range soon = last ? range_of(b, place + places, next) : range_of(b, place, places);
            look_ahead(p->ahead, b, later.first, later.cols, soon, last ? next : places);
            for (size_t t = 0; t < now; t++)
                g->l->k->outer(&(struct outer){ .pixels = places,
                                                .rows = p->length,
                                                .a = list + t * places,
                                                .b = columns,
                                                .ldb = ldb,
                                                .vectors = panel.vectors,
                                                .c = sums.at + t * w.run * panel.width,
                                                .ldc = sums.ld,
                                                .cols = sums.cols,
                                                .add = place > p->begin,
                                                .ahead = p->ahead });
        }
    }
}

static void add_bias(const struct gradient *g, const struct piece *p, size_t place, size_t places)
{
    if (!g->db || (g->turned ? p->skip : p->from) > 0) return;
    size_t first = g->turned ? p->first : p->skip, filters = g->l->filters;
    g->l->k->column_sum(places, g->turned ? p->cols : p->length,
                        g->dy->data + (ptrdiff_t)place * g->dy->ld + p->group * filters + first, g->dy->ld,
                        g->bias + (p->part * g->l->groups + p->group) * filters + first, place > p->begin);
}

static void gradient_piece(const struct gradient *g, size_t index)
{
    struct piece p = piece_of(g, index);
    struct window a = g->a, b = g->b;
    a.data += p.group * a.channels;
    b.data += p.group * b.channels;
    size_t chunks = size_ratio(p.end - p.begin, GRADIENT_CHUNK);
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        size_t place = p.begin + (p.end - p.begin) * chunk / chunks;
        size_t next = p.begin + (p.end - p.begin) * (chunk + 1) / chunks, places = next - place;
        add_bias(g, &p, place, places);
        add_products(&p, g, &a, &b, place, places, size_min(places, g->places - next)); // beyond the part: the next piece
    }
}

static void gradient_pieces(void *context, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) gradient_piece(context, i);
}

static void join_parts(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    const struct kernels *k = g->l->k;
    size_t slices = size_ratio(g->values, JOIN), window = linear_taps(g->l) * g->l->channels;
    for (size_t i = begin; i < end; i++) {
        size_t group = i / slices / g->tiles, tile = i / slices % g->tiles;
        size_t from = i % slices * JOIN, rows = size_min(JOIN, g->values - from);
        struct panel panel = tile_at(g, tile);
        struct sums sums = sums_at(g, 0, group, tile, from);
        size_t first = g->turned ? panel.first * window + from : from * window + tap_at(g, tile) * g->l->channels + panel.first;
        float *dw = g->dw + group * g->l->filters * window + first;
        (g->turned ? k->sum_turned : k->sum_parts)(rows, panel.cols, g->parts, sums.at, g->stride, sums.ld, dw,
                                                   (ptrdiff_t)window);
    }
}

static void add_gradient(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                         float *db)
{
    struct gradient g = gradient_cut(l, x, dy);
    size_t filters = l->groups * l->filters;
    g.dy = dy;
    g.dw = dw;
    g.db = db;
    g.sums = g.in_place ? dw : workspace;
    g.buffers = g.in_place ? workspace : workspace + g.parts * g.stride;
    g.bias = g.buffers + l->slots * g.buffer;
    parallel_for_on(l->slots, g.parts * l->groups * g.slices * g.shares, 1, gradient_pieces, &g);
    if (!g.in_place) parallel_for(l->groups * g.tiles * size_ratio(g.values, JOIN), 1, join_parts, &g);
    if (db) l->k->sum_parts(1, filters, g.parts, g.bias, filters, 0, db, 0);
}

void direct_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                    float *db)
{
    struct linear round = gradient_round(l);
    size_t values = linear_taps(l) * l->channels, most = round.filters;
    for (size_t group = 0; group < l->groups; group += round.groups)
        for (size_t first = 0; first < l->filters; first += most) {
            struct tensor from_x = *x, from_y = *dy;
            size_t filter = group * l->filters + first;
            from_x.data += group * l->channels;
            from_y.data += filter;
            round.filters = size_min(most, l->filters - first);
            add_gradient(&round, &from_x, &from_y, workspace, dw + filter * values, db ? db + filter : NULL);
        }
}
