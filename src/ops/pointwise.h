// pointwise.h - what units share: y = f(x) for each value, in place, and a gradient that reads y or x.
#ifndef POINTWISE_H
#define POINTWISE_H

#include "ops/op.h"

typedef void pointwise_map(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy);
typedef void pointwise_slope(size_t rows, size_t cols, const float *v, ptrdiff_t ldv, const float *dy, ptrdiff_t lddy,
                             float *dx, ptrdiff_t lddx, bool add);

// reads: READS_INPUT, READS_OUTPUT or 0, which is what backward gets as `v`.
striate_status pointwise_shape(const struct op_args *a, struct op_plan *plan, unsigned reads);
void pointwise_forward(const struct op_args *a, pointwise_map *kernel);
void pointwise_backward(const struct op_args *a, const struct tensor *v, pointwise_slope *kernel);

#endif
