// image.h - image files to 8-bit pixels and back; each codec is one file, with a *_none.c beside it for builds without its library.
#ifndef IMAGE_H
#define IMAGE_H

#include "base/file.h"

// What an image may measure: more is refused before memory is taken for it.
enum { IMAGE_PIXELS = 89000000, IMAGE_SIDE = 65535 };

// The largest image file that is read.
#define IMAGE_FILE_BYTES ((size_t)512 << 20)

// Checks a size against the limits; `name` begins the sentence.
striate_status image_check(int64_t height, int64_t width, const char *name);
// Checks an image that a caller made.
striate_status image_check_pixels(const striate_image *image, const char *name);
// Pixels of their own, not set. `room` >= channels: bytes per pixel of what a codec writes before it is narrowed to `channels`.
striate_status image_make(striate_image *image, int height, int width, int channels, int room, const char *name);

// The height, width and channels an image's header announces; pixels stays NULL.
striate_status image_measure(striate_image *image, const void *bytes, size_t size, const char *name);
striate_status image_measure_file(striate_image *image, const char *path);

// ITU-R 601 luma in 16-bit fixed point.
static inline uint8_t image_luma(const uint8_t *rgb)
{
    return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 32768u) >> 16);
}

// The size below which an image is not to be decoded, where a smaller one will do and its format allows it; 0: as it is.
struct image_least {
    int height, width;
};
static const struct image_least image_whole = { 0, 0 };
striate_status image_decode(striate_image *image, const void *bytes, size_t size, struct image_least least, const char *name);
striate_status image_open(striate_image *image, const char *path, struct image_least least);

// A codec: the bytes its files begin with, and what it does with them. Its errors name the file `name`.
struct codec {
    const char *magic;
    size_t magic_size;
    striate_status (*measure)(striate_image *image, const void *bytes, size_t size, const char *name);
    striate_status (*decode)(striate_image *image, const void *bytes, size_t size, struct image_least least, const char *name);
};
extern const struct codec codec_png, codec_jpeg;

// The bytes of a JPEG or PNG file, to be released with free(). quality: 1 to 100, colours not subsampled.
striate_status jpeg_encode(struct bytes *jpeg, const striate_image *image, int quality, const char *name);
striate_status png_encode(struct bytes *png, const striate_image *image, const char *name);

#endif
