// tile.c - pixels times a panel of weights: the inner loop of convolutions and dense layers, forward and backward to the data.
// A block of rows x vectors sums stays in registers; a value of x meets all vectors of a row of the panel.
#include "kernels/block.h"
#include "kernels/declare.h"
#include "kernels/part.h"

#include <stdint.h>

enum {
    LINE = 16, // floats that come into the cache together
    STEPS = 4, // values of a row that are multiplied at once
};

// Of the block's column j, which are those of `part` in memory.
INLINE void add_rows(int rows, vf (*sum)[VECTORS], int j, const float *const *y, size_t column, struct part part)
{
    UNROLLED (int i = 0; i < rows; i++) sum[i][j] += part_load(y[i] + column, part);
}

INLINE void add_moments(int rows, vf (*sum)[VECTORS], int j, const struct tile *t, struct part part)
{
    vf pivot = t->pivot ? part_load(t->pivot, part) : vsplat(0), all = vsplat(0), squares = vsplat(0);
    UNROLLED (int i = 0; i < rows; i++) {
        vf apart = sum[i][j] - pivot;
        all += apart;
        squares += apart * apart;
    }
    part_store(t->sum, part, part_load(t->sum, part) + all);
    part_store(t->squares, part, part_load(t->squares, part) + squares);
}

// From the sums to memory; `cols`: of all vectors.
INLINE void finish(int rows, int vectors, size_t cols, const struct tile *t, size_t pixel, vf (*sum)[VECTORS])
{
    UNROLLED (int j = 0; j < vectors; j++) {
        struct part part = part_once((size_t)j * LANES, cols);
        if (t->add) add_rows(rows, sum, j, (const float *const *)t->y + pixel, t->column, part);
        if (t->bias) {
            vf bias = part_load(t->bias, part);
            UNROLLED (int i = 0; i < rows; i++) sum[i][j] += bias;
        }
        if (t->residual) add_rows(rows, sum, j, t->residual + pixel, t->column, part);
        if (t->relu) {
            UNROLLED (int i = 0; i < rows; i++) sum[i][j] = vpick(sum[i][j] < 0.0f, vsplat(0), sum[i][j]); // NaN stays
        }
        if (t->sum) add_moments(rows, sum, j, t, part);
    }
    float *const *y = t->y + pixel; // as vectors may alias anything, *t would be read again after each store
    const size_t column = t->column;
    if (t->stream) {
        UNROLLED (int i = 0; i < rows; i++)
            UNROLLED (int j = 0; j < vectors; j++) vstream(y[i] + column + j * LANES, sum[i][j]);
    } else {
        UNROLLED (int i = 0; i < rows; i++) {
            float *row = y[i] + column;
            UNROLLED (int j = 0; j < vectors; j++) part_store(row, part_once((size_t)j * LANES, cols), sum[i][j]);
        }
    }
}

// The same where the last vector is not whole, once for all blocks.
static __attribute__((noinline)) void finish_part(int rows, int vectors, const struct tile *t, size_t pixel, vf (*sum)[VECTORS])
{
    ROLLED(int i = 0; i < rows; i++) finish(1, vectors, t->cols, t, pixel + (size_t)i, sum + i);
}

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

// Lines of y into the first cache, where they will be wanted at the end.
INLINE void fetch_outputs(int rows, int width, float *const *y, size_t column)
{
    UNROLLED (int i = 0; i < rows; i++)
        UNROLLED (int j = 0; j < width; j += LINE) __builtin_prefetch(y[i] + column + j, 1);
}

