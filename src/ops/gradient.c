// gradient.c - the gradient of the weights of convolution and dense layers: dw[k][d] = sum over places of dy[k] x[d], where d counts the
// values of a window of x. A product of two matrices with a row per place: of one the columns are copied into panels, a chunk of places
// at a time, and meet the other's where they lie in memory, so that windows of any form cost the same. The panels are dy's; or, where the
// window is one pixel, x's. Places are cut into parts, each with sums of its own that are added in a fixed order.
#include "ops/linear.h"

#include "base/parallel.h"
#include "ops/ahead.h"

#include <stdint.h>

enum {
    CHUNK = 256,           // places between two visits to the sums, at most
    ROW = 128,             // of a window, as one run
    LIST = 4096,           // pointers of a piece
    SCRATCH = CHUNK * ROW, // floats for rows that are partly padding
    NEAR = 80 << 10,       // floats that a chunk reads, so that they stay in the cache
    PARTS = 32,            // of the places, at most
    PART = 1024,           // places, at least
    PART_SUMS = 1 << 20,   // of all parts together, at most
    SUMS = 3 << 16,        // of a piece whose panels are dy's
    PIECES = 8,            // at least so many, where parts and panels allow
    JOIN = 128,            // rows of the sums that are added together
    NARROW = 48,           // of a run, at least
    ROUND = 8 << 20,       // weights whose sums are in memory together
    COPY = 2 * NEAR,       // floats that are copied to lie closer
    APART = 256,           // floats from place to place, above which columns that meet several taps are copied
    MEET = 1024,           // floats after which addresses meet in the first cache
    FULL = 16,             // lanes of a vector that is a line of the cache; narrower blocks visit lines oftener
};

struct gradient {
    const struct linear *l;
    struct window a, b;           // what is read in place, and what is copied
    bool turned;                  // b is dy: sums are dw turned
    bool beside;                  // b's places are pixels side by side
    bool in_place;                // sums are dw itself
    bool closer;                  // pixels of a are copied to lie closer
    struct panels panels;         // of b
    size_t places, values;        // values: of a window of a
    size_t parts, shares, slices; // shares of the panels, slices of a run of a
    float *sums;                  // [parts][groups][panels][values][width]
    size_t stride;                // from part to part
    float *buffers;               // [slots], of a piece: a panel of b, pixels of a
    size_t copies, near, buffer;
    const struct tensor *dy;
    float *dw, *db, *bias; // bias: [parts][groups * filters]
};

// What one thread computes: sums of a part of the places, a share of the panels and a slice of a's runs.
struct piece {
    size_t part, group, begin, end; // places
    size_t from, to, first, cols;   // panels, and b's columns
    size_t skip, length;            // of a's runs
    float *panel, *copy;
    struct ahead ahead[AHEADS]; // of b's next panel, of a's next chunk
};

// One pixel has no taps to list, so the panels may be x's, and sums that are dw itself need not be turned.
static bool is_turned(const struct linear *l)
{
    return linear_taps(l) > 1;
}

// Do places lie so that few of them stay in the first cache at a time, and do blocks need that?
static bool meets(const struct linear *l, const struct window *w)
{
    return l->k->lanes < FULL && w->ld % MEET == 0;
}

static struct gradient gradient_of(const struct linear *l, const struct tensor *x, const struct tensor *dy)
{
    struct gradient g = { .l = l, .places = l->images * (size_t)l->h.outs * (size_t)l->w.outs };
    struct window from_x = window_of(l->h, l->w, l->images, x->data, x->ld, l->channels, l->groups == 1 ? ROW : 0);
    struct axis h = axis_forward(l->h.outs, l->h.outs, 1, 1, 0, 1), w = axis_forward(l->w.outs, l->w.outs, 1, 1, 0, 1);
    struct window from_y = window_of(h, w, l->images, dy->data, dy->ld, l->filters, 0);
    g.turned = is_turned(l);
    g.a = g.turned ? from_x : from_y;
    g.b = g.turned ? from_y : from_x;
    g.beside = window_plain(&g.b);
    g.panels = panels_of(l->k, g.b.channels);
    g.values = g.turned ? linear_taps(l) * l->channels : l->filters;
    size_t cols = g.panels.vectors * g.panels.lanes, widest = size_ratio(g.panels.vectors, g.panels.count) * g.panels.lanes;
    g.stride = l->groups * cols * g.values;
    g.parts = size_max(1, size_min(size_min(g.places / PART, PARTS), PART_SUMS / g.stride));
    g.in_place = !g.turned && g.parts == 1;
    size_t pixels = size_min(CHUNK, g.places) * size_min(g.a.taps, (size_t)g.a.h.step * (size_t)g.a.w.step);
    g.slices = 1;
    if (g.turned && !g.a.rows) g.slices = size_ratio(g.a.run, size_min(WINDOW_RUN, size_max(NEAR / pixels, NARROW)));
    if (!g.turned && g.panels.count == 1) g.slices = size_max(1, size_min(PIECES / (g.parts * l->groups), g.a.run / NARROW));
    if (!g.turned && meets(l, &g.a)) g.slices = size_max(g.slices, size_ratio(g.a.run, CHUNK));
    g.shares = size_max(1, size_min(PIECES / (g.parts * l->groups * g.slices), g.panels.count));
    if (g.turned) g.shares = size_max(g.shares, size_min(g.panels.count, size_ratio(cols * g.values / g.slices, SUMS)));
    g.copies = widest * CHUNK;
    g.closer = g.turned ? g.slices > 1 : meets(l, &g.a);
    g.near = (g.turned ? g.slices > 1 : l->k->lanes < FULL) ? COPY : 0;
    g.buffer = g.copies + g.near;
    return g;
}

