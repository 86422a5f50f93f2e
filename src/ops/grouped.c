// grouped.c - convolution in groups of few channels, as many out as in. Products of matrices so small would leave most lanes empty; instead
// vectors lie along channels, those of several groups. The rows of x that a row of y sees are spread, so that lane by lane one vector of x
// meets one of weights: xs[pixel][j][lane] = x[pixel][channel j of the lane's group].
#include "ops/grouped.h"

#include "base/parallel.h"

#include <math.h>
#include <string.h>

enum {
    WIDEST = 16,    // channels of a group
    ROWS = 16,      // of a window
    PLACES = 128,   // of a row of y that are computed together
    BAND = 1 << 18, // floats of spread rows
    PARTS = 32,     // of the images, where they are summed over
};
static const double RATE = 0.36; // of the peak

static size_t lanes_of(const struct linear *l)
{
    return (size_t)l->k->lanes;
}

static size_t slices_of(const struct linear *l)
{
    return size_ratio(l->groups * l->channels, lanes_of(l));
}

// Of one vector of channels.
static size_t slice_floats(const struct linear *l, size_t taps)
{
    return taps * l->channels * lanes_of(l);
}

static size_t row_floats(const struct linear *l, const struct axis *w)
{
    return slice_floats(l, (size_t)((w->outs - 1) * w->step + w->taps));
}

static size_t band_floats(const struct linear *l, const struct axis *h, const struct axis *w)
{
    return (size_t)(h->taps + 1) * row_floats(l, w); // and one of zeros
}

double grouped_cost(const struct linear *l, enum direction direction)
{
    (void)direction;
    size_t c = l->channels;
    struct axis back = axis_forward(l->w.outs, l->w.ins, l->w.taps, 1, 0, 1);
    if (l->groups == 1 || c != l->filters || c < 2 || c > WIDEST || (c & (c - 1)) || l->h.taps > ROWS || l->h.dilate > 1 ||
        l->w.dilate > 1 || (double)l->w.ins * slice_floats(l, 1) * l->h.taps > BAND || band_floats(l, &l->h, &l->w) > BAND ||
        band_floats(l, &l->h, &back) > BAND)
        return INFINITY;
    double lanes = (double)(slices_of(l) * lanes_of(l));
    return linear_macs(l) * lanes / (double)(l->groups * c) / RATE;
}

size_t grouped_packed(const struct linear *l)
{
    return slices_of(l) * slice_floats(l, linear_taps(l));
}

size_t grouped_parts(const struct linear *l)
{
    return l->images;
}

static size_t sum_parts(const struct linear *l)
{
    return size_min(l->images, PARTS);
}

size_t grouped_workspace(const struct linear *l, enum direction direction)
{
    size_t rows = l->slots * BAND;
    if (direction == FORWARD) return rows;
    return rows +
           (direction == BACKWARD_DATA ? grouped_packed(l) : sum_parts(l) * (grouped_packed(l) + l->groups * l->channels));
}

// ---- rows of x, spread ----

// The rows that the places of one row of y see, of one image and one vector of channels; a window's columns follow one another.
struct band {
    const struct linear *l;
    struct axis h, w;
    size_t group, cols; // group: vectors of a pixel
    const float *x;     // the image's, from the first channel that is spread on
    ptrdiff_t ld;
    float *rows;
    int next; // row to be spread
};

static struct band band_of(const struct linear *l, struct axis h, struct axis w, size_t column, const struct tensor *x,
                           size_t image, float *rows)
{
    size_t lanes = lanes_of(l), all = l->groups * l->channels, pixels = (size_t)h.ins * (size_t)w.ins;
    struct band b = { l,     h,    w, l->channels, size_min(lanes, all - column), x->data + (ptrdiff_t)(image * pixels) * x->ld,
                      x->ld, rows, 0 };
    b.x += column - (l->channels > lanes ? column % l->channels : 0);
    memset(rows, 0, band_floats(l, &h, &w) * sizeof *rows);
    return b;
}

