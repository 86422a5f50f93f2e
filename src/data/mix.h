// mix.h - images of a batch mixed with one another, and their labels with them.
#ifndef MIX_H
#define MIX_H

#include "base/random.h"
#include "striate.h"

struct mix {
    float mixup, cutmix; // alpha of each; 0: never
};

// Each of x[images][height][width][channels] with the one before it, the first with the last: a weighted mean, or a box of the other.
// Returns the share of the image itself. `spare` holds an image.
float mix_batch(float *x, int images, const striate_preprocessing *size, struct mix mix, struct random_key key, float *spare);

#endif
