// tile.c - pixels times a panel of weights: the inner loop of convolutions and dense layers, forward and backward to the data.
// A block of rows x vectors sums stays in registers; a value of x meets all vectors of a row of the panel.
#include "kernels/block.h"
#include "kernels/declare.h"

INLINE void tile(int rows, int vectors, const struct tile *t, size_t pixel)
{
    vf sum[BLOCK_ROWS][VECTORS], bias[VECTORS];
#pragma GCC unroll 14
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) sum[i][j] = (vf){ 0 };
    for (size_t tap = 0; tap < t->taps; tap++) {
        const float *x[BLOCK_ROWS], *w = t->w + t->row[tap] * (size_t)(vectors * LANES);
#pragma GCC unroll 14
        for (int i = 0; i < rows; i++) x[i] = t->x[tap * t->pixels + pixel + (size_t)i];
        for (size_t c = 0; c < t->run; c++, w += vectors * LANES) {
            vf row[VECTORS];
#pragma GCC unroll 4
            for (int j = 0; j < vectors; j++) row[j] = vload(w + j * LANES);
#pragma GCC unroll 14
            for (int i = 0; i < rows; i++) {
                vf value = vsplat(x[i][c]);
#pragma GCC unroll 4
                for (int j = 0; j < vectors; j++) sum[i][j] += value * row[j];
            }
        }
    }
    if (t->bias) {
        size_t last = (size_t)(vectors - 1) * LANES, rest = t->cols - last;
#pragma GCC unroll 4
        for (int j = 0; j < vectors - 1; j++) bias[j] = vload(t->bias + j * LANES);
        bias[vectors - 1] = rest == LANES ? vload(t->bias + last) : vload_some(t->bias + last, rest);
#pragma GCC unroll 14
        for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
            for (int j = 0; j < vectors; j++) sum[i][j] += bias[j];
    }
#pragma GCC unroll 14
    for (int i = 0; i < rows; i++) block_store(vectors, t->y[pixel + (size_t)i] + t->column, sum[i], t->cols, t->add);
}

#define BLOCK(rows, vectors)                                                                                                   \
    static void tile_##rows##x##vectors(const struct tile *t, size_t pixel)                                                    \
    {                                                                                                                          \
        tile(rows, vectors, t, pixel);                                                                                         \
    }
BLOCKS(BLOCK)
#undef BLOCK

static const struct {
    int rows, vectors;
    void (*run)(const struct tile *t, size_t pixel);
} blocks[] = {
#define BLOCK(rows, vectors) { rows, vectors, tile_##rows##x##vectors },
    BLOCKS(BLOCK)
#undef BLOCK
};

void KERNEL(tile)(const struct tile *t)
{
    int b = 0;
    for (size_t pixel = 0; pixel < t->pixels; pixel += (size_t)blocks[b].rows) {
        while (blocks[b].vectors != t->vectors || (size_t)blocks[b].rows > t->pixels - pixel) b++;
        blocks[b].run(t, pixel);
    }
}
