// strip.h - convolution of few channels, as of an image: forward and the gradient of the weights, directly and by Winograd's
// minimal filtering. What its files share.
#ifndef STRIP_H
#define STRIP_H

#include "ops/linear.h"

enum { STRIP_DEPTH = 512 }; // taps times channels, at most

struct strips {
    const struct linear *l;
    struct panels panels; // of at most two vectors
    size_t planes, width; // that a row of x is taken apart into, and floats of each
    size_t columns;       // of the kernel, with an address each
    size_t depth;         // of these
    size_t plane, line;   // of a strip: floats from channel to channel, and of a row of x
    size_t rows;          // of a strip
    size_t band, bands;   // rows of y, of each image
    size_t size, points;  // winograd_1d: outputs of a tile, and what becomes of it; else 1
    size_t group;         // places whose values must lie as they do from the first on
    void (*run)(const struct tile *t);
    float *memory; // [slots][rows][line]
};

struct strips strips_of(const struct linear *l);
bool strips_fit(const struct strips *s);
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
void strip_run(struct strips s, const struct tensor *x, const float *packed, const struct epilogue *epilogue, float *workspace,
               const struct tensor *y);
void strip_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                   float *workspace, const struct tensor *y);
size_t strip_weights_workspace(const struct linear *l);
void strip_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                   float *db);

double winograd_1d_cost(const struct linear *l, enum direction direction);
size_t winograd_1d_packed(const struct linear *l);
size_t winograd_1d_workspace(const struct linear *l, enum direction direction);
size_t winograd_1d_parts(const struct linear *l);
void winograd_1d_pack(const struct linear *l, const float *weights, float *packed);
void winograd_1d_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                         float *workspace, const struct tensor *y);

#endif