// As many filters as go together: of all groups, or, where their weights are too many, some of one group.
static struct linear round_of(const struct linear *l)
{
    struct linear round = *l;
    size_t values = linear_taps(l) * l->channels;
    if (l->groups * l->filters * values <= ROUND || !is_turned(l)) return round;
    round.groups = 1;
    round.filters = size_min(l->filters, size_max(ROUND / values, (size_t)l->k->lanes));
    return round;
}

size_t direct_weights_workspace(const struct linear *l)
{
    struct linear round = round_of(l);
    struct tensor x = { .ld = (ptrdiff_t)l->channels }, dy = { .ld = (ptrdiff_t)l->filters };
    struct gradient g = gradient_of(&round, &x, &dy);
    return (g.in_place ? 0 : g.parts * g.stride) + g.parts * round.groups * round.filters + l->slots * g.buffer;
}

static struct piece piece_of(const struct gradient *g, size_t index)
{
    struct piece p = { .panel = g->buffers + parallel_slot() * g->buffer };
    size_t share = index / g->parts % g->shares, slice = index / g->parts / g->shares % g->slices;
    p.part = index % g->parts; // first, so that threads that are at different shares of it read it at the same time
    p.group = index / g->parts / g->shares / g->slices;
    p.begin = g->places * p.part / g->parts;
    p.end = g->places * (p.part + 1) / g->parts;
    p.from = g->panels.count * share / g->shares;
    p.to = g->panels.count * (share + 1) / g->shares;
    p.skip = g->a.run * slice / g->slices;
    p.length = g->a.run * (slice + 1) / g->slices - p.skip;
    struct panel last = panel_at(&g->panels, p.to - 1);
    p.first = panel_at(&g->panels, p.from).first;
    p.cols = last.first + last.cols - p.first;
    p.copy = p.panel + g->copies;
    return p;
}

// Where the sums of some row of a panel begin.
struct sums {
    float *at;
    ptrdiff_t ld;
    size_t cols;
};

static struct sums sums_at(const struct gradient *g, size_t part, size_t group, const struct panel *panel, size_t row)
{
    size_t cols = g->l->channels, padded = g->panels.vectors * g->panels.lanes;
    if (g->in_place)
        return (struct sums){ g->sums + (group * g->values + row) * cols + panel->first, (ptrdiff_t)cols, panel->cols };
    return (struct sums){ g->sums + part * g->stride + (group * padded + panel->first) * g->values + row * panel->width,
                          (ptrdiff_t)panel->width, panel->width };
}

// Columns of b are copied where whole vectors would reach beyond its end, or where they are so far apart that few would stay in the cache.
static bool is_copied(const struct gradient *g, const struct piece *p, const struct panel *panel, size_t place, size_t places)
{
    size_t beyond = panel->width - panel->cols, left = (window_places(&g->b) - place - places) * (size_t)g->b.ld;
    return (g->turned ? g->b.ld > APART : meets(g->l, &g->b)) || !g->beside ||
           (beyond && beyond > left + (g->l->groups - 1 - p->group) * g->b.channels);
}

// Adds the products of a chunk of places to the sums; `next`: how many places the chunk after it has.
static void add_products(struct piece *p, const struct gradient *g, const struct window *a, const struct window *b,
                         size_t place, size_t places, size_t next)
{
    const float *list[LIST], *rows[CHUNK];
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
            struct panel panel = panel_at(&g->panels, i), later = panel_at(&g->panels, last ? p->from : i + 1);
            struct sums sums = sums_at(g, p->part, p->group, &panel, tap * w.run + p->skip);
            const float *columns = b->data + (ptrdiff_t)place * b->ld + panel.first;
            ptrdiff_t ldb = b->ld;
            if (is_copied(g, p, &panel, place, places)) {
                window_list(rows, NULL, b, place, places, 0, 1, panel.first);
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
    size_t chunks = size_ratio(p.end - p.begin, CHUNK);
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
        size_t group = i / slices / g->panels.count, from = i % slices * JOIN, rows = size_min(JOIN, g->values - from);
        struct panel panel = panel_at(&g->panels, i / slices % g->panels.count);
        struct sums sums = sums_at(g, 0, group, &panel, from);
        float *dw =
            g->dw + group * g->l->filters * window + (g->turned ? panel.first * window + from : from * window + panel.first);
        (g->turned ? k->sum_turned : k->sum_parts)(rows, panel.cols, g->parts, sums.at, g->stride, sums.ld, dw,
                                                   (ptrdiff_t)window);
    }
}

static void add_gradient(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                         float *db)
{
    struct gradient g = gradient_of(l, x, dy);
    size_t filters = l->groups * l->filters;
    g.dy = dy;
    g.dw = dw;
    g.db = db;
    g.sums = g.in_place ? dw : workspace;
    g.buffers = g.in_place ? workspace : workspace + g.parts * g.stride;
    g.bias = g.buffers + l->slots * g.buffer;
    parallel_for_on(l->slots, g.parts * l->groups * g.slices * g.shares, 1, gradient_pieces, &g);
    if (!g.in_place) parallel_for(l->groups * g.panels.count * size_ratio(g.values, JOIN), 1, join_parts, &g);
    if (db) l->k->sum_parts(1, filters, g.parts, g.bias, filters, 0, db, 0);
}

void direct_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                    float *db)
{
    struct linear round = round_of(l);
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
