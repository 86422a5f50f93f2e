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

// Bytes, one per lane. GCC widens a loop over lanes better than it does __builtin_convertvector.
INLINE vmask part_load_bytes(const uint8_t *row, struct part part)
{
    uint8_t bytes[LANES] = { 0 };
    __typeof__(((vmask)vsplat(0))[0]) lanes[LANES];
    if (part.count == LANES)
        memcpy(bytes, row + part.at, LANES);
    else
        for (size_t i = 0; i < part.count; i++) bytes[i] = row[part.at + i];
    for (int i = 0; i < LANES; i++) lanes[i] = bytes[i];
    vmask v;
    memcpy(&v, lanes, sizeof v);
    return v;
}

INLINE void part_store_bytes(uint8_t *row, struct part part, vmask v)
{
    typedef uint8_t vbyte __attribute__((vector_size(LANES)));
    vbyte bytes = __builtin_convertvector(v, vbyte);
    if (part.count == LANES)
        memcpy(row + part.at, &bytes, LANES);
    else
        for (size_t i = 0; i < part.count; i++) row[part.at + i] = bytes[i];
}

#endif
