// c_cells.c - the complex cells of the neocognitron (Fukushima 1980, eq. 4 to 6), behind the weighted means e of what excites them.
//   shape     y as e
//   forward   z_k = (1 + gain e_k) / (1 + gain max(mean of e over the channels, 0)) - 1, which is lateral inhibition;
//             y = z / (saturation + z) where z > 0, else 0
//   gradient  de by the chain rule      (reads e)
#include "ops/op.h"
#include "ops/rows.h"

#include <stddef.h>

static const struct attribute attributes[] = {
    { "gain", ATTRIBUTE_FLOAT, offsetof(striate_cell_options, gain), "the sum of the weights of the means", .value = 1,
      .low = 1e-6, .high = 1e6 },
    { "saturation", ATTRIBUTE_FLOAT, offsetof(striate_cell_options, saturation), "alpha: where a cell is half-way",
      .value = 0.5, .low = 1e-6, .high = 1e6 },
    { 0 },
};

static const striate_cell_options *options_of(const struct op_args *a)
{
    return a->options;
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    plan->out = a->in[0]->shape;
    plan->flags = READS_INPUT;
    return STRIATE_OK;
}

// 1 / (1 + the lateral inhibition) of a pixel.
static float shunt(const struct op_args *a, const float *e, bool *inhibited)
{
    int c = a->out->shape.c;
    float sum = 0;
    for (int k = 0; k < c; k++) sum += e[k];
    *inhibited = sum > 0;
    return 1 / (1 + (*inhibited ? options_of(a)->gain * sum / (float)c : 0));
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows e = rows_of(a->in[0], begin, end), y = rows_of(a->out, begin, end);
    for (size_t p = 0; p < y.rows; p++, e.data += e.ld, y.data += y.ld) {
        bool inhibited;
        float scale = shunt(a, e.data, &inhibited);
        for (size_t k = 0; k < y.cols; k++) {
            float z = (1 + options_of(a)->gain * e.data[k]) * scale - 1;
            y.data[k] = z > 0 ? z / (options_of(a)->saturation + z) : 0;
        }
    }
}

static void forward(const struct op_args *a)
{
    rows_for(a->out, forward_rows, a);
}

// dz, and 1 + z.
static float through(const struct op_args *a, float e, float scale, float dy, float *one)
{
    float alpha = options_of(a)->saturation;
    *one = (1 + options_of(a)->gain * e) * scale;
    return *one > 1 ? dy * alpha / ((alpha + *one - 1) * (alpha + *one - 1)) : 0;
}

// de_k = gain scale (dz_k - the mean of dz (1 + z))
static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows e = rows_of(a->in[0], begin, end), dy = rows_of(a->dout, begin, end), de = rows_of(a->din[0], begin, end);
    for (size_t p = 0; p < de.rows; p++, e.data += e.ld, dy.data += dy.ld, de.data += de.ld) {
        bool inhibited;
        float scale = shunt(a, e.data, &inhibited), held = 0, one;
        for (size_t k = 0; k < de.cols && inhibited; k++) {
            float dz = through(a, e.data[k], scale, dy.data[k], &one);
            held += dz * one;
        }
        held /= (float)de.cols;
        for (size_t k = 0; k < de.cols; k++) {
            float d = options_of(a)->gain * scale * (through(a, e.data[k], scale, dy.data[k], &one) - held);
            de.data[k] = a->add[0] ? de.data[k] + d : d;
        }
    }
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) rows_for(a->out, backward_rows, a);
}

const struct op striate_op_c_cells = { .name = "c_cells",
                                       .doc = "complex cells of the neocognitron: lateral inhibition and saturation",
                                       .min_ins = 1,
                                       .max_ins = 1,
                                       .options_size = sizeof(striate_cell_options),
                                       .attributes = attributes,
                                       .shape = shape,
                                       .forward = forward,
                                       .backward = backward };
