// copy.h - moving activations, and slices of their channels, between tensors.
#ifndef COPY_H
#define COPY_H

#include "ops/op.h"

// The channels first .. first + channels - 1 of t.
static inline struct tensor copy_slice(const struct tensor *t, int first, int channels)
{
    struct tensor slice = *t;
    slice.data += first;
    slice.shape.c = channels;
    return slice;
}

// y = x, or y += x; nothing where they are the same memory and y = x.
void copy_tensor(const struct op_args *a, const struct tensor *x, const struct tensor *y, bool add);

// y = scale x, or y += scale x; x is not read where scale is 0.
void copy_scaled(const struct op_args *a, float scale, const struct tensor *x, const struct tensor *y, bool add);

#endif
