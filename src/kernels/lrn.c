// lrn.c - local response normalization: each value is divided by a power of the squares around it, channel by channel. Rows go through buffers
// with room for the window on both sides, CHUNK channels of TOGETHER rows at a time: what was just stored is slow to load at other places.
#include "kernels/declare.h"
#include "kernels/exp.h"
#include "kernels/part.h"

enum { CHUNK = 512, TOGETHER = 8, REACH = LRN_SIZE / 2, BUFFER = CHUNK + 4 * REACH + LANES };

// What of channels `first`..first+count-1, some of which lie outside of the row, lies inside: begin..end-1, counted from `first`.
struct range {
    ptrdiff_t first;
    size_t begin, end, count;
};

INLINE struct range range_of(ptrdiff_t first, size_t count, size_t cols)
{
    size_t begin = first < 0 ? (size_t)-first : 0,
           end = (ptrdiff_t)cols - first < (ptrdiff_t)count ? cols - (size_t)first : count;
    return (struct range){ first, begin, end, count };
}

INLINE void clear_outside(const struct range *range, float *buffer)
{
    for (size_t i = 0; i < range->begin; i++) buffer[i] = 0;
    for (size_t i = range->end; i < range->count; i++) buffer[i] = 0;
}

// body(part, ...) for all parts of `count` channels; a last one that is not whole overlaps its neighbour.
#define EACH_PART(count, body, ...)                                                                                            \
    do {                                                                                                                       \
        for (size_t j = 0; j < (count) && (count) >= LANES; j += LANES)                                                        \
            body((struct part){ j + LANES <= (count) ? j : (count)-LANES, LANES }, __VA_ARGS__);                               \
        if ((count) < LANES) body((struct part){ 0, (count) }, __VA_ARGS__);                                                   \
    } while (0)

INLINE void square_part(struct part part, const float *x, float *squares)
{
    vf v = part_load(x, part);
    part_store(squares, part, v * v);
}

INLINE void squares_of(const struct range *range, const float *x, float *squares)
{
    clear_outside(range, squares);
    EACH_PART(range->end - range->begin, square_part, x + range->first + (ptrdiff_t)range->begin, squares + range->begin);
}

// Of a vector's channels; beyond the row's end buffers hold what nobody looks at.
INLINE vf window_sum(const float *v, int size)
{
    vf sum = { 0 };
    for (int i = 0; i < size; i++) sum += vload(v + i);
    return sum;
}

// s = k + alpha * the squares in the window, and -beta ln s. The steps of a power go over a row one after the other, as in one loop each
// vector would wait for its own.
INLINE void scale_part(struct part part, const struct lrn *how, int size, const float *squares, float *s)
{
    part_store(s, part, how->k + how->alpha * window_sum(squares + part.at, size));
}

INLINE void log_part(struct part part, const struct lrn *how, const float *s, float *power)
{
    part_store(power, part, -how->beta * vlog(part_load(s, part)));
}

INLINE void powers(size_t count, const struct lrn *how, int size, const float *squares, float *s, float *power)
{
    EACH_PART(count, scale_part, how, size, squares, s);
    EACH_PART(count, log_part, how, s, power);
}

INLINE void lrn_part(struct part part, const float *power, const float *x, float *y)
{
    part_store(y, part, part_load(x, part) * vexp(part_load(power, part)));
}

INLINE void lrn_rows(int size, const struct lrn *how, size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y,
                     ptrdiff_t ldy)
{
    float squares[TOGETHER][BUFFER] = { 0 }, s[BUFFER], power[BUFFER];
    for (size_t first = 0; first < cols; first += CHUNK) {
        size_t count = cols - first < CHUNK ? cols - first : CHUNK;
        struct range around = range_of((ptrdiff_t)first - size / 2, count + (size_t)size - 1, cols);
        for (size_t row = 0; row < rows; row += TOGETHER) {
            ptrdiff_t begin = (ptrdiff_t)row, end = (ptrdiff_t)(rows - row < TOGETHER ? rows : row + TOGETHER);
            for (ptrdiff_t r = begin; r < end; r++) squares_of(&around, x + r * ldx, squares[r - begin]);
            for (ptrdiff_t r = begin; r < end; r++) {
                powers(count, how, size, squares[r - begin], s, power);
                EACH_PART(count, lrn_part, power, x + r * ldx + first, y + r * ldy + first);
            }
        }
    }
}

