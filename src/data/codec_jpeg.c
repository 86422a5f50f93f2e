// codec_jpeg.c - JPEG over TurboJPEG: gray stays gray, all else becomes RGB (CMYK with its inks inverted, as Adobe stores them).
// Exif's orientation is applied. Where a smaller image will do it is decoded at a half, a quarter or an eighth, which TurboJPEG does without
// the whole. Missing or damaged data is an error, stray bytes between segments are not.
#include "data/image.h"

#include "base/status.h"
#include "data/exif.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

// TurboJPEG keeps the first warning of an image only.
static bool is_harmless(tjhandle jpeg)
{
    const char *warning = tjGetErrorStr2(jpeg);
    return tjGetErrorCode(jpeg) == TJERR_WARNING && (strstr(warning, "extraneous bytes") || strstr(warning, "nknown"));
}

static striate_status begin(tjhandle *jpeg, striate_image *image, int *space, const void *bytes, size_t size, const char *name)
{
    tjhandle fresh = tjInitDecompress();
    if (!fresh) FAIL(NO_MEMORY, "%s: no memory to read it", name);
    int width = 0, height = 0, subsampling;
    striate_status status;
    if (tjDecompressHeader3(fresh, bytes, size, &width, &height, &subsampling, space) && !is_harmless(fresh))
        status = status_fail(STRIATE_BAD_FILE, "%s: not a whole JPEG: %s; save it again", name, tjGetErrorStr2(fresh));
    else if (!width || !height) // only tables, or cut before the image begins
        status = status_fail(STRIATE_BAD_FILE, "%s: not a whole JPEG: no image in it; save it again", name);
    else
        status = image_check(height, width, name);
    if (status) {
        tjDestroy(fresh);
        return status;
    }
    *jpeg = fresh;
    *image = (striate_image){ NULL, height, width, *space == TJCS_GRAY ? 1 : 3 };
    return STRIATE_OK;
}

static striate_status measure(striate_image *image, const void *bytes, size_t size, const char *name)
{
    tjhandle jpeg = NULL;
    striate_image found;
    int space;
    TRY(begin(&jpeg, &found, &space, bytes, size, name));
    tjDestroy(jpeg);
    if (exif_lies(exif_orientation(bytes, size))) found = (striate_image){ NULL, found.width, found.height, found.channels };
    *image = found;
    return STRIATE_OK;
}

// The smallest of the whole, a half, a quarter and an eighth that is no smaller than `least`.
static void reduce(striate_image *image, struct image_least least)
{
    int height = image->height, width = image->width;
    for (int of = 8; of > 1 && least.height && least.width; of /= 2) {
        tjscalingfactor scale = { 1, of };
        if (TJSCALED(height, scale) < least.height || TJSCALED(width, scale) < least.width) continue;
        image->height = TJSCALED(height, scale);
        image->width = TJSCALED(width, scale);
        return;
    }
}

// C, M, Y, K, each 255 for no ink, to R, G, B in place.
static void mix_inks(striate_image *image)
{
    const uint8_t *from = image->pixels;
    uint8_t *to = image->pixels;
    for (size_t n = (size_t)image->height * (size_t)image->width; n--; from += 4, to += 3) {
        unsigned black = from[3];
        for (int c = 0; c < 3; c++) to[c] = (uint8_t)((from[c] * black + 127) / 255);
    }
}

static striate_status decode(striate_image *image, const void *bytes, size_t size, struct image_least least, const char *name)
{
    tjhandle jpeg = NULL;
    striate_image decoded;
    int space, orientation = exif_orientation(bytes, size);
    TRY(begin(&jpeg, &decoded, &space, bytes, size, name));
    reduce(&decoded, exif_lies(orientation) ? (struct image_least){ least.width, least.height } : least);
    bool inks = space == TJCS_CMYK || space == TJCS_YCCK;
    int format = inks ? TJPF_CMYK : decoded.channels == 1 ? TJPF_GRAY : TJPF_RGB;
    striate_status status = image_make(&decoded, decoded.height, decoded.width, decoded.channels, tjPixelSize[format], name);
    if (!status) {
        int failed = tjDecompress2(jpeg, bytes, size, decoded.pixels, decoded.width, 0, decoded.height, format,
                                   TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS);
        if (failed && !is_harmless(jpeg))
            status = status_fail(STRIATE_BAD_FILE, "%s: not a whole JPEG: %s; save it again", name, tjGetErrorStr2(jpeg));
        else if (inks)
            mix_inks(&decoded);
        if (!status) status = exif_upright(&decoded, orientation, name);
        if (status) free(decoded.pixels);
    }
    tjDestroy(jpeg);
    if (!status) *image = decoded;
    return status;
}

const struct codec codec_jpeg = { "\xff\xd8\xff", 3, measure, decode };

striate_status jpeg_encode(struct bytes *jpeg, const striate_image *image, int quality, const char *name)
{
    tjhandle writer = tjInitCompress();
    if (!writer) FAIL(NO_MEMORY, "%s: no memory to write it", name);
    bool gray = image->channels == 1;
    unsigned long size = tjBufSize(image->width, image->height, gray ? TJSAMP_GRAY : TJSAMP_444);
    uint8_t *made = size == (unsigned long)-1 ? NULL : malloc(size);
    int failed = made ? tjCompress2(writer, image->pixels, image->width, 0, image->height, gray ? TJPF_GRAY : TJPF_RGB, &made,
                                    &size, gray ? TJSAMP_GRAY : TJSAMP_444, quality, TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT)
                      : 0;
    striate_status status =
        !made    ? status_fail(STRIATE_NO_MEMORY, "%s: no memory to write it", name)
        : failed ? status_fail(STRIATE_BAD_ARGUMENT, "%s: cannot encode as JPEG: %s", name, tjGetErrorStr2(writer))
                 : STRIATE_OK;
    tjDestroy(writer);
    if (status)
        free(made);
    else
        *jpeg = (struct bytes){ made, size };
    return status;
}
