// font.h - text in a single-stroke sans of our own: any size, any direction.
#ifndef FONT_H
#define FONT_H

#include "picture/canvas.h"

#include <stddef.h>

// Sizes are the height of capitals in pixels.
struct font {
    double size;
    unsigned color;
    int bold;
    double anchor; // which part of the text lies at x, y: 0 its start, 0.5 its middle, 1 its end
    double turn;   // degrees counter-clockwise
};

// Draws UTF-8 with its baseline through (x, y). What has no glyph, or is no UTF-8, becomes a box.
void font_draw(struct canvas *canvas, struct font font, double x, double y, const char *s);
// The same, but cut to end in "..." where it would be wider than `width`.
void font_draw_within(struct canvas *canvas, struct font font, double x, double y, double width, const char *s);
double font_width(struct font font, const char *s);

#endif
