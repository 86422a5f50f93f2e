// trial.h - one run of one op by itself, in memory made for it: activations with gaps between their pixels, filled with NaN that must stay.
// Compiled with the engine in double precision.
#ifndef TRIAL_H
#define TRIAL_H

#include "ops/op.h"

enum { TRIAL_INS = 4, TRIAL_BLOCKS = 64 };

struct trial {
    const struct op *op;
    uint64_t state; // of trial_draw

    // What a row draws.
    bool large;            // shapes big enough for several threads; else small enough for central differences
    bool smooth;           // the op has no kinks: values in [-2, 2]; else all values differ by a tenth and none is near 0
    const char *algorithm; // of a convolution, wherever it can; or NULL
    int n, ins;
    struct shape x[TRIAL_INS];
    union {
        striate_conv_options conv;
        striate_dense_options dense;
        striate_window window;
        striate_adaptive_options adaptive;
        striate_upsample_options upsample;
        striate_dropout_options dropout;
        striate_leaky_relu_options leaky_relu;
        striate_shortcut_options shortcut;
        striate_scaled_add_options scaled_add;
        striate_average_options average;
        striate_norm_options norm;
        striate_lrn_options lrn;
        striate_loss_options loss;
        striate_squared_error_options squared_error;
        striate_logistic_options logistic;
        striate_rbf_options rbf;
        striate_cell_options cells;
        striate_rbf_loss_options rbf_loss;
    } options;

    // What trial_prepare makes of it.
    struct op_plan plan;
    struct tensor in[TRIAL_INS], din[TRIAL_INS], out, dout;
    struct tensor *ins_at[TRIAL_INS], *dins_at[TRIAL_INS];
    bool add[TRIAL_INS];
    double *before[TRIAL_INS]; // what din held, where add is set
    size_t count[OP_PARAMS];   // of each parameter
    int labels[64], second[64];
    float share; // of the first labels; 0: all
    struct op_args args;
    void *blocks[TRIAL_BLOCKS];
    int block_count;
};

uint32_t trial_draw(struct trial *trial);
int trial_between(struct trial *trial, int low, int high);

// Completes the options, asks for the shape and makes all memory; false with a message where the op refuses.
bool trial_prepare(struct trial *trial);
void trial_forward(struct trial *trial);
void trial_backward(struct trial *trial);
void trial_free(struct trial *trial);

// Zeroed memory until trial_free; exactly so many bytes, for the address sanitizer.
void *trial_take(struct trial *trial, size_t bytes);

// The values of a tensor side by side, without gaps; until trial_free. The gradient of input i, less what it held before.
double *trial_values(struct trial *trial, const struct tensor *t);
double *trial_gradient(struct trial *trial, int i);

// Fills a tensor's values with fresh random ones.
void trial_fill(struct trial *trial, const struct tensor *t);

// True if every gap of a tensor is NaN still and no value is.
bool trial_intact(const struct tensor *t);

// A hash of the bits of all that forward and backward give: output, gradients, parameters.
uint64_t trial_hash(struct trial *trial);

// sum dout * out, or of a loss the mean: what the gradients are gradients of.
double trial_objective(const struct trial *trial);

#endif
