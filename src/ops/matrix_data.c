// matrix_data.c - the gradient of the data as a product of matrices, dx = dy w. Few images by blends of rows of w, as these lie in memory. Many by
// panels of columns of w: some panels' sums stay in the second cache while all filters pass by, and a panel's slice is copied to lie side by
// side while the first images meet it.
#include "ops/matrix.h"

#include "base/parallel.h"

enum {
    BLENDED = 8,    // images that are few
    PARTS = 16,     // of the filters, whose shares of dx are summed apart,
    DEEP = 64,      // filters each, at least
    STRIP = 8192,   // values of all images that a part adds to at a time
    JOIN = 1024,    // values of dx that are summed together
    IMAGES = 256,   // of a piece, at most
    PANELS = 16,    // of a piece, at most
    SUMS = 1 << 16, // of a piece, about
    PIECES = 16,    // of a pixel's channels, at least, where there are as many panels
    SLICE = 512,    // filters between two visits to the sums, at most
};

struct data {
    struct matrix m;
    const float *weights;
    float *sums; // few: [parts][images][depth]; many: of each thread, after a panel's slice, [images][ldsums]
    ptrdiff_t ldsums;
    size_t parts, strip;
    float *copy; // of dy
    ptrdiff_t ldcopy;
    struct panels panels; // of a pixel's channels
    size_t width, slice;  // of a panel, at most
    size_t pieces, piece; // of a pixel's panels; panels of one, at most
    size_t images;        // of a piece, at most
    bool add;
};

// ---- few images: some rows at a time, whose sums are added at last ----

static size_t parts_of(const struct linear *l) // of the filters
{
    return size_max(1, size_min(PARTS, l->filters / DEEP));
}

static void blend_parts(void *context, size_t begin, size_t end)
{
    const struct data *d = context;
    const struct matrix *m = &d->m;
    for (size_t i = begin; i < end; i++) {
        size_t first = m->filters * i / d->parts, last = m->filters * (i + 1) / d->parts;
        for (size_t column = 0; column < m->depth; column += d->strip)
            m->l->k->blends(&(struct few){ .rows = m->images,
                                           .cols = size_min(d->strip, m->depth - column),
                                           .depth = last - first,
                                           .x = m->y->data + first,
                                           .ldx = m->ldy,
                                           .w = d->weights + first * m->depth + column,
                                           .ldw = (ptrdiff_t)m->depth,
                                           .y = d->sums + i * m->images * m->depth + column,
                                           .ldy = (ptrdiff_t)m->depth });
    }
}

static void join_blends(void *context, size_t begin, size_t end)
{
    const struct data *d = context;
    const struct matrix *m = &d->m;
    const struct kernels *k = m->l->k;
    for (size_t column = begin, cols; column < end; column += cols) { // within a pixel
        size_t pixel = column / m->channels, channel = column % m->channels;
        float *sums = d->sums + column, *dx = m->x->data + (ptrdiff_t)pixel * m->x->ld + channel;
        cols = size_min(end - column, m->channels - channel);
        k->sum_parts(m->images, cols, d->parts, sums, m->images * m->depth, (ptrdiff_t)m->depth, sums, (ptrdiff_t)m->depth);
        k->copy(m->images, cols, sums, (ptrdiff_t)m->depth, dx, m->ldx, d->add);
    }
}

// ---- many ----

static void cut(struct data *d, const struct linear *l, size_t channels)
{
    d->panels = panels_of(l->k, channels);
    d->width = d->panels.lanes * (size_t)l->k->vectors;
    d->slice = size_ratio(l->filters, size_ratio(l->filters, SLICE) * MATRIX_LINE) * MATRIX_LINE;
    d->images = size_min(l->batch, IMAGES);
    d->piece = size_min(PANELS, SUMS / (size_max(1, d->images) * d->width));
    d->piece = size_max(1, size_min(d->piece, d->panels.count / PIECES));
    d->pieces = size_ratio(d->panels.count, d->piece);
    d->ldsums = matrix_apart(d->piece * d->width);
    d->ldcopy = matrix_apart(l->filters);
}

static size_t slot_floats(const struct data *d) // a slice of a panel, and sums
{
    return d->slice * d->width + d->images * (size_t)d->ldsums;
}

