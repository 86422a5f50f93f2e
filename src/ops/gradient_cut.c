// gradient_cut.c - how the gradient of weights is cut: what is copied into panels, into how many parts places go, and who shares them.
#include "ops/gradient.h"

enum {
    NEAR = 80 << 10,     // floats that a chunk reads, so that they stay in the cache
    PARTS = 32,          // of the places, at most
    PART = 1024,         // places, at least
    PART_SUMS = 1 << 20, // of all parts together, at most
    SUMS = 3 << 16,      // of a piece whose panels are dy's
    PIECES = 8,          // at least so many, where parts and panels allow
    NARROW = 48,         // of a run, at least
    ROUND = 8 << 20,     // weights whose sums are in memory together
    COPY = 2 * NEAR,     // floats that are copied to lie closer
    WIDE = 256,          // filters, at least, for panels of x
    APART = 256,         // floats from place to place, above which columns that meet several taps are copied
    MEET = 1024,         // floats after which addresses meet in the first cache
    FULL = 16,           // lanes of a vector that is a line of the cache; narrower blocks visit lines oftener
};

static size_t places_of(const struct linear *l, size_t images)
{
    return images * (size_t)l->h.outs * (size_t)l->w.outs;
}

static size_t parts_of(const struct linear *l, size_t images)
{
    size_t weights = l->groups * l->filters * linear_taps(l) * l->channels;
    return size_max(1, size_min(size_min(places_of(l, images) / PART, PARTS), PART_SUMS / weights));
}

// With panels of x, tap by tap, the sums of a single part are dw itself. Of several taps each has to be copied, though, which is worth while
// where it meets many filters.
static bool is_turned(const struct linear *l)
{
    return linear_taps(l) > 1 && (l->filters < WIDE || parts_of(l, l->batch) > 1);
}

// Do places lie so that few of them stay in the first cache at a time, and do blocks need that?
static bool meets(const struct linear *l, const struct window *w)
{
    return l->k->lanes < FULL && w->ld % MEET == 0;
}

struct gradient gradient_cut(const struct linear *l, const struct tensor *x, const struct tensor *dy)
{
    struct gradient g = { .l = l, .turned = is_turned(l), .places = places_of(l, l->images), .parts = parts_of(l, l->images) };
    struct window from_x =
        window_of(l->h, l->w, l->images, x->data, x->ld, l->channels, g.turned && l->groups == 1 ? GRADIENT_ROW : 0);
    struct axis h = axis_forward(l->h.outs, l->h.outs, 1, 1, 0, 1), w = axis_forward(l->w.outs, l->w.outs, 1, 1, 0, 1);
    struct window from_y = window_of(h, w, l->images, dy->data, dy->ld, l->filters, 0);
    g.a = g.turned ? from_x : from_y;
    g.b = g.turned ? from_y : from_x;
    g.beside = window_plain(&g.b);
    g.panels = panels_of(l->k, g.b.channels);
    g.values = g.turned ? linear_taps(l) * l->channels : l->filters;
    size_t cols = g.panels.vectors * g.panels.lanes, widest = size_ratio(g.panels.vectors, g.panels.count) * g.panels.lanes;
    g.tiles = g.b.taps * g.panels.count;
    g.stride = l->groups * g.b.taps * cols * g.values;
    g.in_place = !g.turned && g.parts == 1;
    size_t pixels = size_min(GRADIENT_CHUNK, g.places) * size_min(g.a.taps, (size_t)g.a.h.step * (size_t)g.a.w.step);
    g.slices = 1;
    if (g.turned && !g.a.rows) g.slices = size_ratio(g.a.run, size_min(WINDOW_RUN, size_max(NEAR / pixels, NARROW)));
    if (!g.turned && g.tiles == 1) g.slices = size_max(1, size_min(PIECES / (g.parts * l->groups), g.a.run / NARROW));
    if (!g.turned && meets(l, &g.a)) g.slices = size_max(g.slices, size_ratio(g.a.run, GRADIENT_CHUNK));
    g.shares = size_max(1, size_min(PIECES / (g.parts * l->groups * g.slices), g.tiles));
    if (g.turned) g.shares = size_max(g.shares, size_min(g.tiles, size_ratio(cols * g.values / g.slices, SUMS)));
    g.apart = g.turned ? g.b.ld > APART : meets(l, &g.b);
    g.copies = widest * GRADIENT_CHUNK;
    g.closer = g.turned ? g.slices > 1 : meets(l, &g.a);
    g.near = (g.turned ? g.slices > 1 : l->k->lanes < FULL) ? COPY : 0;
    g.buffer = g.copies + g.near;
    return g;
}

struct linear gradient_round(const struct linear *l)
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
    struct linear round = gradient_round(l);
    struct tensor x = { .ld = (ptrdiff_t)l->channels }, dy = { .ld = (ptrdiff_t)l->filters };
    struct gradient g = gradient_cut(&round, &x, &dy);
    return (g.in_place ? 0 : g.parts * g.stride) + g.parts * round.groups * round.filters + l->slots * g.buffer;
}
