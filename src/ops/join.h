// join.h - what ops that join inputs of one shape share.
#ifndef JOIN_H
#define JOIN_H

#include "ops/op.h"

// y as every input; in place. Fails where they differ.
striate_status join_shape(const struct op_args *a, struct op_plan *plan);

#endif
