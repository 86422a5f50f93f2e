// matrix_weights.c - the gradient of the weights as a product of matrices, dw = dy^T x: panels of x and rows of dy that lie apart, both of a
// chunk of images, and dw written once, a block at a time and each row of it in one go. Of very few images, a filter at a time: dw is then one
// stream, which memory takes fastest.
#include "ops/matrix.h"

#include "base/parallel.h"

#include <stdint.h>

enum {
    CHUNK = 256,    // images between two visits to dw
    ROWS = 112,     // filters of a piece
    TALL = 14,      // of a block: the kernel's tallest
    SHARE = 512,    // columns of a piece, at most
    WIDEST = 64,    // of a panel, at most, and what panels differ by
    NEAR = 2048,    // floats that stay in the first cache
    FEW = 2,        // images that are added up faster than a stream of dw is written
    QUICK = 16,     // images whose products take less time than to write dw
    FAR = 1 << 21,  // weights that do not stay in any cache
    LONG = 1 << 17, // floats of a stream, at least: between pieces it runs dry
};

struct gradient {
    struct matrix m;
    struct panels panels;       // of x
    size_t pixel, first, count; // the pixel and the images at work
    size_t shares;              // of the panels
    float *panel, *copy, *block;
    ptrdiff_t ldcopy;
    float *dw, *db;
};

static void pack_panels(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    const struct matrix *m = &g->m;
    const float *x = m->x->data + (ptrdiff_t)g->first * m->ldx + (ptrdiff_t)g->pixel * m->x->ld;
    for (size_t i = begin; i < end; i++) {
        struct panel panel = panel_at(&g->panels, i);
        m->l->k->pack_rows(g->count, panel.cols, panel.width, x + panel.first, m->ldx, g->panel + panel.first * g->count);
    }
}

static void copy_filters(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    const struct matrix *m = &g->m;
    const float *dy = m->y->data + (ptrdiff_t)g->first * m->ldy + begin;
    m->l->k->copy(g->count, end - begin, dy, m->ldy, g->copy + begin, g->ldcopy, false);
    if (g->db) m->l->k->column_sum(g->count, end - begin, dy, m->ldy, g->db + begin, g->first > 0);
}

// Whether dw is large, and columns first..end-1 of it are whole lines.
static bool streams(const struct gradient *g, size_t first, size_t end)
{
    size_t at = g->pixel * g->m.channels + first;
    return g->m.images <= CHUNK && g->m.filters * g->m.depth >= FAR && (uintptr_t)g->dw % (MATRIX_LINE * sizeof(float)) == 0 &&
           g->m.depth % MATRIX_LINE == 0 && at % MATRIX_LINE == 0 && (end - first) % MATRIX_LINE == 0;
}

static void gradient_block(const struct gradient *g, size_t row, size_t rows, size_t from, size_t to)
{
    const struct matrix *m = &g->m;
    const float *dy[CHUNK];
    struct panel last = panel_at(&g->panels, to - 1);
    size_t first = panel_at(&g->panels, from).first, end = last.first + last.cols;
    bool stream = streams(g, first, end);
    float *dw = g->dw + row * m->depth + g->pixel * m->channels + first;
    bool apart = stream && g->count <= QUICK; // memory takes rows in one go much faster
    float *c = apart ? g->block + parallel_slot() * TALL * SHARE : dw;
    ptrdiff_t ldc = apart ? SHARE : (ptrdiff_t)m->depth;
    for (size_t n = 0; n < g->count; n++) dy[n] = g->copy + (ptrdiff_t)n * g->ldcopy + row;
    for (size_t i = from; i < to; i++) {
        struct panel panel = panel_at(&g->panels, i);
        m->l->k->outer(&(struct outer){ .pixels = g->count,
                                        .rows = rows,
                                        .a = dy,
                                        .b = g->panel + panel.first * g->count,
                                        .ldb = (ptrdiff_t)panel.width,
                                        .vectors = panel.vectors,
                                        .c = c + (panel.first - first),
                                        .ldc = ldc,
                                        .cols = panel.cols,
                                        .add = g->first > 0,
                                        .stream = stream && !apart });
    }
    if (apart) m->l->k->stream(rows, end - first, c, ldc, dw, (ptrdiff_t)m->depth);
}

static void gradient_pieces(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    for (size_t i = begin; i < end; i++) {
        size_t row = i / g->shares * ROWS, to = size_min(g->m.filters, row + ROWS), share = i % g->shares;
        for (; row < to; row += TALL)
            gradient_block(g, row, size_min(TALL, to - row), g->panels.count * share / g->shares,
                           g->panels.count * (share + 1) / g->shares);
    }
}

static void stream_filters(void *context, size_t begin, size_t end)
{
    const struct gradient *g = context;
    const struct matrix *m = &g->m;
    const struct kernels *k = m->l->k;
    float *block = g->block + parallel_slot() * TALL * SHARE;
    for (size_t i = begin; i < end; i++)
        for (size_t from = 0, cols; from < m->depth; from += cols) {
            cols = size_min(m->depth - from, NEAR);
            for (size_t n = 0; n < m->images; n++)
                k->scale(1, cols, m->x->data + (ptrdiff_t)n * m->ldx + from, 0,
                         m->y->data[(ptrdiff_t)n * m->ldy + (ptrdiff_t)i], block, 0, n > 0);
            k->stream(1, cols, block, 0, g->dw + i * m->depth + from, 0);
        }
}

void matrix_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                    float *db)
{
    struct gradient g = { .m = matrix_of(l, x, dy), .block = workspace, .dw = dw, .db = db };
    g.panels = panels_of(l->k, g.m.channels);
    g.shares = size_min(g.panels.count, size_ratio(g.panels.vectors * g.panels.lanes, SHARE - WIDEST));
    g.ldcopy = matrix_apart(g.m.filters);
    g.copy = g.block + size_max(1, l->slots) * TALL * SHARE;
    for (; !g.first || g.first < g.m.images; g.first += CHUNK) {
        g.count = size_min(CHUNK, g.m.images - g.first);
        g.panel = g.copy + g.count * (size_t)g.ldcopy;
        parallel_for(g.m.filters, ROWS, copy_filters, &g);
        if (g.m.images && g.m.images <= FEW && g.m.pixels == 1 && streams(&g, 0, g.m.depth)) {
            parallel_for_on(l->slots, g.m.filters, size_max(1, LONG / g.m.depth), stream_filters, &g);
            return;
        }
        for (g.pixel = 0; g.pixel < g.m.pixels; g.pixel++) {
            parallel_for(g.panels.count, size_ratio(g.panels.count, g.shares), pack_panels, &g);
            parallel_for_on(l->slots, size_ratio(g.m.filters, ROWS) * g.shares, 1, gradient_pieces, &g);
        }
    }
}

size_t matrix_weights_workspace(const struct linear *l)
{
    struct panels panels = panels_of(l->k, linear_taps(l) * l->channels);
    return size_max(1, l->slots) * TALL * SHARE +
           size_min(CHUNK, l->batch) * ((size_t)matrix_apart(l->filters) + panels.vectors * panels.lanes);
}
