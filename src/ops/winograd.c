// winograd.c - Winograd's algorithm, forward and backward to the data: per tile and channel 6 x 6 inputs become 36 points, at each point the
// channels meet the transformed weights in a matrix product, and the 36 sums become the outputs.
#include "ops/winograd.h"

#include "base/parallel.h"

enum {
    POINTS = WINOGRAD_POINTS,
    BLOCK = 28,       // tiles that pass the weights together: twice the kernel's tallest block of rows
    ROUND = 16,       // blocks that are enough for all threads
    LIGHT = 3 << 20,  // floats of transformed weights that may pass once per block
    SHARED = 8 << 20, // floats of transformed inputs that stay in the machine's cache
    MOST = 16 << 20,  // floats of workspace
    SLICE = 64,       // weights per tap that are turned and transformed together
    WIDEST = 3 * 16,  // floats of a panel's row
    FRESH = 8,        // panels that are enough for all threads
    LINE = 16,        // floats that come into the cache together
    GRAIN = 14,       // tiles transformed in a piece
};

struct winograd {
    const struct linear *l;
    bool backward;
    struct tiling t;
    size_t in, out;        // channels of a group
    struct panels panels;  // of out
    size_t wide;           // columns of the widest panel
    size_t depth, ld;      // floats of a point's channels, and from tile to tile
    size_t block, blocks;  // tiles
    size_t round;          // tiles whose inputs are transformed before any is multiplied; 0: each block on its own
    size_t slots, scratch; // floats of a slot: m, and v where each block has its own, and u where it is made panel by panel
    const struct tensor *x, *y;
    const float *weights, *u; // u[groups][panels][36][in][width]; NULL: to be made of weights panel by panel
    float *v, *m;
    const struct epilogue *epilogue;
    bool add;
};

// Of a panel's transformed weights, from point to point and of all; some more, so that not all lie in the same place of the cache.
static size_t point_floats(const struct winograd *g, struct panel panel)
{
    return g->in * panel.width + LINE;
}

static size_t panel_floats(const struct winograd *g)
{
    return POINTS * (g->in * g->wide + LINE);
}

// In a gradient the transformed weights serve once. Where they are many and the tiles few, each panel is made when it is needed, so that it
// does not go through memory.
static bool fresh(const struct winograd *g)
{
    return g->backward && g->round && g->panels.count >= FRESH;
}

static struct winograd winograd_of(const struct linear *l, bool backward)
{
    struct winograd g = { .l = l, .backward = backward, .t = tiling_of(l, backward) };
    g.in = backward ? l->filters : l->channels;
    g.out = backward ? l->channels : l->filters;
    g.panels = panels_of(l->k, g.out);
    g.wide = size_ratio(g.panels.vectors, g.panels.count) * g.panels.lanes;
    g.depth = size_ratio(g.in, g.panels.lanes) * g.panels.lanes;
    g.ld = POINTS * g.depth + LINE;
    size_t tiles = l->batch * g.t.rows * g.t.cols;
    bool light = POINTS * g.in * g.out <= LIGHT && size_ratio(tiles, BLOCK) * l->groups >= ROUND;
    g.block = size_min(tiles, BLOCK);
    g.blocks = size_ratio(g.t.tiles, g.block);
    if (!light) g.round = size_min(tiles, size_max(1, SHARED / (g.ld * g.block)) * g.block);
    g.scratch = g.block * (POINTS * g.wide + (light ? g.ld : 0)) + (fresh(&g) ? panel_floats(&g) : 0);
    g.slots = size_max(1, size_min(l->slots, (MOST - g.round * g.ld) / g.scratch));
    return g;
}

size_t winograd_parts(const struct linear *l)
{
    return winograd_of(l, false).blocks;
}

size_t winograd_packed(const struct linear *l)
{
    struct winograd g = winograd_of(l, false);
    return l->groups * g.panels.count * panel_floats(&g);
}

size_t winograd_workspace(const struct linear *l, enum direction direction)
{
    if (direction == BACKWARD_WEIGHTS) return winograd_weights_workspace(l);
    struct winograd g = winograd_of(l, direction == BACKWARD_DATA);
    size_t u = direction == FORWARD || fresh(&g) ? 0 : l->groups * g.panels.count * panel_floats(&g);
    return g.round * g.ld + g.slots * g.scratch + u;
}

// ---- weights: u = G w G^T ----

