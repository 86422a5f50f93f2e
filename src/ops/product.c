// product.c - windows times panels of weights, block by block. What makes it fast is where things lie: a block's rows of x and a slice of a
// panel in the second cache, what comes next fetched while this is computed, rows whose addresses would meet in the first cache copied apart.
#include "ops/product.h"

#include "base/parallel.h"

#include <stdint.h>
#include <string.h>

enum {
    BLOCK = 112,    // places of a block where there are many: a multiple of every block height of the kernel
    MOST = 140,     // where there are few
    LOW = 56,       // where there are fewer blocks, each with one of the panels, than
    TILES = 16,     // threads would share well
    TALL = 14,      // the kernel's tallest block
    DEPTH = 512,    // of a slice, at most
    TAPS = 25,      // of a slice
    LINE = 16,      // floats that come into the cache together
    MEET = 1024,    // floats after which addresses meet in the first cache
    SPREAD = 4,     // panels whose tiles ask for what comes next of x, where a slice is
    DEEP = 256,     // deep enough
    PANELS = 3,     // at least, to make it worth while to copy rows
    NEAR = 1 << 17, // weights that stay in the second cache
    FAR = 1 << 21,  // values of y that do not stay in any
    PIECES = 8,     // of a thread, at least, where the panels allow
    IMAGES = 12,    // that make it worth while to go by place
};
static const double INSIDE = 0.8; // of the taps, above which it is not

// By place, windows that are padding for the most part cost only what lies in the image. How deep slices are depends on the weights alone, as it
// decides how sums are rounded.
void product_cut(struct product *p)
{
    struct window *w = &p->window;
    size_t places = window_places(w);
    w->by_place = !w->rows && w->images >= IMAGES && window_inside(w) < INSIDE;
    p->stretch = w->by_place ? w->images : places;
    p->blocks = size_ratio(p->stretch, p->stretch <= 2 * MOST ? MOST : BLOCK);
    p->block = p->blocks ? size_ratio(p->stretch, p->blocks * TALL) * TALL : 0;
    size_t planned = p->batch ? p->batch * (size_t)w->h.outs * (size_t)w->w.outs : places;
    if (!w->by_place && (p->low || size_ratio(planned, BLOCK) * p->panels.count * p->groups < TILES)) {
        p->block = LOW;
        p->blocks = size_ratio(p->stretch, LOW);
    }
    p->run = w->run <= DEPTH ? w->run : size_ratio(w->run, size_ratio(w->run, DEPTH) * LINE) * LINE;
    p->taps = size_max(1, size_min(DEPTH / p->run, TAPS));
    if (w->taps) p->taps = size_ratio(w->taps, size_ratio(w->taps, p->taps));
    p->slices = size_max(1, size_ratio(w->taps, p->taps) * size_ratio(w->run, p->run));
    size_t blocks = product_blocks(p);
    p->shares = blocks ? size_max(1, size_min(p->panels.count, PIECES * p->slots / (blocks * p->groups))) : 1;
}

size_t product_blocks(const struct product *p)
{
    return p->stretch ? window_places(&p->window) / p->stretch * p->blocks : 0;
}

static size_t slice_depth(const struct product *p) // at most
{
    return size_min(DEPTH, p->window.taps * p->window.run);
}

static size_t rows_floats(const struct product *p) // a block's rows of a slice, perhaps with a line between them
{
    return MOST * (slice_depth(p) + slice_depth(p) / 4 + LINE);
}

static size_t slot_floats(const struct product *p) // these, and a slice of a panel
{
    return rows_floats(p) + (p->packed ? 0 : slice_depth(p) * (size_t)(p->k->lanes * p->k->vectors));
}

size_t product_workspace(const struct product *p)
{
    return size_max(1, p->slots) * slot_floats(p);
}

struct slice {
    size_t tap, taps, skip, run; // `taps` taps from `tap` on, of each `run` values from `skip` on
};

