// op.h - what an op is: its attributes, shape rule, forward, backward and cost. One op is one file and one line of ops.def.
//
// shape() sees the inputs' shapes and says what the node needs; it is the only function that can fail. The plan then provides memory, and
// forward() and backward() compute. All of them receive the same struct op_args.
#ifndef OP_H
#define OP_H

#include "base/random.h"
#include "base/status.h"
#include "base/tensor.h"
#include "kernels/kernels.h"

#include <stdbool.h>

enum { OP_PARAMS = 4 };

// A batch norm in inference: y = (x - mean) weight / sqrt(var + eps) + bias.
struct norm_params {
    const float *weight, *bias, *mean, *var;
    double eps;
};

// What is done in the same passes over memory as an op that can (conv, dense, batch_norm): out = op(in) + residual, then through a ReLU.
struct fusion {
    bool relu;
    const struct tensor *residual; // of out's shape; NULL: none
    struct tensor *dresidual;      // its gradient, which may lie in dout; NULL where nobody asks for it
    bool add;                      // dresidual holds a gradient already: add to it
    size_t parts; // of a batch norm: statistics of the input that are known already, as an epilogue's (ops/linear.h); 0: none
    const float *sums, *pivot;
    const struct norm_params *norm; // of conv and dense: goes before the residual
    bool leave_sums; // of conv and dense: statistics of out go to left_sums, op_plan.sums bytes, about left_pivot
    float *left_sums;
    const float *left_pivot;
};

struct op_args {
    const struct kernels *k;
    const void *options; // the op's options struct (striate.h), defaults filled in
    int ins;
    struct tensor *const *in;  // in[ins]
    struct tensor *const *din; // gradients of the inputs; din[i] is NULL where nobody asks for it
    const bool *add;           // add[i]: din[i] holds a gradient already, add to it; else write all of it. From the last i on
    struct tensor *out, *dout; // out->n images are computed; dout->data is NULL for a loss
    float *param[OP_PARAMS], *dparam[OP_PARAMS]; // dparam: written, not added to; NULL where the parameter is not trained
    const int *labels;                           // [n], of the batch
    const int *second;                           // [n], labels beside those, for images mixed of two;
    const float *share;                          // of the first ones, the rest is the second's; NULL: 1
    void *saved;                                 // written by forward for backward: op_plan.saved bytes
    void *packed;                                // written by pack for forward: op_plan.packed bytes
    void *workspace;                             // scratch during one call: op_plan.workspace bytes
    int batch;                                   // images that the plan is for: out->n or more; 0: out->n
    const struct fusion *fused;                  // NULL: nothing
    size_t slots;                                // threads that the workspace is cut for; no more may compute at once
    bool exact;                                  // no algorithm that trades precision for speed (Winograd)
    const char *algorithm;                       // for tests: this one wherever it can, whatever it costs; or NULL
    bool train;                                  // the pass of a training plan: batch statistics, dropout
    bool again;                                  // forward once more in the same step: `saved` is there; nothing else may move
    struct random_key random;                    // this node's own stream in this step
};

enum direction { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, DIRECTIONS };

enum param_kind { PARAM_WEIGHT, PARAM_BIAS, PARAM_SCALE, PARAM_STATE }; // STATE: not trained, as running statistics

// One parameter: its name in files and its shape. Files hold dims[0] x channels x pixels values (K, C/groups, R*S; for a dense layer after a
// flatten K, C, H*W), memory holds dims[0] x pixels x channels.
struct op_param {
    const char *name;
    enum param_kind kind;
    int rank, dims[4]; // in file order
    int pixels;        // 1 where nothing is permuted
    float fan_in;      // inputs of one output, of weights that begin at random; 0: they begin as `value`
    int init;          // a striate_init, of weights
    float value;       // the standard deviation of STRIATE_INIT_GAUSSIAN, or the value itself
    void (*fill)(float *values, const struct op_param *param, struct random_key key); // how they begin, where not so; or NULL
};

enum op_flags {
    READS_INPUT = 1,  // backward reads in[]
    READS_OUTPUT = 2, // backward reads out
    IN_PLACE = 4,     // out may lie in in[0]'s memory, and din[0] in dout's
    VIEW = 8,         // out always is in[0]'s memory, contiguous, and din[0] is dout's: forward and backward have nothing to do
    LOSS = 16,        // out is a loss per image, [n][1][1][1]
    NO_OUTPUT = 32,   // (input) out is filled from outside
    RESIDUAL_IN_PLACE = 128, // out may lie in the residual's memory, and its gradient in dout's
    CHEAP = 256, // forward takes hardly more than a pass over memory: better done twice than out kept, if in[] is there
    DRAWS = 512, // forward draws at random in training: the same inputs do not give the same out
    CONCAT = 64, // out is made of in[] side by side: the plan lets them lie there where it can
};

struct op_plan {
    struct shape out;
    unsigned flags;
    int params;
    struct op_param param[OP_PARAMS];
    const char *algorithm[DIRECTIONS]; // their names, where there is a choice
    size_t sums;                       // bytes of fusion.left_sums
    size_t saved, packed, workspace;   // bytes, for in[0]->n images; workspace: the larger of forward's and backward's
    size_t backward_only;              // of the workspace: what forward does without
};

struct op_cost {
    int64_t macs; // multiply-adds of one image
    int64_t sums; // what is added up without a product in ops with weights: biases, the pixels of subsampling
    int kernel_h, kernel_w, stride_h,
        stride_w; // the window for receptive fields, dilation included; 1 where the op is pixel by pixel
};

enum attribute_type { ATTRIBUTE_INT, ATTRIBUTE_FLOAT, ATTRIBUTE_FLAG, ATTRIBUTE_CHOICE, ATTRIBUTE_TEXT };

struct attribute {
    const char *name;
    enum attribute_type type;
    size_t
        offset; // in the options struct: an int, a float, an int 0 or 1, an int index into the choices, or a string, NULL: none
    const char *doc;
    double value;        // what 0 stands for
    double low, high;    // allowed, both included, after the default is filled in
    bool required;       // 0 is an error
    const char *choices; // "he|xavier|gaussian"
};

struct op {
    const char *name, *doc;
    int min_ins, max_ins;               // max -1: any number
    size_t options_size;                // 0: the op has no options
    const struct attribute *attributes; // ended by a NULL name
    striate_status (*shape)(const struct op_args *a,
                            struct op_plan *plan); // in[i]: shapes and n, no data. FAIL(BAD_NETWORK, "what is wrong")
    void (*pack)(const struct op_args *a); // weights into a->packed, before the first forward after they changed; NULL: none
    void (*forward)(const struct op_args *a);
    void (*backward)(const struct op_args *a);
    void (*cost)(const struct op_args *a, struct op_cost *cost); // shapes only; NULL: costs nothing, window 1
};

#define OP(name) extern const struct op striate_op_##name;
#include "ops/ops.def"
#undef OP

struct input_options {
    int height, width, channels;
};

// The table of all ops, ended by NULL; the op of a name, or NULL.
const struct op *op_at(int index);
const struct op *op_find(const char *name);

#endif