// Rows from..from+count-1 of a panel.
static void pack_slice(const struct winograd *g, size_t group, size_t index, size_t from, size_t count, float *u)
{
    float turned[25 * SLICE * WIDEST];
    struct panel panel = panel_at(&g->panels, index);
    const struct linear *l = g->l;
    size_t taps = linear_taps(l), ld = taps * l->channels;
    for (size_t t = 0; t < taps; t++) {
        const float *w = g->weights + group * l->filters * ld + t * l->channels;
        if (g->backward)
            l->k->pack_rows(count, panel.cols, panel.width, w + from * ld + panel.first, (ptrdiff_t)ld,
                            turned + (taps - 1 - t) * count * panel.width);
        else
            l->k->pack_columns(count, panel.cols, panel.width, w + panel.first * ld + from, (ptrdiff_t)ld,
                               turned + t * count * panel.width);
    }
    ptrdiff_t away = (ptrdiff_t)(count * panel.width);
    struct patch patch = { turned, g->t.taps * away, away, 0, g->t.taps, 0, g->t.taps };
    l->k->winograd_taps(g->t.taps, count * panel.width, &patch, u + from * panel.width, (ptrdiff_t)point_floats(g, panel),
                        NULL);
}

struct packing {
    const struct winograd *g;
    float *u;
};

static void pack_slices(void *context, size_t begin, size_t end)
{
    const struct packing *p = context;
    size_t slices = size_ratio(p->g->in, SLICE), panels = p->g->panels.count;
    for (size_t i = begin; i < end; i++) {
        size_t from = i % slices * SLICE, panel = i / slices;
        pack_slice(p->g, panel / panels, panel % panels, from, size_min(SLICE, p->g->in - from),
                   p->u + panel * panel_floats(p->g));
    }
}

static void pack_weights(const struct winograd *g, float *u)
{
    struct packing p = { g, u };
    parallel_for(g->l->groups * g->panels.count * size_ratio(g->in, SLICE), 1, pack_slices, &p);
}

void winograd_pack(const struct linear *l, const float *weights, float *packed)
{
    struct winograd g = winograd_of(l, false);
    g.weights = weights;
    pack_weights(&g, packed);
}

// ---- tiles ----

// v = B^T x B of tiles begin..end-1.
static void transform(const struct winograd *g, size_t group, size_t begin, size_t end, float *v)
{
    for (size_t i = begin; i < end; i++, v += g->ld) {
        struct patch patch = tiling_ins(&g->t, i, g->x->data + group * g->in, g->x->ld);
        if (i + 1 < end) {
            struct patch next = tiling_ins(&g->t, i + 1, g->x->data + group * g->in, g->x->ld);
            patch_fetch(&next, WINOGRAD_SIDE, g->in);
        }
        g->l->k->winograd_in(g->in, &patch, v, (ptrdiff_t)g->depth);
    }
}

// m = v u for a panel at all points, then y = A^T m A.
static void multiply(const struct winograd *g, size_t group, size_t index, size_t begin, size_t end, const float *v,
                     const float *u, float *m)
{
    const float *x[BLOCK];
    float *y[BLOCK];
    struct panel panel = panel_at(&g->panels, index);
    size_t tiles = end - begin, ldm = POINTS * panel.width;
    for (size_t i = 0; i < tiles; i++) x[i] = v + i * g->ld, y[i] = m + i * ldm;
    struct tile tile = { .pixels = tiles,
                         .taps = 1,
                         .run = g->in,
                         .x = x,
                         .row = &(size_t){ 0 },
                         .w = u,
                         .vectors = panel.vectors,
                         .y = y,
                         .cols = panel.width };
    for (size_t z = 0; z < POINTS; z++, tile.w += point_floats(g, panel)) {
        g->l->k->tile(&tile);
        for (size_t i = 0; i < tiles; i++) x[i] += g->depth, y[i] += panel.width;
    }
    size_t first = group * g->out + panel.first, all = g->l->groups * g->out;
    const struct epilogue *e = g->epilogue;
    struct finish finish = { .add = g->add };
    if (e) {
        finish = (struct finish){ .relu = e->relu,
                                  .bias = e->bias ? e->bias + first : NULL,
                                  .pivot = e->pivot ? e->pivot + first : NULL };
        if (e->sums) finish.sum = e->sums + begin / g->block * 2 * all + first, finish.square = finish.sum + all;
        for (size_t i = 0; e->sums && i < panel.cols; i++) finish.sum[i] = finish.square[i] = 0;
    }
    for (size_t i = 0; i < tiles; i++) {
        struct patch patch = tiling_outs(&g->t, begin + i, g->y->data + first, g->y->ld);
        if (e && e->residual) {
            struct patch residual = tiling_outs(&g->t, begin + i, e->residual->data + first, e->residual->ld);
            finish.residual = residual.x, finish.row = residual.row, finish.col = residual.col;
        }
        if (i + 1 < tiles) {
            struct patch next = tiling_outs(&g->t, begin + i + 1, g->y->data + first, g->y->ld);
            patch_fetch(&next, g->t.size, panel.cols);
        }
        g->l->k->winograd_out(g->t.size, panel.cols, m + i * ldm, (ptrdiff_t)panel.width, &patch, &finish);
    }
}

