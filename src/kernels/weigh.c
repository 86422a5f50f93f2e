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
