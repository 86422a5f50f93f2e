// block.h - the register blocks of tile and outer: rows x vectors accumulators, and how a block goes to memory.
#ifndef BLOCK_H
#define BLOCK_H

#include "kernels/simd.h"

#include <stdbool.h>

// X(rows, vectors): any count of rows is a few blocks of them. A block as tall as the registers allow reads least of what its vectors are
// loaded from, and as few as four rows of two vectors still keep two multiply-add units with a latency of four busy.
// clang-format off
#if defined(__AVX512F__) || defined(__aarch64__)
enum { BLOCK_ROWS = 14 };
#define BLOCKS(X)                                                                                                  \
    X(14, 1) X(13, 1) X(12, 1) X(11, 1) X(10, 1) X(9, 1) X(8, 1) X(7, 1) X(6, 1) X(5, 1) X(4, 1) X(3, 1) X(2, 1) X(1, 1) \
    X(14, 2) X(13, 2) X(12, 2) X(11, 2) X(10, 2) X(9, 2) X(8, 2) X(7, 2) X(6, 2) X(5, 2) X(4, 2) X(3, 2) X(2, 2) X(1, 2) \
    X(9, 3) X(8, 3) X(7, 3) X(6, 3) X(5, 3) X(4, 3) X(3, 3) X(2, 3) X(1, 3)
#else
enum { BLOCK_ROWS = 12 };
#define BLOCKS(X)                                                                                                  \
    X(12, 1) X(11, 1) X(10, 1) X(9, 1) X(8, 1) X(7, 1) X(6, 1) X(5, 1) X(4, 1) X(3, 1) X(2, 1) X(1, 1) \
    X(6, 2) X(5, 2) X(4, 2) X(3, 2) X(2, 2) X(1, 2)              \
    X(4, 3) X(3, 3) X(2, 3) X(1, 3)
#endif
// clang-format on

// y[0..cols) = v (+ y), the last vector perhaps in part.
INLINE void block_store(int vectors, float *y, const vf *v, size_t cols, bool add)
{
    size_t last = (size_t)(vectors - 1) * LANES, rest = cols - last;
#pragma GCC unroll 4
    for (int j = 0; j < vectors - 1; j++) vstore(y + j * LANES, add ? v[j] + vload(y + j * LANES) : v[j]);
    if (rest == LANES)
        vstore(y + last, add ? v[vectors - 1] + vload(y + last) : v[vectors - 1]);
    else
        vstore_some(y + last, add ? v[vectors - 1] + vload_some(y + last, rest) : v[vectors - 1], rest);
}

#endif
