// conv.h - what conv.c is made of: a convolution's geometry (conv_shape.c), weights that are stored otherwise than they are multiplied
// (conv_weights.c), and fixed kernels (conv_fixed.c).
#ifndef CONV_H
#define CONV_H

#include "ops/linear.h"

// One side of the window.
struct side {
    int kernel, stride;
    int64_t before, padded, reach; // reach: positions from the first tap to the last, both included
};
struct side conv_side_h(const struct op_args *a);
struct side conv_side_w(const struct op_args *a);

// y: the shape of the output.
struct linear conv_linear(const struct op_args *a, struct shape y);
striate_status conv_shape(const struct op_args *a, struct op_plan *plan);

// How many kernels a connection table has for so many filters and channels: "0+1,1+2" are two filters of two channels each. -1: it is none.
int conv_connections(const char *table, int filters, int channels);

// Weights as they are multiplied, [filters][taps][channels of a group], where they are stored flipped or by a table. In floats, 0 where both
// are the same.
size_t conv_unlike(const struct op_args *a, const struct linear *l);
void conv_expand(const struct op_args *a, const struct linear *l, float *weights);         // from a->param[0]
void conv_collect(const struct op_args *a, const struct linear *l, const float *dweights); // to a->dparam[0]

// Fills weights with a fixed kernel, `param->init`: STRIATE_INIT_SOBEL and those after it. Fails where the kernel has another size.
striate_status conv_fixed_check(int init, int kernel_h, int kernel_w);
void conv_fixed(float *values, const struct op_param *param, struct random_key key);

#endif
