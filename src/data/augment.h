// augment.h - random changes to training images, on 8-bit pixels: what an image becomes is a function of (seed, epoch, image).
#ifndef AUGMENT_H
#define AUGMENT_H

#include "base/random.h"
#include "data/preprocess.h"

#include <stdbool.h>

struct augment {
    striate_augmentation how;    // defaults filled in
    striate_preprocessing input; // its size, and where it would look in an image
    uint8_t fill[3], gray;       // the colour that becomes 0 at the input: where an image has no pixels
    bool any;                    // something is to be done
    uint64_t seed;
};

// Fills defaults in and checks ranges.
striate_status augment_check(striate_augmentation *how);
striate_status augment_begin(struct augment *augment, const striate_augmentation *how, const striate_preprocessing *input,
                             uint64_t seed);
// A new image of the input's size, with the image's channels. `index` is the image's number in its set; `name` begins the sentence.
striate_status augment_image(striate_image *changed, const striate_image *image, const struct augment *augment, int epoch,
                             int index, const char *name);

// rand_augment.c: `count` operations drawn from the fourteen, at a magnitude of 0 to 30 (Cubuk et al. 2019).
striate_status rand_augment(striate_image *image, int count, int magnitude, const uint8_t *fill, struct random_stream *stream);

#endif
