// blocks.c - probabilistic max pooling (Lee et al. 2009, 3.3): of the units of a block, channel by channel, at most one is on. Unit i is it with
// probability e^x_i / (1 + sum e^x), none with 1 / (1 + sum e^x). All subtract the larger of 0 and the block's maximum first.
#include "kernels/declare.h"
#include "kernels/exp.h"
#include "kernels/part.h"

// Of an image's channels at one place: the first unit, the distances of its rows and pixels, and how many there are.
struct block {
    ptrdiff_t first, pixels; // first: in pixels
    int h, w;
};

INLINE struct block block_at(const struct pool *s, size_t row, int q)
{
    int top = (int)(row % (size_t)s->p) * s->size_h, left = q * s->size_w;
    return (struct block){ ((ptrdiff_t)(row / (size_t)s->p) * s->h + top) * s->w + left, s->w,
                           s->h - top < s->size_h ? s->h - top : s->size_h, s->w - left < s->size_w ? s->w - left : s->size_w };
}

// e^-max, which is none's share, and the sum of that and every unit's.
struct shares {
    vf max, off, sum;
};

INLINE struct shares shares_of(const struct block *b, struct part part, const float *x, ptrdiff_t ldx)
{
    struct shares s = { vsplat(0), vsplat(0), vsplat(0) };
    for (int i = 0; i < b->h * b->w; i++)
        s.max = vmax(part_load(x + (b->first + i / b->w * b->pixels + i % b->w) * ldx, part), s.max);
    s.sum = s.off = vexp(-s.max);
    for (int i = 0; i < b->h * b->w; i++)
        s.sum += vexp(part_load(x + (b->first + i / b->w * b->pixels + i % b->w) * ldx, part) - s.max);
    return s;
}

void KERNEL(block_on)(const struct pool *pool, size_t begin, size_t end, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    const struct pool s = *pool;
    for (size_t row = begin; row < end; row++)
        for (int q = 0; q < s.q; q++) {
            struct block b = block_at(&s, row, q);
            for (size_t i = 0; i < (size_t)s.c; i += LANES) {
                struct part part = part_once(i, (size_t)s.c);
                struct shares of = shares_of(&b, part, x, ldx);
                part_store(y + ((ptrdiff_t)row * s.q + q) * ldy, part, 1.0f - of.off / of.sum);
            }
        }
}

void KERNEL(block_units)(const struct pool *pool, size_t begin, size_t end, const float *x, ptrdiff_t ldx, const float *dy,
                         ptrdiff_t lddy, float *p, ptrdiff_t ldp, bool add)
{
    const struct pool s = *pool;
    for (size_t row = begin; row < end; row++)
        for (int q = 0; q < s.q; q++) {
            struct block b = block_at(&s, row, q);
            for (size_t i = 0; i < (size_t)s.c; i += LANES) {
                struct part part = part_once(i, (size_t)s.c);
                struct shares of = shares_of(&b, part, x, ldx);
                vf scale = 1.0f / of.sum;
                if (dy) scale *= scale * of.off * part_load(dy + ((ptrdiff_t)row * s.q + q) * lddy, part);
                for (int j = 0; j < b.h * b.w; j++) {
                    ptrdiff_t pixel = b.first + j / b.w * b.pixels + j % b.w;
                    vf v = vexp(part_load(x + pixel * ldx, part) - of.max) * scale;
                    part_store(p + pixel * ldp, part, add ? part_load(p + pixel * ldp, part) + v : v);
                }
            }
        }
}
