// lines.h - what strip and winograd_1d share: where a block's sums begin, and their way to memory.
#ifndef LINES_H
#define LINES_H

#include "kernels/sums.h"

enum { HIGHEST = 16 }; // pixels of a block

INLINE vf bias_of(const struct tile *t, int vector)
{
    return t->bias ? part_load(t->bias, part_once((size_t)vector * LANES, t->cols)) : vsplat(0);
}

// Of y, into the first cache, where they will be wanted at the end.
INLINE void fetch_pixels(int rows, int width, const struct tile *t, size_t pixel)
{
    const float *y = t->y[0] + (ptrdiff_t)pixel * t->ldy + t->column;
    ROLLED(int i = 0; i < rows; i++)
    UNROLLED (int j = 0; j < width; j += LINE) __builtin_prefetch(y + i * t->ldy + j, 1);
}

// Once for all blocks.
static __attribute__((noinline)) void add_all_moments(int rows, int vectors, const struct tile *t, vf (*sum)[VECTORS])
{
    for (int j = 0; j < vectors; j++) add_moments(rows, sum, j, t, part_once((size_t)j * LANES, t->cols));
}

// From the sums to memory, where no vector is stored in part.
INLINE void finish_whole(int rows, int vectors, const struct tile *t, size_t pixel, vf (*sum)[VECTORS])
{
    if (t->relu)
        UNROLLED (int i = 0; i < rows; i++)
            UNROLLED (int j = 0; j < vectors; j++) sum[i][j] = vpick(sum[i][j] < 0.0f, vsplat(0), sum[i][j]); // NaN stays
    if (t->sum) {
        vf copy[HIGHEST][VECTORS]; // so that the sums themselves have no address and stay in registers
        memcpy(copy, sum, (size_t)rows * sizeof *sum);
        add_all_moments(rows, vectors, t, copy);
    }
    float *y = t->y[0] + (ptrdiff_t)pixel * t->ldy + t->column;
    const ptrdiff_t ldy = t->ldy;
    if (t->stream)
        UNROLLED (int i = 0; i < rows; i++)
            UNROLLED (int j = 0; j < vectors; j++) vstream(y + i * ldy + j * LANES, sum[i][j]);
    else
        UNROLLED (int i = 0; i < rows; i++)
            UNROLLED (int j = 0; j < vectors; j++) vstore(y + i * ldy + j * LANES, sum[i][j]);
}

// The first `count` of these rows, in some other way.
static __attribute__((noinline)) void finish_rows(int count, int vectors, const struct tile *t, size_t pixel,
                                                  vf (*sum)[VECTORS])
{
    for (int i = 0; i < count; i++, pixel++) {
        struct tile one = *t;
        float *y = t->y[0] + (ptrdiff_t)pixel * t->ldy;
        const float *residual = t->residual ? t->residual[0] + (ptrdiff_t)pixel * t->ldr : NULL;
        one.bias = NULL;
        one.y = &y;
        if (residual) one.residual = &residual;
        finish(1, vectors, t->cols, &one, 0, sum + i);
    }
}

// The first `count` rows of sums that hold the bias, to memory.
INLINE void finish_sums(int count, int rows, int vectors, const struct tile *t, size_t pixel, vf (*sum)[VECTORS])
{
    if (count == rows && !t->residual && (t->beyond || t->cols == (size_t)vectors * LANES)) {
        finish_whole(rows, vectors, t, pixel, sum);
    } else {
        vf copy[HIGHEST][VECTORS]; // so that the sums themselves have no address and stay in registers
        memcpy(copy, sum, (size_t)rows * sizeof *sum);
        finish_rows(count, vectors, t, pixel, copy);
    }
}

#endif