void KERNEL(lrn)(const struct lrn *how, size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    if (how->size == 5) // as nearly all have it
        lrn_rows(5, how, rows, cols, x, ldx, y, ldy);
    else
        lrn_rows(how->size, how, rows, cols, x, ldx, y, ldy);
}

// through = dy s^-beta, z = dy x s^(-beta - 1).
INLINE void through_part(struct part part, const float *s, const float *power, const float *x, const float *dy, float *through,
                         float *z)
{
    vf t = part_load(dy, part) * vexp(part_load(power, part));
    part_store(through, part, t);
    part_store(z, part, t * part_load(x, part) / part_load(s, part));
}

// dx = through - 2 alpha beta x * the sum of z over the channels whose window holds this one.
INLINE void grad_part(struct part part, const struct lrn *how, int size, const float *x, const float *through, const float *z,
                      float *dx)
{
    vf others = part_load(x, part) * window_sum(z + part.at, size) * (2 * how->alpha * how->beta);
    part_store(dx, part, part_load(through, part) - others);
}

INLINE void grad_rows(int size, const struct lrn *how, size_t rows, size_t cols, const float *x, ptrdiff_t ldx, const float *dy,
                      ptrdiff_t lddy, float *dx, ptrdiff_t lddx, bool add)
{
    float squares[TOGETHER][BUFFER] = { 0 }, through[TOGETHER][BUFFER], z[TOGETHER][BUFFER] = { 0 }, sum[CHUNK];
    float s[BUFFER], power[BUFFER];
    size_t wider = (size_t)size - 1, before = (size_t)size / 2, after = wider - before;
    for (size_t first = 0; first < cols; first += CHUNK) {
        size_t count = cols - first < CHUNK ? cols - first : CHUNK;
        struct range near = range_of((ptrdiff_t)first - (ptrdiff_t)after, count + wider, cols);
        struct range around = range_of(near.first - (ptrdiff_t)before, count + 2 * wider, cols);
        size_t skip = near.begin, inside = near.end - near.begin;
        for (size_t row = 0; row < rows; row += TOGETHER) {
            ptrdiff_t begin = (ptrdiff_t)row, end = (ptrdiff_t)(rows - row < TOGETHER ? rows : row + TOGETHER);
            for (ptrdiff_t r = begin; r < end; r++) squares_of(&around, x + r * ldx, squares[r - begin]);
            for (ptrdiff_t r = begin; r < end; r++) {
                ptrdiff_t i = r - begin, channel = near.first + (ptrdiff_t)skip;
                clear_outside(&near, z[i]);
                powers(inside, how, size, squares[i] + skip, s, power);
                EACH_PART(inside, through_part, s, power, x + r * ldx + channel, dy + r * lddy + channel, through[i] + skip,
                          z[i] + skip);
            }
            for (ptrdiff_t r = begin; r < end; r++) {
                float *to = dx + r * lddx + first;
                EACH_PART(count, grad_part, how, size, x + r * ldx + first, through[r - begin] + after, z[r - begin],
                          add ? sum : to);
                for (size_t j = 0; j < count && add; j++) to[j] += sum[j];
            }
        }
    }
}

void KERNEL(lrn_grad)(const struct lrn *how, size_t rows, size_t cols, const float *x, ptrdiff_t ldx, const float *dy,
                      ptrdiff_t lddy, float *dx, ptrdiff_t lddx, bool add)
{
    if (how->size == 5)
        grad_rows(5, how, rows, cols, x, ldx, dy, lddy, dx, lddx, add);
    else
        grad_rows(how->size, how, rows, cols, x, ldx, dy, lddy, dx, lddx, add);
}

INLINE void normalized_part(struct part part, const struct lrn *how, const float *s, const float *x, float *y, bool add)
{
    vf v = part_load(x, part) * vexp(-how->beta * vlog(how->k + how->alpha * part_load(s, part)));
    part_store(y, part, add ? part_load(y, part) + v : v);
}

void KERNEL(lrn_scale)(const struct lrn *how, size_t rows, size_t cols, const float *s, ptrdiff_t lds, const float *x,
                       ptrdiff_t ldx, float *y, ptrdiff_t ldy, bool add)
{
    for (size_t row = 0; row < rows; row++, s += lds, x += ldx, y += ldy)
        for (size_t i = 0; i < cols; i += LANES) normalized_part(part_once(i, cols), how, s, x, y, add);
}
