// exif.h - which way up a JPEG is.
#ifndef EXIF_H
#define EXIF_H

#include "striate.h"

// The orientation in a JPEG's Exif segment (Exif 2.3, 4.6.4: 1 to 8); 1 where there is none, or it makes no sense.
int exif_orientation(const uint8_t *bytes, size_t size);
// Whether an image of that orientation lies on its side.
static inline int exif_lies(int orientation)
{
    return orientation > 4;
}
// Turns and mirrors the pixels until the image is upright; they are replaced.
striate_status exif_upright(striate_image *image, int orientation, const char *name);

#endif
