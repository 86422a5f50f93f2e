// linear.h - what convolution and dense layers share: sums over a window times weights, forward and backward. A dense layer is a
// convolution whose window is the whole image. The place where an algorithm is chosen.
#ifndef LINEAR_H
#define LINEAR_H

#include "ops/op.h"
#include "ops/window.h"

struct algorithm;

// y[n][p][q][g*K + k] = b[g*K + k] + sum over r, s, c of w[g*K + k][r][s][c] x[n][h][w][g*C + c]
struct linear {
    const struct kernels *k;
    struct axis h, w;
    size_t images, groups, channels, filters; // C and K of one group
    size_t batch;                             // images that the algorithm is chosen for, so that fewer are computed alike
    size_t slots;                             // threads that workspaces are cut for
    bool exact;                               // only algorithms that add up the products themselves
    const struct algorithm *only;             // this one in every direction it fits; NULL: the cheapest
};

// What happens to y on its way to memory, in this order; all of it optional.
struct epilogue {
    const float *bias;             // [groups * K]
    const struct tensor *residual; // of y's shape: added
    bool relu;
    float *sums; // [parts][2][groups * K]: over the pixels of each part, sums of y - pivot and of its square (algorithm.parts)
    const float *pivot; // [groups * K], near the mean so that squares lose nothing; NULL: 0
};

// One way to compute. Every function sees the same struct linear; sizes are in floats. Those of a direction that it cannot may be missing.
struct algorithm {
    const char *name;
    bool exact;
    double (*cost)(const struct linear *l, enum direction direction); // in multiply-adds at full speed; INFINITY: cannot
    size_t (*packed)(const struct linear *l);
    size_t (*workspace)(const struct linear *l, enum direction direction);
    size_t (*parts)(const struct linear *l);                                   // of y: how it is cut for epilogue.sums
    void (*pack)(const struct linear *l, const float *weights, float *packed); // NULL: forward takes the weights as they are
    void (*forward)(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                    float *workspace, const struct tensor *y);
    void (*data)(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                 const struct tensor *dx, bool add);
    void (*weights)(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                    float *db); // db may be NULL
    bool apart;                 // y must not lie in the residual's memory
};

// What an op over the windows h x w of x is.
struct linear linear_for(const struct op_args *a, const struct tensor *x, struct axis h, struct axis w, int groups,
                         int filters);

// The algorithm for a direction, and all of them, ended by NULL.
const struct algorithm *linear_algorithm(const struct linear *l, enum direction direction);
const struct algorithm *algorithm_at(int index);
const struct algorithm *algorithm_find(const char *name); // NULL: none of this name

// Sets plan->packed, workspace, sums and algorithm, and adds to its flags.
void linear_sizes(const struct linear *l, const struct op_args *a, struct op_plan *plan);

// The op's work, by the algorithm of each direction; x and dx: a->in[0] and a->din[0] as l sees them.
void linear_pack(const struct linear *l, const struct op_args *a);
void linear_forward(const struct linear *l, const struct op_args *a, const struct tensor *x);
void linear_backward_fused(const struct op_args *a); // first: dout becomes the gradient of the sums themselves
void linear_backward_weights(const struct linear *l, const struct op_args *a, const struct tensor *x);
void linear_backward_data(const struct linear *l, const struct op_args *a, const struct tensor *dx);

// product.c and gradient.c: directly, by the formulas.
double direct_cost(const struct linear *l, enum direction direction);
size_t direct_packed(const struct linear *l);
size_t direct_workspace(const struct linear *l, enum direction direction);
size_t direct_parts(const struct linear *l);
void direct_pack(const struct linear *l, const float *weights, float *packed);
void direct_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                    float *workspace, const struct tensor *y);
void direct_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                 const struct tensor *dx, bool add);
size_t direct_weights_workspace(const struct linear *l);
void direct_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                    float *db);

// matrix.c: where the window is the whole image, as products of matrices.
double matrix_cost(const struct linear *l, enum direction direction);
size_t matrix_packed(const struct linear *l);
size_t matrix_workspace(const struct linear *l, enum direction direction);
size_t matrix_parts(const struct linear *l);
void matrix_forward(const struct linear *l, const struct tensor *x, const float *weights, const struct epilogue *epilogue,
                    float *workspace, const struct tensor *y);
void matrix_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                 const struct tensor *dx, bool add);
void matrix_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                    float *db);

static inline size_t linear_taps(const struct linear *l)
{
    return (size_t)l->h.taps * (size_t)l->w.taps;
}

// Multiply-adds of one direction.
static inline double linear_macs(const struct linear *l)
{
    return (double)l->images * l->h.outs * l->w.outs * (double)(linear_taps(l) * l->groups * l->filters * l->channels);
}

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