static void copy_images(void *context, size_t begin, size_t end)
{
    const struct data *d = context;
    const struct matrix *m = &d->m;
    m->l->k->copy(end - begin, m->filters, m->y->data + (ptrdiff_t)begin * m->ldy, m->ldy,
                  d->copy + (ptrdiff_t)begin * d->ldcopy, d->ldcopy, false);
}

// Panels from..to-1 of a pixel's channels, for the images from `first` on.
static void data_piece(const struct data *d, size_t first, size_t images, size_t pixel, size_t from, size_t to)
{
    const struct matrix *m = &d->m;
    const struct kernels *k = m->l->k;
    const ptrdiff_t ldw = (ptrdiff_t)m->depth;
    const size_t column = panel_at(&d->panels, from).first;
    const struct panel end = panel_at(&d->panels, to - 1);
    float *packed = d->sums + parallel_slot() * slot_floats(d), *sums = packed + d->slice * d->width;
    float *y[IMAGES];
    for (size_t n = 0; n < images; n++) y[n] = sums + (ptrdiff_t)n * d->ldsums;
    for (size_t filter = 0; filter < m->filters; filter += d->slice) {
        const float *x[IMAGES], *w = d->weights + filter * m->depth + pixel * m->channels;
        for (size_t n = 0; n < images; n++) x[n] = d->copy + (ptrdiff_t)(first + n) * d->ldcopy + filter;
        bool last = filter + d->slice >= m->filters;
        const float *then = w + (last ? 0 : d->slice * m->depth) + (last ? end.first : column);
        for (size_t j = from; j < to; j++) {
            struct panel panel = panel_at(&d->panels, j);
            k->tile(&(struct tile){ .pixels = images,
                                    .taps = 1,
                                    .run = size_min(d->slice, m->filters - filter),
                                    .x = x,
                                    .row = &(size_t){ 0 },
                                    .w = w + panel.first,
                                    .ldw = ldw,
                                    .into = packed,
                                    .vectors = panel.vectors,
                                    .y = y,
                                    .column = panel.first - column,
                                    .cols = panel.cols,
                                    .add = filter > 0,
                                    .fetch = j == from ? x : NULL,
                                    .fetch_every = 1,
                                    .ahead = (ptrdiff_t)d->slice,
                                    .next = j + 1 < to ? w + panel.first + panel.width : then,
                                    .next_ld = ldw });
        }
    }
    float *dx = m->x->data + (ptrdiff_t)first * m->ldx + (ptrdiff_t)pixel * m->x->ld + column;
    k->copy(images, end.first + end.cols - column, sums, d->ldsums, dx, m->ldx, d->add);
}

static void data_pieces(void *context, size_t begin, size_t end)
{
    const struct data *d = context;
    const struct matrix *m = &d->m;
    for (size_t i = begin; i < end; i++) {
        size_t piece = i % d->pieces, pixel = i / d->pieces % m->pixels, first = i / d->pieces / m->pixels * d->images;
        data_piece(d, first, size_min(d->images, m->images - first), pixel, d->panels.count * piece / d->pieces,
                   d->panels.count * (piece + 1) / d->pieces);
    }
}

void matrix_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                 const struct tensor *dx, bool add)
{
    struct data d = { .m = matrix_of(l, dx, dy), .weights = weights, .add = add };
    const struct matrix *m = &d.m;
    if (l->batch <= BLENDED) {
        d.sums = workspace;
        d.parts = parts_of(l);
        d.strip = size_max(1, STRIP / size_max(1, l->batch) / MATRIX_LINE) * MATRIX_LINE;
        parallel_for(d.parts, 1, blend_parts, &d);
        parallel_for(m->depth, JOIN, join_blends, &d);
        return;
    }
    cut(&d, l, m->channels);
    d.copy = workspace;
    d.sums = workspace + m->images * (size_t)d.ldcopy;
    parallel_for(m->images, 1, copy_images, &d);
    parallel_for_on(l->slots, d.pieces * m->pixels * size_ratio(m->images, d.images), 1, data_pieces, &d);
}

// Whether x lies side by side is not known yet, but it takes most if it does.
size_t matrix_data_workspace(const struct linear *l)
{
    struct data d = { 0 };
    size_t depth = linear_taps(l) * l->channels;
    cut(&d, l, depth);
    return l->batch <= BLENDED ? parts_of(l) * l->batch * depth
                               : l->batch * (size_t)d.ldcopy + size_max(1, l->slots) * slot_floats(&d);
}
