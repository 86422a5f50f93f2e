// tile.c - pixels times a panel of weights: the inner loop of convolutions and dense layers, forward and backward to the data.
// A block of rows x vectors sums stays in registers; a value of x meets all vectors of a row of the panel.
#include "kernels/declare.h"
#include "kernels/sums.h"

enum {
    STEPS = 4,  // values of a row that are multiplied at once
    SHORT = 64, // products, after which lines of y are there no sooner for being asked for
    NEAR = 16,  // rows of w that lie apart: so many ahead they come into the first cache
};

// Loops that stay loops, so that they cost the sums no registers. What comes near is the second cache: the first one is for what is at work.
INLINE void fetch_rows(int first, int every, int rows, const float *const *x, ptrdiff_t ahead)
{
    ROLLED(int i = first; i < rows; i += every) __builtin_prefetch(x[i] + ahead, 0, 2);
}

INLINE const float *fetch_panel(size_t rows, int width, const float *w, ptrdiff_t ld)
{
    ROLLED(; rows--; w += ld)
    UNROLLED (int i = 0; i < width; i += LINE) __builtin_prefetch(w + i, 0, 2);
    return w;
}

// A line of each row to where it lies better.
INLINE void copy_line(int rows, const float *const *x, float *const *copy, size_t c)
{
    ROLLED(int i = 0; i < rows; i++)
    UNROLLED (int j = 0; j < LINE; j += LANES) vstore(copy[i] + c + j, vload(x[i] + c + j));
}

// `steps` values of each row of x. Several where one vector is all there is to multiply them with: then loads are scarce, and addresses that
// find no register are loads, too. Rows of w lie `ld` apart; into: they are copied there.
INLINE void multiply(int rows, int vectors, int steps, const float *const *x, size_t c, const float *w, ptrdiff_t ld,
                     float *into, vf (*sum)[VECTORS])
{
    vf row[STEPS][VECTORS];
    UNROLLED (int k = 0; k < steps; k++)
        UNROLLED (int j = 0; j < vectors; j++) {
            row[k][j] = vload(w + k * ld + j * LANES);
            if (!into) continue;
            vstore(into + (k * vectors + j) * LANES, row[k][j]);
            __builtin_prefetch(w + (NEAR + k) * ld + j * LANES);
        }
    UNROLLED (int i = 0; i < rows; i++)
        UNROLLED (int k = 0; k < steps; k++) {
            vf value = vsplat(x[i][c + (size_t)k]);
            UNROLLED (int j = 0; j < vectors; j++) sum[i][j] += value * row[k][j];
        }
}

static __attribute__((noinline)) void clear(const struct blanks *b, size_t begin, size_t end)
{
    for (size_t i = begin + (b->first + b->every - begin % b->every) % b->every; i < end; i += b->every)
        for (size_t j = 0; j < b->cols && b->at[i]; j += LANES)
            if (b->stream)
                vstream(b->at[i] + j, vsplat(0));
            else
                part_store(b->at[i], part_once(j, b->cols), vsplat(0));
}

// Lines of y into the first cache, where they will be wanted at the end.
INLINE void fetch_outputs(int rows, int width, float *const *y, size_t column)
{
    UNROLLED (int i = 0; i < rows; i++)
        UNROLLED (int j = 0; j < width; j += LINE) __builtin_prefetch(y[i] + column + j, 1);
}

// finish where the last vector is not whole, once for all blocks.
static __attribute__((noinline)) void finish_part(int rows, int vectors, const struct tile *t, size_t pixel, vf (*sum)[VECTORS])
{
    ROLLED(int i = 0; i < rows; i++) finish(1, vectors, t->cols, t, pixel + (size_t)i, sum + i);
}

// Copies, which memory takes its time for, are made while products are computed. What makes them is apart, as others are short of registers.
enum copies { NONE, OF_X, OF_W };

