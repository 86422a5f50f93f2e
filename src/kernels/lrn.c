// lrn.c - local response normalization: each value is divided by a power of the squares around it, channel by channel. Rows go through buffers
// with room for the window on both sides, CHUNK channels at a time.
#include "kernels/declare.h"
#include "kernels/exp.h"
#include "kernels/part.h"

enum { CHUNK = 512, REACH = LRN_SIZE / 2, BUFFER = CHUNK + 4 * REACH };

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

INLINE void squares_of(const struct range *range, const float *x, float *squares)
{
    clear_outside(range, squares);
    for (size_t i = range->begin; i < range->end; i++)
        squares[i] = x[range->first + (ptrdiff_t)i] * x[range->first + (ptrdiff_t)i];
}

INLINE vf window_sum(const float *v, int size, struct part part)
{
    vf sum = { 0 };
    for (int i = 0; i < size; i++) sum += part_load(v + i, part);
    return sum;
}

// s^-beta with s = k + alpha * the squares in the window.
INLINE vf power_of(const struct lrn *how, const float *squares, struct part part, vf *s)
{
    *s = how->k + how->alpha * window_sum(squares, how->size, part);
    return vexp(-how->beta * vlog(*s));
}

void KERNEL(lrn)(const struct lrn *how, size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    float squares[BUFFER];
    size_t before = (size_t)how->size / 2;
    for (; rows--; x += ldx, y += ldy)
        for (size_t first = 0; first < cols; first += CHUNK) {
            size_t count = cols - first < CHUNK ? cols - first : CHUNK;
            struct range around = range_of((ptrdiff_t)first - (ptrdiff_t)before, count + (size_t)how->size - 1, cols);
            squares_of(&around, x, squares);
            for (size_t i = 0; i < count; i += LANES) {
                struct part part = part_overlapping(i, count);
                vf s, power = power_of(how, squares, part, &s);
                part_store(y + first, part, part_load(x + first, part) * power);
            }
        }
}

// With z = dy x s^(-beta - 1), dx = dy s^-beta - 2 alpha beta x * the sum of z over the channels whose window holds this one.
void KERNEL(lrn_grad)(const struct lrn *how, size_t rows, size_t cols, const float *x, ptrdiff_t ldx, const float *dy,
                      ptrdiff_t lddy, float *dx, ptrdiff_t lddx, bool add)
{
    float squares[BUFFER], through[BUFFER], z[BUFFER];
    size_t wider = (size_t)how->size - 1, before = (size_t)how->size / 2, after = wider - before;
    for (; rows--; x += ldx, dy += lddy, dx += lddx)
        for (size_t first = 0; first < cols; first += CHUNK) {
            size_t count = cols - first < CHUNK ? cols - first : CHUNK;
            struct range near = range_of((ptrdiff_t)first - (ptrdiff_t)after, count + wider, cols);
            struct range around = range_of(near.first - (ptrdiff_t)before, count + 2 * wider, cols);
            squares_of(&around, x, squares);
            clear_outside(&near, z);
            for (size_t i = 0; i < near.end - near.begin; i += LANES) {
                struct part part = part_overlapping(i, near.end - near.begin);
                ptrdiff_t channel = near.first + (ptrdiff_t)near.begin;
                vf s, power = power_of(how, squares + near.begin, part, &s), t = part_load(dy + channel, part) * power;
                part_store(through + near.begin, part, t);
                part_store(z + near.begin, part, t * part_load(x + channel, part) / s);
            }
            for (size_t i = 0; i < count; i += LANES) {
                struct part part = add ? part_once(i, count) : part_overlapping(i, count);
                vf others = part_load(x + first, part) * window_sum(z, how->size, part) * (2 * how->alpha * how->beta);
                vf v = part_load(through + after, part) - others;
                part_store(dx + first, part, add ? part_load(dx + first, part) + v : v);
            }
        }
}
