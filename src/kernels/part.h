// part.h - a row of any length in vectors: whole ones, and what is left at its end.
#ifndef PART_H
#define PART_H

#include "kernels/simd.h"

#include <stdbool.h>

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

// A part of a vector is rare enough to be a call: loops that are unrolled hold these by the hundred.
static __attribute__((noinline, unused)) vf part_load_some(const float *x, size_t count)
{
    return vload_some(x, count);
}

static __attribute__((noinline, unused)) void part_store_some(float *y, vf v, size_t count)
{
    vstore_some(y, v, count);
}

INLINE vf part_load(const float *row, struct part part)
{
    return part.count == LANES ? vload(row + part.at) : part_load_some(row + part.at, part.count);
}

INLINE void part_store(float *row, struct part part, vf v)
{
    if (part.count == LANES)
        vstore(row + part.at, v);
    else
        part_store_some(row + part.at, v, part.count);
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

// A matrix that a loop reads, and the distance of its rows: 0 where all rows are the same.
struct operand {
    const float *x;
    ptrdiff_t ld;
};

enum { OPERANDS = 8 };

// What one vector of y becomes of those of the operands at its place; `s` is what all have in common.
typedef vf element(const vf *v, float s);

INLINE vf part_result(size_t row, struct part part, int ins, const struct operand *in, element f, float s)
{
    vf v[OPERANDS];
    UNROLLED (int i = 0; i < ins; i++) v[i] = part_load(in[i].x + (ptrdiff_t)row * in[i].ld, part);
    return f(v, s);
}

// y = f(in[0], in[1], ...) for every value. Matrices without gaps between their rows are one long row. What is left at a row's end is a
// vector that overlaps its neighbour: computed before that is stored, as y may be one of the operands.
INLINE void each_value(size_t rows, size_t cols, int ins, const struct operand *in, float *y, ptrdiff_t ldy, element f, float s)
{
    bool gaps = ldy != (ptrdiff_t)cols;
    for (int i = 0; i < ins; i++) gaps |= in[i].ld != (ptrdiff_t)cols;
    if (!gaps) cols *= rows, rows = rows > 0;
    size_t rest = cols % LANES, whole = cols - rest;
    struct part end = { whole ? cols - LANES : 0, whole ? LANES : rest };
    for (size_t row = 0; row < rows; row++, y += ldy) {
        vf last = { 0 };
        if (rest && whole) last = part_result(row, (struct part){ cols - LANES, LANES }, ins, in, f, s);
        for (size_t i = 0; i < whole; i += LANES) vstore(y + i, part_result(row, (struct part){ i, LANES }, ins, in, f, s));
        if (rest && !whole) last = part_result(row, end, ins, in, f, s);
        if (rest) part_store(y, end, last);
    }
}

#endif
