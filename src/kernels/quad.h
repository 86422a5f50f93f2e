// quad.h - four floats, whatever the instruction set: what transposing is made of.
#ifndef QUAD_H
#define QUAD_H

#include "kernels/simd.h"

enum { QUAD = 4 };
typedef float quad __attribute__((vector_size(QUAD * sizeof(float)), aligned(sizeof(float)), may_alias));

// y[j][i] = row[i][j]: 8 shuffles for 16 values.
INLINE void store_turned(const quad *row, float *y, ptrdiff_t ldy)
{
    quad low[2] = { __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5), __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5) };
    quad high[2] = { __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7), __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7) };
    *(quad *)y = __builtin_shufflevector(low[0], low[1], 0, 1, 4, 5);
    *(quad *)(y + ldy) = __builtin_shufflevector(low[0], low[1], 2, 3, 6, 7);
    *(quad *)(y + 2 * ldy) = __builtin_shufflevector(high[0], high[1], 0, 1, 4, 5);
    *(quad *)(y + 3 * ldy) = __builtin_shufflevector(high[0], high[1], 2, 3, 6, 7);
}

#endif
