// preprocess.c - resize, crop, convert gray and colour, and x = (pixel / 255 * range - mean) / std, in this order.
#include "data/preprocess.h"

#include "base/status.h"
#include "data/image.h"
#include "data/resize.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = 16384 }; // of a network's input

striate_status preprocess_begin(struct preprocess *ready, const striate_preprocessing *how)
{
    if (how->height < 1 || how->height > SIDE || how->width < 1 || how->width > SIDE ||
        (how->channels != 1 && how->channels != 3))
        FAIL(BAD_ARGUMENT, "preprocessing: an input of %d x %d pixels and %d channels; give 1 to %d a side and 1 or 3 channels",
             how->width, how->height, how->channels, SIDE);
    if (how->resize < 0 || how->resize > SIDE || (how->resize && how->resize < how->height && how->resize < how->width))
        FAIL(BAD_ARGUMENT, "preprocessing: resize %d; the shorter side must hold a crop of %d x %d", how->resize, how->width,
             how->height);
    double range = how->range ? (double)how->range : 1;
    ready->how = *how;
    for (int c = 0; c < how->channels; c++) {
        double mean = how->mean[c], std = how->std[c] ? (double)how->std[c] : 1;
        if (!isfinite(mean) || !isfinite(std) || !isfinite(range))
            FAIL(BAD_ARGUMENT, "preprocessing: range, mean and std of channel %d must be finite", c);
        for (int pixel = 0; pixel < 256; pixel++) ready->table[c][pixel] = (float)((pixel / 255.0 * range - mean) / std);
    }
    return STRIATE_OK;
}

// The crop's place: half of what is left over, halves to the even side.
static int64_t centre(int64_t full, int size)
{
    int64_t left = full - size, half = left / 2;
    return left % 2 ? half + half % 2 : half;
}

static struct resize window(const striate_image *image, const striate_preprocessing *how)
{
    struct resize to = { how->height, how->width, 0, 0, how->height, how->width };
    if (!how->resize) return to;
    int64_t h = image->height, w = image->width;
    to.full_height = h <= w ? how->resize : how->resize * h / w;
    to.full_width = w <= h ? how->resize : how->resize * w / h;
    to.top = centre(to.full_height, how->height);
    to.left = centre(to.full_width, how->width);
    return to;
}

// ITU-R 601 luma in 16-bit fixed point.
static uint8_t luma(const uint8_t *rgb)
{
    return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 32768u) >> 16);
}

static void convert_row(float *x, const uint8_t *pixels, int channels, const struct preprocess *ready)
{
    const striate_preprocessing *how = &ready->how;
    if (how->channels == 1)
        for (int i = 0; i < how->width; i++) x[i] = ready->table[0][channels == 1 ? pixels[i] : luma(pixels + 3 * i)];
    else
        for (int c = 0; c < 3; c++) {
            int from = channels == 1 ? 0 : how->bgr ? 2 - c : c;
            for (int i = 0; i < how->width; i++) x[3 * i + c] = ready->table[c][pixels[i * channels + from]];
        }
}

striate_status preprocess_image(float *x, const striate_image *image, const struct preprocess *ready, const char *name)
{
    const striate_preprocessing *how = &ready->how;
    struct resize to = window(image, how);
    if (to.full_height < how->height || to.full_width < how->width)
        FAIL(BAD_FILE, "%s: %d x %d pixels become %lld x %lld, which hold no crop of %d x %d; resize to more", name,
             image->width, image->height, (long long)to.full_width, (long long)to.full_height, how->width, how->height);
    ptrdiff_t stride = (ptrdiff_t)image->width * image->channels;
    const uint8_t *from = image->pixels + to.top * stride + to.left * image->channels;
    uint8_t *resized = NULL;
    if (to.full_height != image->height || to.full_width != image->width) {
        stride = (ptrdiff_t)how->width * image->channels;
        from = resized = malloc((size_t)(how->height * stride));
        if (!resized) FAIL(NO_MEMORY, "%s: no memory to resize it", name);
        striate_status status = resize_bilinear(resized, image, &to);
        if (status) {
            free(resized);
            return status;
        }
    }
    for (ptrdiff_t row = 0; row < how->height; row++)
        convert_row(x + row * how->width * how->channels, from + row * stride, image->channels, ready);
    free(resized);
    return STRIATE_OK;
}

striate_status striate_preprocess(float *x, const striate_image *image, const striate_preprocessing *how)
{
    struct preprocess ready;
    if (!image->pixels || (image->channels != 1 && image->channels != 3))
        FAIL(BAD_ARGUMENT, "preprocessing: an image needs pixels of 1 or 3 channels, not %d", image->channels);
    TRY(image_check(image->height, image->width, "preprocessing"));
    TRY(preprocess_begin(&ready, how));
    return preprocess_image(x, image, &ready, "preprocessing");
}
