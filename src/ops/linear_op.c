// linear_op.c - a convolution or a dense layer as an op: by the algorithm of each direction, with all that is fused to it.
#include "ops/copy.h"
#include "ops/linear.h"
#include "ops/pointwise.h"

#include "base/parallel.h"

#include <math.h>
#include <string.h>

enum { LINE = 16 }; // floats that come into the cache together

static size_t weight_count(const struct linear *l)
{
    return l->groups * l->filters * linear_taps(l) * l->channels;
}

// Packed weights, in floats; a bias made of a batch norm follows them. Weights that need not be packed are still changed by a batch norm.
static size_t packed_floats(const struct linear *l, const struct op_args *a)
{
    const struct algorithm *algorithm = linear_algorithm(l, FORWARD);
    bool changed = a->fused && a->fused->norm;
    return size_ratio(algorithm->pack ? algorithm->packed(l) : changed ? weight_count(l) : 0, LINE) * LINE;
}

void linear_sizes(const struct linear *l, const struct op_args *a, struct op_plan *plan)
{
    const struct fusion *f = a->fused;
    size_t filters = l->groups * l->filters;
    for (int d = 0; d < (a->train ? DIRECTIONS : 1); d++) {
        const struct algorithm *algorithm = linear_algorithm(l, d);
        plan->algorithm[d] = algorithm->name;
        plan->workspace = size_max(plan->workspace, algorithm->workspace(l, d) * sizeof(float));
    }
    plan->backward_only = plan->workspace - linear_algorithm(l, FORWARD)->workspace(l, FORWARD) * sizeof(float);
    plan->packed = packed_floats(l, a) * sizeof(float);
    if (!f) return;
    plan->flags |= (f->relu ? READS_OUTPUT : 0) | (f->residual && !linear_algorithm(l, FORWARD)->apart ? RESIDUAL_IN_PLACE : 0);
    if (f->leave_sums) plan->sums = linear_algorithm(l, FORWARD)->parts(l) * 2 * filters * sizeof(float);
    if (!f->norm) return;
    plan->packed += filters * sizeof(float);
    if (linear_algorithm(l, FORWARD)->pack) plan->workspace = size_max(plan->workspace, weight_count(l) * sizeof(float));
}

// ---- batch norm as part of the weights: w (x - mean) scale + bias = (scale w) x + (bias - scale mean) ----

struct folding {
    const struct op_args *a;
    size_t terms; // of a filter
    float *w, *bias;
};

static void fold_filters(void *context, size_t begin, size_t end)
{
    const struct folding *f = context;
    const struct norm_params *n = f->a->fused->norm;
    const float *b = f->a->param[1];
    for (size_t k = begin; k < end; k++) {
        float scale = (float)(n->weight[k] / sqrt(n->var[k] + n->eps));
        f->bias[k] = n->bias[k] + scale * ((b ? b[k] : 0) - n->mean[k]);
        for (size_t i = k * f->terms; i < (k + 1) * f->terms; i++) f->w[i] = scale * f->a->param[0][i];
    }
}

void linear_pack(const struct linear *l, const struct op_args *a)
{
    const struct algorithm *algorithm = linear_algorithm(l, FORWARD);
    const float *weights = a->param[0];
    if (a->fused && a->fused->norm) {
        struct folding f = { .a = a, .terms = linear_taps(l) * l->channels, .bias = (float *)a->packed + packed_floats(l, a) };
        f.w = algorithm->pack ? a->workspace : a->packed;
        parallel_for(l->groups * l->filters, 16, fold_filters, &f);
        weights = f.w;
    }
    if (algorithm->pack) algorithm->pack(l, weights, a->packed);
}

// ---- forward and backward ----

// Fewer images than planned leave fewer parts of sums; the others count nothing.
static void clear_sums(const struct linear *l, float *sums)
{
    const struct algorithm *algorithm = linear_algorithm(l, FORWARD);
    struct linear planned = *l;
    planned.images = l->batch;
    size_t parts = algorithm->parts(l), part = 2 * l->groups * l->filters;
    memset(sums + parts * part, 0, (algorithm->parts(&planned) - parts) * part * sizeof *sums);
}

void linear_forward(const struct linear *l, const struct op_args *a, const struct tensor *x)
{
    const struct fusion *f = a->fused;
    struct epilogue epilogue = { .bias = a->param[1] };
    if (f) {
        epilogue.residual = f->residual;
        epilogue.relu = f->relu;
        epilogue.sums = f->left_sums;
        epilogue.pivot = f->left_pivot;
        if (f->left_sums) clear_sums(l, f->left_sums);
        if (f->norm) epilogue.bias = (float *)a->packed + packed_floats(l, a);
    }
    const struct algorithm *algorithm = linear_algorithm(l, FORWARD);
    bool as_it_is = !algorithm->pack && !(f && f->norm);
    algorithm->forward(l, x, as_it_is ? a->param[0] : a->packed, &epilogue, a->workspace, a->out);
}

void linear_backward_fused(const struct op_args *a)
{
    const struct fusion *f = a->fused;
    if (!f) return;
    if (f->relu) {
        struct op_args in_place = *a;
        in_place.din = &a->dout;
        in_place.add = &(bool){ false };
        pointwise_backward(&in_place, a->out, a->k->relu_grad);
    }
    if (f->dresidual) copy_tensor(a, a->dout, f->dresidual, f->add);
}

void linear_backward_weights(const struct linear *l, const struct op_args *a, const struct tensor *x)
{
    if (a->dparam[0]) linear_algorithm(l, BACKWARD_WEIGHTS)->weights(l, x, a->dout, a->workspace, a->dparam[0], a->dparam[1]);
}

void linear_backward_data(const struct linear *l, const struct op_args *a, const struct tensor *dx)
{
    linear_algorithm(l, BACKWARD_DATA)->data(l, a->dout, a->param[0], a->workspace, dx, a->add[0]);
}
