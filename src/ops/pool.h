// pool.h - what pooling ops share: the window's attributes, geometry and cost.
#ifndef POOL_H
#define POOL_H

#include "ops/op.h"

#include <stddef.h>
#include <stdint.h>

#define POOL_ATTRIBUTE(field, type, least, most, default, what)                                                                \
    {                                                                                                                          \
#field, ATTRIBUTE_##type, offsetof(striate_window, field), what, .value = default, .low = least, .high = most          \
    }

// clang-format off
#define POOL_ATTRIBUTES                                                                                                        \
    POOL_ATTRIBUTE(size, INT, 0, 1024, 0, "both sides of the window"),                                                         \
    POOL_ATTRIBUTE(size_h, INT, 0, 1024, 0, "its height, where it differs"),                                                   \
    POOL_ATTRIBUTE(size_w, INT, 0, 1024, 0, "its width, where it differs"),                                                    \
    POOL_ATTRIBUTE(stride, INT, 1, 1024, 1, "pixels from window to window"),                                                   \
    POOL_ATTRIBUTE(stride_h, INT, 0, 1024, 0, "the same downwards, where it differs"),                                         \
    POOL_ATTRIBUTE(stride_w, INT, 0, 1024, 0, "the same to the right, where it differs"),                                      \
    POOL_ATTRIBUTE(pad, INT, 0, 1023, 0, "pixels added on every side"),                                                        \
    POOL_ATTRIBUTE(pad_h, INT, 0, 1023, 0, "above and below, where it differs"),                                               \
    POOL_ATTRIBUTE(pad_w, INT, 0, 1023, 0, "left and right, where it differs"),                                                \
    POOL_ATTRIBUTE(ceil, FLAG, 0, 1, 0, "the last window may reach beyond the padded image"),                                  \
    POOL_ATTRIBUTE(zero_fill, FLAG, 0, 1, 0, "as ceil, and what lies outside the image counts as 0"),                          \
    { "mode", ATTRIBUTE_CHOICE, offsetof(striate_window, mode), "same: TensorFlow's padding", .high = 1,                       \
      .choices = "valid|same" }
// clang-format on

// The geometry for an input's shape, output size included.
struct pool pool_geometry_of(const striate_window *o, struct shape x);

// Of probabilistic max pooling: blocks side by side, the last ones cut off where the image ends.
struct pool prob_max_pool_geometry(const striate_window *o, struct shape x);

static inline struct pool pool_geometry(const struct op_args *a)
{
    return pool_geometry_of(a->options, a->in[0]->shape);
}

// Fails where that geometry makes no sense, else sets plan->out.
striate_status pool_shape(const struct op_args *a, struct op_plan *plan);
striate_status max_pool_shape(const struct op_args *a, struct op_plan *plan); // whose places, a byte each, are saved
void pool_cost(const struct op_args *a, struct op_cost *cost);

// Calls work for all rows of pixels of t, cut into pieces.
void pool_rows_for(const struct tensor *t, void (*work)(void *context, size_t begin, size_t end), const void *context);

#endif
