// product.h - windows over an activation times panels of weights: the one loop behind direct convolution and dense layers, forward and
// backward to the data.
#ifndef PRODUCT_H
#define PRODUCT_H

#include "ops/linear.h"

struct product {
    const struct kernels *k;
    struct window window; // over x's first group
    struct panels panels;
    const float *weights;    // [groups][panels][taps * channels][width]; or as they are, [groups][channels][kernel][cols]
    bool packed;             // the former
    size_t kernel, kernel_w; // else: taps of the weights, of which the window's are some, and those of a row
    const struct tensor *y;
    const struct epilogue *epilogue; // its parts: the blocks
    bool add;
    bool blanks; // what of y lies beside a place and has none itself, at most PRODUCT_BLANKS pixels, becomes 0
    size_t groups, slots;
    bool low;         // blocks of few places, as caches hold few rows of x that lie far apart
    size_t batch;     // images that blocks are cut for, so that fewer have no more of them; 0: those of the window
    float *workspace; // [product_workspace]
    // By product_cut: every `stretch` places are cut into `blocks` blocks of `block` places; depth into slices of `taps` taps and of `run` values
    // of each; the panels into shares.
    size_t stretch, blocks, block, slices, taps, run, shares;
};

enum { PRODUCT_BLANKS = 3 };
void product_cut(struct product *p);
size_t product_blocks(const struct product *p); // of all places
size_t product_workspace(const struct product *p);
void product_run(struct product *p); // after product_cut

// What the last visit to a panel does with the sums: `column` is its first of all `columns`; first: of this part.
void product_finish(struct tile *t, const struct epilogue *e, size_t part, size_t columns, size_t column, bool first);

// Is y large, and do its lines belong to one panel each?
bool product_streams(const struct tensor *y, const struct panel *panel);

#endif