static struct slice slice_at(const struct product *p, size_t index)
{
    const struct window *w = &p->window;
    size_t runs = size_ratio(w->run, p->run), tap = index / runs * p->taps, skip = index % runs * p->run;
    return (struct slice){ tap, size_min(p->taps, w->taps - tap), skip, size_min(p->run, w->run - skip) };
}

// Where a panel's rows of tap `tap` begin, from row `skip` on, `ld` floats apart.
static const float *panel_rows(const struct product *p, const struct panel *panel, size_t group, size_t tap, size_t skip,
                               ptrdiff_t *ld)
{
    const struct window *w = &p->window;
    size_t cols = (size_t)w->w.taps, depth = w->taps * w->run;
    *ld = (ptrdiff_t)(p->packed ? panel->width : p->kernel * p->panels.cols);
    if (p->packed)
        return p->weights + (group * p->panels.vectors * p->panels.lanes + panel->first) * depth +
               (tap * w->run + skip) * panel->width;
    size_t r = (size_t)w->h.tap_first + tap / cols * (size_t)w->h.tap_every;
    size_t s = (size_t)w->w.tap_first + tap % cols * (size_t)w->w.tap_every;
    return p->weights + ((group * w->run + skip) * p->kernel + r * p->kernel_w + s) * p->panels.cols + panel->first;
}

