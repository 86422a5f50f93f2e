// norm.h - the passes of batch normalization over memory, forward and backward, and what is fused with them.
#ifndef NORM_H
#define NORM_H

#include "ops/op.h"

enum { WEIGHT, BIAS, MEAN, VAR }; // parameters

// saved: mean[C], istd[C]. workspace: scale[C], slope[C], shift[C] of the pass over x, pivot[C], then the blocks' sums: [blocks][2][C].
struct norm_job {
    const struct op_args *a;
    struct fusion fused;
    bool backward;
    size_t channels, pixels, blocks;
    float *mean, *istd, *scale, *slope, *shift, *pivot, *sums;
};

size_t norm_blocks(const struct tensor *x);
struct norm_job norm_job_of(const struct op_args *a, bool backward);

// The sums of each block: of x - pivot and its square, or of dy and dy (x - mean). Backward, the residual's gradient too.
void norm_sums(struct norm_job *job);

// y, by mean and scale; dx, by slope and shift too.
void norm_apply(struct norm_job *job);
void norm_gradient(struct norm_job *job);

#endif
