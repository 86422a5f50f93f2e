// outer.c - the gradient of weights: a sum over pixels of outer products of dy and x.
// A block of rows x vectors sums stays in registers; a value of dy meets all vectors of a pixel's x.
#include "kernels/block.h"
#include "kernels/declare.h"

INLINE void outer(int rows, int vectors, const struct outer *o, size_t row)
{
    vf sum[BLOCK_ROWS][VECTORS];
#pragma GCC unroll 14
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) sum[i][j] = (vf){ 0 };
    const float *dy = o->dy + row;
    for (size_t pixel = 0; pixel < o->pixels; pixel++, dy += o->lddy) {
        const float *x = o->x[pixel];
        vf values[VECTORS];
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) values[j] = vload(x + j * LANES);
#pragma GCC unroll 14
        for (int i = 0; i < rows; i++) {
            vf gradient = vsplat(dy[i]);
#pragma GCC unroll 4
            for (int j = 0; j < vectors; j++) sum[i][j] += gradient * values[j];
        }
    }
    float *dw = o->dw + (ptrdiff_t)row * o->lddw;
#pragma GCC unroll 14
    for (int i = 0; i < rows; i++) block_store(vectors, dw + i * o->lddw, sum[i], o->cols, o->add);
}

#define BLOCK(rows, vectors)                                                                                                   \
    static void outer_##rows##x##vectors(const struct outer *o, size_t row)                                                    \
    {                                                                                                                          \
        outer(rows, vectors, o, row);                                                                                          \
    }
BLOCKS(BLOCK)
#undef BLOCK

static const struct {
    int rows, vectors;
    void (*run)(const struct outer *o, size_t row);
} blocks[] = {
#define BLOCK(rows, vectors) { rows, vectors, outer_##rows##x##vectors },
    BLOCKS(BLOCK)
#undef BLOCK
};

void KERNEL(outer)(const struct outer *o)
{
    int b = 0;
    for (size_t row = 0; row < o->rows; row += (size_t)blocks[b].rows) {
        while (blocks[b].vectors != o->vectors || (size_t)blocks[b].rows > o->rows - row) b++;
        blocks[b].run(o, row);
    }
}

void KERNEL(column_sum)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *sum, bool add)
{
    for (size_t i = 0; i < cols && !add; i++) sum[i] = 0;
    for (size_t r = 0; r < rows; r++, x += ldx)
        for (size_t i = 0; i < cols; i++) sum[i] += x[i];
}

void KERNEL(sum_parts)(size_t count, size_t parts, const float *x, size_t stride, float *y)
{
    for (size_t i = 0; i < count; i++) y[i] = x[i];
    for (size_t part = 1; part < parts; part++)
        for (size_t i = 0; i < count; i++) y[i] += x[part * stride + i];
}
