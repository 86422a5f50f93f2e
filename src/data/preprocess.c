// preprocess.c - resize, crop, convert gray and colour, and x = (pixel / 255 * range - mean) / std, in this order.
#include "data/preprocess.h"

#include "base/status.h"
#include "data/image.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = 16384 }; // of a network's input

striate_status preprocess_begin(struct preprocess *ready, const striate_preprocessing *how)
{
    if (how->height < 1 || how->height > SIDE || how->width < 1 || how->width > SIDE ||
        (how->channels != 1 && how->channels != 3))
        FAIL(BAD_ARGUMENT, "preprocessing: an input of %d x %d pixels and %d channels; give 1 to %d a side and 1 or 3 channels",
             how->width, how->height, how->channels, SIDE);
    if (how->pad < 0 || how->pad >= (how->height + 1) / 2 || how->pad >= (how->width + 1) / 2)
        FAIL(BAD_ARGUMENT, "preprocessing: a border of %d leaves nothing of an input of %d x %d", how->pad, how->width,
             how->height);
    double range = how->range ? (double)how->range : 1;
    striate_preprocessing inside = *how;
    inside.height -= 2 * how->pad;
    inside.width -= 2 * how->pad;
    if (how->resize < 0 || how->resize > SIDE || (how->resize && how->resize < inside.height && how->resize < inside.width))
        FAIL(BAD_ARGUMENT, "preprocessing: resize %d; the shorter side must hold a crop of %d x %d", how->resize, inside.width,
             inside.height);
    ready->how = *how;
    ready->inside = inside;
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

striate_status preprocess_window(struct resize *to, int height, int width, const striate_preprocessing *how, const char *name)
{
    int64_t h = height, w = width;
    *to = (struct resize){ how->height, how->width, 0, 0, how->height, how->width };
    if (!how->resize) return STRIATE_OK;
    to->full_height = h <= w ? how->resize : how->resize * h / w;
    to->full_width = w <= h ? how->resize : how->resize * w / h;
    to->top = centre(to->full_height, how->height);
    to->left = centre(to->full_width, how->width);
    if (to->full_height < how->height || to->full_width < how->width)
        FAIL(BAD_FILE, "%s: %d x %d pixels become %lld x %lld, which hold no crop of %d x %d; resize to more", name, width,
             height, (long long)to->full_width, (long long)to->full_height, how->width, how->height);
    return STRIATE_OK;
}

struct image_least preprocess_least(const striate_preprocessing *how)
{
    int height = how->resize ? how->resize : how->height, width = how->resize ? how->resize : how->width;
    return (struct image_least){ 2 * height, 2 * width };
}

static void convert_row(float *x, const uint8_t *pixels, int channels, const struct preprocess *ready)
{
    const striate_preprocessing *how = &ready->inside;
    if (how->channels == 1)
        for (int i = 0; i < how->width; i++) x[i] = ready->table[0][channels == 1 ? pixels[i] : image_luma(pixels + 3 * i)];
    else
        for (int i = 0; i < how->width; i++, x += 3, pixels += channels)
            for (int c = 0; c < 3; c++) x[c] = ready->table[c][pixels[channels == 1 ? 0 : how->bgr ? 2 - c : c]];
}

void preprocess_convert(float *x, const struct view *pixels, const struct preprocess *ready)
{
    const striate_preprocessing *how = &ready->how;
    ptrdiff_t channels = how->channels, row_values = how->width * channels;
    for (ptrdiff_t i = 0; how->pad && i < how->height * row_values; i++) x[i] = ready->table[i % channels][0];
    x += how->pad * (row_values + channels);
    for (ptrdiff_t row = 0; row < ready->inside.height; row++)
        convert_row(x + row * row_values, pixels->pixels + row * pixels->stride, pixels->channels, ready);
}

striate_status preprocess_image(float *x, const striate_image *image, const struct preprocess *ready, const char *name)
{
    const striate_preprocessing *how = &ready->inside;
    struct view view = view_of(image);
    struct resize to;
    TRY(preprocess_window(&to, image->height, image->width, how, name));
    if (to.full_height == image->height && to.full_width == image->width) {
        view.pixels += to.top * view.stride + to.left * view.channels;
        preprocess_convert(x, &view, ready);
        return STRIATE_OK;
    }
    striate_image resized;
    TRY(image_make(&resized, how->height, how->width, image->channels, image->channels, name));
    struct view small = view_of(&resized);
    striate_status status = resize_bilinear(resized.pixels, small.stride, &view, &to);
    if (!status) preprocess_convert(x, &small, ready);
    free(resized.pixels);
    return status;
}

static void mirror(float *to, const float *x, const striate_preprocessing *how)
{
    ptrdiff_t channels = how->channels, row = how->width * channels;
    for (ptrdiff_t i = 0; i < how->height * row; i += channels)
        for (ptrdiff_t c = 0; c < channels; c++) to[i + c] = x[i / row * row + row - channels - i % row + c];
}

striate_status preprocess_ten(float *x, const striate_image *image, const struct preprocess *ready, const char *name)
{
    const striate_preprocessing *how = &ready->inside;
    ptrdiff_t values = (ptrdiff_t)ready->how.height * ready->how.width * how->channels;
    struct view whole = view_of(image);
    struct resize to;
    TRY(preprocess_window(&to, image->height, image->width, how, name));
    int full_h = (int)to.full_height, full_w = (int)to.full_width, down = full_h - how->height, right = full_w - how->width;
    striate_image resized;
    TRY(image_make(&resized, full_h, full_w, image->channels, image->channels, name));
    struct view all = view_of(&resized);
    striate_status status =
        resize_bilinear(resized.pixels, all.stride, &whole, &(struct resize){ full_h, full_w, 0, 0, full_h, full_w });
    const int places[][2] = { { (int)to.top, (int)to.left }, { 0, 0 }, { 0, right }, { down, 0 }, { down, right } };
    for (int i = 0; i < PREPROCESS_TEN && !status; i += 2, x += 2 * values) {
        struct view view = all;
        view.pixels += places[i / 2][0] * all.stride + places[i / 2][1] * all.channels;
        preprocess_convert(x, &view, ready);
        mirror(x + values, x, &ready->how);
    }
    free(resized.pixels);
    return status;
}

striate_status striate_preprocess(float *x, const striate_image *image, const striate_preprocessing *how)
{
    struct preprocess ready;
    TRY(image_check_pixels(image, "preprocessing"));
    TRY(preprocess_begin(&ready, how));
    return preprocess_image(x, image, &ready, "preprocessing");
}
