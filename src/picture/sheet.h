// sheet.h - the contact sheet that pictures of many small things share.
#ifndef SHEET_H
#define SHEET_H

#include "picture/canvas.h"

struct sheet {
    const char *title, *subtitle; // NULL: none
    const striate_tile *tiles;
    int count, columns;
    int box;   // side of the square an image is fitted into, in pixels
    int signs; // 1: explain the colours of signed values beside the subtitle
};

striate_status sheet_draw(const char *path, const struct sheet *sheet);

#endif
