// winograd_1d.c - strip by Winograd's minimal filtering along the lines: of neighbouring pixels, `size` at a time, six products take the place of
// size * (7 - size). All sums of a few tiles, six points of each, stay in registers until they become pixels.
#include "kernels/declare.h"
#include "kernels/lines.h"
#include "kernels/points.h"

#include <stdint.h>

enum { LEAST = 2, MOST = 4, TAPS = 5 }; // pixels of a tile; taps at most

void KERNEL(winograd_1d_in)(size_t size, size_t channels, size_t values, const float *x, size_t width, float *v)
{
    for (size_t c = 0; c < channels; c++)
        for (size_t tile = 0; tile < values / POINTS; tile += LANES, v += POINTS * LANES) {
            vf pixels[POINTS], points[POINTS];
            UNROLLED (size_t i = 0; i < POINTS; i++) pixels[i] = vload(x + (i % size * channels + c) * width + tile + i / size);
            evaluate(pixels, 1, points);
            UNROLLED (int i = 0; i < POINTS; i++) vstore(v + i * LANES, points[i]);
        }
}

INLINE void taps_in(int taps, size_t width, const float *w, float *u)
{
    vf values[TAPS], points[POINTS];
    UNROLLED (int i = 0; i < taps; i++) values[i] = vload(w + (size_t)i * width);
    evaluate_taps(taps, values, 1, points);
    UNROLLED (int i = 0; i < POINTS; i++) vstore(u + (size_t)i * width, points[i]);
}

void KERNEL(winograd_1d_taps)(size_t size, size_t width, const float *w, float *u)
{
    for (size_t i = 0; i < width; i += LANES) {
        if (size == 2) taps_in(5, width, w + i, u + i);
        if (size == 3) taps_in(4, width, w + i, u + i);
        if (size == 4) taps_in(3, width, w + i, u + i);
    }
}

// Loaded once: a compiler that sees it used twice would rather load it twice, and loads are what is scarce here.
INLINE vf load_once(const float *p)
{
    return *(const volatile vf_anywhere *)p;
}

INLINE void block(int size, int tiles, int vectors, const struct tile *t, size_t line, size_t tile)
{
    vf sum[POINTS][TILES][VECTORS], y[HIGHEST][VECTORS];
    UNROLLED (int p = 0; p < POINTS; p++)
        UNROLLED (int i = 0; i < tiles; i++)
            UNROLLED (int j = 0; j < vectors; j++) sum[p][i][j] = (vf){ 0 };
    const float *w = t->w;
    const size_t pixel = tile * (size_t)size;
    const int rows = tiles * size;
    if (!t->stream) fetch_pixels(rows, vectors * LANES, t, line * t->pixels + pixel);
    const uintptr_t at = (t->from + line * t->step + tile / LANES * POINTS * LANES + tile % LANES) * sizeof *w;
    for (size_t tap = 0; tap < t->taps; tap++, w += POINTS * vectors * LANES) {
        const float *x = (const float *)((uintptr_t)t->x[tap] + at); // one address for all
        UNROLLED (int p = 0; p < POINTS; p++) {
            vf row[VECTORS];
            UNROLLED (int j = 0; j < vectors; j++) row[j] = load_once(w + (p * vectors + j) * LANES);
            UNROLLED (int i = 0; i < tiles; i++) {
                vf value = vsplat(x[p * LANES + i]);
                UNROLLED (int j = 0; j < vectors; j++) sum[p][i][j] += value * row[j];
            }
        }
    }
    UNROLLED (int i = 0; i < tiles; i++)
        UNROLLED (int j = 0; j < vectors; j++) {
            vf points[POINTS], pixels[MOST], bias = bias_of(t, j);
            UNROLLED (int p = 0; p < POINTS; p++) points[p] = sum[p][i][j];
            interpolate(size, points, 1, pixels);
            UNROLLED (int k = 0; k < size; k++) y[i * size + k][j] = pixels[k] + bias;
        }
    const size_t left = t->pixels - pixel;
    finish_sums(left < (size_t)rows ? (int)left : rows, rows, vectors, t, line * t->pixels + pixel, y);
}

#define BLOCK(size, vectors)                                                                                                   \
    static void lines_##size##x##vectors(const struct tile *t)                                                                 \
    {                                                                                                                          \
        enum { BESIDE = TILES / vectors };                                                                                     \
        for (size_t line = 0; line < t->lines; line++)                                                                         \
            for (size_t tile = 0; tile * size < t->pixels; tile += BESIDE) block(size, BESIDE, vectors, t, line, tile);        \
    }
BLOCK(2, 1)
BLOCK(3, 1)
BLOCK(4, 1) BLOCK(2, 2) BLOCK(3, 2) BLOCK(4, 2)
#undef BLOCK

    void KERNEL(winograd_1d)(const struct tile *t)
{
    static void (*const lines[][MOST + 1 - LEAST])(const struct tile *t) = { { lines_2x1, lines_3x1, lines_4x1 },
                                                                             { lines_2x2, lines_3x2, lines_4x2 } };
    lines[t->vectors - 1][t->size - LEAST](t);
}
