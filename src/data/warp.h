// warp.h - images turned, slanted and moved.
#ifndef WARP_H
#define WARP_H

#include "striate.h"

#include <stdbool.h>

// Where the pixel at (x, y) comes from: (xx x + xy y + x0, yx x + yy y + y0), in pixels of the image, whose first has its middle at 0, 0.
struct warp {
    double xx, xy, x0, yx, yy, y0;
};
struct warp warp_rotation(double degrees, int height, int width); // about the middle, counter-clockwise

// Bilinear, in place; where the image ends, `fill` begins.
striate_status warp_image(striate_image *image, const struct warp *warp, const uint8_t *fill);

#endif
