// winograd.c - the three transforms of Winograd's minimal filtering (Winograd 1980; Lavin and Gray 2016), all of the 6-point family.
//
// An m x m square of outputs of a convolution with r x r taps, m + r - 1 = 6, is A^T ((G g G^T) * (B^T d B)) A: 36 products instead of
// m^2 r^2. One-dimensional convolution is a product of polynomials; B^T and G evaluate its factors at six points and A^T interpolates. The
// points alone decide the matrices, so any m and r share B^T, and A^T and G are powers of the points: row i of A^T the points' i-th powers,
// column i of G the same divided by what interpolation divides by. Points 0, +-1/sqrt(2), +-sqrt(2) and infinity lose half as many digits as
// the usual 0, +-1, +-2: their powers are nearer to 1.
#include "kernels/declare.h"
#include "kernels/part.h"

enum { POINTS = 6, SIDE = 5 }; // SIDE: of a square of taps or outputs, at most
static const float NEAR = 0.707106781f, FAR = 1.41421356f;
static const float NEAR_POWERS[] = { 1, 0.5f, 0.25f }, FAR_POWERS[] = { 1, 2, 4 }; // of their squares

// y = B^T x
INLINE void evaluate(const vf *x, size_t from, vf *y)
{
    vf a = x[0], b = x[from], c = x[2 * from], d = x[3 * from], e = x[4 * from], f = x[5 * from];
    vf even = e - 2.0f * c, odd = d - 2.0f * b, even2 = e - 0.5f * c, odd2 = d - 0.5f * b;
    y[0] = a - 2.5f * c + e;
    y[1] = even + NEAR * odd;
    y[2] = even - NEAR * odd;
    y[3] = even2 + FAR * odd2;
    y[4] = even2 - FAR * odd2;
    y[5] = b - 2.5f * d + f;
}

// y = G x, of `taps` values
INLINE void evaluate_taps(int taps, const vf *x, size_t from, vf *y)
{
    vf even = x[0], odd = x[from], even2 = x[0], odd2 = x[from];
    UNROLLED (int i = 2; i < taps; i++) {
        vf *near = i % 2 ? &odd : &even, *far = i % 2 ? &odd2 : &even2;
        *near += NEAR_POWERS[i / 2] * x[(size_t)i * from];
        *far += FAR_POWERS[i / 2] * x[(size_t)i * from];
    }
    even *= -2.0f / 3;
    odd *= -2.0f / 3 * NEAR;
    even2 *= 1.0f / 6;
    odd2 *= 1.0f / 6 * FAR;
    y[0] = x[0];
    y[1] = even + odd;
    y[2] = even - odd;
    y[3] = even2 + odd2;
    y[4] = even2 - odd2;
    y[5] = x[(size_t)(taps - 1) * from];
}

// y = A^T x, `size` values
INLINE void interpolate(int size, const vf *x, size_t from, vf *y)
{
    vf even = x[from] + x[2 * from], odd = NEAR * (x[from] - x[2 * from]);
    vf even2 = x[3 * from] + x[4 * from], odd2 = FAR * (x[3 * from] - x[4 * from]);
    UNROLLED (int i = 0; i < size; i++)
        y[i] = NEAR_POWERS[i / 2] * (i % 2 ? odd : even) + FAR_POWERS[i / 2] * (i % 2 ? odd2 : even2);
    y[0] += x[0];
    y[size - 1] += x[5 * from];
}

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
