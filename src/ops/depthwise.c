// depthwise.c - convolution of every channel with a filter of its own: y[p][c] = sum over taps of w[c][tap] x[tap of p][c]. There is nothing to
// multiply as matrices; vectors lie along channels, and a block of places passes all of them.
#include "ops/depthwise.h"

#include "base/parallel.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = 128,        // places of a piece, at most
    LIST = 64 * BLOCK,  // pointers of a piece
    LEAST = 8,          // places of a piece, at least
    SLICE = WINDOW_RUN, // channels that are computed together
    PARTS = 32,         // of the places, where they are summed over
    PART = 512,         // places, at least
};
static const double RATE = 0.6; // of the peak, where vectors are full

double depthwise_cost(const struct linear *l, enum direction direction)
{
    (void)direction;
    if (l->groups == 1 || l->channels > 1 || l->filters > 1 || linear_taps(l) > LIST / LEAST) return INFINITY;
    size_t lanes = (size_t)l->k->lanes;
    return linear_macs(l) / (double)l->groups * (double)(size_ratio(l->groups, lanes) * lanes) / RATE;
}

// [taps][groups]
size_t depthwise_packed(const struct linear *l)
{
    return linear_taps(l) * l->groups;
}

static size_t block_of(size_t taps)
{
    return size_min(BLOCK, LIST / size_max(1, taps));
}

static size_t places_of(const struct linear *l)
{
    return l->images * (size_t)l->h.outs * (size_t)l->w.outs;
}

size_t depthwise_parts(const struct linear *l)
{
    return size_ratio(places_of(l), block_of(linear_taps(l)));
}

static size_t sum_parts(const struct linear *l)
{
    return size_max(1, size_min(places_of(l) / PART, PARTS));
}

size_t depthwise_workspace(const struct linear *l, enum direction direction)
{
    if (direction == FORWARD) return 0;
    return direction == BACKWARD_DATA ? depthwise_packed(l) : sum_parts(l) * (linear_taps(l) + 1) * l->groups;
}

// ---- y = window(x) weights ----

struct depthwise {
    const struct kernels *k;
    struct window window;
    const float *packed;
    const struct tensor *y;
    const struct epilogue *epilogue;
    size_t block, slices;
    bool add;
};

static void finish_of(struct tile *t, const struct epilogue *e, float *const *residual, size_t part, size_t channels)
{
    if (e->bias) t->bias = e->bias + t->column;
    if (e->residual) t->residual = (const float *const *)residual;
    t->relu = e->relu;
    if (!e->sums) return;
    t->sum = e->sums + 2 * part * channels + t->column;
    t->squares = t->sum + channels;
    memset(t->sum, 0, t->cols * sizeof *t->sum);
    memset(t->squares, 0, t->cols * sizeof *t->squares);
    if (e->pivot) t->pivot = e->pivot + t->column;
}

static void depthwise_pieces(void *context, size_t begin, size_t end)
{
    const struct depthwise *d = context;
    const float *x[LIST];
    float *y[BLOCK], *residual[BLOCK];
    for (size_t i = begin; i < end; i++) {
        size_t block = i / d->slices, place = block * d->block, column = i % d->slices * SLICE;
        size_t places = size_min(d->block, window_places(&d->window) - place), channels = d->window.channels;
        window_outputs(y, &d->window, place, places, d->y, 0);
        window_list(x, NULL, &d->window, place, places, 0, d->window.taps, column);
        if (d->epilogue->residual) window_outputs(residual, &d->window, place, places, d->epilogue->residual, 0);
        struct tile tile = { .pixels = places,
                             .taps = d->window.taps,
                             .x = x,
                             .w = d->packed + column,
                             .y = y,
                             .column = column,
                             .cols = size_min(SLICE, channels - column),
                             .add = d->add };
        finish_of(&tile, d->epilogue, residual, block, channels);
        d->k->depthwise(&tile, (ptrdiff_t)channels);
    }
}

static void depthwise_run(struct depthwise *d)
{
    d->block = block_of(d->window.taps);
    d->slices = size_ratio(d->window.channels, SLICE);
    parallel_for(size_ratio(window_places(&d->window), d->block) * d->slices, 1, depthwise_pieces, d);
}

