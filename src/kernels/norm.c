// norm.c - statistics of columns (channels) over rows (pixels), and what is made of them.
#include "kernels/declare.h"
#include "kernels/part.h"

#include <math.h>

enum {
    RUN = 16,
    SUMS = 2,
    STRIP = 4
}; // RUN: rows whose sums join those of the others, which bounds the rounding and reads memory in order

// Adds to sum[] what one row has at one part of its columns.
typedef void term(const vf *v, vf *sum);

// What is asked for while a strip is summed: what will be summed some 4 KB later.
struct near {
    size_t rows, at;
};

// Of rows row..row+rows-1, `vectors` vectors from the part on; the sums stay in registers.
INLINE void strip_results(int vectors, size_t rows, size_t row, size_t cols, struct part part, struct near near, int ins,
                          const struct operand *in, term f, int outs, bool add, const float *sums, vf (*result)[SUMS])
{
    vf sum[STRIP][SUMS] = { 0 };
    for (size_t r = row; r < row + rows; r++)
        UNROLLED (int j = 0; j < vectors; j++) {
            vf v[OPERANDS];
            UNROLLED (int i = 0; i < ins; i++) {
                v[i] = part_load(in[i].x + (ptrdiff_t)r * in[i].ld, (struct part){ part.at + (size_t)j * LANES, part.count });
                if (in[i].ld) __builtin_prefetch(in[i].x + (ptrdiff_t)(r + near.rows) * in[i].ld + near.at + (size_t)j * LANES);
            }
            f(v, sum[j]);
        }
    UNROLLED (int j = 0; j < vectors; j++)
        UNROLLED (int i = 0; i < outs; i++) {
            struct part at = { part.at + (size_t)j * LANES, part.count };
            result[j][i] = add ? part_load(sums + (size_t)i * cols, at) + sum[j][i] : sum[j][i];
        }
}

INLINE void strip_stores(int vectors, size_t cols, struct part part, int outs, vf (*result)[SUMS], float *sums)
{
    UNROLLED (int j = 0; j < vectors; j++)
        UNROLLED (int i = 0; i < outs; i++)
            part_store(sums + (size_t)i * cols, (struct part){ part.at + (size_t)j * LANES, part.count }, result[j][i]);
}

// Rows row..row+rows-1 into sums[outs][cols]; the vector that overlaps its neighbour as in part.h.
INLINE void run(size_t rows, size_t row, size_t cols, int ins, const struct operand *in, term f, int outs, bool add,
                float *sums)
{
    vf last[1][SUMS] = { 0 }, v[STRIP][SUMS] = { 0 };
    size_t rest = cols % LANES, whole = cols - rest, i = 0;
    struct part end = part_overlapping(whole, cols);
    if (rest && whole)
        strip_results(1, rows, row, cols, end, (struct near){ STRIP * RUN, end.at }, ins, in, f, outs, add, sums, last);
    for (; i + STRIP * LANES <= whole; i += STRIP * LANES) {
        bool more = i + 2 * STRIP * LANES <= whole;
        struct near near = { more ? 0 : RUN, more ? i + STRIP * LANES : 0 };
        strip_results(STRIP, rows, row, cols, (struct part){ i, LANES }, near, ins, in, f, outs, add, sums, v);
        strip_stores(STRIP, cols, (struct part){ i, LANES }, outs, v, sums);
    }
    for (; i < whole; i += LANES) {
        strip_results(1, rows, row, cols, (struct part){ i, LANES }, (struct near){ STRIP * RUN, i }, ins, in, f, outs, add,
                      sums, v);
        strip_stores(1, cols, (struct part){ i, LANES }, outs, v, sums);
    }
    if (rest && !whole)
        strip_results(1, rows, row, cols, end, (struct near){ STRIP * RUN, end.at }, ins, in, f, outs, add, sums, last);
    if (rest) strip_stores(1, cols, end, outs, last, sums);
}

INLINE void sum_rows(size_t rows, size_t cols, int ins, const struct operand *in, term f, int outs, bool add, float *sums)
{
    for (size_t row = 0; row < rows; row += RUN)
        run(rows - row < RUN ? rows - row : RUN, row, cols, ins, in, f, outs, add || row, sums);
    for (size_t i = 0; i < (size_t)outs * cols && !rows && !add; i++) sums[i] = 0;
}

INLINE void plain_term(const vf *v, vf *sum)
{
    sum[0] += v[0];
}

void KERNEL(column_sum)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *sum, bool add)
{
    sum_rows(rows, cols, 1, (struct operand[]){ { x, ldx } }, plain_term, 1, add, sum);
}

void KERNEL(mean)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *mean)
{
    sum_rows(rows, cols, 1, (struct operand[]){ { x, ldx } }, plain_term, 1, false, mean);
    for (size_t i = 0; i < cols; i++) mean[i] /= (float)rows;
}

