// pointwise.h - what relu, sigmoid and tanh share: y = f(x) for each value, and a gradient that reads y, so that x's memory may be reused.
#ifndef POINTWISE_H
#define POINTWISE_H

#include "ops/op.h"

typedef void pointwise_map(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy);
typedef void pointwise_slope(size_t rows, size_t cols, const float *y, ptrdiff_t ldy, const float *dy, ptrdiff_t lddy,
                             float *dx, ptrdiff_t lddx, bool add);

striate_status pointwise_shape(const struct op_args *a, struct op_plan *plan);
void pointwise_forward(const struct op_args *a, pointwise_map *kernel);
void pointwise_backward(const struct op_args *a, pointwise_slope *kernel);

#endif