// `steps` values of each row of x. Several where one vector is all there is to multiply them with: then loads are scarce, and addresses that
// find no register are loads, too.
INLINE void multiply(int rows, int vectors, int steps, const float *const *x, size_t c, const float *w, vf (*sum)[VECTORS])
{
    vf row[STEPS][VECTORS];
    UNROLLED (int k = 0; k < steps; k++)
        UNROLLED (int j = 0; j < vectors; j++) row[k][j] = vload(w + (k * vectors + j) * LANES);
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

INLINE void tile(int rows, int vectors, const struct tile *t, size_t pixel)
{
    vf sum[BLOCK_ROWS][VECTORS];
    const float *next = NULL;
    size_t next_rows = 0; // of the next panel, of which every block has its share
    if (t->next) {
        next = t->next + (ptrdiff_t)(t->run * t->taps * pixel / t->pixels) * t->next_ld;
        next_rows = LINE * (size_t)rows / t->pixels + 1;
    }
    if (!t->stream) fetch_outputs(rows, vectors * LANES, t->y + pixel, t->column);
    UNROLLED (int i = 0; i < rows; i++)
        UNROLLED (int j = 0; j < vectors; j++) sum[i][j] = (vf){ 0 };
    for (size_t tap = 0; tap < t->taps; tap++) {
        const float *x[BLOCK_ROWS], *w = t->w + t->row[tap] * (size_t)(vectors * LANES);
        UNROLLED (int i = 0; i < rows; i++) x[i] = t->x[tap * t->pixels + pixel + (size_t)i];
        const int steps = vectors == 1 ? STEPS : 1;
        size_t whole = t->run - t->run % (size_t)steps;
        for (size_t c = 0; c < whole; c += (size_t)steps, w += steps * vectors * LANES) {
            if (c % LINE == 0) {
                if (t->fetch)
                    fetch_rows(t->fetch_first, t->fetch_every, rows, t->fetch + tap * t->pixels + pixel,
                               (ptrdiff_t)c + t->ahead);
                if (next) next = fetch_panel(next_rows, vectors * LANES, next, t->next_ld);
            }
            multiply(rows, vectors, steps, x, c, w, sum);
        }
        for (size_t c = whole; c < t->run; c++, w += vectors * LANES) multiply(rows, vectors, 1, x, c, w, sum);
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

// From the sums to memory, where no vector is stored in part.
INLINE void finish_whole(int rows, int vectors, const struct tile *t, size_t pixel, vf (*sum)[VECTORS])
{
    if (t->relu)
        UNROLLED (int i = 0; i < rows; i++)
            UNROLLED (int j = 0; j < vectors; j++) sum[i][j] = vpick(sum[i][j] < 0.0f, vsplat(0), sum[i][j]); // NaN stays
    if (t->sum)
        UNROLLED (int j = 0; j < vectors; j++) add_moments(rows, sum, j, t, part_once((size_t)j * LANES, t->cols));
    float *const *y = t->y + pixel;
    const size_t column = t->column;
    if (t->stream)
        UNROLLED (int i = 0; i < rows; i++)
            UNROLLED (int j = 0; j < vectors; j++) vstream(y[i] + column + j * LANES, sum[i][j]);
    else
        UNROLLED (int i = 0; i < rows; i++)
            UNROLLED (int j = 0; j < vectors; j++) vstore(y[i] + column + j * LANES, sum[i][j]);
}

INLINE void strip(int rows, int vectors, const struct tile *t, size_t line, size_t pixel)
{
    vf sum[BLOCK_ROWS][VECTORS];
    UNROLLED (int j = 0; j < vectors; j++)
        UNROLLED (int i = 0; i < rows; i++) sum[i][j] = vload(t->bias + j * LANES);
    const float *w = t->w;
    if (!t->stream) fetch_outputs(rows, vectors * LANES, t->y + line * t->pixels + pixel, t->column);
    const uintptr_t at = (t->from + line * t->step + pixel) * sizeof *w;
    for (size_t tap = 0; tap < t->taps; tap++, w += vectors * LANES) {
        const float *x = (const float *)((uintptr_t)t->x[tap] + at); // one address, not one for each of the rows
        vf row[VECTORS];
        UNROLLED (int j = 0; j < vectors; j++) row[j] = vload(w + j * LANES);
        UNROLLED (int i = 0; i < rows; i++) {
            vf value = vsplat(x[i]);
            UNROLLED (int j = 0; j < vectors; j++) sum[i][j] += value * row[j];
        }
    }
    pixel += line * t->pixels;
    if (!t->residual && (t->beyond || t->cols == (size_t)vectors * LANES)) {
        finish_whole(rows, vectors, t, pixel, sum);
    } else {
        struct tile rest = *t;
        rest.bias = NULL;
        vf copy[BLOCK_ROWS][VECTORS];
        memcpy(copy, sum, (size_t)rows * sizeof *sum);
        finish_part(rows, vectors, &rest, pixel, copy);
    }
}

#define BLOCK(rows, vectors)                                                                                                   \
    static void strip_##rows##x##vectors(const struct tile *t, size_t line, size_t pixel)                                      \
    {                                                                                                                          \
        strip(rows, vectors, t, line, pixel);                                                                                  \
    }
HIGH_BLOCKS(BLOCK)
#undef BLOCK

#define BLOCK(rows, vectors)                                                                                                   \
    static void tile_##rows##x##vectors(const struct tile *t, size_t line, size_t pixel)                                       \
    {                                                                                                                          \
        (void)line;                                                                                                            \
        tile(rows, vectors, t, pixel);                                                                                         \
    }
BLOCKS(BLOCK)
#undef BLOCK

static const struct block {
    int rows, vectors;
    void (*run)(const struct tile *t, size_t line, size_t pixel);
} blocks[] = {
#define BLOCK(rows, vectors) { rows, vectors, tile_##rows##x##vectors },
    BLOCKS(BLOCK)
#undef BLOCK
}, strips[] = {
#define BLOCK(rows, vectors) { rows, vectors, strip_##rows##x##vectors },
    HIGH_BLOCKS(BLOCK)
#undef BLOCK
};

// The pixels in blocks of nearly equal height.
INLINE void run(const struct tile *t, size_t line, const struct block *b)
{
    while (b->vectors != t->vectors) b++;
    size_t most = (size_t)b->rows, count = (t->pixels + most - 1) / most;
    for (size_t i = 0, pixel = 0; i < count; i++) {
        size_t rows = t->pixels * (i + 1) / count - pixel;
        b[most - rows].run(t, line, pixel);
        pixel += rows;
    }
}

void KERNEL(tile)(const struct tile *t)
{
    run(t, 0, blocks);
}

void KERNEL(strip)(const struct tile *t)
{
    float bias[VECTORS * LANES] = { 0 };
    struct tile with = *t;
    if (t->bias) memcpy(bias, t->bias, t->cols * sizeof *bias);
    with.bias = bias;
    for (size_t line = 0; line < t->lines; line++) run(&with, line, strips);
}
