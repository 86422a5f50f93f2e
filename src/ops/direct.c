// direct.c - convolution and dense layers forward and backward to the data, by the formulas: products of windows and panels of weights.
#include "ops/product.h"

#include "base/parallel.h"

enum {
    ROW = 64,    // of a window, as one run
    PANEL = 384, // values of a filter that are packed at once
    FEW = 128,   // pixels that are not worth packing all weights for
};

static size_t panel_floats(const struct linear *l, size_t cols, size_t depth)
{
    struct panels panels = panels_of(l->k, cols);
    return l->groups * panels.vectors * panels.lanes * depth;
}

size_t direct_packed(const struct linear *l)
{
    return panel_floats(l, l->filters, linear_taps(l) * l->channels);
}

struct packing {
    const struct linear *l;
    struct panels panels;
    struct axis h, w;
    size_t depth, slices;
    const float *weights;
    float *packed;
};

// ---- forward ----

static void pack_filters(void *context, size_t begin, size_t end)
{
    const struct packing *p = context;
    for (size_t i = begin; i < end; i++) {
        size_t group = i / p->slices / p->panels.count, from = i % p->slices * PANEL, to = size_min(p->depth, from + PANEL);
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
    p.slices = size_ratio(p.depth, PANEL);
    parallel_for(l->groups * p.panels.count * p.slices, 1, pack_filters, &p);
}

static struct product forward_product(const struct linear *l, const float *x, ptrdiff_t ld, const float *packed)
{
    struct product p = { .k = l->k,
                         .window = window_of(l->h, l->w, l->images, x, ld, l->channels, l->groups == 1 ? ROW : 0),
                         .panels = panels_of(l->k, l->filters),
                         .weights = packed,
                         .packed = true,
                         .groups = l->groups,
                         .slots = l->slots,
                         .batch = l->batch };
    product_cut(&p);
    return p;
}

size_t direct_parts(const struct linear *l)
{
    struct product p = forward_product(l, NULL, (ptrdiff_t)l->channels, NULL);
    return product_blocks(&p);
}

void direct_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                    float *workspace, const struct tensor *y)
{
    struct product p = forward_product(l, x->data, x->ld, packed);
    p.epilogue = epilogue;
    p.workspace = workspace;
    p.y = y;
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

// Pixels i, i + stride, ... x j, j + stride, ... of dx all see the same taps; the same product with windows over dy.
static struct product data_product(const struct linear *l, int i, int j, const struct tensor *dy)
{
    struct axis h = axis_backward(&l->h, i), w = axis_backward(&l->w, j);
    struct product p = { .k = l->k,
                         .window = window_of(h, w, l->images, dy ? dy->data : NULL, dy ? dy->ld : 0, l->filters, 0),
                         .panels = panels_of(l->k, l->channels),
                         .packed = l->batch * (size_t)l->h.outs * (size_t)l->w.outs > FEW,
                         .kernel = linear_taps(l),
                         .kernel_w = (size_t)l->w.taps,
                         .groups = l->groups,
                         .slots = l->slots };
    product_cut(&p);
    return p;
}

void direct_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                 const struct tensor *dx, bool add)
{
    int step = l->h.step * l->w.step;
    bool blanks =
        linear_taps(l) == 1 && !l->h.offset && !l->w.offset && step > 1 && step <= PRODUCT_BLANKS + 1; // beside (0, 0)
    for (int i = 0; i < l->h.step && i < l->h.ins; i++)
        for (int j = 0; j < l->w.step && j < l->w.ins; j++) {
            struct product p = data_product(l, i, j, dy);
            struct packing pack = { .l = l,
                                    .panels = p.panels,
                                    .h = p.window.h,
                                    .w = p.window.w,
                                    .weights = weights,
                                    .depth = p.window.taps * l->filters,
                                    .packed = workspace };
            if (!pack.depth && (add || blanks)) continue;
            if (p.packed) parallel_for(l->groups * p.panels.count * p.window.taps, 1, pack_channels, &pack);
            p.weights = p.packed ? workspace : weights;
            p.workspace = workspace + (p.packed ? panel_floats(l, l->channels, pack.depth) : 0);
            p.epilogue = &(struct epilogue){ 0 };
            p.y = dx;
            p.add = add;
            p.blanks = blanks && !add;
            product_run(&p);
        }
}

size_t direct_workspace(const struct linear *l, enum direction direction)
{
    if (direction == BACKWARD_WEIGHTS) return direct_weights_workspace(l);
    size_t most = 0;
    struct product p = forward_product(l, NULL, 0, NULL);
    if (direction == FORWARD) return product_workspace(&p);
    for (int i = 0; i < l->h.step && i < l->h.ins; i++)
        for (int j = 0; j < l->w.step && j < l->w.ins; j++) {
            p = data_product(l, i, j, NULL);
            size_t packed = p.packed ? panel_floats(l, l->channels, p.window.taps * l->filters) : 0;
            most = size_max(most, packed + product_workspace(&p));
        }
    return most;
}
