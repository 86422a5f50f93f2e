// preprocess.h - 8-bit images to a network's input.
#ifndef PREPROCESS_H
#define PREPROCESS_H

#include "striate.h"

// A preprocessing made ready: what every pixel value becomes, per channel of the input.
struct preprocess {
    striate_preprocessing how;
    float table[3][256];
};

striate_status preprocess_begin(struct preprocess *ready, const striate_preprocessing *how);
// x[height][width][channels]; `name` begins the sentence where the image cannot be brought to that size.
striate_status preprocess_image(float *x, const striate_image *image, const struct preprocess *ready, const char *name);

#endif
