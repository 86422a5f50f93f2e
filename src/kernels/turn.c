// turn.c - matrices turned: weights into panels, sums of panels into weights. In squares of vectors, so that whole lines of the cache are read and
// written at once; what is left at the edges in smaller ones.
#include "kernels/declare.h"
#include "kernels/quad.h"

enum {
    LINE = 16, // floats that come into the cache together
    RUN = 64,  // of a row of y, written at once
};

// The values of two vectors in turn: of their first halves, of their second halves.
#if defined(__AVX512F__)
#define LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined(__AVX2__)
#define LOW  0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LOW  0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#endif

// y[j][i] = the sum over parts of x[i][j]. Rows i and i + LANES / 2 interleaved, as often as LANES can be halved, are the square turned.
INLINE void turn_square(size_t parts, const float *x, size_t stride, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    vf row[LANES], turned[LANES];
    UNROLLED (int i = 0; i < LANES; i++) row[i] = vload(x + i * ldx);
    for (size_t part = 1; part < parts; part++)
        UNROLLED (int i = 0; i < LANES; i++) row[i] += vload(x + part * stride + i * ldx);
    UNROLLED (int size = 1; size < LANES; size *= 2) {
        UNROLLED (int i = 0; i < LANES / 2; i++) {
            turned[2 * i] = __builtin_shufflevector(row[i], row[i + LANES / 2], LOW);
            turned[2 * i + 1] = __builtin_shufflevector(row[i], row[i + LANES / 2], HIGH);
        }
        UNROLLED (int i = 0; i < LANES; i++) row[i] = turned[i];
    }
    UNROLLED (int i = 0; i < LANES; i++) vstore(y + i * ldy, row[i]);
}

INLINE void turn_quad(size_t parts, const float *x, size_t stride, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    quad row[QUAD] = { { 0 } };
    for (size_t part = 0; part < parts; part++, x += stride)
        UNROLLED (int i = 0; i < QUAD; i++) row[i] += *(const quad *)(x + i * ldx);
    store_turned(row, y, ldy);
}

static void turn_edge(size_t rows, size_t cols, size_t parts, const float *x, size_t stride, ptrdiff_t ldx, float *y,
                      ptrdiff_t ldy)
{
    size_t whole_rows = rows - rows % QUAD, whole_cols = cols - cols % QUAD;
    for (size_t j = 0; j < whole_cols; j += QUAD)
        for (size_t i = 0; i < whole_rows; i += QUAD)
            turn_quad(parts, x + (ptrdiff_t)i * ldx + j, stride, ldx, y + (ptrdiff_t)j * ldy + i, ldy);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = i < whole_rows ? whole_cols : 0; j < cols; j++) {
            float sum = 0;
            for (size_t part = 0; part < parts; part++) sum += x[part * stride + (size_t)((ptrdiff_t)i * ldx) + j];
            y[(ptrdiff_t)j * ldy + (ptrdiff_t)i] = sum;
        }
}

// Lines of the cache of x are read at once, and rows of y that do not lie side by side are written in long runs, one after the other: the caches
// may hold only few of such rows.
static void turn(size_t rows, size_t cols, size_t parts, const float *x, size_t stride, ptrdiff_t ldx, float *y, ptrdiff_t ldy)
{
    float run[LINE * RUN];
    const bool beside = ldy <= RUN;
    size_t whole_rows = rows - rows % LANES, whole_cols = cols - cols % LANES;
    for (size_t j = 0; j < whole_cols; j += LINE)
        for (size_t i = 0; i < whole_rows; i += RUN) {
            size_t across = whole_cols - j < LINE ? whole_cols - j : LINE, down = whole_rows - i < RUN ? whole_rows - i : RUN;
            float *at = y + (ptrdiff_t)j * ldy + i, *into = beside ? at : run;
            const ptrdiff_t ld = beside ? ldy : RUN;
            for (size_t r = 0; r < down; r += LANES)
                for (size_t c = 0; c < across; c += LANES)
                    turn_square(parts, x + (ptrdiff_t)(i + r) * ldx + j + c, stride, ldx, into + (ptrdiff_t)c * ld + r, ld);
            for (size_t c = 0; c < across && !beside; c++, at += ldy) memcpy(at, run + c * RUN, down * sizeof *at);
        }
    turn_edge(whole_rows, cols - whole_cols, parts, x + whole_cols, stride, ldx, y + (ptrdiff_t)whole_cols * ldy, ldy);
    turn_edge(rows - whole_rows, cols, parts, x + (ptrdiff_t)whole_rows * ldx, stride, ldx, y + whole_rows, ldy);
}

void KERNEL(sum_turned)(size_t rows, size_t cols, size_t parts, const float *x, size_t stride, ptrdiff_t ldx, float *y,
                        ptrdiff_t ldy)
{
    turn(rows, cols, parts, x, stride, ldx, y, ldy);
}

void KERNEL(pack_columns)(size_t rows, size_t cols, size_t width, const float *x, ptrdiff_t ldx, float *y)
{
    turn(cols, rows, 1, x, 0, ldx, y, (ptrdiff_t)width);
    for (size_t i = 0; i < rows && cols < width; i++) memset(y + i * width + cols, 0, (width - cols) * sizeof *y);
}
