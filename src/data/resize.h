// resize.h - images to another size.
#ifndef RESIZE_H
#define RESIZE_H

#include "striate.h"

// A window of an image that is resized: rows top..top+height-1 and columns left..left+width-1 of what would be full_height x full_width.
struct resize {
    int64_t full_height, full_width, top, left;
    int height, width;
};

// Bilinear with a support that grows with the reduction, so nothing is skipped (antialiased). out[height][width][image->channels].
striate_status resize_bilinear(uint8_t *out, const striate_image *image, const struct resize *to);

#endif