static const float *pack_slice(const struct product *p, const struct panel *panel, size_t group, const struct slice *s,
                               float *packed)
{
    for (size_t t = 0; t < s->taps; t++) {
        ptrdiff_t ld;
        const float *rows = panel_rows(p, panel, group, s->tap + t, s->skip, &ld);
        p->k->pack_rows(s->run, panel->cols, panel->width, rows, ld, packed + t * s->run * panel->width);
    }
    return packed;
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

// How far behind a slice of x lies the next: of the same places, or, as windows of neighbours overlap, of the places a block later.
static ptrdiff_t distance(const struct product *p, const struct slice *s, const struct slice *next)
{
    const struct window *w = &p->window;
    if (next->tap == s->tap && next->skip > s->skip) return (ptrdiff_t)(next->skip - s->skip);
    ptrdiff_t places = w->by_place ? 1 : (ptrdiff_t)p->block * w->h.step;
    return places * w->w.step * w->ld - (ptrdiff_t)s->skip;
}

void product_finish(struct tile *t, const struct epilogue *e, size_t part, size_t columns, size_t column, bool first)
{
    if (e->bias) t->bias = e->bias + column;
    t->relu = e->relu;
    if (!e->sums) return;
    t->sum = e->sums + 2 * part * columns + column;
    t->squares = t->sum + columns;
    if (e->pivot) t->pivot = e->pivot + column;
    if (!first) return;
    memset(t->sum, 0, t->cols * sizeof *t->sum);
    memset(t->squares, 0, t->cols * sizeof *t->squares);
}

// Is y large, and do its rows begin as lines do?
static bool passes_caches(const struct tensor *y)
{
    return tensor_count(y) >= FAR && (uintptr_t)y->data % (LINE * sizeof(float)) == 0 && y->ld % LINE == 0;
}

static bool is_lines(const struct panel *panel)
{
    return panel->first % LINE == 0 && panel->width % LINE == 0 && panel->cols == panel->width;
}

bool product_streams(const struct tensor *y, const struct panel *panel)
{
    return passes_caches(y) && is_lines(panel);
}

// Each panel clears its share of the blank pixels, in whole.
static struct blanks blanks_of(const struct product *p, float *const *list, size_t group)
{
    const struct axis *h = &p->window.h, *w = &p->window.w;
    struct panel all = { .first = group * p->panels.cols, .cols = p->panels.cols, .width = p->panels.cols };
    return (struct blanks){ .at = list,
                            .beside = (size_t)(h->every * w->every - 1),
                            .every = p->panels.count,
                            .cols = p->panels.cols,
                            .stream = product_streams(p->y, &all) };
}

static void product_block(const struct product *p, size_t block, size_t group, size_t share)
{
    const float *x[TAPS * MOST];
    float *copies[TAPS * MOST], *y[MOST], *residual[MOST], *blank[PRODUCT_BLANKS * MOST],
        *rows = p->workspace + parallel_slot() * slot_floats(p), *loose = rows + rows_floats(p);
    size_t row[TAPS];
    size_t within = block % p->blocks * p->block, first = block / p->blocks * p->stretch + within;
    size_t places = size_min(p->block, p->stretch - within), filters = p->panels.cols;
    size_t from = p->panels.count * share / p->shares, to = p->panels.count * (share + 1) / p->shares;
    const struct epilogue *e = p->epilogue;
    struct window w = p->window;
    w.data += group * w.channels;
    window_outputs(y, &w, first, places, p->y, group * filters);
    if (e->residual) window_outputs(residual, &w, first, places, e->residual, group * filters);
    if (p->blanks) window_blanks(blank, &w, first, places, p->y, group * filters);
    struct blanks blanks = blanks_of(p, blank, group);
    bool meet =
        !w.rows && !w.by_place && w.w.step * w.ld % MEET == 0 && w.run % LINE == 0 && p->run >= 4 * LINE && to - from >= PANELS;
    bool far = p->panels.vectors * p->panels.lanes * w.taps * w.run > NEAR && places > TALL;
    bool stream = !p->add && p->slices == 1 && (p->groups == 1 || filters % LINE == 0) && passes_caches(p->y);
    size_t spread = p->run < DEEP ? 1 : size_min(to - from, SPREAD);
    for (size_t i = 0; i < p->slices; i++) {
        bool last = i + 1 == p->slices;
        struct slice s = slice_at(p, i), next = slice_at(p, last ? 0 : i + 1);
        window_list(x, rows, &w, first, places, s.tap, s.taps, s.skip);
        for (size_t t = 0; t < s.taps; t++) row[t] = t * (p->packed ? w.run : s.run);
        size_t taps = w.by_place ? drop_padding(x, row, places, s.taps) : s.taps;
        for (size_t r = 0; r < taps * places && meet; r++) copies[r] = rows + r * (p->run + LINE);
        struct panel panel = panel_at(&p->panels, from);
        struct tile tile = { .pixels = places,
                             .taps = taps,
                             .run = s.run,
                             .row = row,
                             .y = y,
                             .add = p->add || i > 0,
                             .fetch_every = (int)spread,
                             .ahead = distance(p, &s, &next) };
        if (!i && e->residual) tile.residual = (const float *const *)residual; // at once, as it may be y
        if (last && p->blanks) tile.blanks = &blanks; // now, as memory takes them while products are computed
        for (size_t j = from; j < to; j++) {
            struct panel later = panel_at(&p->panels, j + 1 < to ? j + 1 : from);
            const struct slice *then = j + 1 < to ? &s : &next;
            tile.x = meet && j > from ? (const float *const *)copies : x;
            tile.copy = meet && j == from ? copies : NULL;
            tile.vectors = panel.vectors;
            tile.column = panel.first;
            tile.cols = panel.cols;
            tile.stream = stream && is_lines(&panel);
            tile.fetch = j - from < spread && !w.rows ? x : NULL;
            tile.fetch_first = (int)(j - from);
            tile.w = p->packed ? panel_rows(p, &panel, group, s.tap, s.skip, &tile.next_ld)
                               : pack_slice(p, &panel, group, &s, loose);
            if (far) tile.next = panel_rows(p, &later, group, then->tap, then->skip, &tile.next_ld);
            blanks.first = j;
            if (last) product_finish(&tile, e, block, p->groups * filters, group * filters + panel.first, true);
            p->k->tile(&tile);
            panel = later;
        }
    }
}

static void product_pieces(void *context, size_t begin, size_t end)
{
    const struct product *p = context;
    for (size_t i = begin; i < end; i++) product_block(p, i / p->shares / p->groups, i / p->shares % p->groups, i % p->shares);
}

void product_run(struct product *p)
{
    parallel_for_on(p->slots, product_blocks(p) * p->groups * p->shares, 1, product_pieces, p);
}
