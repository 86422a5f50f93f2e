// fuzz_image.c - any bytes as a PNG or JPEG, and what decodes as a network's input and as a PNG again.
#include "data/image.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    striate_image head, image, back;
    if (image_measure(&head, bytes, size, "fuzz") || (size_t)head.height * (size_t)head.width > 1 << 18)
        return 0; // larger is only slower
    if (striate_image_decode(&image, bytes, size, "fuzz")) return 0;
    if (image.height != head.height || image.width != head.width || image.channels != head.channels) __builtin_trap();
    static float x[24 * 24 * 3];
    striate_preprocess(x, &image, &(striate_preprocessing){ .height = 24, .width = 24, .channels = 3, .resize = 32 });
    struct bytes png;
    if (image.height * image.width < 4096 && !png_encode(&png, &image, "fuzz")) {
        size_t all = (size_t)image.height * (size_t)image.width * (size_t)image.channels;
        if (striate_image_decode(&back, png.data, png.size, "fuzz") || memcmp(back.pixels, image.pixels, all)) __builtin_trap();
        striate_image_free(&back);
        free(png.data);
    }
    striate_image_free(&image);
    return 0;
}
