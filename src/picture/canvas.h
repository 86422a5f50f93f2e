// canvas.h - a picture in the making: rectangles, antialiased strokes, images.
//
// Coordinates are pixels, y downwards; pixel (i, j) is the square from (i, j) to (i+1, j+1). Everything is clipped to the picture.
#ifndef CANVAS_H
#define CANVAS_H

#include "striate.h"

// Colours as 0xRRGGBB. The series and marks are Okabe and Ito's (2008), distinct for every kind of colour vision.
enum {
    PAPER = 0xFFFFFF,
    INK = 0x1F2933,
    SOFT_INK = 0x5F6B7A,
    HAIRLINE = 0xE3E7EC,
    MIST = 0xF3F5F7,
    BLUE = 0x0072B2,
    SKY = 0x56B4E9,
    GREEN = 0x009E73,
    VERMILION = 0xD55E00,
    ORANGE = 0xE69F00,
    PURPLE = 0xB45A92,
};

struct canvas {
    striate_image image;          // RGB
    uint8_t *mask;                // [H][W]: how far the strokes laid down so far cover each pixel
    int left, top, right, bottom; // the part of the mask that they touch
};

// An empty sheet of PAPER; BAD_ARGUMENT where it would be too large to be looked at.
striate_status canvas_new(struct canvas *canvas, const char *path, double width, double height);
void canvas_free(struct canvas *canvas);
// Writes the picture and frees it, also on failure.
striate_status canvas_finish(struct canvas *canvas, const char *path);

void canvas_rectangle(struct canvas *canvas, int x, int y, int width, int height, unsigned color);

// Strokes are laid down first, in any number, and coloured together: where they overlap nothing shows.
void canvas_stroke(struct canvas *canvas, double x0, double y0, double x1, double y1, double width); // ends are round
void canvas_disc(struct canvas *canvas, double x, double y, double radius);
void canvas_ink(struct canvas *canvas, unsigned color);

// The image stretched to width x height: each pixel is the mean of the area it covers, so whole factors repeat pixels exactly.
void canvas_image(struct canvas *canvas, int x, int y, int width, int height, const striate_image *image);

// The colour a share `t` of the way from `a` to `b`.
unsigned color_mix(unsigned a, unsigned b, double t);
// The one of INK and PAPER that reads better on `color`.
unsigned color_text_on(unsigned color);

#endif
