// strip.c - tile where the values that a tap sees at neighbouring pixels lie side by side: one address per tap serves a block.
#include "kernels/declare.h"
#include "kernels/lines.h"

#include <stdint.h>

INLINE void strip(int rows, int vectors, const struct tile *t, size_t line, size_t pixel)
{
    vf sum[BLOCK_ROWS][VECTORS];
    UNROLLED (int j = 0; j < vectors; j++)
        UNROLLED (int i = 0; i < rows; i++) sum[i][j] = bias_of(t, j);
    const float *w = t->w;
    if (!t->stream) fetch_pixels(rows, vectors * LANES, t, line * t->pixels + pixel);
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
    finish_sums(rows, rows, vectors, t, line * t->pixels + pixel, sum);
}

#define BLOCK(rows, vectors)                                                                                                   \
    static void strip_##rows##x##vectors(const struct tile *t, size_t line, size_t pixel, size_t count)                        \
    {                                                                                                                          \
        for (; count--; pixel += rows) strip(rows, vectors, t, line, pixel);                                                   \
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
    for (size_t line = 0; line < t->lines; line++) run_blocks(t, line, 0, strips);
}
