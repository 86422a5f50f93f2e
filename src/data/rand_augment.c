// rand_augment.c - RandAugment (Cubuk et al. 2019): operations drawn with equal chance, all at one magnitude. Ranges as in torchvision.
#include "data/augment.h"

#include "data/colour.h"
#include "data/warp.h"

// Each takes a strength of 0 to 1, or of -1 to 1 where its sign is drawn.
static striate_status identity(striate_image *image, float strength, const uint8_t *fill)
{
    (void)image, (void)strength, (void)fill;
    return STRIATE_OK;
}

static striate_status affine(striate_image *image, const uint8_t *fill, double xy, double yx, double x0, double y0)
{
    return warp_image(image, &(struct warp){ 1, xy, x0, yx, 1, y0 }, fill);
}

static striate_status shear_x(striate_image *image, float strength, const uint8_t *fill)
{
    return affine(image, fill, 0.3 * (double)strength, 0, 0, 0);
}

static striate_status shear_y(striate_image *image, float strength, const uint8_t *fill)
{
    return affine(image, fill, 0, 0.3 * (double)strength, 0, 0);
}

static const double most = 150.0 / 331; // of a side

static striate_status translate_x(striate_image *image, float strength, const uint8_t *fill)
{
    return affine(image, fill, 0, 0, (int)(most * (double)strength * image->width), 0);
}

static striate_status translate_y(striate_image *image, float strength, const uint8_t *fill)
{
    return affine(image, fill, 0, 0, 0, (int)(most * (double)strength * image->height));
}

static striate_status rotate(striate_image *image, float strength, const uint8_t *fill)
{
    struct warp warp = warp_rotation(30 * (double)strength, image->height, image->width);
    return warp_image(image, &warp, fill);
}

static striate_status brightness(striate_image *image, float strength, const uint8_t *fill)
{
    (void)fill;
    colour_brightness(image, 1 + 0.9f * strength);
    return STRIATE_OK;
}

static striate_status saturation(striate_image *image, float strength, const uint8_t *fill)
{
    (void)fill;
    colour_saturation(image, 1 + 0.9f * strength);
    return STRIATE_OK;
}

static striate_status contrast(striate_image *image, float strength, const uint8_t *fill)
{
    (void)fill;
    colour_contrast(image, 1 + 0.9f * strength);
    return STRIATE_OK;
}

static striate_status sharpness(striate_image *image, float strength, const uint8_t *fill)
{
    (void)fill;
    return colour_sharpness(image, 1 + 0.9f * strength);
}

static striate_status posterize(striate_image *image, float strength, const uint8_t *fill)
{
    (void)fill;
    colour_posterize(image, 8 - (int)(4 * strength + 0.5f));
    return STRIATE_OK;
}

static striate_status solarize(striate_image *image, float strength, const uint8_t *fill)
{
    (void)fill;
    colour_solarize(image, (int)(255 * (1 - strength) + 0.5f));
    return STRIATE_OK;
}

static striate_status autocontrast(striate_image *image, float strength, const uint8_t *fill)
{
    (void)strength, (void)fill;
    colour_autocontrast(image);
    return STRIATE_OK;
}

static striate_status equalize(striate_image *image, float strength, const uint8_t *fill)
{
    (void)strength, (void)fill;
    colour_equalize(image);
    return STRIATE_OK;
}

static const struct operation {
    striate_status (*apply)(striate_image *image, float strength, const uint8_t *fill);
    bool has_sign;
} operations[] = {
    { identity, false },  { shear_x, true },    { shear_y, true },       { translate_x, true }, { translate_y, true },
    { rotate, true },     { brightness, true }, { saturation, true },    { contrast, true },    { sharpness, true },
    { posterize, false }, { solarize, false },  { autocontrast, false }, { equalize, false },
};

striate_status rand_augment(striate_image *image, int count, int magnitude, const uint8_t *fill, struct random_stream *stream)
{
    enum { KINDS = sizeof operations / sizeof *operations };
    striate_status status = STRIATE_OK;
    for (int i = 0; i < count && !status; i++) {
        const struct operation *operation = &operations[(int)(random_next(stream) * KINDS)];
        float sign = random_next(stream) < 0.5f ? -1 : 1, strength = (float)magnitude / 30;
        status = operation->apply(image, operation->has_sign ? sign * strength : strength, fill);
    }
    return status;
}
