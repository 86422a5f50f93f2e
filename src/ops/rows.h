// rows.h - an activation as rows of a matrix (a pixel a row), cut into pieces for the threads.
#ifndef ROWS_H
#define ROWS_H

#include "base/parallel.h"
#include "base/tensor.h"

#include <stdint.h>

struct rows {
    size_t rows, cols;
    float *data;
    ptrdiff_t ld;
};

// Pixels begin..end-1 of t.
static inline struct rows rows_of(const struct tensor *t, size_t begin, size_t end)
{
    return (struct rows){ end - begin, (size_t)t->shape.c, t->data + (ptrdiff_t)begin * t->ld, t->ld };
}

// Calls work(context, first pixel, last pixel + 1) for all pixels of t, in pieces of about 16k values.
static inline void rows_for(const struct tensor *t, void (*work)(void *context, size_t begin, size_t end), const void *context)
{
    size_t grain = 16384 / (size_t)t->shape.c + 1;
    parallel_for(tensor_pixels(t), grain, work, (void *)(uintptr_t)context);
}

#endif
