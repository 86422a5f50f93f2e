// product.c - convolution and dense layers forward and backward to the data, as a product of windows and panels of weights.
#include "ops/linear.h"

#include "base/parallel.h"

#include <string.h>

enum {
    BLOCK = 112,     // pixels of a piece: a multiple of every block height of the kernel
    DEPTH = 384,     // of a panel at once, so that this much of it stays in the cache while the pixels of a block pass
    LIST = 24 * 112, // pointers of a piece
    SCRATCH = 16384, // floats for rows that are partly padding
    ROW = 64,        // of a window, as one run
    PIECES = 32,     // at least so many, where the panels allow
    IMAGES = 12,     // that make it worth while to go by place
};
static const double INSIDE = 0.8; // of the taps, above which it is not

static size_t panel_floats(const struct linear *l, size_t cols, size_t depth)
{
    struct panels panels = panels_of(l->k, cols);
    return l->groups * panels.vectors * panels.lanes * depth;
}

size_t direct_packed(const struct linear *l)
{
    return panel_floats(l, l->filters, linear_taps(l) * l->channels);
}

size_t direct_workspace(const struct linear *l, enum direction direction)
{
    if (direction == BACKWARD_WEIGHTS) return direct_weights_workspace(l);
    return direction == BACKWARD_DATA ? panel_floats(l, l->channels, linear_taps(l) * l->filters) : 0;
}

// ---- y = window(x) panels ----

struct product {
    const struct kernels *k;
    struct window window; // over x's first group
    struct panels panels;
    const float *packed; // [groups][panels][taps * channels][width]
    const struct tensor *y;
    const struct epilogue *epilogue; // its parts: the blocks
    size_t groups;
    size_t stretch, blocks, block; // every `stretch` places are cut into `blocks` blocks of `block` places
    size_t shares;                 // the panels are cut into so many
    bool add;
};

// Cuts the places into blocks. By place, windows that are padding for the most part cost only what lies in the image.
static void product_cut(struct product *p)
{
    struct window *w = &p->window;
    size_t places = window_places(w);
    w->by_place = !w->narrow && w->images >= IMAGES && window_inside(w) < INSIDE;
    p->stretch = w->by_place ? w->images : places;
    p->block = BLOCK;
    while (w->narrow && p->block * size_min((size_t)w->h.taps * (size_t)w->w.taps * w->channels, DEPTH) > SCRATCH)
        p->block -= 14;
    p->blocks = size_ratio(p->stretch, p->block);
}

static size_t product_blocks(const struct product *p)
{
    return p->stretch ? window_places(&p->window) / p->stretch * p->blocks : 0;
}

// Leaves out the taps that are padding for all places of the list; returns how many remain.
static size_t drop_padding(const float **list, size_t *row, size_t places, size_t taps)
{
    size_t left = 0;
    for (size_t t = 0; t < taps; t++) {
        if (list[t * places] == window_padding) continue;
        if (left < t) memcpy(list + left * places, list + t * places, places * sizeof *list);
        row[left++] = row[t];
    }
    return left;
}

// What the last visit to a panel does with the sums: `column` is its first of all `columns`.
static void tile_finish(struct tile *t, const struct epilogue *e, float *const *residual, size_t part, size_t columns,
                        size_t column)
{
    if (e->bias) t->bias = e->bias + column;
    if (e->residual) t->residual = (const float *const *)residual;
    t->relu = e->relu;
    if (!e->sums) return;
    t->sum = e->sums + 2 * part * columns + column;
    t->squares = t->sum + columns;
    memset(t->sum, 0, t->cols * sizeof *t->sum);
    memset(t->squares, 0, t->cols * sizeof *t->squares);
    if (e->pivot) t->pivot = e->pivot + column;
}

static void product_block(const struct product *p, size_t block, size_t group, size_t share)
{
    const float *x[LIST];
    float *y[BLOCK], *residual[BLOCK], scratch[SCRATCH];
    size_t row[LIST];
    size_t within = block % p->blocks * p->block, first = block / p->blocks * p->stretch + within;
    size_t places = size_min(p->block, p->stretch - within), filters = p->panels.cols;
    struct window w = p->window;
    w.data += group * w.channels;
    window_outputs(y, &w, first, places, p->y, group * filters);
    const struct epilogue *e = p->epilogue;
    if (e->residual) window_outputs(residual, &w, first, places, e->residual, group * filters);
    size_t taps = size_max(1, size_min(DEPTH / w.run, LIST / places)), run = size_ratio(w.run, size_ratio(w.run, DEPTH));
    size_t from = p->panels.count * share / p->shares, to = p->panels.count * (share + 1) / p->shares;
    const float *packed = p->packed + group * p->panels.vectors * p->panels.lanes * w.taps * w.run;
    bool begun = false;
    for (size_t tap = 0, skip = 0; !begun || tap < w.taps; begun = true) {
        size_t now = size_min(taps, w.taps - tap), length = size_min(run, w.run - skip);
        window_list(x, scratch, &w, first, places, tap, now, skip);
        for (size_t t = 0; t < now; t++) row[t] = (tap + t) * w.run + skip;
        size_t left = w.by_place ? drop_padding(x, row, places, now) : now;
        skip += length;
        if (skip == w.run) skip = 0, tap += now;
        for (size_t i = from; i < to; i++) {
            struct panel panel = panel_at(&p->panels, i);
            struct tile tile = { .pixels = places,
                                 .taps = left,
                                 .run = length,
                                 .x = x,
                                 .row = row,
                                 .w = packed + panel.first * w.taps * w.run,
                                 .vectors = panel.vectors,
                                 .y = y,
                                 .column = panel.first,
                                 .cols = panel.cols,
                                 .add = p->add || begun };
            if (tap >= w.taps) tile_finish(&tile, e, residual, block, p->groups * filters, group * filters + panel.first);
            p->k->tile(&tile);
        }
    }
}

