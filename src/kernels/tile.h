// tile.h - the arguments of the two multiplying kernels.
#ifndef TILE_H
#define TILE_H

#include <stdbool.h>
#include <stddef.h>

// tile: y[pixel][column + j] = bias[j] + sum over taps and i of x[tap][pixel][i] w[row[tap] + i][j]. Where a pixel's window lies is said by pointers, so
// windows of any form, padding (a row of zeros) and matrices are all the same.
struct tile {
    size_t pixels, taps, run;
    const float *const *x; // x[tap * pixels + pixel]: `run` values
    const size_t *row;
    const float *w; // [...][vectors * lanes]
    int vectors;
    float *const *y;     // y[pixel]
    size_t column, cols; // cols: of the last vector at least one
    const float *bias;   // [cols] or NULL
    bool add;            // y += instead of y =
};

// outer: dw[row][j] = sum over pixels of dy[pixel][row] x[pixel][j].
struct outer {
    size_t pixels, rows;
    const float *dy;
    ptrdiff_t lddy;
    const float *const *x; // x[pixel]: vectors * lanes values
    int vectors;
    float *dw;
    ptrdiff_t lddw;
    size_t cols; // of the last vector at least one
    bool add;
};

#endif
