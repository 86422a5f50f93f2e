// strip.h - convolution of few channels, as of an image: forward and the gradient of the weights. What its files share.
#ifndef STRIP_H
#define STRIP_H

#include "ops/linear.h"

enum { STRIP_DEPTH = 512 }; // taps times channels, at most

struct strips {
    const struct linear *l;
    struct panels panels; // of at most two vectors
    size_t depth;
    size_t width, line, rows; // of a strip: floats of a plane, of all planes of a row of x, rows
    size_t band, bands;       // rows of y, of each image
    float *memory;            // [slots][rows][channels * step][width]
};

struct strips strips_of(const struct linear *l);
size_t strip_floats(const struct strips *s); // the strip, and a row of x with its padding
const float *strip_image(const struct linear *l, const struct tensor *x, size_t image);

// What rows `row`.. of y see of an image.
void strip_fill(const struct strips *s, const float *x, ptrdiff_t ld, size_t row, float *strip);

// What the same line of the next band will be the first to see of x is asked for, as no one else would in time.
void strip_fetch(const struct strips *s, const float *x, ptrdiff_t ld, size_t line);

// Where each tap's values begin, in the order of the weights.
void strip_list_taps(const struct strips *s, const float *strip, const float **list);

double strip_cost(const struct linear *l, enum direction direction);
size_t strip_packed(const struct linear *l);
size_t strip_workspace(const struct linear *l, enum direction direction);
size_t strip_parts(const struct linear *l);
void strip_pack(const struct linear *l, const float *weights, float *packed);
void strip_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                   float *workspace, const struct tensor *y);
size_t strip_weights_workspace(const struct linear *l);
void strip_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                   float *db);

#endif
