// lrn_within.h - local response normalization over squares of pixels, in passes over the image.
#ifndef LRN_WITHIN_H
#define LRN_WITHIN_H

#include "ops/op.h"

void lrn_within_sizes(const struct op_args *a, struct op_plan *plan);
void lrn_within_forward(const struct op_args *a, struct lrn how);
void lrn_within_backward(const struct op_args *a, struct lrn how); // a->din[0] is asked for

#endif
