// conv_weights.c - weights that are stored otherwise than they are multiplied: kernels that are flipped, and those of a connection table, one
// for each pair of a filter and a channel that it connects.
#include "ops/conv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int conv_connections(const char *table, int filters, int channels)
{
    int count = 0;
    for (int k = 0; k < filters; k++) {
        long before = -1;
        do {
            if (!isdigit((unsigned char)*table)) return -1;
            long channel = strtol(table, (char **)&table, 10);
            if (channel <= before || channel >= channels) return -1;
            before = channel;
            count++;
        } while (*table == '+' && table++);
        if (*table++ != (k + 1 < filters ? ',' : 0)) return -1;
    }
    return count;
}

size_t conv_unlike(const struct op_args *a, const struct linear *l)
{
    enum { LINE = 16 };
    const striate_conv_options *o = a->options;
    size_t count = l->groups * l->filters * linear_taps(l) * l->channels;
    return o->flip || o->table ? size_ratio(count, LINE) * LINE : 0;
}

// Calls for every kernel that is stored: the taps of `plain` are every `step` values from `at` on, those of the kernel lie side by side or, without
// a table, likewise.
typedef void visit_kernel(const struct op_args *a, const struct linear *l, size_t stored, size_t plain, size_t step,
                          float *memory);

static void each_kernel(const struct op_args *a, const struct linear *l, visit_kernel *visit, float *memory)
{
    const char *table = ((const striate_conv_options *)a->options)->table;
    size_t taps = linear_taps(l), channels = l->channels, filters = l->groups * l->filters, kernel = 0;
    for (size_t k = 0; k < filters; k++) {
        size_t plain = k * taps * channels;
        if (!table)
            for (size_t c = 0; c < channels; c++) visit(a, l, plain + c, plain + c, channels, memory);
        else
            do visit(a, l, kernel++ * taps, plain + (size_t)strtol(table, (char **)&table, 10), 1, memory);
            while (*table++ == '+');
    }
}

static void expand(const struct op_args *a, const struct linear *l, size_t stored, size_t plain, size_t step, float *weights)
{
    size_t taps = linear_taps(l);
    bool flip = ((const striate_conv_options *)a->options)->flip;
    for (size_t t = 0; t < taps; t++) weights[plain + t * l->channels] = a->param[0][stored + (flip ? taps - 1 - t : t) * step];
}

static void collect(const struct op_args *a, const struct linear *l, size_t stored, size_t plain, size_t step, float *dweights)
{
    size_t taps = linear_taps(l);
    bool flip = ((const striate_conv_options *)a->options)->flip;
    for (size_t t = 0; t < taps; t++)
        a->dparam[0][stored + (flip ? taps - 1 - t : t) * step] = dweights[plain + t * l->channels];
}

void conv_expand(const struct op_args *a, const struct linear *l, float *weights)
{
    memset(weights, 0, conv_unlike(a, l) * sizeof *weights);
    each_kernel(a, l, expand, weights);
}

void conv_collect(const struct op_args *a, const struct linear *l, const float *dweights)
{
    each_kernel(a, l, collect, (float *)dweights);
}
