// linear.h - what convolution and dense layers share: sums over a window times weights, forward and backward. A dense layer is a
// convolution whose window is the whole image. The place where an algorithm is chosen.
#ifndef LINEAR_H
#define LINEAR_H

#include "ops/op.h"
#include "ops/window.h"

// y[n][p][q][g*K + k] = b[g*K + k] + sum over r, s, c of w[g*K + k][r][s][c] x[n][h][w][g*C + c]
struct linear {
    const struct kernels *k;
    struct axis h, w;
    size_t images, groups, channels, filters; // C and K of one group
};

// Sets plan->packed and plan->workspace.
void linear_sizes(const struct linear *l, bool train, struct op_plan *plan);

void linear_pack(const struct linear *l, const float *weights, float *packed);
void linear_forward(const struct linear *l, const struct tensor *x, const float *packed, const float *bias,
                    const struct tensor *y);
void linear_backward_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                          const struct tensor *dx, bool add);
void linear_backward_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace,
                             float *dw,
                             float *db); // db may be NULL

// Floats of workspace that each needs.
size_t linear_data_floats(const struct linear *l);
size_t linear_weights_floats(const struct linear *l);

// `count` columns as vectors, and these as panels of nearly equal width, none wider than the kernels allow.
struct panels {
    size_t count, cols, vectors, lanes;
};
struct panel {
    size_t first, cols, width; // columns first..first+cols-1, padded to width
    int vectors;
};
struct panels panels_of(const struct kernels *k, size_t cols);
struct panel panel_at(const struct panels *panels, size_t index);

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline size_t size_ratio(size_t a, size_t b) // rounded up
{
    return (a + b - 1) / b;
}

#endif