// x[i] = row i of the windows of row p of y.
static void band_rows(struct band *b, int p, const float **x)
{
    size_t row = row_floats(b->l, &b->w), pixel = slice_floats(b->l, 1);
    int first = p * b->h.step + b->h.offset, reach = (b->w.outs - 1) * b->w.step + b->w.taps;
    int left = b->w.offset < 0 ? 0 : b->w.offset, right = b->w.offset + reach < b->w.ins ? b->w.offset + reach : b->w.ins;
    if (b->next < first) b->next = first;
    for (; b->next < first + b->h.taps && b->next < b->h.ins; b->next++)
        if (right > left)
            b->l->k->spread_groups(b->group, (size_t)(right - left), b->cols,
                                   b->x + ((ptrdiff_t)b->next * b->w.ins + left) * b->ld, b->ld,
                                   b->rows + (size_t)(b->next % b->h.taps) * row + (size_t)(left - b->w.offset) * pixel);
    for (int r = 0; r < b->h.taps; r++) {
        bool inside = first + r >= 0 && first + r < b->h.ins;
        x[r] = b->rows + (size_t)(inside ? (first + r) % b->h.taps : b->h.taps) * row;
    }
}

// ---- y = window(x) weights ----

struct grouped {
    const struct linear *l;
    struct axis h, w;
    const struct tensor *x, *y;
    const struct epilogue *epilogue;
    const float *packed;
    float *workspace;
    bool add;
};

static void finish_of(struct tile *t, const struct epilogue *e, size_t part, size_t channels)
{
    if (e->bias) t->bias = e->bias + t->column;
    t->relu = e->relu;
    if (!e->sums) return;
    t->sum = e->sums + 2 * part * channels + t->column;
    t->squares = t->sum + channels;
    memset(t->sum, 0, t->cols * sizeof *t->sum);
    memset(t->squares, 0, t->cols * sizeof *t->squares);
    if (e->pivot) t->pivot = e->pivot + t->column;
}

static void grouped_pieces(void *context, size_t begin, size_t end)
{
    const struct grouped *g = context;
    const struct linear *l = g->l;
    const float *x[ROWS];
    float *y[PLACES], *residual[PLACES];
    size_t slices = slices_of(l), lanes = lanes_of(l), cols = (size_t)g->w.outs;
    ptrdiff_t step = g->w.step * (ptrdiff_t)slice_floats(l, 1);
    struct window w = window_of(g->h, g->w, l->images, NULL, 0, 0, 0);
    for (size_t i = begin; i < end; i++) {
        size_t image = i / slices, slice = i % slices, column = slice * lanes;
        struct band b = band_of(l, g->h, g->w, column, g->x, image, g->workspace + parallel_slot() * BAND);
        struct tile t = { .taps = (size_t)g->h.taps,
                          .run = (size_t)g->w.taps * l->channels,
                          .w = g->packed + slice * slice_floats(l, (size_t)(g->h.taps * g->w.taps)),
                          .y = y,
                          .column = column,
                          .cols = b.cols,
                          .add = g->add };
        finish_of(&t, g->epilogue, image, l->groups * l->channels);
        if (g->epilogue->residual) t.residual = (const float *const *)residual;
        for (int p = 0; p < g->h.outs; p++) {
            band_rows(&b, p, x);
            for (size_t q = 0; q < cols; q += PLACES) {
                const float *from[ROWS];
                size_t place = (image * (size_t)g->h.outs + (size_t)p) * cols + q;
                t.pixels = size_min(PLACES, cols - q);
                for (size_t r = 0; r < t.taps; r++) from[r] = x[r] + (ptrdiff_t)q * step;
                t.x = from;
                window_outputs(y, &w, place, t.pixels, g->y, 0);
                if (g->epilogue->residual) window_outputs(residual, &w, place, t.pixels, g->epilogue->residual, 0);
                l->k->grouped(&t, step);
            }
        }
    }
}

static void grouped_run(struct grouped *g)
{
    parallel_for_on(g->l->slots, g->l->images * slices_of(g->l), 1, grouped_pieces, g);
}

// packed[slice][tap][j][lane]: what channel j of the lane's group gives to the lane, forward or `back`, through the taps of h and w.
static void pack_taps(const struct linear *l, const struct axis *h, const struct axis *w, bool back, const float *weights,
                      float *packed)
{
    size_t c = l->channels, lanes = lanes_of(l), all = l->groups * c, taps = linear_taps(l);
    for (size_t slice = 0; slice < slices_of(l); slice++)
        for (int r = 0; r < h->taps; r++)
            for (int s = 0; s < w->taps; s++) {
                size_t tap = (size_t)((h->tap_first + r * h->tap_every) * l->w.taps + w->tap_first + s * w->tap_every);
                for (size_t j = 0; j < c; j++, packed += lanes)
                    for (size_t lane = 0; lane < lanes; lane++) {
                        size_t out = slice * lanes + lane, in = out - out % c + j;
                        packed[lane] = out >= all ? 0
                                       : back     ? weights[(in * taps + tap) * c + out % c]
                                                  : weights[(out * taps + tap) * c + j];
                    }
            }
}

