// mix.c - mixup (Zhang et al. 2017) and CutMix (Yun et al. 2019). The batches are shuffled, so that neighbours are random pairs.
#include "data/mix.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

// Beta(alpha, alpha) (Joehnk 1964).
static double beta(double alpha, struct random_stream *stream)
{
    double x, sum;
    do {
        x = pow((double)random_next(stream), 1 / alpha);
        sum = x + pow((double)random_next(stream), 1 / alpha);
    } while (!(sum > 0 && sum <= 1));
    return x / sum;
}

struct box {
    int top, left, bottom, right;
};

static int within(double place, int size)
{
    return place < 0 ? 0 : place > size ? size : (int)place;
}

// A box with 1 - share of the area about any pixel, less what of it lies outside.
static struct box choose_box(int height, int width, double share, struct random_stream *stream)
{
    double side = sqrt(1 - share), h = floor(height * side), w = floor(width * side);
    double y = floor((double)random_next(stream) * height), x = floor((double)random_next(stream) * width);
    return (struct box){ within(y - floor(h / 2), height), within(x - floor(w / 2), width), within(y + ceil(h / 2), height),
                         within(x + ceil(w / 2), width) };
}

static void blend(float *x, const float *other, struct box box, const striate_preprocessing *size, float share)
{
    ptrdiff_t channels = size->channels, row = size->width * channels;
    for (ptrdiff_t i = box.top; i < box.bottom; i++)
        for (ptrdiff_t j = i * row + box.left * channels; j < i * row + box.right * channels; j++)
            x[j] = share * x[j] + (1 - share) * other[j];
}

float mix_batch(float *x, int images, const striate_preprocessing *size, struct mix mix, struct random_key key, float *spare)
{
    struct random_stream stream = { .key = key };
    bool cut = mix.mixup > 0 ? mix.cutmix > 0 && random_next(&stream) < 0.5f : true;
    double share = beta((double)(cut ? mix.cutmix : mix.mixup), &stream);
    struct box box = { 0, 0, size->height, size->width };
    size_t values = (size_t)size->height * (size_t)size->width * (size_t)size->channels;
    float weight = (float)share;
    if (cut) {
        box = choose_box(size->height, size->width, share, &stream);
        share = 1 - (double)(box.bottom - box.top) * (box.right - box.left) / ((double)size->height * size->width);
        weight = 0;
    }
    memcpy(spare, x + (size_t)(images - 1) * values, values * sizeof *spare);
    for (size_t n = (size_t)images; --n;) blend(x + n * values, x + (n - 1) * values, box, size, weight);
    blend(x, spare, box, size, weight);
    return (float)share;
}
