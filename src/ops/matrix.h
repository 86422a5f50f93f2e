// matrix.h - a dense layer, or a convolution whose window is the whole image, as matrices.
#ifndef MATRIX_H
#define MATRIX_H

#include "ops/linear.h"

enum { MATRIX_LINE = 16 }; // floats that come into the cache together

// x[images][pixels][channels], y[images][filters], or their gradients. Pixels that lie side by side are channels of one.
struct matrix {
    const struct linear *l;
    const struct tensor *x, *y;
    size_t images, filters, depth, pixels, channels;
    ptrdiff_t ldx, ldy; // from image to image
};

struct matrix matrix_of(const struct linear *l, const struct tensor *x, const struct tensor *y);
size_t matrix_data_workspace(const struct linear *l);
size_t matrix_weights_workspace(const struct linear *l);

// The distance of copied rows: an odd number of lines, as of multiples of a power of two the cache holds few.
static inline ptrdiff_t matrix_apart(size_t count)
{
    return (ptrdiff_t)((size_ratio(count, MATRIX_LINE) | 1) * MATRIX_LINE);
}

#endif