INLINE void tile(int rows, int vectors, const struct tile *t, size_t pixel, enum copies copies)
{
    vf sum[BLOCK_ROWS][VECTORS];
    const ptrdiff_t ldw = copies == OF_W ? t->ldw : vectors * LANES;
    float *into = copies == OF_W ? t->into : NULL;
    const float *next = NULL;
    size_t next_rows = 0; // of the next panel, of which every block has its share
    if (t->next) {
        next = t->next + (ptrdiff_t)(t->run * t->taps * pixel / t->pixels) * t->next_ld;
        next_rows = LINE * (size_t)rows / t->pixels + 1;
    }
    if (!t->stream && t->run * t->taps > SHORT) fetch_outputs(rows, vectors * LANES, t->y + pixel, t->column);
    UNROLLED (int i = 0; i < rows; i++)
        UNROLLED (int j = 0; j < vectors; j++) sum[i][j] = (vf){ 0 };
    for (size_t tap = 0; tap < t->taps; tap++) {
        const float *x[BLOCK_ROWS], *w = t->w + t->row[tap] * (size_t)(vectors * LANES);
        const float *const *from = t->x + tap * t->pixels + pixel;
        float *const *copy = copies == OF_X ? t->copy + tap * t->pixels + pixel : NULL;
        UNROLLED (int i = 0; i < rows; i++) x[i] = copy ? copy[i] : from[i];
        if (copy) copy_line(rows, from, copy, 0);
        const int steps = vectors == 1 ? STEPS : 1;
        size_t whole = t->run - t->run % (size_t)steps;
        for (size_t c = 0; c < whole; c += (size_t)steps, w += steps * ldw) {
            if (c % LINE == 0) {
                if (copy && c + LINE < t->run) copy_line(rows, from, copy, c + LINE);
                if (t->fetch)
                    fetch_rows(t->fetch_first, t->fetch_every, rows, t->fetch + tap * t->pixels + pixel,
                               (ptrdiff_t)c + t->ahead);
                if (next) next = fetch_panel(next_rows, vectors * LANES, next, t->next_ld);
            }
            multiply(rows, vectors, steps, x, c, w, ldw, into, sum);
            if (into) into += steps * vectors * LANES;
        }
        for (size_t c = whole; c < t->run; c++, w += ldw) {
            multiply(rows, vectors, 1, x, c, w, ldw, into, sum);
            if (into) into += vectors * LANES;
        }
    }
    size_t cols = (size_t)vectors * LANES;
    if (t->cols == cols) {
        finish(rows, vectors, cols, t, pixel, sum);
    } else {
        vf copy[BLOCK_ROWS][VECTORS]; // so that the sums themselves have no address and stay in registers
        memcpy(copy, sum, (size_t)rows * sizeof *sum);
        finish_part(rows, vectors, t, pixel, copy);
    }
    if (t->blanks) clear(t->blanks, pixel * t->blanks->beside, (pixel + (size_t)rows) * t->blanks->beside);
}

#define BLOCK(rows, vectors)                                                                                                   \
    static void tile_##rows##x##vectors(const struct tile *t, size_t line, size_t pixel, size_t count)                         \
    {                                                                                                                          \
        (void)line;                                                                                                            \
        for (; count--; pixel += rows) tile(rows, vectors, t, pixel, NONE);                                                    \
    }
BLOCKS(BLOCK)
#undef BLOCK

#define BLOCK(rows, vectors)                                                                                                   \
    static void copy_##rows##x##vectors(const struct tile *t, size_t line, size_t pixel, size_t count)                         \
    {                                                                                                                          \
        (void)line;                                                                                                            \
        for (; count--; pixel += rows) tile(rows, vectors, t, pixel, OF_X);                                                    \
    }                                                                                                                          \
    static void pack_##rows##x##vectors(const struct tile *t, size_t line, size_t pixel, size_t count)                         \
    {                                                                                                                          \
        (void)line;                                                                                                            \
        for (; count--; pixel += rows) tile(rows, vectors, t, pixel, OF_W);                                                    \
    }
TALL_BLOCKS(BLOCK)
#undef BLOCK

static const struct block blocks[] = {
#define BLOCK(rows, vectors) { rows, vectors, tile_##rows##x##vectors },
    BLOCKS(BLOCK)
#undef BLOCK
}, copies[] = {
#define BLOCK(rows, vectors) { rows, vectors, copy_##rows##x##vectors },
    TALL_BLOCKS(BLOCK)
#undef BLOCK
}, packs[] = {
#define BLOCK(rows, vectors) { rows, vectors, pack_##rows##x##vectors },
    TALL_BLOCKS(BLOCK)
#undef BLOCK
};

// The tallest blocks copy; what others meet, and panels whose last vector is not whole, is copied before.
static void tile_copying(const struct tile *t)
{
    struct tile rest = *t;
    size_t first = 0, width = (size_t)t->vectors * LANES, high = (size_t)tallest(packs, t->vectors)->rows;
    if (t->into && t->cols == width && t->pixels >= high) {
        tallest(packs, t->vectors)->run(t, 0, 0, 1);
        first = high;
    } else if (t->into) {
        KERNEL(pack_rows)(t->run, t->cols, width, t->w, t->ldw, t->into);
    }
    if (t->into) rest.w = t->into;
    if (t->copy) {
        size_t count = (t->pixels - first) / high;
        tallest(copies, t->vectors)->run(&rest, 0, first, count);
        first += count * high;
        for (size_t i = 0; i < t->taps; i++)
            for (size_t j = i * t->pixels + first; j < (i + 1) * t->pixels; j++)
                memcpy(t->copy[j], t->x[j], t->run * sizeof **t->x);
        rest.x = (const float *const *)t->copy;
    }
    run_blocks(&rest, 0, first, blocks);
}

void KERNEL(tile)(const struct tile *t)
{
    if (t->copy || t->into)
        tile_copying(t);
    else
        run_blocks(t, 0, 0, blocks);
}
