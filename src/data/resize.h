// resize.h - images to another size.
#ifndef RESIZE_H
#define RESIZE_H

#include "striate.h"

// Pixels within an image: rows lie `stride` bytes apart.
struct view {
    const uint8_t *pixels;
    ptrdiff_t stride;
    int height, width, channels;
};
static inline struct view view_of(const striate_image *image)
{
    return (struct view){ image->pixels, (ptrdiff_t)image->width * image->channels, image->height, image->width,
                          image->channels };
}

// A window of an image that is resized: rows top..top+height-1 and columns left..left+width-1 of what would be full_height x full_width.
struct resize {
    int64_t full_height, full_width, top, left;
    int height, width;
};

// Bilinear with a support that grows with the reduction, so nothing is skipped (antialiased). out[height][width][in->channels], its rows
// out_stride bytes apart.
striate_status resize_bilinear(uint8_t *out, ptrdiff_t out_stride, const struct view *in, const struct resize *to);

#endif
