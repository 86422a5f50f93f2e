// scatter.c - the gradient of the input of a convolution with few channels: what each pixel of dy gives to all the pixels its window saw is one
// product, z[p][tap][c] = sum of dy[p][k] w[k][tap][c], whose columns are taps x channels, so that vectors are full where channels alone
// would not fill them. Then each pixel of dx adds up what it was given.
#include "ops/scatter.h"

#include "base/parallel.h"

#include <math.h>
#include <stdint.h>

enum {
    BLOCK = 112,     // places of a product
    DEPTH = 512,     // filters, at most
    BAND = 64 << 10, // values of z in memory at once
    LINE = 16,
    GIVE = 24, // per value of z that is stored and added up, in multiply-adds
};
static const double RATE = 0.9; // of the peak

static size_t columns_of(const struct linear *l)
{
    return linear_taps(l) * l->channels;
}

// From place to place in z: an odd number of lines, so that they do not meet in the cache.
static size_t distance(const struct linear *l)
{
    return (size_ratio(columns_of(l), LINE) | 1) * LINE;
}

// Rows of dx that are computed together, so that z stays in the cache.
static int band_of(const struct linear *l)
{
    int lines = (int)(BAND / ((size_t)l->w.outs * distance(l))), rows = lines * l->h.step - l->h.taps;
    return lines >= l->h.outs || rows > l->h.ins ? l->h.ins : rows;
}

static struct panels panels_for(const struct linear *l)
{
    return panels_of(l->k, columns_of(l));
}

static size_t packed_floats(const struct linear *l)
{
    struct panels panels = panels_for(l);
    return l->groups * panels.vectors * panels.lanes * l->filters;
}

double scatter_cost(const struct linear *l, enum direction direction)
{
    if (direction != BACKWARD_DATA || l->channels < (size_t)l->k->lanes || l->h.dilate > 1 || l->w.dilate > 1 ||
        l->filters > DEPTH || linear_taps(l) == 1)
        return INFINITY;
    int band = band_of(l);
    if (band < l->h.taps) return INFINITY;
    struct panels panels = panels_for(l);
    double again = 1 + (double)(l->h.taps - 1) / band,
           places = (double)l->images * l->h.outs * l->w.outs * (band < l->h.ins ? again : 1);
    return places * (double)(l->groups * panels.vectors * panels.lanes) * ((double)l->filters / RATE + GIVE);
}

size_t scatter_workspace(const struct linear *l, enum direction direction)
{
    (void)direction;
    return packed_floats(l) + l->slots * BAND;
}

struct scatter {
    const struct linear *l;
    const struct tensor *dy, *dx;
    const float *weights;
    float *packed, *z;
    struct panels panels;
    struct pool pool;
    int band;
    bool add;
};

static void pack_panels(void *context, size_t begin, size_t end)
{
    const struct scatter *s = context;
    size_t filters = s->l->filters, cols = s->panels.cols;
    for (size_t i = begin; i < end; i++) {
        size_t group = i / s->panels.count;
        struct panel panel = panel_at(&s->panels, i % s->panels.count);
        s->l->k->pack_rows(filters, panel.cols, panel.width, s->weights + group * filters * cols + panel.first, (ptrdiff_t)cols,
                           s->packed + (group * s->panels.vectors * s->panels.lanes + panel.first) * filters);
    }
}

// z of `places` pixels of dy.
static void give(const struct scatter *s, size_t group, const float *dy, size_t places, float *z)
{
    const float *x[BLOCK];
    float *y[BLOCK];
    size_t filters = s->l->filters, ldz = distance(s->l);
    for (size_t first = 0; first < places; first += BLOCK) {
        size_t count = size_min(BLOCK, places - first);
        for (size_t i = 0; i < count; i++) {
            x[i] = dy + (ptrdiff_t)(first + i) * s->dy->ld;
            y[i] = z + (first + i) * ldz;
        }
        for (size_t i = 0; i < s->panels.count; i++) {
            struct panel panel = panel_at(&s->panels, i);
            s->l->k->tile(
                &(struct tile){ .pixels = count,
                                .taps = 1,
                                .run = filters,
                                .x = x,
                                .row = &(size_t){ 0 },
                                .w = s->packed + (group * s->panels.vectors * s->panels.lanes + panel.first) * filters,
                                .vectors = panel.vectors,
                                .y = y,
                                .column = panel.first,
                                .cols = panel.cols });
        }
    }
}

// A band of rows of one image's dx, of one group.
static void scatter_pieces(void *context, size_t begin, size_t end)
{
    const struct scatter *s = context;
    const struct linear *l = s->l;
    const struct pool *pool = &s->pool;
    float *z = s->z + parallel_slot() * BAND;
    size_t bands = size_ratio((size_t)pool->h, (size_t)s->band), ldz = distance(l);
    for (size_t i = begin; i < end; i++) {
        size_t group = i % l->groups, image = i / l->groups / bands;
        int row = (int)(i / l->groups % bands) * s->band, last = row + s->band < pool->h ? row + s->band : pool->h;
        int from = row + pool->pad_h - pool->size_h + 1, to = (last - 1 + pool->pad_h) / pool->stride_h + 1;
        from = from > 0 ? (from + pool->stride_h - 1) / pool->stride_h : 0;
        to = to < pool->p ? to : pool->p;
        size_t first = (size_t)from * (size_t)pool->q, pixels = (size_t)pool->h * (size_t)pool->w;
        const float *dy =
            s->dy->data + (ptrdiff_t)(image * (size_t)(pool->p * pool->q) + first) * s->dy->ld + group * l->filters;
        if (to > from) give(s, group, dy, (size_t)(to - from) * (size_t)pool->q, z);
        l->k->fold(pool, (size_t)row, (size_t)last, (const float *)((uintptr_t)z - first * ldz * sizeof(float)), (ptrdiff_t)ldz,
                   s->dx->data + (ptrdiff_t)(image * pixels) * s->dx->ld + group * l->channels, s->dx->ld, s->add);
    }
}

void scatter_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                  const struct tensor *dx, bool add)
{
    struct scatter s = { .l = l,
                         .dy = dy,
                         .dx = dx,
                         .weights = weights,
                         .packed = workspace,
                         .z = workspace + packed_floats(l),
                         .panels = panels_for(l),
                         .pool = { .h = l->h.ins,
                                   .w = l->w.ins,
                                   .c = (int)l->channels,
                                   .p = l->h.outs,
                                   .q = l->w.outs,
                                   .size_h = l->h.taps,
                                   .size_w = l->w.taps,
                                   .stride_h = l->h.step,
                                   .stride_w = l->w.step,
                                   .pad_h = -l->h.offset,
                                   .pad_w = -l->w.offset },
                         .band = band_of(l),
                         .add = add };
    parallel_for(l->groups * s.panels.count, 1, pack_panels, &s);
    parallel_for_on(l->slots, l->images * size_ratio((size_t)l->h.ins, (size_t)s.band) * l->groups, 1, scatter_pieces, &s);
}
