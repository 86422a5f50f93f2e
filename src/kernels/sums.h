// sums.h - what tile and strip share: the way of a block's sums to memory, and the cutting of pixels into blocks.
#ifndef SUMS_H
#define SUMS_H

#include "kernels/block.h"
#include "kernels/part.h"
#include "kernels/tile.h"

enum { LINE = 16 }; // floats that come into the cache together

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

struct block {
    int rows, vectors;
    void (*run)(const struct tile *t, size_t line, size_t pixel, size_t count); // so many, one after the other
};

// Of a list that is ordered by vectors, the tallest first.
INLINE const struct block *tallest(const struct block *b, int vectors)
{
    while (b->vectors != vectors) b++;
    return b;
}

// The pixels from `first` on in blocks of nearly equal height, the higher ones first.
INLINE void run_blocks(const struct tile *t, size_t line, size_t first, const struct block *b)
{
    b = tallest(b, t->vectors);
    size_t most = (size_t)b->rows, pixels = t->pixels - first, count = (pixels + most - 1) / most;
    if (!count) return;
    size_t rows = pixels / count, higher = pixels % count;
    if (higher) b[most - rows - 1].run(t, line, first, higher);
    b[most - rows].run(t, line, first + higher * (rows + 1), count - higher);
}

#endif
