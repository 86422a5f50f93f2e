// tensor.h - a view of memory as images: it owns nothing.
#ifndef TENSOR_H
#define TENSOR_H

#include <stddef.h>

// One image's part of an activation. folded: how many pixels flatten folded into the channels (files order such channels c, h, w; memory
// orders them h, w, c); 1 otherwise.
struct shape {
    int h, w, c, folded;
};

static inline size_t shape_count(struct shape s)
{
    return (size_t)s.h * (size_t)s.w * (size_t)s.c;
}

// x[n][h][w][c] with `ld` >= c floats from one pixel to the next; rows and images follow one another without a gap, so the n*h*w pixels
// are rows of a matrix. A slice of channels (concatenation) is the same with a larger ld.
struct tensor {
    float *data;
    int n;
    struct shape shape;
    ptrdiff_t ld;
};

static inline size_t tensor_pixels(const struct tensor *t)
{
    return (size_t)t->n * (size_t)t->shape.h * (size_t)t->shape.w;
}

static inline size_t tensor_count(const struct tensor *t)
{
    return tensor_pixels(t) * (size_t)t->shape.c;
}

#endif
