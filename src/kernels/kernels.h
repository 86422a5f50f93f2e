// kernels.h - the loops over numbers, behind a table: one table per instruction set, filled from the same source.
#ifndef KERNELS_H
#define KERNELS_H

#include "base/random.h"
#include "kernels/tile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A pooling layer: input rows and columns, channels, output rows and columns, and the window, which always holds a pixel of the image.
struct pool {
    int h, w, c, p, q;
    int size_h, size_w, stride_h, stride_w, pad_h, pad_w;
    bool exclude_pad; // mean over the pixels inside the image
    bool zeros;       // what of a window lies outside the image counts as 0
    bool sum;         // in place of the mean
};

// Local response normalization: y = x (k + alpha * the sum of the squares of `size` channels, size / 2 of them before this one)^-beta.
enum { LRN_SIZE = 63 }; // the largest window
struct lrn {
    int size;
    float alpha, beta, k;
};

// Batch normalization of a matrix: y = (x - mean) scale + bias, perhaps plus another matrix, perhaps through a ReLU. mean, scale and bias
// have a value per column.
struct norm {
    size_t rows, cols;
    const float *x;
    ptrdiff_t ldx;
    const float *mean, *scale, *bias;
    bool relu;
};

// Rows of RGB pixels made wider or narrower: output i is the sum of weights[i * taps + t] of 2^-bits times input begin[i] + t, t < count[i].
struct weigh {
    int bits, width; // width: of the input, in pixels
    int taps;
    const int *begin, *count, *weights;
};

// One step of an optimizer over weights that are treated alike. The gradient g is the one given times `scale`, cut to -limit..limit.
struct descent {
    float scale, limit;
    float rate, decay; // decay: times w, is added to g
    float shrink;      // Adam: times w, is taken off w
    float momentum;
    bool nesterov;
    float beta1, beta2, eps; // Adam; beta2 and eps: RMSProp too
    float root;              // Adam: times the root of the mean square
};

// A matrix of `rows` rows of `cols` floats: what an activation is to an element-wise loop (pixels x channels). Where x, y, ... differ in
// how far apart their rows lie, each has its own ld.
struct kernels {
    const char *isa;
    int lanes;
    int vectors; // lanes x vectors is the widest panel of tile and outer
#define K(name, result, arguments) result(*name) arguments;
#include "kernels/kernels.def"
#undef K
};

// The table of the best instruction set this CPU has, or of STRIATE_ISA.
const struct kernels *kernels_pick(void);

// Every table this CPU can run, the plainest first; NULL at the end. For tests and benchmarks.
const struct kernels *kernels_at(int index);

#endif
