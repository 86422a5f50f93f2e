// strip.c - tile where the values that a tap sees at neighbouring pixels lie side by side: one address per tap serves a block.
#include "kernels/declare.h"
#include "kernels/sums.h"

#include <stdint.h>

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

static const struct block strips[] = {
#define BLOCK(rows, vectors) { rows, vectors, strip_##rows##x##vectors },
    HIGH_BLOCKS(BLOCK)
#undef BLOCK
};

void KERNEL(strip)(const struct tile *t)
{
    float bias[VECTORS * LANES] = { 0 };
    struct tile with = *t;
    if (t->bias) memcpy(bias, t->bias, t->cols * sizeof *bias);
    with.bias = bias;
    for (size_t line = 0; line < t->lines; line++) run_blocks(&with, line, 0, strips);
}
