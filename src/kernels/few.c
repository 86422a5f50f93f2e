// few.c - few images times a matrix of weights that is read once and where it lies: as fast as memory streams it.
// dots multiplies with its rows as they are, blends with its columns. A block of `rows` images x `cols` rows of w stays in registers: of
// dots its sums, of blends the factors.
#include "kernels/declare.h"
#include "kernels/part.h"

#if defined(__AVX512F__) || defined(__aarch64__)
enum { GROUP = 4 }; // images of a block, at most
#define BLOCKS(X) X(1, 8) X(2, 4) X(3, 4) X(4, 4) X(1, 1) X(2, 1) X(3, 1) X(4, 1)
#else
enum { GROUP = 3 };
#define BLOCKS(X) X(1, 8) X(2, 4) X(3, 4) X(1, 1) X(2, 1) X(3, 1)
#endif
enum { WIDEST = 8, WIDE = 4 }; // rows of w that meet a single image, or more

// Sums of neighbours: of a in the lower half, of b in the upper one.
INLINE vf fold(vf a, vf b)
{
#if defined(__AVX512F__)
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
           __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif defined(__AVX2__)
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14) + __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
#else
    return __builtin_shufflevector(a, b, 0, 2, 4, 6) + __builtin_shufflevector(a, b, 1, 3, 5, 7);
#endif
}

// y[j] = the sum of the lanes of s[j], for a power of two of them.
INLINE void fold_all(int count, const vf *s, float *y, bool add)
{
    vf left[WIDEST];
    float sums[WIDEST * LANES];
    UNROLLED (int j = 0; j < count; j++) left[j] = s[j];
    UNROLLED (int lanes = LANES; lanes > 1; lanes /= 2) {
        int have = count * lanes / LANES, pairs = have > 1 ? have / 2 : 1;
        UNROLLED (int j = 0; j < pairs; j++) left[j] = fold(left[2 * j], left[have > 1 ? 2 * j + 1 : 0]);
    }
    memcpy(sums, left, (size_t)(count < LANES ? 1 : count / LANES) * sizeof *left);
    UNROLLED (int j = 0; j < count; j++) y[j] = add ? y[j] + sums[j] : sums[j];
}

// How far behind its rows lie those that come next, to be asked for by the first images that meet these.
INLINE ptrdiff_t ahead(const struct few *f, size_t i, int cols)
{
    return i ? 0 : cols * f->ldw;
}

// What is left of the depth from d on. A call: it would cost the sums their registers.
static __attribute__((noinline)) void add_rest(int rows, int cols, const struct few *f, size_t i, size_t j, size_t d)
{
    for (; d < f->depth; d++)
        for (size_t a = i; a < i + (size_t)rows; a++)
            for (size_t b = j; b < j + (size_t)cols; b++)
                f->y[(ptrdiff_t)a * f->ldy + (ptrdiff_t)b] +=
                    f->x[(ptrdiff_t)a * f->ldx + (ptrdiff_t)d] * f->w[(ptrdiff_t)b * f->ldw + (ptrdiff_t)d];
}

INLINE void dots(int rows, int cols, const struct few *f, size_t i, size_t j)
{
    vf sum[GROUP][WIDEST];
    UNROLLED (int a = 0; a < rows; a++)
        UNROLLED (int b = 0; b < cols; b++) sum[a][b] = (vf){ 0 };
    const float *x = f->x + (ptrdiff_t)i * f->ldx, *w = f->w + (ptrdiff_t)j * f->ldw;
    ptrdiff_t next = ahead(f, i, cols);
    size_t whole = f->depth - f->depth % LANES;
    for (size_t d = 0; d < whole; d += LANES) {
        vf value[GROUP];
        UNROLLED (int a = 0; a < rows; a++) value[a] = vload(x + a * f->ldx + d);
        const float *at = w + d;
        UNROLLED (int b = 0; b < cols; b++, at += f->ldw) {
            vf weight = vload(at);
            __builtin_prefetch(at + next, 0, 2);
            UNROLLED (int a = 0; a < rows; a++) sum[a][b] += value[a] * weight;
        }
    }
    UNROLLED (int a = 0; a < rows; a++) fold_all(cols, sum[a], f->y + (ptrdiff_t)(i + (size_t)a) * f->ldy + j, f->add);
    if (whole < f->depth) add_rest(rows, cols, f, i, j, whole);
}

