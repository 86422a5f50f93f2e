// augment.c - crop, flip, RandAugment, colours, rotation, erasing, in this order. Each kind of change draws from a stream of its own, so that
// none shows in what another does.
#include "data/augment.h"

#include "base/status.h"
#include "data/colour.h"
#include "data/image.h"
#include "data/warp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum stream { CROP, FLIP, OPERATIONS, JITTER, TURN, LIGHT, ERASE };
enum { TRIES = 10 }; // at a rectangle that fits

striate_status augment_check(striate_augmentation *how)
{
    const struct {
        const char *name;
        double value, low, high;
    } rows[] = {
        { "crop_pad", how->crop_pad, 0, 4096 },
        { "random_resized_crop", how->random_resized_crop, 0, 1 },
        { "color_jitter[0] (brightness)", how->color_jitter[0], 0, 10 },
        { "color_jitter[1] (contrast)", how->color_jitter[1], 0, 10 },
        { "color_jitter[2] (saturation)", how->color_jitter[2], 0, 10 },
        { "color_jitter[3] (hue)", how->color_jitter[3], 0, 0.5 },
        { "color_pca", how->color_pca, 0, 10 },
        { "rotation", how->rotation, 0, 180 },
        { "rand_augment", how->rand_augment, 0, 14 },
        { "rand_magnitude", how->rand_magnitude, 0, 30 },
        { "random_erasing", how->random_erasing, 0, 1 },
        { "mixup_alpha", how->mixup_alpha, 0, 8 },
        { "cutmix_alpha", how->cutmix_alpha, 0, 8 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!(rows[i].value >= rows[i].low && rows[i].value <= rows[i].high))
            FAIL(BAD_ARGUMENT, "augmentation: %s is %g; it must lie between %g and %g", rows[i].name, rows[i].value,
                 rows[i].low, rows[i].high);
    if (how->random_resized_crop > 0 && (how->random_crop || how->crop_pad))
        FAIL(BAD_ARGUMENT, "augmentation: random_resized_crop chooses the crop by itself; leave random_crop and crop_pad away");
    how->random_crop = how->random_crop || how->crop_pad;
    how->hflip = !!how->hflip;
    if (how->rand_augment && !how->rand_magnitude) how->rand_magnitude = 9;
    return STRIATE_OK;
}

// The pixel that becomes 0, of channel c of the input.
static uint8_t zero_of(const striate_preprocessing *input, int c)
{
    double value = (double)input->mean[input->channels == 1 ? 0 : c] / (input->range ? (double)input->range : 1) * 255;
    return (uint8_t)(!(value > 0) ? 0 : value >= 255 ? 255 : (int)(value + 0.5));
}

striate_status augment_begin(struct augment *augment, const striate_augmentation *how, const striate_preprocessing *input,
                             uint64_t seed)
{
    static const striate_augmentation none;
    struct augment a = { .how = how ? *how : none, .input = *input, .seed = seed };
    TRY(augment_check(&a.how));
    striate_augmentation alone = a.how; // what is done to each image by itself
    alone.mixup_alpha = alone.cutmix_alpha = 0;
    a.any = memcmp(&alone, &none, sizeof none) != 0;
    if (a.how.random_crop && !a.how.crop_pad && !input->resize)
        FAIL(BAD_ARGUMENT, "augmentation: random_crop has no room; give the preprocessing a resize above %d, or a crop_pad",
             input->height < input->width ? input->height : input->width);
    for (int c = 0; c < 3; c++) a.fill[c] = zero_of(input, input->bgr ? 2 - c : c);
    a.gray = zero_of(input, 1);
    *augment = a;
    return STRIATE_OK;
}

static float between(struct random_stream *stream, float low, float high)
{
    return low + (high - low) * random_next(stream);
}

// 0 to count - 1
static int pick(struct random_stream *stream, int64_t count)
{
    return (int)((double)random_next(stream) * (double)count);
}

static void fill_with(uint8_t *pixel, size_t count, const uint8_t *fill, ptrdiff_t channels)
{
    for (; count--; pixel += channels)
        for (ptrdiff_t c = 0; c < channels; c++) pixel[c] = fill[c];
}

// ---- where to look ----

// A share of the image's area and a ratio of its sides, drawn until they fit; else as much of the middle as the ratios allow
// (Szegedy et al. 2014, 6, with torchvision's numbers).
static void choose_box(struct view *view, float least, struct random_stream *stream)
{
    static const double thin = 3.0 / 4, wide = 4.0 / 3;
    double area = (double)view->height * view->width;
    int h = 0, w = 0, top = 0, left = 0, tries = 0;
    for (; tries < TRIES; tries++) {
        double share = area * (double)between(stream, least, 1);
        double ratio = exp((double)between(stream, (float)log(thin), (float)log(wide)));
        w = (int)lround(sqrt(share * ratio));
        h = (int)lround(sqrt(share / ratio));
        if (w > 0 && h > 0 && w <= view->width && h <= view->height) break;
    }
    if (tries < TRIES) {
        top = pick(stream, view->height - h + 1);
        left = pick(stream, view->width - w + 1);
    } else {
        h = (int)lround(fmin(view->height, view->width / thin));
        w = (int)lround(fmin(view->width, view->height * wide));
        top = (view->height - h) / 2;
        left = (view->width - w) / 2;
    }
    view->pixels += top * view->stride + left * view->channels;
    view->height = h;
    view->width = w;
}

// The rows or columns of a window that lie in an image of `full` of them, and how many lie before it.
static int clip(int64_t *first, int *count, int64_t full)
{
    int64_t before = *first < 0 ? -*first : 0, after = *first + *count > full ? *first + *count - full : 0;
    *first += before;
    *count = before + after < *count ? (int)(*count - before - after) : 0;
    return (int)before;
}

// A window of the resized image to `out`; what lies beyond is `fill`.
static striate_status cut(striate_image *out, const struct view *view, struct resize to, const uint8_t *fill)
{
    ptrdiff_t channels = out->channels, stride = out->width * channels;
    int above = clip(&to.top, &to.height, to.full_height), before = clip(&to.left, &to.width, to.full_width);
    if (to.height < out->height || to.width < out->width)
        fill_with(out->pixels, (size_t)out->height * (size_t)out->width, fill, channels);
    if (!to.height || !to.width) return STRIATE_OK;
    uint8_t *at = out->pixels + above * stride + before * channels;
    if (to.full_height != view->height || to.full_width != view->width) return resize_bilinear(at, stride, view, &to);
    const uint8_t *from = view->pixels + to.top * view->stride + to.left * channels;
    for (int row = 0; row < to.height; row++, at += stride, from += view->stride)
        memcpy(at, from, (size_t)(to.width * channels));
    return STRIATE_OK;
}

static striate_status crop(striate_image *out, const striate_image *image, const struct augment *a,
                           struct random_stream *stream, const uint8_t *fill, const char *name)
{
    struct view view = view_of(image);
    struct resize to = { out->height, out->width, 0, 0, out->height, out->width };
    int64_t pad = a->how.crop_pad;
    if (a->how.random_resized_crop > 0)
        choose_box(&view, a->how.random_resized_crop, stream);
    else
        TRY(preprocess_window(&to, image->height, image->width, &a->input, name));
    if (a->how.random_crop) {
        to.top = pick(stream, to.full_height - to.height + 2 * pad + 1) - pad;
        to.left = pick(stream, to.full_width - to.width + 2 * pad + 1) - pad;
    }
    return cut(out, &view, to, fill);
}

// ---- what is done to it ----

static void flip(striate_image *image)
{
    ptrdiff_t channels = image->channels;
    for (int row = 0; row < image->height; row++) {
        uint8_t *left = image->pixels + row * image->width * channels, *right = left + (image->width - 1) * channels;
        for (; left < right; left += channels, right -= channels)
            for (ptrdiff_t c = 0; c < channels; c++) {
                uint8_t swap = left[c];
                left[c] = right[c];
                right[c] = swap;
            }
    }
}

// Brightness, contrast, saturation and hue, in random order.
static void jitter(striate_image *image, const float strength[4], struct random_stream *stream)
{
    static void (*const change[])(striate_image * image, float factor) = { colour_brightness, colour_contrast,
                                                                           colour_saturation, colour_hue };
    int order[4];
    if (!(strength[0] + strength[1] + strength[2] + strength[3] > 0)) return;
    random_order((struct random_key){ stream->key.seed, stream->key.place, stream->key.use, UINT32_MAX }, order, 4);
    for (int i = 0; i < 4; i++) {
        float s = strength[order[i]], middle = order[i] == 3 ? 0 : 1;
        if (s > 0) change[order[i]](image, between(stream, order[i] == 3 ? -s : fmaxf(0, middle - s), middle + s));
    }
}

// Along the principal components of ImageNet's colours (Krizhevsky et al. 2012, 4.1; their values as in fb.resnet.torch).
static void light(striate_image *image, float deviation, const struct random_stream *stream)
{
    static const float values[3] = { 0.2175f, 0.0188f, 0.0045f };
    static const float vectors[3][3] = { { -0.5675f, 0.7192f, 0.4009f },
                                         { -0.5808f, -0.0045f, -0.8140f },
                                         { -0.5836f, -0.6948f, 0.4203f } };
    float add[3] = { 0 };
    for (uint32_t p = 0; p < 3; p++) {
        float alpha = deviation * random_normal(stream->key, p);
        for (int c = 0; c < 3; c++) add[c] += 255 * vectors[c][p] * values[p] * alpha;
    }
    colour_shift(image, add);
}

// A rectangle of 2 to 33 % of the area, its sides in a ratio of 0.3 to 3.3 (Zhong et al. 2017, 3).
static void erase(striate_image *image, struct random_stream *stream, const uint8_t *fill)
{
    for (int tries = 0; tries < TRIES; tries++) {
        double area = image->height * image->width * (double)between(stream, 0.02f, 0.33f);
        double ratio = exp((double)between(stream, logf(0.3f), logf(3.3f)));
        int h = (int)lround(sqrt(area * ratio)), w = (int)lround(sqrt(area / ratio)), channels = image->channels;
        if (h >= image->height || w >= image->width || !h || !w) continue;
        int top = pick(stream, image->height - h + 1), left = pick(stream, image->width - w + 1);
        for (ptrdiff_t row = top; row < top + h; row++)
            fill_with(image->pixels + (row * image->width + left) * channels, (size_t)w, fill, channels);
        return;
    }
}

static striate_status change(striate_image *image, const struct augment *a, uint64_t place, const uint8_t *fill)
{
    const striate_augmentation *how = &a->how;
    struct random_stream streams[ERASE + 1];
    for (uint32_t i = 0; i <= ERASE; i++) streams[i] = (struct random_stream){ .key = { a->seed, place, RANDOM_AUGMENT, i } };
    if (how->hflip && random_next(&streams[FLIP]) < 0.5f) flip(image);
    if (how->rand_augment) TRY(rand_augment(image, how->rand_augment, how->rand_magnitude, fill, &streams[OPERATIONS]));
    jitter(image, how->color_jitter, &streams[JITTER]);
    if (how->rotation > 0) {
        float degrees = between(&streams[TURN], -how->rotation, how->rotation);
        struct warp warp = warp_rotation((double)degrees, image->height, image->width);
        TRY(warp_image(image, &warp, fill));
    }
    if (how->color_pca > 0 && image->channels == 3) light(image, how->color_pca, &streams[LIGHT]);
    if (random_next(&streams[ERASE]) < how->random_erasing) erase(image, &streams[ERASE], fill);
    return STRIATE_OK;
}

striate_status augment_image(striate_image *changed, const striate_image *image, const struct augment *a, int epoch, int index,
                             const char *name)
{
    const uint8_t *fill = image->channels == 3 ? a->fill : &a->gray;
    uint64_t place = (uint64_t)epoch << 32 | (uint32_t)index;
    struct random_stream stream = { .key = { a->seed, place, RANDOM_AUGMENT, CROP } };
    striate_image out;
    TRY(image_make(&out, a->input.height, a->input.width, image->channels, image->channels, name));
    striate_status status = crop(&out, image, a, &stream, fill, name);
    if (!status) status = change(&out, a, place, fill);
    if (status)
        free(out.pixels);
    else
        *changed = out;
    return status;
}

striate_status striate_augment(striate_image *changed, const striate_image *image, const striate_preprocessing *how,
                               const striate_augmentation *augmentation, uint64_t seed, int epoch, int index)
{
    struct preprocess ready;
    struct augment augment;
    TRY(image_check_pixels(image, "augmentation"));
    TRY(preprocess_begin(&ready, how));
    TRY(augment_begin(&augment, augmentation, &ready.inside, seed));
    return augment_image(changed, image, &augment, epoch, index, "augmentation");
}
