// loss.h - what losses over the outputs x[classes] of each image share. t[c] is what c should be: 1 at the label, else 0; of an image mixed of two
// the mean over both labels, by their shares. A network of one output has two classes, and t is that of label 1.
#ifndef LOSS_H
#define LOSS_H

#include "ops/op.h"

// The loss of one image, unweighted; where dx is given, its gradient is written there. Both may hold `classes` values.
typedef double loss_of_image(const struct op_args *a, int classes, const float *x, const float *t, float *dx);

// y as one loss per image. The options of all begin with their name and this.
struct loss_options {
    const char *name;
    float weight;
};
#define LOSS_WEIGHT(options)                                                                                                   \
    {                                                                                                                          \
        "weight", ATTRIBUTE_FLOAT, offsetof(options, weight), "its share in the sum of losses", .value = 1, .high = 1e6        \
    }

striate_status loss_shape(const struct op_args *a, struct op_plan *plan);
void loss_forward(const struct op_args *a, loss_of_image *loss);
void loss_backward(const struct op_args *a, loss_of_image *loss);

#endif
