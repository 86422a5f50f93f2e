// resize.c - separable triangle filter: columns, then rows, each rounded to 8 bits. The weights are whole numbers of 2^-22, the greatest
// precision whose sums of 8-bit values fit 32 bits; this arithmetic is Pillow's, so pixels are as in sets prepared with it.
#include "data/resize.h"

#include "base/status.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>

enum { BITS = 22 };

// What the outputs along one side are made of: output i is the sum of weights[i * taps + t] * input[begin[i] + t], t < count[i].
struct axis {
    int taps, *begin, *count, *weights;
    int low, high; // the inputs needed: low <= input < high
};

static void set_weights(struct axis *axis, int i, int in, double scale, double center)
{
    double support = scale > 1 ? scale : 1, sum = 0;
    int begin = (int)(center - support + 0.5), end = (int)(center + support + 0.5);
    if (begin < 0) begin = 0;
    if (end > in) end = in;
    axis->begin[i] = begin;
    axis->count[i] = end - begin;
    for (int pass = 0; pass < 2; pass++) // the sum, then each weight over it
        for (int t = 0; t < end - begin; t++) {
            double weight = 1 - fabs(begin + t - center + 0.5) / support;
            if (weight < 0) weight = 0;
            if (pass)
                axis->weights[i * axis->taps + t] = (int)(weight / sum * (1 << BITS) + 0.5);
            else
                sum += weight;
        }
    if (begin < axis->low) axis->low = begin;
    if (end > axis->high) axis->high = end;
}

static striate_status axis_make(struct axis *axis, int in, int64_t full, int64_t first, int count)
{
    double scale = (double)in / (double)full;
    int taps = 2 * (int)ceil(scale > 1 ? scale : 1) + 1;
    int *block = malloc((size_t)count * ((size_t)taps + 2) * sizeof *block);
    if (!block) FAIL(NO_MEMORY, "no memory to resize %d pixels to %d", in, count);
    *axis = (struct axis){ taps, block, block + count, block + 2 * (ptrdiff_t)count, in, 0 };
    for (int i = 0; i < count; i++) set_weights(axis, i, in, scale, ((double)(first + i) + 0.5) * scale);
    return STRIATE_OK;
}

static uint8_t to_byte(int sum)
{
    sum >>= BITS;
    return (uint8_t)(sum > 255 ? 255 : sum);
}

static void gray_row(uint8_t *out, const uint8_t *row, const struct axis *axis, int width)
{
    for (int q = 0; q < width; q++) {
        const int *weights = axis->weights + (ptrdiff_t)q * axis->taps;
        int sum = 1 << (BITS - 1);
        for (int t = 0; t < axis->count[q]; t++) sum += weights[t] * row[axis->begin[q] + t];
        out[q] = to_byte(sum);
    }
}

static void resize_columns(uint8_t *out, const struct view *in, const struct axis *axis, int width)
{
    const struct axis *a = &axis[1];
    const struct weigh weigh = { BITS, in->width, a->taps, a->begin, a->count, a->weights };
    const uint8_t *from = in->pixels + axis->low * in->stride;
    int rows = axis->high - axis->low;
    if (in->channels == 3)
        kernels_pick()->weigh_pixels(&weigh, (size_t)rows, (size_t)width, from, in->stride, out, (ptrdiff_t)width * 3);
    else
        for (int row = 0; row < rows; row++) gray_row(out + (ptrdiff_t)row * width, from + row * in->stride, a, width);
}

static void resize_rows(uint8_t *out, ptrdiff_t out_stride, const uint8_t *in, const struct axis *axis, int height,
                        ptrdiff_t stride)
{
    const struct kernels *k = kernels_pick();
    for (int p = 0; p < height; p++, out += out_stride)
        k->weigh_rows((size_t)stride, axis->count[p], axis->weights + (ptrdiff_t)p * axis->taps, BITS,
                      in + (axis->begin[p] - axis->low) * stride, stride, out);
}

striate_status resize_bilinear(uint8_t *out, ptrdiff_t out_stride, const struct view *in, const struct resize *to)
{
    struct axis axis[2] = { 0 }; // rows, columns
    uint8_t *narrow = NULL;
    striate_status status = axis_make(&axis[0], in->height, to->full_height, to->top, to->height);
    if (!status) status = axis_make(&axis[1], in->width, to->full_width, to->left, to->width);
    ptrdiff_t stride = (ptrdiff_t)to->width * in->channels;
    if (!status) {
        narrow = malloc((size_t)(axis[0].high - axis[0].low) * (size_t)stride);
        if (!narrow) status = status_fail(STRIATE_NO_MEMORY, "no memory to resize %d x %d pixels", in->width, in->height);
    }
    if (!status) {
        resize_columns(narrow, in, axis, to->width);
        resize_rows(out, out_stride, narrow, axis, to->height, stride);
    }
    free(narrow);
    free(axis[0].begin);
    free(axis[1].begin);
    return status;
}
