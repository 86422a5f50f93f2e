// canvas.c - pixels. A stroke covers a pixel by the distance of its centre from the stroke's middle, which needs no supersampling.
#include "picture/canvas.h"

#include "base/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SIDE = 32768, MOST_PIXELS = 64 * 1024 * 1024 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

static void mask_unused(struct canvas *canvas)
{
    canvas->left = canvas->image.width;
    canvas->top = canvas->image.height;
    canvas->right = canvas->bottom = 0;
}

striate_status canvas_new(struct canvas *canvas, const char *path, double width, double height)
{
    if (!(width >= 1 && height >= 1 && width <= MOST_SIDE && height <= MOST_SIDE && width * height <= MOST_PIXELS))
        FAIL(BAD_ARGUMENT, "%s: a picture of %.0f x %.0f pixels is too large; draw fewer things in it", path, width, height);
    struct canvas c = { .image = { .width = (int)width, .height = (int)height, .channels = 3 } };
    size_t pixels = (size_t)c.image.width * (size_t)c.image.height;
    c.image.pixels = malloc(3 * pixels);
    c.mask = calloc(1, pixels);
    if (!c.image.pixels || !c.mask) {
        canvas_free(&c);
        FAIL(NO_MEMORY, "%s: no memory for a picture of %.0f x %.0f pixels", path, width, height);
    }
    memset(c.image.pixels, 0xFF, 3 * pixels);
    mask_unused(&c);
    *canvas = c;
    return STRIATE_OK;
}

void canvas_free(struct canvas *canvas)
{
    free(canvas->image.pixels);
    free(canvas->mask);
    *canvas = (struct canvas){ 0 };
}

striate_status canvas_finish(struct canvas *canvas, const char *path)
{
    striate_status status = striate_image_save_png(&canvas->image, path);
    canvas_free(canvas);
    return status;
}

static uint8_t *pixel_at(struct canvas *canvas, int x, int y)
{
    return canvas->image.pixels + 3 * ((size_t)y * (size_t)canvas->image.width + (size_t)x);
}

void canvas_rectangle(struct canvas *canvas, int x, int y, int width, int height, unsigned color)
{
    int x1 = least(x + width, canvas->image.width), y1 = least(y + height, canvas->image.height);
    for (int j = most(y, 0); j < y1; j++)
        for (int i = most(x, 0); i < x1; i++)
            memcpy(pixel_at(canvas, i, j), (uint8_t[]){ color >> 16 & 255, color >> 8 & 255, color & 255 }, 3);
}

// The pixels of row or column number `i` .. whose centres lie in [low, high], as a half-open range within [0, size).
static void centres(double low, double high, int size, int *begin, int *end)
{
    *begin = (int)ceil(fmin(fmax(low - 0.5, 0), size));
    *end = (int)floor(fmin(fmax(high - 0.5, -1), size - 1)) + 1;
}

void canvas_stroke(struct canvas *canvas, double x0, double y0, double x1, double y1, double width)
{
    double reach = width / 2 + 0.5, dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy;
    int top, bottom;
    centres(fmin(y0, y1) - reach, fmax(y0, y1) + reach, canvas->image.height, &top, &bottom);
    for (int j = top; j < bottom; j++) {
        double y = j + 0.5, a = 0, b = 1; // the part from a to b of the stroke comes near this row
        if (fabs(dy) > 1e-9) {
            a = fmin(fmax((y - reach - y0) / dy, 0), 1);
            b = fmin(fmax((y + reach - y0) / dy, 0), 1);
        }
        double xa = x0 + a * dx, xb = x0 + b * dx;
        int left, right;
        centres(fmin(xa, xb) - reach, fmax(xa, xb) + reach, canvas->image.width, &left, &right);
        if (left >= right) continue;
        for (int i = left; i < right; i++) {
            double x = i + 0.5, t = square > 0 ? fmin(fmax(((x - x0) * dx + (y - y0) * dy) / square, 0), 1) : 0;
            double cover = reach - sqrt((x - x0 - t * dx) * (x - x0 - t * dx) + (y - y0 - t * dy) * (y - y0 - t * dy));
            int level = (int)(255 * fmin(fmax(cover, 0), fmin(1, width)) + 0.5);
            uint8_t *mask = canvas->mask + (size_t)j * (size_t)canvas->image.width + i;
            if (level > *mask) *mask = (uint8_t)level;
        }
        canvas->left = least(canvas->left, left);
        canvas->right = most(canvas->right, right);
        canvas->top = least(canvas->top, j);
        canvas->bottom = most(canvas->bottom, j + 1);
    }
}

void canvas_disc(struct canvas *canvas, double x, double y, double radius)
{
    canvas_stroke(canvas, x, y, x, y, 2 * radius);
}

static uint8_t blend(int a, int b, int level) // of 255
{
    return (uint8_t)((a * (255 - level) + b * level + 127) / 255);
}

void canvas_ink(struct canvas *canvas, unsigned color)
{
    for (int j = canvas->top; j < canvas->bottom; j++) {
        uint8_t *mask = canvas->mask + (size_t)j * (size_t)canvas->image.width;
        for (int i = canvas->left; i < canvas->right; i++) {
            uint8_t *pixel = pixel_at(canvas, i, j);
            for (int c = 0; c < 3; c++) pixel[c] = blend(pixel[c], (int)(color >> (16 - 8 * c) & 255), mask[i]);
            mask[i] = 0;
        }
    }
    mask_unused(canvas);
}

void canvas_image(struct canvas *canvas, int x, int y, int width, int height, const striate_image *image)
{
    double scale_x = (double)image->width / width, scale_y = (double)image->height / height;
    int channels = image->channels, x1 = least(x + width, canvas->image.width), y1 = least(y + height, canvas->image.height);
    for (int j = most(y, 0); j < y1; j++) {
        double top = (j - y) * scale_y, bottom = fmin(top + scale_y, image->height);
        for (int i = most(x, 0); i < x1; i++) {
            double left = (i - x) * scale_x, right = fmin(left + scale_x, image->width), sum[3] = { 0 }, area = 0;
            for (int v = (int)top; v < bottom; v++)
                for (int u = (int)left; u < right; u++) {
                    double part = (fmin(v + 1, bottom) - fmax(v, top)) * (fmin(u + 1, right) - fmax(u, left));
                    const uint8_t *from = image->pixels + ((size_t)v * (size_t)image->width + (size_t)u) * (size_t)channels;
                    for (int c = 0; c < 3; c++) sum[c] += part * from[channels == 3 ? c : 0];
                    area += part;
                }
            for (int c = 0; c < 3; c++) pixel_at(canvas, i, j)[c] = (uint8_t)(sum[c] / area + 0.5);
        }
    }
}

unsigned color_mix(unsigned a, unsigned b, double t)
{
    int level = (int)(255 * fmin(fmax(t, 0), 1) + 0.5);
    unsigned mixed = 0;
    for (int shift = 0; shift < 24; shift += 8)
        mixed |= (unsigned)blend((int)(a >> shift & 255), (int)(b >> shift & 255), level) << shift;
    return mixed;
}

unsigned color_text_on(unsigned color)
{
    unsigned light = 299 * (color >> 16 & 255) + 587 * (color >> 8 & 255) + 114 * (color & 255);
    return light > 150000 ? INK : PAPER;
}
