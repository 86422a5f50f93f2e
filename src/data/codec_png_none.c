// codec_png_none.c - in place of codec_png.c where libspng is absent.
#include "data/image.h"

#include "base/status.h"

static striate_status refuse_measure(striate_image *image, const void *bytes, size_t size, const char *name)
{
    (void)image, (void)bytes, (void)size;
    FAIL(UNSUPPORTED, "%s: a PNG, which this build cannot read; build with libspng", name);
}

static striate_status refuse_decode(striate_image *image, const void *bytes, size_t size, struct image_least least,
                                    const char *name)
{
    (void)least;
    return refuse_measure(image, bytes, size, name);
}

const struct codec codec_png = { "\x89PNG", 4, refuse_measure, refuse_decode };

striate_status png_encode(struct bytes *png, const striate_image *image, const char *name)
{
    (void)png, (void)image;
    FAIL(UNSUPPORTED, "%s: this build cannot write PNG; build with libspng", name);
}
