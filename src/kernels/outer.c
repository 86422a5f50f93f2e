// outer.c - the gradient of weights: a sum over pixels of outer products of x and dy, or of dy and x.
// A block of rows x vectors sums stays in registers; a value of a meets all vectors of a pixel's b.
#include "kernels/block.h"
#include "kernels/declare.h"
#include "kernels/part.h"

// What the next block asks for.
INLINE struct ahead take_ahead(const struct outer *o)
{
    struct ahead ahead = { .at = o->b };
    for (struct ahead *next = o->ahead; next && next < o->ahead + AHEADS; next++)
        if (next->left) {
            ahead = *next;
            next->at += ahead.hop;
            next->left--;
            break;
        }
    return ahead;
}

// c steps on: a loop over i * ldc clang would leave one, and the sums in memory.
INLINE void store_whole(int rows, int vectors, const struct outer *o, float *c, vf (*sum)[VECTORS])
{
    if (o->add)
        UNROLLED (int i = 0; i < rows; i++, c += o->ldc)
            UNROLLED (int j = 0; j < vectors; j++) vstore(c + j * LANES, sum[i][j] + vload(c + j * LANES));
    else if (o->stream)
        UNROLLED (int i = 0; i < rows; i++, c += o->ldc)
            UNROLLED (int j = 0; j < vectors; j++) vstream(c + j * LANES, sum[i][j]);
    else
        UNROLLED (int i = 0; i < rows; i++, c += o->ldc)
            UNROLLED (int j = 0; j < vectors; j++) vstore(c + j * LANES, sum[i][j]);
}

// Where the last vector is not whole; once for all blocks.
static __attribute__((noinline)) void store_part(int rows, int vectors, const struct outer *o, float *c, vf (*sum)[VECTORS])
{
    ROLLED(int i = 0; i < rows; i++, c += o->ldc)
    ROLLED(int j = 0; j < vectors; j++)
    {
        struct part part = part_once((size_t)j * LANES, o->cols);
        part_store(c, part, o->add ? sum[i][j] + part_load(c, part) : sum[i][j]);
    }
}

INLINE void outer(int rows, int vectors, const struct outer *o, size_t row)
{
    struct ahead ahead = take_ahead(o);
    vf sum[BLOCK_ROWS][VECTORS];
    UNROLLED (int i = 0; i < rows; i++)
        UNROLLED (int j = 0; j < vectors; j++) sum[i][j] = (vf){ 0 };
    float *c = o->c + (ptrdiff_t)row * o->ldc;
    UNROLLED (int i = 0; i < rows; i++)
        UNROLLED (int j = 0; j < vectors; j++)
            if (!o->stream) __builtin_prefetch(c + i * o->ldc + j * LANES, 1);
    const float *b = o->b;
    for (size_t pixel = 0; pixel < o->pixels; pixel++, b += o->ldb) {
        const float *a = (const float *)((uintptr_t)o->a[pixel] + row * sizeof *a); // one address, not one for each of the rows
        vf values[VECTORS];
        __builtin_prefetch(ahead.at, 0, 2);
        ahead.at += ahead.step;
        UNROLLED (int j = 0; j < vectors; j++) values[j] = vload(b + j * LANES);
        UNROLLED (int i = 0; i < rows; i++) {
            vf value = vsplat(a[i]);
            UNROLLED (int j = 0; j < vectors; j++) sum[i][j] += value * values[j];
        }
    }
    if (o->cols == (size_t)vectors * LANES) {
        store_whole(rows, vectors, o, c, sum);
    } else {
        vf copy[BLOCK_ROWS][VECTORS]; // so that the sums themselves have no address and stay in registers
        memcpy(copy, sum, (size_t)rows * sizeof *sum);
        store_part(rows, vectors, o, c, copy);
    }
}

INLINE void lines(int rows, int vectors, const struct outer *o, size_t row)
{
    struct ahead ahead = take_ahead(o);
    vf sum[BLOCK_ROWS][VECTORS];
    float *c = o->c + (ptrdiff_t)row * o->ldc;
    const float *a[BLOCK_ROWS], *b = o->b;
    UNROLLED (int i = 0; i < rows; i++) a[i] = o->a[row + (size_t)i];
    UNROLLED (int i = 0; i < rows; i++)
        UNROLLED (int j = 0; j < vectors; j++) sum[i][j] = o->add ? vload(c + i * o->ldc + j * LANES) : vsplat(0);
    for (size_t line = 0; line < o->lines; line++)
        for (size_t at = line * o->step, end = at + o->pixels; at < end; at++, b += o->ldb) {
            vf values[VECTORS];
            __builtin_prefetch(ahead.at, 0, 2);
            ahead.at += ahead.step;
            UNROLLED (int j = 0; j < vectors; j++) values[j] = vload(b + j * LANES);
            UNROLLED (int i = 0; i < rows; i++) {
                vf value = vsplat(a[i][at]);
                UNROLLED (int j = 0; j < vectors; j++) sum[i][j] += value * values[j];
            }
        }
    UNROLLED (int i = 0; i < rows; i++, c += o->ldc)
        UNROLLED (int j = 0; j < vectors; j++) vstore(c + j * LANES, sum[i][j]);
}

#define BLOCK(rows, vectors)                                                                                                   \
    static void lines_##rows##x##vectors(const struct outer *o, size_t row)                                                    \
    {                                                                                                                          \
        lines(rows, vectors, o, row);                                                                                          \
    }
HIGH_BLOCKS(BLOCK)
#undef BLOCK

#define BLOCK(rows, vectors)                                                                                                   \
    static void outer_##rows##x##vectors(const struct outer *o, size_t row)                                                    \
    {                                                                                                                          \
        outer(rows, vectors, o, row);                                                                                          \
    }
BLOCKS(BLOCK)
#undef BLOCK

static const struct block {
    int rows, vectors;
    void (*run)(const struct outer *o, size_t row);
} blocks[] = {
#define BLOCK(rows, vectors) { rows, vectors, outer_##rows##x##vectors },
    BLOCKS(BLOCK)
#undef BLOCK
}, lined[] = {
#define BLOCK(rows, vectors) { rows, vectors, lines_##rows##x##vectors },
    HIGH_BLOCKS(BLOCK)
#undef BLOCK
};

// In blocks of nearly equal height, as low ones are slow.
INLINE void run(const struct outer *o, const struct block *b)
{
    while (b->vectors != o->vectors) b++;
    size_t tallest = (size_t)b->rows, count = (o->rows + tallest - 1) / tallest;
    for (size_t i = 0; i < count; i++) {
        size_t from = o->rows * i / count, to = o->rows * (i + 1) / count;
        b[tallest - (to - from)].run(o, from);
    }
}

void KERNEL(outer)(const struct outer *o)
{
    run(o, blocks);
}

void KERNEL(lines)(const struct outer *o)
{
    run(o, lined);
}

void KERNEL(sum_parts)(size_t rows, size_t cols, size_t parts, const float *x, size_t stride, ptrdiff_t ldx, float *y,
                       ptrdiff_t ldy)
{
    for (; rows--; x += ldx, y += ldy)
        for (size_t i = 0; i < cols; i += LANES) {
            struct part part = part_once(i, cols);
            vf sum = part_load(x, part);
            for (size_t p = 1; p < parts; p++) sum += part_load(x + p * stride, part);
            part_store(y, part, sum);
        }
}
