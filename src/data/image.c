// image.c - what an image file is, by its first bytes, and the limits all images obey.
#include "data/image.h"

#include "base/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 64 * 1024 }; // the header lies in here but for a JPEG with a long preface

striate_status image_check(int64_t height, int64_t width, const char *name)
{
    if (height < 1 || width < 1)
        FAIL(BAD_FILE, "%s: an image of %lld x %lld pixels has none; remove it", name, (long long)width, (long long)height);
    if (height > IMAGE_SIDE || width > IMAGE_SIDE || height * width > IMAGE_PIXELS)
        FAIL(BAD_FILE, "%s: %lld x %lld pixels; at most %d million and %d on a side are read: make it smaller", name,
             (long long)width, (long long)height, IMAGE_PIXELS / 1000000, IMAGE_SIDE);
    return STRIATE_OK;
}

striate_status image_check_pixels(const striate_image *image, const char *name)
{
    if (!image->pixels || (image->channels != 1 && image->channels != 3))
        FAIL(BAD_ARGUMENT, "%s: an image needs pixels of 1 or 3 channels, not %d", name, image->channels);
    return image_check(image->height, image->width, name);
}

striate_status image_make(striate_image *image, int height, int width, int channels, int room, const char *name)
{
    TRY(image_check(height, width, name));
    uint8_t *pixels = malloc((size_t)height * (size_t)width * (size_t)room);
    if (!pixels) FAIL(NO_MEMORY, "%s: no memory for %d x %d pixels", name, width, height);
    *image = (striate_image){ pixels, height, width, channels };
    return STRIATE_OK;
}

static striate_status find_codec(const struct codec **found, const uint8_t *bytes, size_t size, const char *name)
{
    static const struct codec *const codecs[] = { &codec_png, &codec_jpeg };
    if (!size) FAIL(BAD_FILE, "%s: empty; an image was expected", name);
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (size >= codecs[i]->magic_size && !memcmp(bytes, codecs[i]->magic, codecs[i]->magic_size)) {
            *found = codecs[i];
            return STRIATE_OK;
        }
    FAIL(BAD_FILE, "%s: begins with %02x %02x, which is neither PNG nor JPEG; convert it to one of them", name, bytes[0],
         size > 1 ? bytes[1] : 0);
}

striate_status image_measure(striate_image *image, const void *bytes, size_t size, const char *name)
{
    const struct codec *codec = NULL;
    striate_image found = { 0 };
    TRY(find_codec(&codec, bytes, size, name));
    TRY(codec->measure(&found, bytes, size, name));
    TRY(image_check(found.height, found.width, name));
    *image = found;
    return STRIATE_OK;
}

striate_status image_measure_file(striate_image *image, const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (!file) FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    uint8_t *head = malloc(HEAD);
    size_t size = head ? fread(head, 1, HEAD, file) : 0;
    int failed = ferror(file);
    fclose(file);
    striate_status status;
    if (!head)
        status = status_fail(STRIATE_NO_MEMORY, "%s: no memory to read it", path);
    else if (failed)
        status = status_fail(STRIATE_IO, "%s: cannot read", path);
    else
        status = image_measure(image, head, size, path);
    free(head);
    if (status != STRIATE_BAD_FILE || size < HEAD) return status;
    struct bytes all;
    TRY(file_read(&all, path, IMAGE_FILE_BYTES));
    status = image_measure(image, all.data, all.size, path);
    free(all.data);
    return status;
}

striate_status image_decode(striate_image *image, const void *bytes, size_t size, struct image_least least, const char *name)
{
    const struct codec *codec = NULL;
    TRY(find_codec(&codec, bytes, size, name));
    return codec->decode(image, bytes, size, least, name);
}

striate_status striate_image_decode(striate_image *image, const void *bytes, size_t size, const char *name)
{
    return image_decode(image, bytes, size, image_whole, name ? name : "image");
}

striate_status image_open(striate_image *image, const char *path, struct image_least least)
{
    struct bytes file;
    TRY(file_read(&file, path, IMAGE_FILE_BYTES));
    striate_status status = image_decode(image, file.data, file.size, least, strcmp(path, "-") ? path : "standard input");
    free(file.data);
    return status;
}

striate_status striate_image_open(striate_image *image, const char *path)
{
    return image_open(image, path, image_whole);
}

striate_status striate_image_save_png(const striate_image *image, const char *path)
{
    if (!image->pixels || (image->channels != 1 && image->channels != 3))
        FAIL(BAD_ARGUMENT, "%s: an image to save needs pixels of 1 or 3 channels, not %d", path, image->channels);
    TRY(image_check(image->height, image->width, path));
    struct bytes png;
    TRY(png_encode(&png, image, path));
    striate_status status = file_write(path, &(struct span){ png.data, png.size }, 1);
    free(png.data);
    return status;
}

void striate_image_free(striate_image *image)
{
    if (!image) return;
    free(image->pixels);
    *image = (striate_image){ 0 };
}