static void product_pieces(void *context, size_t begin, size_t end)
{
    const struct product *p = context;
    for (size_t i = begin; i < end; i++) product_block(p, i / p->shares / p->groups, i / p->shares % p->groups, i % p->shares);
}

static void product_run(struct product *p)
{
    product_cut(p);
    size_t blocks = product_blocks(p);
    if (!blocks) return;
    p->shares = size_max(1, size_min(p->panels.count, PIECES / (blocks * p->groups)));
    parallel_for(blocks * p->groups * p->shares, 1, product_pieces, p);
}

// ---- forward ----

struct packing {
    const struct linear *l;
    struct panels panels;
    struct axis h, w;
    size_t depth, slices;
    const float *weights;
    float *packed;
};

static void pack_filters(void *context, size_t begin, size_t end)
{
    const struct packing *p = context;
    for (size_t i = begin; i < end; i++) {
        size_t group = i / p->slices / p->panels.count, from = i % p->slices * DEPTH, to = size_min(p->depth, from + DEPTH);
        struct panel panel = panel_at(&p->panels, i / p->slices % p->panels.count);
        float *packed = p->packed + (group * p->panels.vectors * p->panels.lanes + panel.first) * p->depth;
        p->l->k->pack_columns(to - from, panel.cols, panel.width,
                              p->weights + (group * p->panels.cols + panel.first) * p->depth + from, (ptrdiff_t)p->depth,
                              packed + from * panel.width);
    }
}

void direct_pack(const struct linear *l, const float *weights, float *packed)
{
    struct packing p = { .l = l,
                         .panels = panels_of(l->k, l->filters),
                         .depth = linear_taps(l) * l->channels,
                         .weights = weights,
                         .packed = packed };
    p.slices = size_ratio(p.depth, DEPTH);
    parallel_for(l->groups * p.panels.count * p.slices, 1, pack_filters, &p);
}

size_t direct_parts(const struct linear *l)
{
    size_t longest = l->groups == 1 ? ROW : 0;
    struct product p = { .window = window_of(l->h, l->w, l->images, NULL, (ptrdiff_t)l->channels, l->channels, longest) };
    product_cut(&p);
    return product_blocks(&p);
}

void direct_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                    float *workspace, const struct tensor *y)
{
    (void)workspace;
    size_t longest = l->groups == 1 ? ROW : 0;
    struct product p = { .k = l->k,
                         .window = window_of(l->h, l->w, l->images, x->data, x->ld, l->channels, longest),
                         .groups = l->groups,
                         .panels = panels_of(l->k, l->filters),
                         .packed = packed,
                         .y = y,
                         .epilogue = epilogue };
    product_run(&p);
}

// ---- backward to the data ----

static void pack_channels(void *context, size_t begin, size_t end)
{
    const struct packing *p = context;
    size_t taps = p->depth / p->l->filters, cols = (size_t)p->w.taps;
    size_t ld = linear_taps(p->l) * p->l->channels;
    for (size_t i = begin; i < end; i++) {
        size_t tap = i % taps, group = i / taps / p->panels.count;
        struct panel panel = panel_at(&p->panels, i / taps % p->panels.count);
        size_t r = (size_t)p->h.tap_first + tap / cols * (size_t)p->h.tap_every;
        size_t s = (size_t)p->w.tap_first + tap % cols * (size_t)p->w.tap_every;
        float *packed = p->packed + (group * p->panels.vectors * p->panels.lanes + panel.first) * p->depth;
        const float *weights = p->weights + group * p->l->filters * ld + (r * (size_t)p->l->w.taps + s) * p->l->channels;
        p->l->k->pack_rows(p->l->filters, panel.cols, panel.width, weights + panel.first, (ptrdiff_t)ld,
                           packed + tap * p->l->filters * panel.width);
    }
}

// The same product, with windows over dy. Where the stride is not 1, dx falls into classes of pixels that see the same taps.
void direct_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                 const struct tensor *dx, bool add)
{
    for (int i = 0; i < l->h.step && i < l->h.ins; i++)
        for (int j = 0; j < l->w.step && j < l->w.ins; j++) {
            struct axis h = axis_backward(&l->h, i), w = axis_backward(&l->w, j);
            struct packing pack = { .l = l,
                                    .panels = panels_of(l->k, l->channels),
                                    .h = h,
                                    .w = w,
                                    .weights = weights,
                                    .depth = (size_t)h.taps * (size_t)w.taps * l->filters,
                                    .packed = workspace };
            if (!pack.depth && add) continue;
            parallel_for(l->groups * pack.panels.count * (size_t)h.taps * (size_t)w.taps, 1, pack_channels, &pack);
            struct product p = { .k = l->k,
                                 .window = window_of(h, w, l->images, dy->data, dy->ld, l->filters, 0),
                                 .groups = l->groups,
                                 .panels = pack.panels,
                                 .packed = workspace,
                                 .y = dx,
                                 .epilogue = &(struct epilogue){ 0 },
                                 .add = add };
            product_run(&p);
        }
}
