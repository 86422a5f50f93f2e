// weigh.c - bytes weighed by whole numbers: the sums of 32 bits are exact, so every instruction set gives the same.
#include "kernels/declare.h"

enum { BLOCK = 256 };

void KERNEL(weigh_rows)(size_t cols, int rows, const int *weights, int bits, const uint8_t *x, ptrdiff_t ldx, uint8_t *y)
{
    for (size_t i = 0; i < cols; i += BLOCK) {
        int sums[BLOCK], count = cols - i < BLOCK ? (int)(cols - i) : BLOCK;
        for (int c = 0; c < count; c++) sums[c] = 1 << (bits - 1);
        for (int r = 0; r < rows; r++) {
            const uint8_t *row = x + r * ldx + i;
            int weight = weights[r];
            for (int c = 0; c < count; c++) sums[c] += weight * row[c];
        }
        for (int c = 0; c < count; c++) {
            int value = sums[c] >> bits;
            y[i + (size_t)c] = (uint8_t)(value > 255 ? 255 : value);
        }
    }
}

typedef int quad __attribute__((vector_size(16)));
typedef uint8_t quad_bytes __attribute__((vector_size(4)));

INLINE quad widen(const uint8_t *pixel, const size_t bytes)
{
    quad_bytes read = { 0 };
    memcpy(&read, pixel, bytes);
    return __builtin_convertvector(read, quad);
}

// Rows side by side, so that their sums do not wait for each other. A pixel is read with the byte behind it, but for the last of a row.
INLINE void weigh_block(const struct weigh *w, const size_t rows, size_t cols, const uint8_t *x, ptrdiff_t ldx, uint8_t *y,
                        ptrdiff_t ldy)
{
    enum { ROWS = 4 };
    for (size_t q = 0; q < cols; q++) {
        const int *weights = w->weights + q * (size_t)w->taps;
        const uint8_t *from = x + 3 * (ptrdiff_t)w->begin[q];
        int count = w->count[q], safe = count - (w->begin[q] + count == w->width);
        quad sums[ROWS];
        UNROLLED (size_t r = 0; r < rows; r++) sums[r] = (quad){ 0 } + (1 << (w->bits - 1));
        for (int t = 0; t < safe; t++)
            UNROLLED (size_t r = 0; r < rows; r++) sums[r] += weights[t] * widen(from + (ptrdiff_t)r * ldx + 3 * t, 4);
        if (safe < count)
            UNROLLED (size_t r = 0; r < rows; r++) sums[r] += weights[safe] * widen(from + (ptrdiff_t)r * ldx + 3 * safe, 3);
        UNROLLED (size_t r = 0; r < rows; r++) {
            quad value = sums[r] >> w->bits, above = value > 255;
            quad_bytes bytes = __builtin_convertvector((value & ~above) | (above & 255), quad_bytes);
            memcpy(y + (ptrdiff_t)r * ldy + 3 * (ptrdiff_t)q, &bytes, 3);
        }
    }
}

void KERNEL(weigh_pixels)(const struct weigh *w, size_t rows, size_t cols, const uint8_t *x, ptrdiff_t ldx, uint8_t *y,
                          ptrdiff_t ldy)
{
    for (; rows >= 4; rows -= 4, x += 4 * ldx, y += 4 * ldy) weigh_block(w, 4, cols, x, ldx, y, ldy);
    for (; rows; rows--, x += ldx, y += ldy) weigh_block(w, 1, cols, x, ldx, y, ldy);
}
