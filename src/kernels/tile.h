// tile.h - the arguments of the multiplying kernels.
#ifndef TILE_H
#define TILE_H

#include <stdbool.h>
#include <stddef.h>

// Pixels that become 0 when the pixel that they lie beside is computed: at[pixel * beside + i], `cols` values each, or NULL; of all these, at[first]
// and every so many from there on.
struct blanks {
    float *const *at;
    size_t beside, first, every, cols;
    bool stream; // as in struct tile
};

// tile: y[pixel][column + j] = sum over taps and i of x[tap][pixel][i] w[row[tap] + i][j]. Where a pixel's window lies is said by pointers, so
// windows of any form, padding (a row of zeros) and matrices are all the same. What happens to a sum on its way to memory comes in the order
// of the fields, and what is NULL or false does not happen.
// copy: x is copied to these rows, which lie better, and read from there; run is whole lines of the cache. into: the same of w, whose rows, of
// one tap, lie ldw apart. Not both.
// strip: the same where run is 1 and a tap's values lie side by side, x[tap][pixel], with w[tap][vectors * lanes]: at least half as many pixels as
// a block is high; what would be brought near is not, and nothing is added to y. Here y[0] and residual[0] say where all pixels lie, ldy and ldr apart.
// winograd_1d: the same, but of tiles of `size` pixels of a line: their six points, x[tap][tile / lanes][6][lanes], with w[tap][6][vectors * lanes].
struct tile {
    size_t pixels, taps, run;
    size_t lines, step, from; // strip: so many times the pixels, their x `step` apart; from: of all x, the first
    size_t size;              // winograd_1d
    const float *const *x;    // x[tap * pixels + pixel]: `run` values
    const size_t *row;
    float *const *copy;
    const float *w; // [...][vectors * lanes]
    float *into;
    ptrdiff_t ldw;
    int vectors;
    float *const *y;              // y[pixel]
    ptrdiff_t ldy, ldr;           // strip
    size_t column, cols;          // cols: of the last vector at least one
    bool add;                     // y += instead of y =
    const float *bias;            // [cols]
    const float *const *residual; // residual[pixel][column + j] is added
    bool relu;
    float *sum, *squares;        // [cols]: the pixels' y - pivot and its square are added to these
    const float *pivot;          // [cols]; NULL: 0
    bool beyond;                 // strip: what follows a pixel of y, up to a vector, may be overwritten
    bool stream;                 // y, whole vectors that lie as vectors do, will not be read soon
    const struct blanks *blanks; // NULL: none
    // What the next tiles will want, to be brought near:
    const float *const *fetch; // `run` values at fetch[tap * pixels + pixel] + ahead
    ptrdiff_t ahead;
    int fetch_first, fetch_every; // of these pixels in each block
    const float *next;            // a panel like w, its rows `next_ld` apart
    ptrdiff_t next_ld;
};

// Memory that will be needed soon: every block of sums asks for a line of the cache per pixel, at[pixel * step], until none is left.
enum { AHEADS = 8 };
struct ahead {
    const float *at;
    ptrdiff_t step, hop; // hop: from block to block
    size_t left;
};

// outer: c[i][j] = sum over pixels of a[pixel][i] b[pixel][j].
// lines: c[i][j] = sum over lines and pixels of a[i][line * step + pixel] b[line * pixels + pixel][j], at least 6 rows, c in whole vectors.
struct outer {
    size_t pixels, rows;
    const float *const *a; // a[pixel]: `rows` values; of lines a[row]
    const float *b;        // b + pixel * ldb: vectors * lanes values
    ptrdiff_t ldb;
    int vectors;
    float *c;
    ptrdiff_t ldc;
    size_t cols; // of the last vector at least one
    bool add;
    size_t lines, step;
    bool stream;         // c, whole vectors that lie as vectors do, will not be read soon
    struct ahead *ahead; // [AHEADS], one after the other, or NULL
};

// y[i][j] = sum over d of x[i][d] w[j][d] (dots), or of x[i][d] w[d][j] (blends), where x has few rows.
struct few {
    size_t rows, cols, depth;
    const float *x;
    ptrdiff_t ldx;
    const float *w;
    ptrdiff_t ldw;
    float *y;
    ptrdiff_t ldy;
    bool add;
};

// A square of pixels, x[i * row + j * col][channels], of which rows top..bottom-1 and columns left..right-1 lie in the image.
struct patch {
    float *x;
    ptrdiff_t row, col;
    int top, bottom, left, right;
};

// What happens to values on their way to a patch, in this order; pointers may be NULL. Channel 0 is the patch's channel 0.
struct finish {
    const float *bias;
    bool add;              // y += instead of y =
    const float *residual; // residual[i * row + j * col]
    ptrdiff_t row, col;
    bool relu;
    float *sum, *square; // of the stored values less pivot: added to
    const float *pivot;
};

#endif