INLINE void moment_terms(const vf *v, vf *sum)
{
    vf d = v[0] - v[1];
    sum[0] += d;
    sum[1] += d * d;
}

void KERNEL(moments)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, const float *pivot, float *sums)
{
    sum_rows(rows, cols, 2, (struct operand[]){ { x, ldx }, { pivot, 0 } }, moment_terms, 2, false, sums);
}

// Operands, in this order.
enum { X, MEAN, SCALE, BIAS, RESIDUAL, Y = BIAS, DY = RESIDUAL, SLOPE, SHIFT, DX };

INLINE vf normal(const vf *v)
{
    return (v[X] - v[MEAN]) * v[SCALE] + v[BIAS];
}

INLINE vf normalized(const vf *v, float least)
{
    vf y = normal(v);
    return vpick(y < least, vsplat(least), y); // NaN stays
}

INLINE vf normalized_added(const vf *v, float least)
{
    vf y = normal(v) + v[RESIDUAL];
    return vpick(y < least, vsplat(least), y);
}

void KERNEL(normalize)(const struct norm *n, const float *residual, ptrdiff_t ldr, float *y, ptrdiff_t ldy)
{
    struct operand in[] = { { n->x, n->ldx }, { n->mean, 0 }, { n->scale, 0 }, { n->bias, 0 }, { residual, ldr } };
    float least = n->relu ? 0 : -INFINITY;
    if (residual)
        each_value(n->rows, n->cols, 5, in, y, ldy, normalized_added, least);
    else
        each_value(n->rows, n->cols, 4, in, y, ldy, normalized, least);
}

// What of dy reaches the sum before a ReLU: all of it, or that where y > 0, which y tells or, where nothing was added, x.
INLINE vf all_of(const vf *v)
{
    return v[DY];
}

INLINE vf by_output(const vf *v)
{
    return vpick(v[Y] > 0.0f, v[DY], vsplat(0));
}

INLINE vf by_input(const vf *v)
{
    return vpick(normal(v) > 0.0f, v[DY], vsplat(0));
}

#define GRADIENT(through)                                                                                                      \
    INLINE void terms_##through(const vf *v, vf *sum)                                                                          \
    {                                                                                                                          \
        vf dy = through(v);                                                                                                    \
        sum[0] += dy;                                                                                                          \
        sum[1] += dy * (v[X] - v[MEAN]);                                                                                       \
    }                                                                                                                          \
    INLINE vf grad_##through(const vf *v, float unused)                                                                        \
    {                                                                                                                          \
        (void)unused;                                                                                                          \
        return v[SCALE] * through(v) + v[SLOPE] * (v[X] - v[MEAN]) + v[SHIFT];                                                 \
    }                                                                                                                          \
    INLINE vf grad_added_##through(const vf *v, float unused)                                                                  \
    {                                                                                                                          \
        return v[DX] + grad_##through(v, unused);                                                                              \
    }
GRADIENT(all_of)
GRADIENT(by_output)
GRADIENT(by_input)

void KERNEL(norm_sums)(const struct norm *n, const float *y, ptrdiff_t ldy, const float *dy, ptrdiff_t lddy, float *sums)
{
    struct operand in[] = { { n->x, n->ldx }, { n->mean, 0 }, { n->scale, 0 }, { n->bias, 0 }, { dy, lddy } };
    if (y) in[Y] = (struct operand){ y, ldy };
    if (!n->relu)
        sum_rows(n->rows, n->cols, 5, in, terms_all_of, 2, false, sums);
    else if (y)
        sum_rows(n->rows, n->cols, 5, in, terms_by_output, 2, false, sums);
    else
        sum_rows(n->rows, n->cols, 5, in, terms_by_input, 2, false, sums);
}

void KERNEL(norm_grad)(const struct norm *n, const float *y, ptrdiff_t ldy, const float *dy, ptrdiff_t lddy, const float *slope,
                       const float *shift, float *dx, ptrdiff_t lddx, bool add)
{
    struct operand in[] = { { n->x, n->ldx }, { n->mean, 0 }, { n->scale, 0 }, { n->bias, 0 },
                            { dy, lddy },     { slope, 0 },   { shift, 0 },    { dx, lddx } };
    if (y) in[Y] = (struct operand){ y, ldy };
#define THROUGH(through)                                                                                                       \
    do {                                                                                                                       \
        if (add)                                                                                                               \
            each_value(n->rows, n->cols, 8, in, dx, lddx, grad_added_##through, 0);                                            \
        else                                                                                                                   \
            each_value(n->rows, n->cols, 7, in, dx, lddx, grad_##through, 0);                                                  \
    } while (0)
    if (!n->relu)
        THROUGH(all_of);
    else if (y)
        THROUGH(by_output);
    else
        THROUGH(by_input);
}
