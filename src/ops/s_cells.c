// s_cells.c - the simple cells of the neocognitron (Fukushima 1980, eq. 1 and 3), behind what excites them and what inhibits them: e is the
// sum of weighted inputs of each cell, a convolution, and q, one channel, the weighted sum of the same inputs' squares.
//   shape     y as e
//   forward   y_k = r max((1 + e_k) / (1 + 2 r / (1 + r) b_k sqrt(q)) - 1, 0): shunting inhibition, so that cells look for a pattern and not for
//             strength. Of a negative q or b the positive part, which is none, counts
//   gradient  de, dq and db by the chain rule      (reads y and q)
#include "ops/op.h"
#include "ops/rows.h"

#include <math.h>
#include <stddef.h>

static const struct attribute attributes[] = {
    { "selectivity", ATTRIBUTE_FLOAT, offsetof(striate_cell_options, selectivity),
      "r: the larger, the more alike a pattern must be", .value = 4, .low = 1e-6, .high = 1e6 },
    { 0 },
};

// Pixels of a piece, which leaves sums of its own.
static size_t grain(const struct op_args *a)
{
    return 16384 / (size_t)a->in[0]->shape.c + 1;
}

static size_t pieces(const struct op_args *a)
{
    return (tensor_pixels(a->in[0]) - 1) / grain(a) + 1;
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    struct shape e = a->in[0]->shape, q = a->in[1]->shape;
    if (q.h != e.h || q.w != e.w || q.c != 1)
        FAIL(BAD_NETWORK, "cells of %dx%dx%d need an inhibition of %dx%dx1, not %dx%dx%d", e.h, e.w, e.c, e.h, e.w, q.h, q.w,
             q.c);
    plan->out = e;
    plan->flags = READS_INPUT | READS_OUTPUT;
    plan->params = 1;
    plan->param[0] = (struct op_param){ "inhibition", PARAM_BIAS, 1, { e.c }, .pixels = 1 };
    plan->backward_only = plan->workspace = pieces(a) * (size_t)e.c * sizeof(float);
    return STRIATE_OK;
}

static float selectivity(const struct op_args *a)
{
    return ((const striate_cell_options *)a->options)->selectivity;
}

static float root(float x)
{
    return x > 0 ? sqrtf(x) : 0;
}

static float positive(float x)
{
    return x > 0 ? x : 0;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows e = rows_of(a->in[0], begin, end), q = rows_of(a->in[1], begin, end), y = rows_of(a->out, begin, end);
    const float *b = a->param[0];
    float r = selectivity(a);
    for (size_t p = 0; p < y.rows; p++, e.data += e.ld, q.data += q.ld, y.data += y.ld) {
        float share = 2 * r / (1 + r) * root(*q.data);
        for (size_t k = 0; k < y.cols; k++) y.data[k] = positive(r * ((1 + e.data[k]) / (1 + share * positive(b[k])) - 1));
    }
}

static void forward(const struct op_args *a)
{
    rows_for(a->out, forward_rows, a);
}

// With i = 2 r / (1 + r) b v, v = sqrt(q): de = r dy / (1 + i) where y > 0, and di = -de (1 + e) / (1 + i) = -de (y / r + 1).
static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows y = rows_of(a->out, begin, end), dy = rows_of(a->dout, begin, end), q = rows_of(a->in[1], begin, end);
    float *db = (float *)a->workspace + begin / grain(a) * y.cols, r = selectivity(a), g = 2 * r / (1 + r);
    const float *b = a->param[0];
    for (size_t k = 0; k < y.cols; k++) db[k] = 0;
    for (size_t p = begin; p < end; p++, y.data += y.ld, dy.data += dy.ld, q.data += q.ld) {
        float v = root(*q.data), dv = 0, *de = a->din[0] ? a->din[0]->data + (ptrdiff_t)p * a->din[0]->ld : NULL;
        for (size_t k = 0; k < y.cols; k++) {
            float d = y.data[k] > 0 ? r * dy.data[k] / (1 + g * v * positive(b[k])) : 0, di = -d * (y.data[k] / r + 1);
            if (de) de[k] = a->add[0] ? de[k] + d : d;
            db[k] += b[k] >= 0 ? di * g * v : 0;
            dv += di * g * positive(b[k]);
        }
        float dq = v > 0 ? dv / (2 * v) : 0, *to = a->din[1] ? a->din[1]->data + (ptrdiff_t)p * a->din[1]->ld : NULL;
        if (to) *to = a->add[1] ? *to + dq : dq;
    }
}

static void backward(const struct op_args *a)
{
    size_t c = (size_t)a->out->shape.c;
    parallel_for(tensor_pixels(a->out), grain(a), backward_rows, (void *)(uintptr_t)a);
    if (a->dparam[0])
        a->k->column_sum((tensor_pixels(a->out) - 1) / grain(a) + 1, c, a->workspace, (ptrdiff_t)c, a->dparam[0], false);
}

const struct op striate_op_s_cells = { .name = "s_cells",
                                       .doc = "simple cells of the neocognitron: excitation, shunted by inhibition",
                                       .min_ins = 2,
                                       .max_ins = 2,
                                       .options_size = sizeof(striate_cell_options),
                                       .attributes = attributes,
                                       .shape = shape,
                                       .forward = forward,
                                       .backward = backward };
