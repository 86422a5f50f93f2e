// winograd.c - the three transforms of Winograd's minimal filtering (Winograd 1980; Lavin and Gray 2016), all of the 6-point family.
//
// An m x m square of outputs of a convolution with r x r taps, m + r - 1 = 6, is A^T ((G g G^T) * (B^T d B)) A: 36 products instead of
// m^2 r^2. What the matrices are, points.h says.
#include "kernels/declare.h"
#include "kernels/part.h"
#include "kernels/points.h"

enum { SIDE = 5 }; // of a square of taps or outputs, at most

INLINE vf patch_load(const struct patch *p, bool inside, int i, int j, struct part part)
{
    bool out = !inside && (i < p->top || i >= p->bottom || j < p->left || j >= p->right);
    return out ? (vf){ 0 } : part_load(p->x + i * p->row + j * p->col, part);
}

INLINE void in(bool inside, const struct patch *p, struct part part, float *v, ptrdiff_t ldv)
{
    vf columns[POINTS * POINTS], x[POINTS], y[POINTS];
    UNROLLED (int j = 0; j < POINTS; j++) {
        UNROLLED (int i = 0; i < POINTS; i++) x[i] = patch_load(p, inside, i, j, part);
        evaluate(x, 1, columns + j * POINTS);
    }
    UNROLLED (int i = 0; i < POINTS; i++) {
        evaluate(columns + i, POINTS, y);
        UNROLLED (int j = 0; j < POINTS; j++) vstore(v + (i * POINTS + j) * ldv + part.at, y[j]);
    }
}

void KERNEL(winograd_in)(size_t channels, const struct patch *p, float *v, ptrdiff_t ldv)
{
    bool inside = p->top <= 0 && p->left <= 0 && p->bottom >= POINTS && p->right >= POINTS;
    size_t c = 0;
    for (; inside && c + LANES <= channels; c += LANES) in(true, p, (struct part){ c, LANES }, v, ldv);
    for (; c < channels; c += LANES) in(false, p, part_once(c, channels), v, ldv);
}

INLINE void taps_in(int taps, const struct patch *p, struct part part, float *v, ptrdiff_t ldv, float *sum)
{
    vf columns[SIDE * POINTS], x[SIDE], y[POINTS], all = { 0 };
    UNROLLED (int j = 0; j < taps; j++) {
        UNROLLED (int i = 0; i < taps; i++) x[i] = patch_load(p, false, i, j, part), all += x[i];
        evaluate_taps(taps, x, 1, columns + j * POINTS);
    }
    UNROLLED (int i = 0; i < POINTS; i++) {
        evaluate_taps(taps, columns + i, POINTS, y);
        UNROLLED (int j = 0; j < POINTS; j++) vstore(v + (i * POINTS + j) * ldv + part.at, y[j]);
    }
    if (sum) part_store(sum, part, part_load(sum, part) + all);
}

void KERNEL(winograd_taps)(int taps, size_t channels, const struct patch *p, float *v, ptrdiff_t ldv, float *sum)
{
    for (size_t c = 0; c < channels; c += LANES) {
        struct part part = part_once(c, channels);
        if (taps == 2) taps_in(2, p, part, v, ldv, sum);
        if (taps == 3) taps_in(3, p, part, v, ldv, sum);
        if (taps == 4) taps_in(4, p, part, v, ldv, sum);
        if (taps == 5) taps_in(5, p, part, v, ldv, sum);
    }
}

// A vector of outputs on its way to memory, as the epilogue says.
INLINE void finish(const struct finish *f, vf v, float *y, ptrdiff_t away, struct part part, vf bias, vf *sum, vf *square)
{
    v += bias;
    if (f->add) v += part_load(y, part);
    if (f->residual) v += part_load(f->residual + away, part);
    if (f->relu) v = vpick(v < 0.0f, vsplat(0), v);
    if (f->sum) {
        vf away_from = f->pivot ? v - part_load(f->pivot, part) : v;
        *sum += away_from;
        *square += away_from * away_from;
    }
    part_store(y, part, v);
}

INLINE void out(int size, const float *m, ptrdiff_t ldm, const struct patch *p, struct part part, const struct finish *f)
{
    vf columns[POINTS * SIDE], x[POINTS], y[SIDE], sum = { 0 }, square = { 0 };
    vf bias = f->bias ? part_load(f->bias, part) : (vf){ 0 };
    UNROLLED (int j = 0; j < POINTS; j++) {
        UNROLLED (int i = 0; i < POINTS; i++) x[i] = vload(m + (i * POINTS + j) * ldm + part.at);
        interpolate(size, x, 1, columns + j * SIDE);
    }
    UNROLLED (int i = 0; i < size; i++) {
        interpolate(size, columns + i, SIDE, y);
        if (i < p->top || i >= p->bottom) continue;
        UNROLLED (int j = 0; j < size; j++)
            if (j >= p->left && j < p->right)
                finish(f, y[j], p->x + i * p->row + j * p->col, i * f->row + j * f->col, part, bias, &sum, &square);
    }
    if (!f->sum) return;
    part_store(f->sum, part, part_load(f->sum, part) + sum);
    part_store(f->square, part, part_load(f->square, part) + square);
}

void KERNEL(winograd_out)(int size, size_t channels, const float *m, ptrdiff_t ldm, const struct patch *p,
                          const struct finish *f)
{
    for (size_t c = 0; c < channels; c += LANES) {
        struct part part = part_once(c, channels);
        if (size == 2) out(2, m, ldm, p, part, f);
        if (size == 3) out(3, m, ldm, p, part, f);
        if (size == 4) out(4, m, ldm, p, part, f);
        if (size == 5) out(5, m, ldm, p, part, f);
    }
}
