// pack.c - rows into panels, as tile and outer want them, and apart into planes.
#include "kernels/declare.h"
#include "kernels/quad.h"

enum { LINE = 16 }; // floats that come into the cache together

INLINE void transpose_quads(const float *x, ptrdiff_t ldx, float *y, size_t width)
{
    quad row[QUAD];
    UNROLLED (int i = 0; i < QUAD; i++) row[i] = *(const quad *)(x + i * ldx);
    store_turned(row, y, (ptrdiff_t)width);
}

void KERNEL(planes)(size_t every, size_t width, const float *x, float *y)
{
    if (every == 1) memcpy(y, x, width * sizeof *y);
    for (size_t k = 0; k < every && every > 1; k += QUAD) {
        size_t plane = k + QUAD <= every || every < QUAD ? k : every - QUAD;
        for (size_t j = 0; j < width; j += QUAD) {
            size_t at = j + QUAD <= width ? j : width - QUAD;
            transpose_quads(x + at * every + plane, (ptrdiff_t)every, y + plane * width + at, width);
        }
    }
}

void KERNEL(pack_rows)(size_t rows, size_t cols, size_t width, const float *x, ptrdiff_t ldx, float *y)
{
    enum { AHEAD = 32 }; // rows, as they lie too far apart for the processor to see where this leads
    size_t whole = cols - cols % LANES;
    for (; rows--; x += ldx, y += width) {
        for (size_t i = 0; i < cols; i += LINE) __builtin_prefetch(x + AHEAD * ldx + i, 0, 2);
        for (size_t i = 0; i < whole; i += LANES) vstore(y + i, vload(x + i));
        if (whole < width) vstore(y + whole, vload_some(x + whole, cols - whole));
    }
}

void KERNEL(gather)(size_t rows, size_t cols, size_t width, const float *const *x, float *y)
{
    size_t whole = cols - cols % LANES;
    for (size_t r = 0; r < rows; r++, y += width) {
        for (size_t i = 0; i < whole; i += LANES) vstore(y + i, vload(x[r] + i));
        if (whole < width) vstore(y + whole, vload_some(x[r] + whole, cols - whole));
    }
}