static void block_pieces(void *context, size_t begin, size_t end)
{
    const struct winograd *g = context;
    float *m = g->m + parallel_slot() * g->scratch, *v = m + g->block * POINTS * g->wide;
    for (size_t i = begin; i < end; i++) {
        size_t group = i % g->l->groups, first = i / g->l->groups * g->block, last = size_min(first + g->block, g->t.tiles);
        transform(g, group, first, last, v);
        for (size_t p = 0; p < g->panels.count; p++)
            multiply(g, group, p, first, last, v, g->u + (group * g->panels.count + p) * panel_floats(g), m);
    }
}

struct round {
    const struct winograd *g;
    size_t group, begin, end;
};

static void transform_pieces(void *context, size_t begin, size_t end)
{
    const struct round *r = context;
    transform(r->g, r->group, r->begin + begin, r->begin + end, r->g->v + begin * r->g->ld);
}

static void multiply_block(const struct round *r, size_t panel, size_t first, const float *u, float *m)
{
    const struct winograd *g = r->g;
    multiply(g, r->group, panel, r->begin + first, size_min(r->begin + first + g->block, r->end), g->v + first * g->ld, u, m);
}

static void multiply_pieces(void *context, size_t begin, size_t end)
{
    const struct round *r = context;
    const struct winograd *g = r->g;
    size_t blocks = size_ratio(r->end - r->begin, g->block);
    for (size_t i = begin; i < end; i++)
        multiply_block(r, i / blocks, i % blocks * g->block, g->u + (r->group * g->panels.count + i / blocks) * panel_floats(g),
                       g->m + parallel_slot() * g->scratch);
}

static void fresh_pieces(void *context, size_t begin, size_t end)
{
    const struct round *r = context;
    const struct winograd *g = r->g;
    float *m = g->m + parallel_slot() * g->scratch, *u = m + g->block * POINTS * g->wide;
    for (size_t panel = begin; panel < end; panel++) {
        for (size_t from = 0; from < g->in; from += SLICE)
            pack_slice(g, r->group, panel, from, size_min(SLICE, g->in - from), u);
        for (size_t first = 0; first < r->end - r->begin; first += g->block) multiply_block(r, panel, first, u, m);
    }
}

static void run(struct winograd *g, float *workspace)
{
    g->v = workspace;
    g->m = workspace + g->round * g->ld;
    if (!g->round) parallel_for_on(g->slots, g->blocks * g->l->groups, 1, block_pieces, g);
    for (size_t group = 0; g->round && group < g->l->groups; group++)
        for (size_t tile = 0; tile < g->t.tiles; tile += g->round) {
            struct round r = { g, group, tile, size_min(tile + g->round, g->t.tiles) };
            parallel_for(r.end - r.begin, GRAIN, transform_pieces, &r);
            if (fresh(g))
                parallel_for_on(g->slots, g->panels.count, 1, fresh_pieces, &r);
            else
                parallel_for_on(g->slots, size_ratio(r.end - r.begin, g->block) * g->panels.count, 1, multiply_pieces, &r);
        }
}

void winograd_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                      float *workspace, const struct tensor *y)
{
    struct winograd g = winograd_of(l, false);
    g.x = x;
    g.y = y;
    g.u = packed;
    g.epilogue = epilogue;
    run(&g, workspace);
}

void winograd_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                   const struct tensor *dx, bool add)
{
    struct winograd g = winograd_of(l, true);
    float *u = workspace + g.round * g.ld + g.slots * g.scratch;
    g.weights = weights;
    if (!fresh(&g)) pack_weights(&g, u);
    g.u = u;
    g.x = dy;
    g.y = dx;
    g.add = add;
    run(&g, workspace);
}