// packed[tap][channel], of the taps that h and w have.
static void pack_taps(const struct linear *l, const struct axis *h, const struct axis *w, const float *weights, float *packed)
{
    size_t taps = linear_taps(l);
    for (int i = 0; i < h->taps; i++)
        for (int j = 0; j < w->taps; j++, packed += l->groups) {
            int tap = (h->tap_first + i * h->tap_every) * l->w.taps + w->tap_first + j * w->tap_every;
            for (size_t c = 0; c < l->groups; c++) packed[c] = weights[c * taps + (size_t)tap];
        }
}

void depthwise_pack(const struct linear *l, const float *weights, float *packed)
{
    pack_taps(l, &l->h, &l->w, weights, packed);
}

void depthwise_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                       float *workspace, const struct tensor *y)
{
    (void)workspace;
    struct depthwise d = { .k = l->k,
                           .window = window_of(l->h, l->w, l->images, x->data, x->ld, l->groups, 0),
                           .packed = packed,
                           .y = y,
                           .epilogue = epilogue };
    depthwise_run(&d);
}

// The same with windows over dy. Where the stride is not 1, dx falls into classes of pixels that see the same taps.
void depthwise_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                    const struct tensor *dx, bool add)
{
    for (int i = 0; i < l->h.step && i < l->h.ins; i++)
        for (int j = 0; j < l->w.step && j < l->w.ins; j++) {
            struct axis h = axis_backward(&l->h, i), w = axis_backward(&l->w, j);
            if (add && (!h.taps || !w.taps)) continue;
            pack_taps(l, &h, &w, weights, workspace);
            struct depthwise d = { .k = l->k,
                                   .window = window_of(h, w, l->images, dy->data, dy->ld, l->groups, 0),
                                   .packed = workspace,
                                   .y = dx,
                                   .epilogue = &(struct epilogue){ 0 },
                                   .add = add };
            depthwise_run(&d);
        }
}

// ---- the gradient of the weights ----

struct weighting {
    const struct linear *l;
    struct window window;
    const struct tensor *dy;
    size_t parts, block;
    float *sums, *bias; // [parts][taps][groups], [parts][groups]
};

static void weighting_pieces(void *context, size_t begin, size_t end)
{
    const struct weighting *g = context;
    const struct window *w = &g->window;
    const float *x[LIST];
    size_t all = window_places(w), slices = size_ratio(w->channels, SLICE);
    for (size_t i = begin; i < end; i++) {
        size_t part = i / slices, column = i % slices * SLICE, cols = size_min(SLICE, w->channels - column);
        size_t first = all * part / g->parts, last = all * (part + 1) / g->parts;
        for (size_t place = first; place < last; place += g->block) {
            size_t places = size_min(g->block, last - place);
            const float *dy = g->dy->data + (ptrdiff_t)place * g->dy->ld + column;
            window_list(x, NULL, w, place, places, 0, w->taps, column);
            g->l->k->depthwise_weights(places, w->taps, cols, x, dy, g->dy->ld, g->sums + part * w->taps * w->channels + column,
                                       (ptrdiff_t)w->channels, place > first);
            if (g->bias) g->l->k->column_sum(places, cols, dy, g->dy->ld, g->bias + part * w->channels + column, place > first);
        }
    }
}

void depthwise_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                       float *db)
{
    size_t taps = linear_taps(l), parts = sum_parts(l);
    struct weighting g = { .l = l,
                           .window = window_of(l->h, l->w, l->images, x->data, x->ld, l->groups, 0),
                           .dy = dy,
                           .parts = parts,
                           .block = block_of(taps),
                           .sums = workspace };
    if (db) g.bias = workspace + parts * taps * l->groups;
    parallel_for(parts * size_ratio(l->groups, SLICE), 1, weighting_pieces, &g);
    l->k->sum_turned(taps, l->groups, parts, g.sums, taps * l->groups, (ptrdiff_t)l->groups, dw, (ptrdiff_t)taps);
    if (db) l->k->sum_parts(1, l->groups, parts, g.bias, l->groups, 0, db, 0);
}
