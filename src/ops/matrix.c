// matrix.c - products of matrices, forward: y = x w^T. The weights are by far the largest and pass through the processor once, from where they lie;
// what is copied to lie better is x.
#include "ops/matrix.h"

#include "base/parallel.h"
#include "ops/product.h"

#include <math.h>

enum {
    PIECE = 64,     // filters whose sums are finished together
    NEAR = 1 << 13, // floats of an image that are near, and of all of them, as slices are cut
    ALL = 1 << 15,
    SLICE = 512, // of the depth, at least
    MEET = 4096, // floats after which rows meet in the second cache, which holds few of them
};

static bool is_whole(const struct axis *a)
{
    return a->outs == 1 && a->offset == 0 && a->taps == a->ins && (a->dilate == 1 || a->taps == 1);
}

double matrix_cost(const struct linear *l, enum direction direction)
{
    (void)direction;
    return l->groups == 1 && is_whole(&l->h) && is_whole(&l->w) ? linear_macs(l) : INFINITY;
}

struct matrix matrix_of(const struct linear *l, const struct tensor *x, const struct tensor *y)
{
    struct matrix m = { .l = l, .x = x, .y = y, .images = l->images, .filters = l->filters };
    m.depth = linear_taps(l) * l->channels;
    m.pixels = x->ld == (ptrdiff_t)l->channels ? 1 : linear_taps(l);
    m.channels = m.depth / m.pixels;
    m.ldx = x->ld * (ptrdiff_t)linear_taps(l);
    m.ldy = y->ld;
    return m;
}

// ---- y: few images by dots of rows of x and of w; many as w x^T, whose panels are those of x, turned afterwards ----

struct forward {
    struct matrix m;
    const float *weights;
    const struct epilogue *epilogue;
    float *copy, *turned; // of x; y turned, or NULL
    ptrdiff_t ldcopy;
    size_t slice; // of the depth, that dots of few images pass together
};

static bool is_few(const struct linear *l)
{
    return l->batch <= (size_t)l->k->lanes;
}

static struct product turned_product(const struct linear *l, const float *weights)
{
    struct axis one = axis_forward(1, 1, 1, 1, 0, 1);
    size_t depth = linear_taps(l) * l->channels;
    struct product p = { .k = l->k,
                         .window = window_of(one, one, l->filters, weights, (ptrdiff_t)depth, depth, 0),
                         .panels = panels_of(l->k, l->images),
                         .packed = true,
                         .groups = 1,
                         .slots = l->slots,
                         .low = depth % MEET == 0 };
    product_cut(&p);
    return p;
}

static void pack_images(void *context, size_t begin, size_t end)
{
    const struct forward *f = context;
    const struct matrix *m = &f->m;
    struct panels panels = panels_of(m->l->k, m->images);
    for (size_t i = begin; i < end; i++) {
        struct panel panel = panel_at(&panels, i / m->pixels);
        size_t pixel = i % m->pixels;
        const float *x = m->x->data + (ptrdiff_t)panel.first * m->ldx + (ptrdiff_t)pixel * m->x->ld;
        m->l->k->pack_columns(m->channels, panel.cols, panel.width, x, m->ldx,
                              f->copy + panel.first * m->depth + pixel * m->channels * panel.width);
    }
}

static void add_sums(const struct forward *f, size_t begin, size_t end)
{
    const struct epilogue *e = f->epilogue;
    for (size_t k = begin; k < end; k++) {
        float pivot = e->pivot ? e->pivot[k] : 0, sum = 0, squares = 0;
        for (size_t n = 0; n < f->m.images; n++) {
            float apart = f->m.y->data[(ptrdiff_t)n * f->m.ldy + (ptrdiff_t)k] - pivot;
            sum += apart;
            squares += apart * apart;
        }
        e->sums[k] = sum;
        e->sums[f->m.filters + k] = squares;
    }
}

static void finish_filters(void *context, size_t begin, size_t end)
{
    const struct forward *f = context;
    const struct matrix *m = &f->m;
    const struct kernels *k = m->l->k;
    const struct epilogue *e = f->epilogue;
    const size_t cols = end - begin;
    float *y = m->y->data + begin;
    for (size_t d = 0; d < m->depth && !f->turned; d += f->slice)
        k->dots(&(struct few){ .rows = m->images,
                               .cols = cols,
                               .depth = size_min(f->slice, m->depth - d),
                               .x = f->copy + d,
                               .ldx = f->ldcopy,
                               .w = f->weights + begin * m->depth + d,
                               .ldw = (ptrdiff_t)m->depth,
                               .y = y,
                               .ldy = m->ldy,
                               .add = d > 0 });
    if (f->turned) k->sum_turned(cols, m->images, 1, f->turned + begin * m->images, 0, (ptrdiff_t)m->images, y, m->ldy);
    if (e->bias) k->scale(m->images, cols, e->bias + begin, 0, 1, y, m->ldy, true);
    if (e->residual) k->add(m->images, cols, y, m->ldy, 1, e->residual->data + begin, e->residual->ld, y, m->ldy);
    if (e->relu) k->relu(m->images, cols, y, m->ldy, y, m->ldy);
    if (e->sums) add_sums(f, begin, end);
}

void matrix_forward(const struct linear *l, const struct tensor *x, const float *weights, const struct epilogue *epilogue,
                    float *workspace, const struct tensor *y)
{
    struct forward f = { .m = matrix_of(l, x, y), .weights = weights, .epilogue = epilogue, .copy = workspace };
    const struct matrix *m = &f.m;
    f.slice = size_max(SLICE, size_min(NEAR, ALL / size_max(1, l->batch)) / MATRIX_LINE * MATRIX_LINE);
    f.ldcopy = matrix_apart(m->depth);
    if (is_few(l)) {
        for (size_t i = 0; i < m->pixels; i++)
            l->k->copy(m->images, m->channels, x->data + (ptrdiff_t)i * x->ld, m->ldx, f.copy + i * m->channels, f.ldcopy,
                       false);
    } else {
        struct product p = turned_product(l, weights);
        f.turned = f.copy + p.panels.vectors * p.panels.lanes * m->depth;
        parallel_for(p.panels.count * m->pixels, 1, pack_images, &f);
        p.weights = f.copy;
        p.y = &(struct tensor){ f.turned, (int)m->filters, { 1, 1, (int)m->images, 1 }, (ptrdiff_t)m->images };
        p.epilogue = &(struct epilogue){ 0 };
        p.workspace = f.turned + m->filters * m->images;
        product_run(&p);
    }
    parallel_for(m->filters, PIECE, finish_filters, &f);
}

// ---- sizes: whether x lies side by side is not known yet, but it takes most if it does ----

size_t matrix_packed(const struct linear *l)
{
    (void)l;
    return 0;
}

size_t matrix_parts(const struct linear *l)
{
    (void)l;
    return 1;
}

size_t matrix_workspace(const struct linear *of, enum direction direction)
{
    struct linear planned = *of, *l = &planned;
    size_t depth = linear_taps(l) * l->channels;
    l->images = l->batch;
    if (direction == BACKWARD_WEIGHTS) return matrix_weights_workspace(l);
    if (direction == BACKWARD_DATA) return matrix_data_workspace(l);
    struct product p = turned_product(l, NULL);
    if (is_few(l)) return l->batch * (size_t)matrix_apart(depth);
    return p.panels.vectors * p.panels.lanes * depth + l->filters * l->batch + product_workspace(&p);
}
