// exif.c - finds the orientation tag of a JPEG, trusting nothing, and applies it.
#include "data/exif.h"

#include "base/status.h"
#include "data/image.h"

#include <stdlib.h>
#include <string.h>

enum { ORIENTATION = 0x0112, SHORT = 3, ENTRY = 12 };

static uint32_t read_number(const uint8_t *at, int bytes, bool big)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint32_t)at[i] << 8 * (big ? bytes - 1 - i : i);
    return value;
}

// Of a TIFF header and its first directory.
static int tiff_orientation(const uint8_t *tiff, size_t size)
{
    if (size < 8 || (memcmp(tiff, "II*", 4) && memcmp(tiff, "MM\0*", 4))) return 1;
    bool big = *tiff == 'M';
    size_t at = read_number(tiff + 4, 4, big);
    if (at > size - 2) return 1;
    size_t entries = read_number(tiff + at, 2, big);
    for (at += 2; entries-- && size - at >= ENTRY; at += ENTRY) {
        if (read_number(tiff + at, 2, big) != ORIENTATION || read_number(tiff + at + 2, 2, big) != SHORT) continue;
        uint32_t value = read_number(tiff + at + 8, 2, big);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

int exif_orientation(const uint8_t *bytes, size_t size)
{
    static const uint8_t exif[] = { 'E', 'x', 'i', 'f', 0, 0 };
    for (size_t at = 2; size >= 4 && at <= size - 4 && bytes[at] == 0xff;) { // segments: ff, kind, length, data
        size_t length = read_number(bytes + at + 2, 2, true);
        if (bytes[at + 1] == 0xda || length < 2 || length > size - at - 2) return 1; // the image begins, or all ends
        if (bytes[at + 1] == 0xe1 && length >= 2 + sizeof exif && !memcmp(bytes + at + 4, exif, sizeof exif))
            return tiff_orientation(bytes + at + 4 + sizeof exif, length - 2 - sizeof exif);
        at += 2 + length;
    }
    return 1;
}

striate_status exif_upright(striate_image *image, int orientation, const char *name)
{
    // Where the pixel at (i, j) comes from: (i, j) or (j, i), counted from the other end where `up` or `left` says so.
    static const struct {
        bool swap, up, left;
    } ways[9] = { [2] = { 0, 0, 1 }, { 0, 1, 1 }, { 0, 1, 0 }, { 1, 0, 0 }, { 1, 1, 0 }, { 1, 1, 1 }, { 1, 0, 1 } };
    striate_image out;
    int height = image->height, width = image->width, swap = ways[orientation].swap;
    if (orientation == 1) return STRIATE_OK;
    TRY(image_make(&out, swap ? width : height, swap ? height : width, image->channels, image->channels, name));
    uint8_t *to = out.pixels;
    for (int i = 0; i < out.height; i++)
        for (int j = 0; j < out.width; j++, to += image->channels) {
            ptrdiff_t row = swap ? j : i, column = swap ? i : j;
            if (ways[orientation].up) row = height - 1 - row;
            if (ways[orientation].left) column = width - 1 - column;
            memcpy(to, image->pixels + (row * width + column) * image->channels, (size_t)image->channels);
        }
    free(image->pixels);
    *image = out;
    return STRIATE_OK;
}
