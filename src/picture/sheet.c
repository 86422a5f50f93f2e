// sheet.c - a contact sheet: images in a grid, each with a caption and a note, framed where it is marked right or wrong.
#include "picture/sheet.h"

#include "base/status.h"
#include "picture/font.h"

#include <math.h>
#include <stdbool.h>

enum { MARGIN = 56, GAP = 36, FRAME = 6, TITLE = 30, LABEL = 21, CAPTION = 17, NOTE = 15, LINE = 34, BADGE = 17 };
enum { MOST_TILES = 10000, SMALL_IMAGE = 64, SMALL_BOX = 224, LARGE_BOX = 320, MOST_HEADING = 1200, SIGNS_WIDTH = 520 };

struct layout {
    int top, row, column; // of the first row; from one tile to the next
    bool captions, notes;
};

static void fit(const striate_image *image, int box, int *width, int *height)
{
    int side = image->width > image->height ? image->width : image->height;
    if (side <= box) { // whole factors keep small images crisp
        *width = image->width * (box / side);
        *height = image->height * (box / side);
    } else {
        *width = (int)fmax(1, round((double)image->width * box / side));
        *height = (int)fmax(1, round((double)image->height * box / side));
    }
}

// A disc with a check mark or a cross, for eyes that cannot tell the colours.
static void draw_badge(struct canvas *canvas, double x, double y, bool right, unsigned color)
{
    canvas_disc(canvas, x, y, BADGE + 3);
    canvas_ink(canvas, PAPER);
    canvas_disc(canvas, x, y, BADGE);
    canvas_ink(canvas, color);
    if (right) {
        canvas_stroke(canvas, x - 7, y + 1, x - 2, y + 6, 4);
        canvas_stroke(canvas, x - 2, y + 6, x + 7, y - 5, 4);
    } else {
        canvas_stroke(canvas, x - 6, y - 6, x + 6, y + 6, 4);
        canvas_stroke(canvas, x - 6, y + 6, x + 6, y - 6, 4);
    }
    canvas_ink(canvas, PAPER);
}

static void draw_tile(struct canvas *canvas, const struct layout *l, const striate_tile *tile, int box, int x, int y)
{
    int width, height;
    unsigned color = tile->mark > 0 ? GREEN : VERMILION;
    fit(tile->image, box, &width, &height);
    int frame = tile->mark ? FRAME : 2;
    canvas_rectangle(canvas, x - frame, y - frame, box + 2 * frame, box + 2 * frame, tile->mark ? color : HAIRLINE);
    canvas_rectangle(canvas, x, y, box, box, MIST);
    canvas_image(canvas, x + (box - width) / 2, y + (box - height) / 2, width, height, tile->image);
    if (tile->mark) draw_badge(canvas, x + box - 3, y + 3, tile->mark > 0, color);
    struct font caption = { .size = CAPTION, .color = INK }, note = { .size = NOTE, .color = tile->mark ? color : SOFT_INK };
    double base = y + box + FRAME + LINE;
    if (tile->caption) font_draw_within(canvas, caption, x, base - 4, box, tile->caption);
    if (tile->note) font_draw_within(canvas, note, x, l->captions ? base + LINE - 8 : base - 4, box, tile->note);
}

static void draw_signs(struct canvas *canvas, int x, int y)
{
    static const struct {
        const char *text;
        unsigned color;
    } signs[] = { { "negative", BLUE }, { "zero", PAPER }, { "positive", VERMILION } };
    for (int i = 0; i < 3; i++) {
        canvas_rectangle(canvas, x, y - 22, 24, 24, i == 1 ? SOFT_INK : signs[i].color);
        if (i == 1) canvas_rectangle(canvas, x + 2, y - 20, 20, 20, PAPER);
        struct font font = { .size = CAPTION, .color = INK };
        font_draw(canvas, font, x + 36, y - 1, signs[i].text);
        x += (int)font_width(font, signs[i].text) + 36 + 32;
    }
}

// What a sheet widens to for its heading.
static double text_room(struct font font, const char *s)
{
    return fmin(font_width(font, s) + 1, MOST_HEADING) + 2 * MARGIN;
}

striate_status sheet_draw(const char *path, const struct sheet *sheet)
{
    const int box = sheet->box;
    const struct font title_font = { .size = TITLE, .color = INK, .bold = 1 };
    const struct font subtitle_font = { .size = LABEL, .color = SOFT_INK };
    struct layout l = { .top = MARGIN };
    for (int i = 0; i < sheet->count; i++) {
        l.captions = l.captions || sheet->tiles[i].caption;
        l.notes = l.notes || sheet->tiles[i].note;
    }
    int title = sheet->title &&*sheet->title ? l.top += 60 : 0, subtitle = sheet->subtitle ? l.top += 48 : 0;
    int signs = sheet->signs ? l.top += 48 : 0;
    l.top += title || subtitle || signs ? 16 : 0;
    l.column = box + GAP;
    l.row = box + GAP + (l.captions + l.notes) * LINE;
    double rows = ceil((double)sheet->count / sheet->columns), width = 2.0 * MARGIN + (double)sheet->columns * l.column - GAP;
    if (title) width = fmax(width, text_room(title_font, sheet->title));
    if (subtitle) width = fmax(width, text_room(subtitle_font, sheet->subtitle));
    if (signs) width = fmax(width, SIGNS_WIDTH);
    struct canvas canvas;
    TRY(canvas_new(&canvas, path, width, l.top + rows * l.row - GAP + MARGIN));
    double room = canvas.image.width - 2 * MARGIN;
    if (title) font_draw_within(&canvas, title_font, MARGIN, 84, room, sheet->title);
    if (subtitle) font_draw_within(&canvas, subtitle_font, MARGIN, subtitle - 32, room, sheet->subtitle);
    if (signs) draw_signs(&canvas, MARGIN, signs - 32);
    for (int i = 0; i < sheet->count; i++)
        draw_tile(&canvas, &l, &sheet->tiles[i], box, MARGIN + i % sheet->columns * l.column,
                  l.top + i / sheet->columns * l.row);
    return canvas_finish(&canvas, path);
}

striate_status striate_draw_sheet(const char *path, const char *title, const striate_tile *tiles, int count, int columns)
{
    if (!path) FAIL(BAD_ARGUMENT, "striate_draw_sheet: path is NULL; name a file to write");
    if (!tiles || count < 1 || count > MOST_TILES || columns < 1)
        FAIL(BAD_ARGUMENT, "%s: a sheet of %d tiles in %d columns; 1 to %d tiles in at least 1 column can be drawn", path,
             tiles ? count : 0, columns, MOST_TILES);
    int largest = 0;
    for (int i = 0; i < count; i++) {
        const striate_image *image = tiles[i].image;
        if (!image || !image->pixels || image->width < 1 || image->height < 1 || (image->channels != 1 && image->channels != 3))
            FAIL(BAD_ARGUMENT, "%s: tile %d has no image of 1 or 3 channels", path, i);
        largest = image->width > largest ? image->width : largest;
        largest = image->height > largest ? image->height : largest;
    }
    struct sheet sheet = { .title = title, .tiles = tiles, .count = count, .columns = columns < count ? columns : count };
    int room = largest <= SMALL_IMAGE ? SMALL_BOX : LARGE_BOX;
    sheet.box = largest < room ? room / largest * largest : room;
    return sheet_draw(path, &sheet);
}
