// gradient.h - how the gradient of weights is cut into pieces (gradient_cut.c), which gradient.c computes.
#ifndef GRADIENT_H
#define GRADIENT_H

#include "ops/linear.h"

enum {
    GRADIENT_CHUNK = 256, // places between two visits to the sums, at most
    GRADIENT_ROW = 128,   // values of a window, as one run
};

struct gradient {
    const struct linear *l;
    struct window a, b;           // what is read in place, and what is copied
    bool turned;                  // b is dy: sums are dw turned
    bool beside;                  // b's places are pixels side by side
    bool in_place;                // sums are dw itself
    bool closer;                  // pixels of a are copied to lie closer
    bool apart;                   // b's columns lie too far apart
    struct panels panels;         // of a tap of b
    size_t tiles;                 // panels of all taps of b
    size_t places, values;        // values: of a window of a
    size_t parts, shares, slices; // shares of the panels, slices of a run of a
    float *sums;                  // [parts][groups][panels][values][width]
    size_t stride;                // from part to part
    float *buffers;               // [slots], of a piece: a panel of b, pixels of a
    size_t copies, near, buffer;
    const struct tensor *dy;
    float *dw, *db, *bias; // bias: [parts][groups * filters]
};

struct gradient gradient_cut(const struct linear *l, const struct tensor *x, const struct tensor *dy);

// As many filters as go together: of all groups, or, where their weights are too many, some of one group.
struct linear gradient_round(const struct linear *l);

#endif
