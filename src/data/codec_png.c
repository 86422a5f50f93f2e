// codec_png.c - PNG over libspng: any bit depth and colour type become 8-bit gray or RGB. Transparent pixels are laid on white;
// palettes become RGB; gamma and colour profiles are not applied.
#include "data/image.h"

#include "base/status.h"

#include <limits.h>
#include <spng.h>
#include <stdlib.h>

enum { CHUNK = 8 << 20, CHUNKS = 16 << 20 }; // bytes that one and all chunks beside the pixels may need

static striate_status begin(spng_ctx **png, struct spng_ihdr *header, const void *bytes, size_t size, const char *name)
{
    spng_ctx *fresh = spng_ctx_new(0);
    if (!fresh) FAIL(NO_MEMORY, "%s: no memory to read it", name);
    spng_set_image_limits(fresh, INT_MAX, INT_MAX); // ours come next, with a sentence of their own
    spng_set_chunk_limits(fresh, CHUNK, CHUNKS);
    int error = spng_set_png_buffer(fresh, bytes, size);
    if (!error) error = spng_get_ihdr(fresh, header);
    striate_status status =
        error ? status_fail(STRIATE_BAD_FILE, "%s: not a whole PNG: %s; save it again", name, spng_strerror(error))
              : image_check(header->height, header->width, name);
    if (status)
        spng_ctx_free(fresh);
    else
        *png = fresh;
    return status;
}

static bool is_gray(const struct spng_ihdr *header)
{
    return header->color_type == SPNG_COLOR_TYPE_GRAYSCALE || header->color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA;
}

static striate_status measure(striate_image *image, const void *bytes, size_t size, const char *name)
{
    spng_ctx *png = NULL;
    struct spng_ihdr header;
    TRY(begin(&png, &header, bytes, size, name));
    spng_ctx_free(png);
    *image = (striate_image){ NULL, (int)header.height, (int)header.width, is_gray(&header) ? 1 : 3 };
    return STRIATE_OK;
}

// R, G, B, alpha over white, narrowed in place to the image's channels.
static void flatten(striate_image *image)
{
    const uint8_t *from = image->pixels;
    uint8_t *to = image->pixels;
    for (size_t n = (size_t)image->height * (size_t)image->width; n--; from += 4, to += image->channels) {
        unsigned alpha = from[3];
        for (int c = 0; c < image->channels; c++) to[c] = (uint8_t)((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

static striate_status decode(striate_image *image, const void *bytes, size_t size, struct image_least least, const char *name)
{
    (void)least; // PNG knows no smaller one
    spng_ctx *png = NULL;
    struct spng_ihdr header;
    struct spng_trns transparent;
    striate_image decoded = { 0 };
    TRY(begin(&png, &header, bytes, size, name));
    bool gray = is_gray(&header);
    int error = spng_get_trns(png, &transparent);
    bool opaque = !(header.color_type & 4) && error == SPNG_ECHUNKAVAIL;
    bool direct = opaque && (!gray || header.bit_depth <= 8); // libspng narrows gray of 16 bits only by way of RGBA
    int channels = gray ? 1 : 3, room = direct ? channels : 4;
    striate_status status = STRIATE_OK;
    if (!error || error == SPNG_ECHUNKAVAIL) {
        status = image_make(&decoded, (int)header.height, (int)header.width, channels, room, name);
        size_t need = (size_t)header.height * header.width * (size_t)room;
        int format = !direct ? SPNG_FMT_RGBA8 : gray ? SPNG_FMT_G8 : SPNG_FMT_RGB8;
        error = status ? 0 : spng_decode_image(png, decoded.pixels, need, format, SPNG_DECODE_TRNS);
    }
    if (error) status = status_fail(STRIATE_BAD_FILE, "%s: not a whole PNG: %s; save it again", name, spng_strerror(error));
    spng_ctx_free(png);
    if (status) {
        free(decoded.pixels);
        return status;
    }
    if (!direct) flatten(&decoded);
    *image = decoded;
    return STRIATE_OK;
}

const struct codec codec_png = { "\x89PNG", 4, measure, decode };

striate_status png_encode(struct bytes *png, const striate_image *image, const char *name)
{
    spng_ctx *writer = spng_ctx_new(SPNG_CTX_ENCODER);
    if (!writer) FAIL(NO_MEMORY, "%s: no memory to write it", name);
    struct spng_ihdr header = { .width = (uint32_t)image->width,
                                .height = (uint32_t)image->height,
                                .bit_depth = 8,
                                .color_type = image->channels == 1 ? SPNG_COLOR_TYPE_GRAYSCALE : SPNG_COLOR_TYPE_TRUECOLOR };
    size_t size = (size_t)image->height * (size_t)image->width * (size_t)image->channels;
    spng_set_option(writer, SPNG_ENCODE_TO_BUFFER, 1);
    int error = spng_set_ihdr(writer, &header);
    if (!error) error = spng_encode_image(writer, image->pixels, size, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    struct bytes made = { 0 };
    if (!error) made.data = spng_get_png_buffer(writer, &made.size, &error);
    spng_ctx_free(writer);
    if (error) FAIL(NO_MEMORY, "%s: cannot encode as PNG: %s", name, spng_strerror(error));
    *png = made;
    return STRIATE_OK;
}
