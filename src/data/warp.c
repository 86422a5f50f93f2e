// warp.c - an affine map of an image. Places are whole numbers of 2^-16 pixels, so that every machine finds the same.
#include "data/warp.h"

#include "base/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE = 16, WEIGHT = 8 }; // bits after the point, of places and of weights

struct warp warp_rotation(double degrees, int height, int width)
{
    double angle = degrees * 0.017453292519943295, c = cos(angle), s = sin(angle), x = (width - 1) / 2.0,
           y = (height - 1) / 2.0;
    return (struct warp){ c, -s, x - c * x + s * y, s, c, y - s * x - c * y };
}

static int64_t fixed(double value)
{
    return (int64_t)floor(value * (1 << PLACE) + 0.5);
}

static const uint8_t *pixel_at(const uint8_t *pixels, const striate_image *image, int64_t row, int64_t column,
                               const uint8_t *fill)
{
    bool inside = row >= 0 && row < image->height && column >= 0 && column < image->width;
    return inside ? pixels + (row * image->width + column) * image->channels : fill;
}

striate_status warp_image(striate_image *image, const struct warp *warp, const uint8_t *fill)
{
    size_t size = (size_t)image->height * (size_t)image->width * (size_t)image->channels;
    uint8_t *before = malloc(size), *out = image->pixels;
    if (!before) FAIL(NO_MEMORY, "no memory to turn %d x %d pixels", image->width, image->height);
    memcpy(before, image->pixels, size);
    int64_t xx = fixed(warp->xx), yx = fixed(warp->yx), one = 1 << WEIGHT, half = 1 << (2 * WEIGHT - 1);
    for (int i = 0; i < image->height; i++) {
        int64_t x = fixed(warp->xy * i + warp->x0), y = fixed(warp->yy * i + warp->y0);
        for (int j = 0; j < image->width; j++, x += xx, y += yx) {
            int64_t row = y >> PLACE, column = x >> PLACE, v = (y >> (PLACE - WEIGHT)) & (one - 1),
                    u = (x >> (PLACE - WEIGHT)) & (one - 1);
            const uint8_t *a = pixel_at(before, image, row, column, fill), *b = pixel_at(before, image, row, column + 1, fill),
                          *c = pixel_at(before, image, row + 1, column, fill),
                          *d = pixel_at(before, image, row + 1, column + 1, fill);
            for (int k = 0; k < image->channels; k++)
                *out++ = (uint8_t)(((a[k] * (one - u) + b[k] * u) * (one - v) + (c[k] * (one - u) + d[k] * u) * v + half) >>
                                   (2 * WEIGHT));
        }
    }
    free(before);
    return STRIATE_OK;
}
