// part.h - a row of any length in vectors: whole ones, and what is left at its end.
#ifndef PART_H
#define PART_H

#include "kernels/simd.h"

struct part {
    size_t at, count;
};

// The vector that begins at column i, a multiple of LANES.
INLINE struct part part_once(size_t i, size_t cols)
{
    return (struct part){ i, cols - i < LANES ? cols - i : LANES };
}

// The same, but the last one of a row of at least LANES columns is whole and overlaps its neighbour: for results that may be computed twice.
INLINE struct part part_overlapping(size_t i, size_t cols)
{
    return cols < LANES ? (struct part){ 0, cols } : (struct part){ i + LANES <= cols ? i : cols - LANES, LANES };
}

INLINE vf part_load(const float *row, struct part part)
{
    return part.count == LANES ? vload(row + part.at) : vload_some(row + part.at, part.count);
}

INLINE void part_store(float *row, struct part part, vf v)
{
    if (part.count == LANES)
        vstore(row + part.at, v);
    else
        vstore_some(row + part.at, v, part.count);
}

typedef uint8_t vbyte __attribute__((vector_size(LANES))); // a byte per lane

INLINE vmask part_load_bytes(const uint8_t *row, struct part part)
{
    vbyte bytes = { 0 };
    if (part.count == LANES)
        memcpy(&bytes, row + part.at, LANES);
    else
        memcpy(&bytes, row + part.at, part.count);
    return __builtin_convertvector(bytes, vmask);
}

INLINE void part_store_bytes(uint8_t *row, struct part part, vmask v)
{
    vbyte bytes = __builtin_convertvector(v, vbyte);
    if (part.count == LANES)
        memcpy(row + part.at, &bytes, LANES);
    else
        memcpy(row + part.at, &bytes, part.count);
}

#endif
