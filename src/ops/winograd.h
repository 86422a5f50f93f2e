// winograd.h - Winograd's algorithm for 3x3 and 5x5 convolutions of stride 1: squares of 6 x 6 inputs, tiles, that overlap so that their
// outputs touch. What its files share.
#ifndef WINOGRAD_H
#define WINOGRAD_H

#include "ops/linear.h"

enum { WINOGRAD_SIDE = 6, WINOGRAD_POINTS = 36 };

// How an image is cut into tiles: tile (i, j) gives outputs i * size .. i * size + size - 1 down, and j likewise across. Output 0 sees input
// `first` through its first tap.
struct tiling {
    int size, taps;
    int ins_h, ins_w, outs_h, outs_w, first_h, first_w;
    size_t rows, cols, tiles; // of an image; of the batch
};

// Of the convolution itself, or of the one that computes dx from dy.
struct tiling tiling_of(const struct linear *l, bool backward);

// A tile's inputs, or outputs, in an activation whose channels begin at `data`.
struct patch tiling_ins(const struct tiling *t, size_t tile, float *data, ptrdiff_t ld);
struct patch tiling_outs(const struct tiling *t, size_t tile, float *data, ptrdiff_t ld);

// Asks for a patch of side x side pixels ahead of time: they lie in short pieces, which the processor does not foresee.
void patch_fetch(const struct patch *p, int side, size_t channels);

bool winograd_fits(const struct linear *l);

double winograd_cost(const struct linear *l, enum direction direction);
size_t winograd_packed(const struct linear *l);
size_t winograd_workspace(const struct linear *l, enum direction direction);
size_t winograd_parts(const struct linear *l);
void winograd_pack(const struct linear *l, const float *weights, float *packed);
void winograd_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                      float *workspace, const struct tensor *y);
void winograd_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                   const struct tensor *dx, bool add);
size_t winograd_weights_workspace(const struct linear *l);
size_t winograd_weights_round(const struct linear *l); // tiles that are summed at once
void winograd_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                      float *db);

#endif