INLINE void blends(int rows, int cols, const struct few *f, size_t i, size_t d)
{
    vf factor[GROUP][WIDEST];
    const float *x = f->x + (ptrdiff_t)i * f->ldx + d, *w = f->w + (ptrdiff_t)d * f->ldw;
    float *y = f->y + (ptrdiff_t)i * f->ldy;
    ptrdiff_t next = ahead(f, i, cols);
    bool add = f->add || d;
    UNROLLED (int a = 0; a < rows; a++)
        UNROLLED (int b = 0; b < cols; b++) factor[a][b] = vsplat(x[a * f->ldx + b]);
    size_t j = 0;
    for (; j + LANES <= f->cols; j += LANES) {
        vf sum[GROUP];
        UNROLLED (int a = 0; a < rows; a++) sum[a] = add ? vload(y + a * f->ldy + j) : vsplat(0);
        const float *at = w + j;
        UNROLLED (int b = 0; b < cols; b++, at += f->ldw) {
            vf weight = vload(at);
            __builtin_prefetch(at + next, 0, 2);
            UNROLLED (int a = 0; a < rows; a++) sum[a] += factor[a][b] * weight;
        }
        UNROLLED (int a = 0; a < rows; a++) vstore(y + a * f->ldy + j, sum[a]);
    }
    for (; j < f->cols; j++)
        for (int a = 0; a < rows; a++) {
            float sum = add ? y[a * f->ldy + (ptrdiff_t)j] : 0;
            for (int b = 0; b < cols; b++) sum += x[a * f->ldx + b] * w[b * f->ldw + (ptrdiff_t)j];
            y[a * f->ldy + (ptrdiff_t)j] = sum;
        }
}

#define BLOCK(rows, cols)                                                                                                      \
    static void dots_##rows##x##cols(const struct few *f, size_t i, size_t at)                                                 \
    {                                                                                                                          \
        dots(rows, cols, f, i, at);                                                                                            \
    }                                                                                                                          \
    static void blends_##rows##x##cols(const struct few *f, size_t i, size_t at)                                               \
    {                                                                                                                          \
        blends(rows, cols, f, i, at);                                                                                          \
    }
BLOCKS(BLOCK)
#undef BLOCK

static const struct block {
    void (*dots)(const struct few *f, size_t i, size_t at), (*blends)(const struct few *f, size_t i, size_t at);
} blocks[] = {
#define BLOCK(rows, cols) { dots_##rows##x##cols, blends_##rows##x##cols },
    BLOCKS(BLOCK)
#undef BLOCK
};

// Block by block of `count` rows of w, each for all images.
INLINE void run(const struct few *f, size_t count, bool turned)
{
    size_t groups = (f->rows + GROUP - 1) / GROUP, wide = f->rows > 1 ? WIDE : WIDEST;
    for (size_t at = 0, step; at < count; at += step) {
        step = at + wide <= count ? wide : 1;
        for (size_t g = 0, i = 0, next; g < groups; g++, i = next) {
            next = f->rows * (g + 1) / groups;
            const struct block *b = &blocks[next - i - 1 + (step < wide ? GROUP : 0)];
            (turned ? b->dots : b->blends)(f, i, at);
        }
    }
}

void KERNEL(dots)(const struct few *f)
{
    run(f, f->cols, true);
}

void KERNEL(blends)(const struct few *f)
{
    run(f, f->depth, false);
}
