// colour.c - what is done to every pixel alike is a table of 256 values; the rest are loops over pixels. The formulas are those of Pillow's
// ImageEnhance and ImageOps, which the published policies were tuned with, but for rounding to the nearest.
#include "data/colour.h"

#include "base/status.h"
#include "data/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t pixels_of(const striate_image *image)
{
    return (size_t)image->height * (size_t)image->width;
}

static uint8_t to_byte(float value)
{
    return (uint8_t)(value <= 0 ? 0 : value >= 255 ? 255 : (int)(value + 0.5f));
}

// from + factor (value - from): between two shades, or beyond.
static uint8_t blend(float from, float value, float factor)
{
    return to_byte(from + factor * (value - from));
}

static void look_up(striate_image *image, int channel, const uint8_t table[256])
{
    uint8_t *pixel = image->pixels + channel;
    for (size_t n = pixels_of(image); n--; pixel += image->channels) *pixel = table[*pixel];
}

static void look_up_all(striate_image *image, const uint8_t table[256])
{
    uint8_t *value = image->pixels;
    for (size_t n = pixels_of(image) * (size_t)image->channels; n--; value++) *value = table[*value];
}

static void blend_all(striate_image *image, float from, float factor)
{
    uint8_t table[256];
    for (int v = 0; v < 256; v++) table[v] = blend(from, (float)v, factor);
    look_up_all(image, table);
}

void colour_brightness(striate_image *image, float factor)
{
    blend_all(image, 0, factor);
}

void colour_contrast(striate_image *image, float factor)
{
    uint64_t sum = 0, count = pixels_of(image);
    const uint8_t *pixel = image->pixels;
    for (size_t n = count; n--; pixel += image->channels) sum += image->channels == 3 ? image_luma(pixel) : *pixel;
    blend_all(image, (float)((sum + count / 2) / count), factor);
}

void colour_saturation(striate_image *image, float factor)
{
    uint8_t *pixel = image->pixels;
    for (size_t n = image->channels == 3 ? pixels_of(image) : 0; n--; pixel += 3) {
        float gray = image_luma(pixel);
        for (int c = 0; c < 3; c++) pixel[c] = blend(gray, pixel[c], factor);
    }
}

// Hue in sixths of the circle, from red by green and blue; what stays is the greatest and the least of the three (Smith 1978).
static float hue_of(const uint8_t *rgb, float most, float range)
{
    float r = rgb[0], g = rgb[1], b = rgb[2];
    return most == r ? (g - b) / range : most == g ? 2 + (b - r) / range : 4 + (r - g) / range;
}

void colour_hue(striate_image *image, float turn)
{
    uint8_t *pixel = image->pixels;
    for (size_t n = image->channels == 3 ? pixels_of(image) : 0; n--; pixel += 3) {
        float most = fmaxf(fmaxf(pixel[0], pixel[1]), pixel[2]), least = fminf(fminf(pixel[0], pixel[1]), pixel[2]);
        if (most == least) continue;
        float hue = hue_of(pixel, most, most - least) + 6 * turn;
        for (int c = 0; c < 3; c++) { // a trapezoid about the channel's own hue: full up to 1 from it, none from 2 on
            float away = fabsf(hue - 2 * (float)c);
            away = fabsf(away - 6 * floorf(away / 6 + 0.5f));
            pixel[c] = to_byte(least + (most - least) * fminf(fmaxf(2 - away, 0), 1));
        }
    }
}

void colour_shift(striate_image *image, const float add[3])
{
    for (int c = 0; c < image->channels; c++) {
        uint8_t table[256];
        for (int v = 0; v < 256; v++) table[v] = to_byte((float)v + add[c]);
        look_up(image, c, table);
    }
}

striate_status colour_sharpness(striate_image *image, float factor)
{
    ptrdiff_t channels = image->channels, stride = image->width * channels;
    size_t size = pixels_of(image) * (size_t)channels;
    uint8_t *before = malloc(size);
    if (!before) FAIL(NO_MEMORY, "no memory to sharpen %d x %d pixels", image->width, image->height);
    memcpy(before, image->pixels, size);
    for (ptrdiff_t row = 1; row + 1 < image->height; row++)
        for (ptrdiff_t i = row * stride + channels; i < (row + 1) * stride - channels; i++) { // all but the border
            int sum = 4 * before[i];
            for (ptrdiff_t r = -1; r <= 1; r++)
                for (ptrdiff_t s = -1; s <= 1; s++) sum += before[i + r * stride + s * channels];
            image->pixels[i] = blend((float)((sum + 6) / 13), before[i], factor);
        }
    free(before);
    return STRIATE_OK;
}

void colour_posterize(striate_image *image, int bits)
{
    uint8_t table[256];
    for (int v = 0; v < 256; v++) table[v] = (uint8_t)(v & ~(0xff >> bits));
    look_up_all(image, table);
}

void colour_solarize(striate_image *image, int threshold)
{
    uint8_t table[256];
    for (int v = 0; v < 256; v++) table[v] = (uint8_t)(v < threshold ? v : 255 - v);
    look_up_all(image, table);
}

static void count_values(uint32_t counts[256], const striate_image *image, int channel)
{
    const uint8_t *pixel = image->pixels + channel;
    memset(counts, 0, 256 * sizeof *counts);
    for (size_t n = pixels_of(image); n--; pixel += image->channels) counts[*pixel]++;
}

void colour_autocontrast(striate_image *image)
{
    for (int c = 0; c < image->channels; c++) {
        uint32_t counts[256];
        uint8_t table[256];
        int low = 0, high = 255;
        count_values(counts, image, c);
        while (!counts[low]) low++;
        while (!counts[high]) high--;
        if (low >= high) continue;
        for (int v = 0; v < 256; v++) table[v] = to_byte((float)(v - low) * 255 / (float)(high - low));
        look_up(image, c, table);
    }
}

void colour_equalize(striate_image *image)
{
    for (int c = 0; c < image->channels; c++) {
        uint32_t counts[256];
        uint8_t table[256];
        int high = 255;
        count_values(counts, image, c);
        while (!counts[high]) high--;
        uint64_t step = (pixels_of(image) - counts[high]) / 255, sum = step / 2;
        if (!step) continue;
        for (int v = 0; v < 256; sum += counts[v++]) table[v] = (uint8_t)(sum / step < 255 ? sum / step : 255);
        look_up(image, c, table);
    }
}
