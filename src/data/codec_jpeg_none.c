// codec_jpeg_none.c - in place of codec_jpeg.c where TurboJPEG is absent.
#include "data/image.h"

#include "base/status.h"

static striate_status refuse_measure(striate_image *image, const void *bytes, size_t size, const char *name)
{
    (void)image, (void)bytes, (void)size;
    FAIL(UNSUPPORTED, "%s: a JPEG, which this build cannot read; build with libjpeg-turbo", name);
}

static striate_status refuse_decode(striate_image *image, const void *bytes, size_t size, struct image_least least,
                                    const char *name)
{
    (void)least;
    return refuse_measure(image, bytes, size, name);
}

const struct codec codec_jpeg = { "\xff\xd8\xff", 3, refuse_measure, refuse_decode };

striate_status jpeg_encode(struct bytes *jpeg, const striate_image *image, int quality, const char *name)
{
    (void)jpeg, (void)image, (void)quality;
    FAIL(UNSUPPORTED, "%s: this build cannot write JPEG; build with libjpeg-turbo", name);
}
