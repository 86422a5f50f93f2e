// winograd_weights.c - Winograd's algorithm for the gradient of the weights: dw is the convolution of x with dy, so dy's tiles are the taps and
// dw the outputs, summed over all tiles: dw = A^T (sum over tiles of (B^T x B) * (G dy G^T)) A. The sum is a matrix product at each of the 36 points.
#include "ops/winograd.h"

#include "base/parallel.h"

#include <string.h>

enum {
    POINTS = WINOGRAD_POINTS,
    MEAN_POINT = 7,   // where G adds up all of dy's tile, divided by 36
    SHARED = 1 << 20, // floats of transformed tiles of a round
    LEAST = 128,
    ROUND = 512, // tiles of a round
    GRAIN = 8,
    LINE = 16, // floats that come into the cache together
};

struct gradient {
    const struct linear *l;
    struct tiling t;
    size_t depth, rise;   // floats of a tile at a point: of x, of dy
    size_t ldx, ldy;      // from point to point
    size_t round;         // tiles
    struct panels panels; // of x's channels
    const struct tensor *x, *dy;
    float *vx, *vdy; // [36][round][depth], [36][round][rise]
    float *m;        // [36][filters][depth]
    float *sums;     // of dy: [pieces of the round][filters]
    float *dw, *db;
    size_t group, begin, end; // tiles of this round
};

static struct gradient gradient_of(const struct linear *l)
{
    struct gradient g = { .l = l, .t = tiling_of(l, false), .panels = panels_of(l->k, l->channels) };
    size_t lanes = g.panels.lanes;
    g.depth = size_ratio(l->channels, lanes) * lanes + lanes;
    g.rise = size_ratio(l->filters, lanes) * lanes + lanes;
    size_t most = SHARED / (POINTS * (g.depth + g.rise));
    g.round = size_min(l->batch * g.t.rows * g.t.cols, size_min(ROUND, size_max(LEAST, most)));
    g.ldx = g.round * g.depth + LINE; // not a multiple of what the cache maps to one place
    g.ldy = g.round * g.rise + LINE;
    return g;
}

size_t winograd_weights_round(const struct linear *l)
{
    return gradient_of(l).round;
}

size_t winograd_weights_workspace(const struct linear *l)
{
    struct gradient g = gradient_of(l);
    return POINTS * (g.ldx + g.ldy + l->filters * g.depth) + size_ratio(g.round, GRAIN) * l->filters;
}

static struct patch x_patch(const struct gradient *g, size_t i)
{
    return tiling_ins(&g->t, g->begin + i, g->x->data + g->group * g->l->channels, g->x->ld);
}

static struct patch dy_patch(const struct gradient *g, size_t i)
{
    return tiling_outs(&g->t, g->begin + i, g->dy->data + g->group * g->l->filters, g->dy->ld);
}

static void transform_pieces(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    const struct linear *l = g->l;
    float *sum = g->db ? g->sums + begin / GRAIN * l->filters : NULL;
    if (sum) memset(sum, 0, l->filters * sizeof *sum);
    for (size_t i = begin; i < end; i++) {
        struct patch x = x_patch(g, i), dy = dy_patch(g, i);
        if (i + 1 < end) {
            struct patch next = x_patch(g, i + 1), next_dy = dy_patch(g, i + 1);
            patch_fetch(&next, WINOGRAD_SIDE, l->channels);
            patch_fetch(&next_dy, g->t.size, l->filters);
        }
        l->k->winograd_in(l->channels, &x, g->vx + i * g->depth, (ptrdiff_t)g->ldx);
        l->k->winograd_taps(g->t.size, l->filters, &dy, g->vdy + i * g->rise, (ptrdiff_t)g->ldy, sum);
    }
}

static void multiply_pieces(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    const float *rows[ROUND];
    size_t tiles = g->end - g->begin, filters = g->l->filters;
    for (size_t i = begin; i < end; i++) {
        size_t z = i / g->panels.count;
        struct panel panel = panel_at(&g->panels, i % g->panels.count);
        for (size_t t = 0; t < tiles; t++) rows[t] = g->vdy + z * g->ldy + t * g->rise;
        g->l->k->outer(&(struct outer){ .pixels = tiles,
                                        .rows = filters,
                                        .a = rows,
                                        .b = g->vx + z * g->ldx + panel.first,
                                        .ldb = (ptrdiff_t)g->depth,
                                        .vectors = panel.vectors,
                                        .c = g->m + z * filters * g->depth + panel.first,
                                        .ldc = (ptrdiff_t)g->depth,
                                        .cols = panel.width,
                                        .add = g->begin > 0 });
    }
}

static void interpolate_pieces(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    const struct linear *l = g->l;
    int taps = g->t.taps;
    for (size_t k = begin; k < end; k++) {
        ptrdiff_t away = (ptrdiff_t)l->channels;
        float *dw = g->dw + (g->group * l->filters + k) * linear_taps(l) * l->channels;
        struct patch patch = { dw, taps * away, away, 0, taps, 0, taps };
        l->k->winograd_out(taps, l->channels, g->m + k * g->depth, (ptrdiff_t)(l->filters * g->depth), &patch,
                           &(struct finish){ 0 });
    }
}

void winograd_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                      float *db)
{
    struct gradient g = gradient_of(l);
    g.x = x;
    g.dy = dy;
    g.vx = workspace;
    g.vdy = g.vx + POINTS * g.ldx;
    g.m = g.vdy + POINTS * g.ldy;
    g.sums = g.m + POINTS * l->filters * g.depth;
    g.dw = dw;
    g.db = db;
    for (; g.group < l->groups; g.group++) {
        for (g.begin = 0; g.begin < g.t.tiles; g.begin = g.end) {
            g.end = size_min(g.begin + g.round, g.t.tiles);
            parallel_for(g.end - g.begin, GRAIN, transform_pieces, &g);
            parallel_for(POINTS * g.panels.count, 1, multiply_pieces, &g);
            if (db)
                l->k->column_sum(size_ratio(g.end - g.begin, GRAIN), l->filters, g.sums, (ptrdiff_t)l->filters,
                                 db + g.group * l->filters, g.begin > 0);
        }
        parallel_for(l->filters, 1, interpolate_pieces, &g);
    }
}