void grouped_pack(const struct linear *l, const float *weights, float *packed)
{
    pack_taps(l, &l->h, &l->w, false, weights, packed);
}

void grouped_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                     float *workspace, const struct tensor *y)
{
    grouped_run(&(struct grouped){ l, l->h, l->w, x, y, epilogue, packed, workspace, false });
}

// From the input taps run backwards: from the last one they run forwards.
static struct axis turned(struct axis a)
{
    if (!a.taps) return a;
    a.offset += (a.taps - 1) * a.dilate;
    a.tap_first += (a.taps - 1) * a.tap_every;
    a.tap_every = -a.tap_every;
    a.dilate = 1;
    return a;
}

void grouped_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                  const struct tensor *dx, bool add)
{
    float *packed = workspace + l->slots * BAND;
    for (int i = 0; i < l->h.step && i < l->h.ins; i++)
        for (int j = 0; j < l->w.step && j < l->w.ins; j++) {
            struct axis h = turned(axis_backward(&l->h, i)), w = turned(axis_backward(&l->w, j));
            if (add && (!h.taps || !w.taps)) continue;
            if (!w.taps) h.taps = 0;
            pack_taps(l, &h, &w, true, weights, packed);
            grouped_run(&(struct grouped){ l, h, w, dy, dx, &(struct epilogue){ 0 }, packed, workspace, add });
        }
}

// ---- the gradient of the weights ----

struct weighting {
    const struct linear *l;
    const struct tensor *x, *dy;
    size_t parts;
    float *workspace, *sums, *bias; // [parts][slices][taps][c][lanes], [parts][groups * c]
};

static void weighting_pieces(void *context, size_t begin, size_t end)
{
    const struct weighting *g = context;
    const struct linear *l = g->l;
    const float *x[ROWS];
    size_t slices = slices_of(l), lanes = lanes_of(l), floats = slice_floats(l, linear_taps(l)), rows = (size_t)l->h.outs;
    size_t cols = (size_t)l->w.outs, channels = l->groups * l->channels;
    for (size_t i = begin; i < end; i++) {
        size_t part = i / slices, slice = i % slices, column = slice * lanes;
        size_t first = l->images * part / g->parts, last = l->images * (part + 1) / g->parts;
        float *sums = g->sums + i * floats;
        memset(sums, 0, floats * sizeof *sums);
        for (size_t image = first; image < last; image++) {
            struct band b = band_of(l, l->h, l->w, column, g->x, image, g->workspace + parallel_slot() * BAND);
            const float *dy = g->dy->data + (ptrdiff_t)(image * rows * cols) * g->dy->ld + column;
            for (size_t p = 0; p < rows; p++) {
                band_rows(&b, (int)p, x);
                l->k->grouped_weights(cols, (size_t)l->h.taps, (size_t)l->w.taps * l->channels, x,
                                      l->w.step * (ptrdiff_t)slice_floats(l, 1), dy + (ptrdiff_t)(p * cols) * g->dy->ld,
                                      g->dy->ld, b.cols, sums);
            }
            if (g->bias)
                l->k->column_sum(rows * cols, b.cols, dy, g->dy->ld, g->bias + part * channels + column, image > first);
        }
    }
}

void grouped_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                     float *db)
{
    struct weighting g = { l, x, dy, sum_parts(l), workspace, workspace + l->slots * BAND, NULL };
    size_t terms = linear_taps(l) * l->channels, channels = l->groups * l->channels, lanes = lanes_of(l),
           stride = grouped_packed(l);
    if (db) g.bias = g.sums + g.parts * stride;
    parallel_for_on(l->slots, g.parts * slices_of(l), 1, weighting_pieces, &g);
    for (size_t column = 0; column < channels; column += lanes)
        l->k->sum_turned(terms, size_min(lanes, channels - column), g.parts, g.sums + column * terms, stride, (ptrdiff_t)lanes,
                         dw + column * terms, (ptrdiff_t)terms);
    if (db) l->k->sum_parts(1, channels, g.parts, g.bias, channels, 0, db, 0);
}
