// preprocess.h - 8-bit images to a network's input.
#ifndef PREPROCESS_H
#define PREPROCESS_H

#include "data/image.h"
#include "data/resize.h"

// A preprocessing made ready: what every pixel value becomes, per channel of the input.
struct preprocess {
    striate_preprocessing how, inside; // inside: the same for what is within the border
    float table[3][256];
};

striate_status preprocess_begin(struct preprocess *ready, const striate_preprocessing *how);
// Where the preprocessing looks in an image of that size: the size it is brought to, and the centre of that. `name` begins the sentence
// where there is no such place.
striate_status preprocess_window(struct resize *to, int height, int width, const striate_preprocessing *how, const char *name);
// An image that is decoded no smaller than this is twice as large as what is made of it: a JPEG need not be decoded whole.
struct image_least preprocess_least(const striate_preprocessing *how);
// x[height][width][channels] of pixels that have the input's size but for the border.
void preprocess_convert(float *x, const struct view *pixels, const struct preprocess *ready);
// The centre, the four corners and the mirror images of those (Krizhevsky et al. 2012, 4.3): x[10][height][width][channels]. Where the
// preprocessing has no `resize` they are all the same but for the mirrors.
enum { PREPROCESS_TEN = 10 };
striate_status preprocess_ten(float *x, const striate_image *image, const struct preprocess *ready, const char *name);
// All of it: x[height][width][channels] of an image of any size.
striate_status preprocess_image(float *x, const striate_image *image, const struct preprocess *ready, const char *name);

#endif
