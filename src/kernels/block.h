// block.h - the register blocks of tile and outer: rows x vectors accumulators.
#ifndef BLOCK_H
#define BLOCK_H

#include "kernels/simd.h"

// X(rows, vectors): any count of rows is a few blocks of them. A block as tall as the registers allow reads least of what its vectors are
// loaded from, and as few as four rows of two vectors still keep two multiply-add units with a latency of four busy.
#define ROWS_TO_4(X, vectors)  X(4, vectors) X(3, vectors) X(2, vectors) X(1, vectors)
#define ROWS_TO_6(X, vectors)  X(6, vectors) X(5, vectors) ROWS_TO_4(X, vectors)
#define ROWS_TO_8(X, vectors)  X(8, vectors) X(7, vectors) ROWS_TO_6(X, vectors)
#define ROWS_TO_12(X, vectors) X(12, vectors) X(11, vectors) X(10, vectors) X(9, vectors) ROWS_TO_8(X, vectors)
#define HIGH_TO_12(X, vectors)                                                                                                 \
    X(12, vectors) X(11, vectors) X(10, vectors) X(9, vectors) X(8, vectors) X(7, vectors) X(6, vectors)
#define HIGH_TO_14(X, vectors) X(14, vectors) X(13, vectors) HIGH_TO_12(X, vectors)
// TILES: of winograd_1d, whose blocks are TILES / vectors tiles by vectors, times the six points.
// TALL_BLOCKS: the tallest of each width. HIGH_BLOCKS: of one and of two vectors, down to half of the tallest: as low as blocks of nearly equal
// height become.
#if defined(__AVX512F__)
enum { BLOCK_ROWS = 14, TILES = 4 };
#define BLOCKS(X)      X(14, 1) X(13, 1) ROWS_TO_12(X, 1) X(14, 2) X(13, 2) ROWS_TO_12(X, 2) X(9, 3) ROWS_TO_8(X, 3)
#define TALL_BLOCKS(X) X(14, 1) X(14, 2) X(9, 3)
#define HIGH_BLOCKS(X) HIGH_TO_14(X, 1) HIGH_TO_14(X, 2)
#elif defined(__aarch64__) // as many registers, but compilers that load several values ahead want some of them
enum { BLOCK_ROWS = 12, TILES = 4 };
#define BLOCKS(X)      ROWS_TO_12(X, 1) ROWS_TO_12(X, 2) ROWS_TO_8(X, 3)
#define TALL_BLOCKS(X) X(12, 1) X(12, 2) X(8, 3)
#define HIGH_BLOCKS(X) HIGH_TO_12(X, 1) HIGH_TO_12(X, 2)
#else
enum { BLOCK_ROWS = 12, TILES = 2 };
#define BLOCKS(X)      ROWS_TO_12(X, 1) ROWS_TO_6(X, 2) ROWS_TO_4(X, 3)
#define TALL_BLOCKS(X) X(12, 1) X(6, 2) X(4, 3)
#define HIGH_BLOCKS(X) HIGH_TO_12(X, 1) ROWS_TO_6(X, 2)
#endif

#endif
