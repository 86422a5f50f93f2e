// font.c - a glyph is an advance and a path on a grid where capitals are 70 high, x 50, and 0 is the baseline. In a path
//   M x y  goes there       h x y  a quarter of an ellipse that leaves horizontally     C x y x y x y  a cubic Bezier curve
//   L x y  draws a line     v x y  one that leaves vertically                           D x y          puts a dot
#include "picture/font.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CAPITAL = 70, TRACKING = 3, BOLD_TRACKING = 6, STROKE = 8, BOLD_STROKE = 12 };

struct glyph {
    int advance;
    const char *path;
};

static const struct glyph ascii[] = {
    { 24, "" },                                                                                       // space
    { 20, "M10 70 L10 22 D10 1" },                                                                    // !
    { 30, "M9 70 L9 54 M21 70 L21 54" },                                                              // "
    { 56, "M21 66 L15 4 M41 66 L35 4 M7 46 L51 46 M5 24 L49 24" },                                    // #
    { 52, "M45 58 C41 65 35 69 26 69 h8 54 C8 36 47 38 47 18 v26 1 C16 1 9 5 6 13 M26 79 L26 -9" },   // $
    { 76, "M56 70 L20 0 M20 70 h7 54 v20 38 h33 54 v20 70 M56 32 h43 16 v56 0 h69 16 v56 32" },       // %
    { 62, "M57 0 L18 46 C14 51 13 54 13 57 v26 70 h39 58 C39 46 8 40 8 19 v27 0 C42 0 53 14 54 36" }, // &
    { 18, "M9 70 L9 54" },                                                                            // '
    { 27, "M21 79 C7 60 7 9 21 -10" },                                                                // (
    { 27, "M6 79 C20 60 20 9 6 -10" },                                                                // )
    { 40, "M20 70 L20 42 M8 63 L32 49 M32 63 L8 49" },                                                // *
    { 48, "M24 53 L24 15 M5 34 L43 34" },                                                             // +
    { 20, "M11 3 L7 -10" },                                                                           // ,
    { 36, "M7 28 L29 28" },                                                                           // -
    { 20, "D10 1" },                                                                                  // .
    { 38, "M5 -8 L33 77" },                                                                           // /
    { 48, "M24 70 h6 35 v24 0 h42 35 v24 70" },                                                       // 0
    { 48, "M11 56 L28 70 L28 0" },
    { 48, "M7 55 C9 65 15 70 24 70 h41 51 C41 36 20 18 7 0 L43 0" },
    { 48, "M7 60 C11 67 16 70 23 70 h40 53 v23 37 L17 37 M23 37 h42 18 v23 0 C15 0 8 4 5 12" },
    { 48, "M35 0 L35 70 L5 20 L45 20" },
    { 48, "M39 70 L13 70 L10 39 C14 43 18 45 24 45 h42 22 v23 0 C15 0 9 4 6 11" },
    { 48, "M35 70 C18 58 7 42 7 22 v24 0 h42 22 v25 43 C16 43 9 36 7 26" },
    { 48, "M6 70 L42 70 L18 0" },
    { 48, "M24 70 h8 54 v24 38 h40 54 v24 70 M24 38 h6 19 v24 0 h42 19 v24 38" },
    { 48, "M13 0 C30 12 41 28 41 48 v24 70 h6 48 v23 27 C32 27 39 34 41 44" },
    { 20, "D10 1 D10 46" },                                                                                   // :
    { 20, "M11 3 L7 -10 D10 46" },                                                                            // ;
    { 48, "M41 55 L7 34 L41 13" },                                                                            // <
    { 48, "M5 45 L43 45 M5 24 L43 24" },                                                                      // =
    { 48, "M7 55 L41 34 L7 13" },                                                                             // >
    { 44, "M6 57 C8 65 14 70 22 70 h38 54 C38 39 22 40 22 20 D22 1" },                                        // ?
    { 80, "M54 34 v41 49 h28 33 v41 17 h54 34 M55 48 L54 26 C54 13 73 13 73 35 v40 68 h7 31 v41 -8 L54 -6" }, // @
    { 56, "M3 0 L28 70 L53 0 M12 23 L44 23" },                                                                // A
    { 55, "M9 37 L29 37 h49 18 v29 0 L9 0 L9 70 L27 70 h45 54 v27 37" },
    { 57, "M52 58 C47 66 40 70 31 70 h6 35 v31 0 C40 0 47 4 52 12" },
    { 59, "M9 0 L9 70 L26 70 h53 35 v26 0 L9 0" },
    { 50, "M44 70 L9 70 L9 0 L44 0 M9 37 L40 37" },
    { 46, "M43 70 L9 70 L9 0 M9 36 L39 36" },
    { 61, "M52 58 C47 66 40 70 31 70 h6 35 v31 0 C42 0 49 4 53 10 L53 33 L35 33" },
    { 59, "M9 0 L9 70 M50 0 L50 70 M9 37 L50 37" },
    { 18, "M9 0 L9 70" },
    { 43, "M34 70 L34 19 v18 0 C11 0 7 4 4 10" },
    { 54, "M9 0 L9 70 M48 70 L9 28 M22 42 L51 0" },
    { 46, "M9 70 L9 0 L43 0" },
    { 70, "M9 0 L9 70 L35 18 L61 70 L61 0" },
    { 60, "M9 0 L9 70 L51 0 L51 70" },
    { 62, "M31 70 h6 35 v31 0 h56 35 v31 70" },
    { 52, "M9 0 L9 70 L28 70 h47 51 v28 32 L9 32" },
    { 62, "M31 70 h6 35 v31 0 h56 35 v31 70 M38 18 L56 -4" },
    { 55, "M9 0 L9 70 L28 70 h47 52 v28 34 L9 34 M28 34 L50 0" },
    { 52, "M45 59 C41 66 35 70 26 70 h8 54 C8 36 47 38 47 18 v26 0 C16 0 9 5 6 13" },
    { 50, "M3 70 L47 70 M25 70 L25 0" },
    { 58, "M9 70 L9 22 v29 0 h49 22 L49 70" },
    { 54, "M3 70 L27 0 L51 70" },
    { 78, "M3 70 L21 0 L39 66 L57 0 L75 70" },
    { 53, "M5 70 L48 0 M48 70 L5 0" },
    { 52, "M3 70 L26 34 L49 70 M26 34 L26 0" },
    { 51, "M6 70 L45 70 L5 0 L46 0" },
    { 28, "M22 78 L9 78 L9 -10 L22 -10" }, // [
    { 38, "M33 -8 L5 77" },                // backslash
    { 28, "M6 78 L19 78 L19 -10 L6 -10" }, // ]
    { 48, "M9 46 L24 70 L39 46" },         // ^
    { 44, "M2 -10 L42 -10" },              // _
    { 24, "M7 72 L16 60" },                // `
    { 47, "M9 42 C13 48 18 50 23 50 h38 35 L38 0 M38 29 L22 29 h6 14 v20 0 C28 0 35 5 38 13" },
    { 51, "M9 0 L9 73 M9 25 v27 50 h45 25 v27 0 h9 25" },
    { 43, "M40 41 C36 47 31 50 25 50 h6 25 v25 0 C31 0 36 3 40 9" },
    { 51, "M42 0 L42 73 M42 25 v24 50 h6 25 v24 0 h42 25" },
    { 48, "M6 26 L42 26 v24 50 h6 25 v25 0 C32 0 37 3 41 9" },
    { 31, "M30 73 L28 73 h14 59 L14 0 M3 50 L28 50" },
    { 51, "M42 50 L42 -3 v24 -20 C16 -20 11 -17 8 -13 M42 25 v24 50 h6 25 v24 0 h42 25" },
    { 49, "M9 0 L9 73 M9 30 v26 50 h41 33 L41 0" },
    { 18, "M9 0 L9 50 D9 68" },
    { 18, "M9 50 L9 -9 v-1 -20 L-4 -20 D9 68" },
    { 45, "M9 0 L9 73 M38 50 L9 21 M19 31 L41 0" },
    { 24, "M9 73 L9 11 v18 0 L21 0" },
    { 76, "M9 0 L9 50 M9 32 v25 50 h38 35 L38 0 M38 32 v54 50 h67 35 L67 0" },
    { 49, "M9 0 L9 50 M9 30 v26 50 h41 33 L41 0" },
    { 50, "M25 50 h6 25 v25 0 h44 25 v25 50" },
    { 51, "M9 -20 L9 50 M9 25 v27 50 h45 25 v27 0 h9 25" },
    { 51, "M42 -20 L42 50 M42 25 v24 50 h6 25 v24 0 h42 25" },
    { 32, "M9 0 L9 50 M9 30 C9 44 18 50 30 49" },
    { 42, "M36 42 C32 48 27 50 21 50 h7 38 C7 24 37 29 37 13 v21 0 C14 0 8 3 5 9" },
    { 32, "M14 65 L14 13 v26 0 L29 0 M3 50 L28 50" },
    { 49, "M8 50 L8 18 v23 0 h40 20 M40 50 L40 0" },
    { 44, "M3 50 L22 0 L41 50" },
    { 66, "M3 50 L18 0 L33 46 L48 0 L63 50" },
    { 43, "M4 50 L39 0 M39 50 L4 0" },
    { 44, "M3 50 L22 0 M41 50 L19 -8 C16 -16 12 -20 4 -20" },
    { 41, "M5 50 L36 50 L5 0 L37 0" },
    { 31, "M25 79 C10 79 21 35 6 35 C21 35 10 -10 25 -10" }, // {
    { 18, "M9 80 L9 -12" },                                  // |
    { 31, "M6 79 C21 79 10 35 25 35 C10 35 21 -10 6 -10" },  // }
    { 48, "M6 29 C16 50 32 18 42 39" },                      // ~
};

static const struct symbol {
    unsigned code;
    struct glyph glyph;
} symbols[] = {
    { 0xB1, { 48, "M24 58 L24 24 M6 41 L42 41 M6 8 L42 8" } }, // plus or minus
    { 0xB7, { 24, "D12 27" } },                                // middle dot
    { 0xD7, { 48, "M9 49 L39 19 M39 49 L9 19" } },             // times
    { 0x2013, { 48, "M4 28 L44 28" } },                        // en dash
    { 0x2026, { 64, "D10 1 D32 1 D54 1" } },                   // ellipsis
    { 0x2212, { 48, "M5 34 L43 34" } },                        // minus
    { 0x2713, { 54, "M8 34 L21 16 L46 54" } },                 // check mark
};

static const struct glyph box = { 46, "M8 0 L8 66 L38 66 L38 0 L8 0" };

// The next character of UTF-8; a byte that begins none counts as one without a glyph. Never steps over the end.
static unsigned next_code(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    int more = p[0] < 0x80 ? 0 : p[0] >= 0xF0 && p[0] < 0xF5 ? 3 : p[0] >= 0xE0 ? 2 : 1;
    unsigned code = more ? p[0] & (0x3Fu >> more) : p[0];
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80) return (*s)++, 0;
        code = code << 6 | (p[i] & 0x3F);
    }
    *s += 1 + more;
    return code;
}

static const struct glyph *glyph_of(unsigned code)
{
    if (code >= 32 && code < 32 + sizeof ascii / sizeof *ascii) return &ascii[code - 32];
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (symbols[i].code == code) return &symbols[i].glyph;
    return &box;
}

static double advance(struct font font, const struct glyph *glyph)
{
    return (glyph->advance + (font.bold ? BOLD_TRACKING : TRACKING)) * font.size / CAPITAL;
}

double font_width(struct font font, const char *s)
{
    double width = 0;
    while (*s) width += advance(font, glyph_of(next_code(&s)));
    return width;
}

struct point {
    double x, y;
};

struct pen {
    struct canvas *canvas;
    double x, y, cos, sin, width; // where the glyph's origin lies; scale times direction; of the stroke
    struct point at;              // on the grid
};

static struct point on_canvas(const struct pen *pen, struct point p)
{
    return (struct point){ pen->x + pen->cos * p.x - pen->sin * p.y, pen->y - pen->sin * p.x - pen->cos * p.y };
}

static void pen_line(struct pen *pen, struct point to)
{
    struct point a = on_canvas(pen, pen->at), b = on_canvas(pen, to);
    canvas_stroke(pen->canvas, a.x, a.y, b.x, b.y, pen->width);
    pen->at = to;
}

static void pen_dot(struct pen *pen, struct point at)
{
    struct point p = on_canvas(pen, at);
    canvas_disc(pen->canvas, p.x, p.y, 0.68 * pen->width);
}

static void pen_curve(struct pen *pen, struct point b, struct point c, struct point d)
{
    enum { STEPS = 10 };
    struct point a = pen->at;
    for (int i = 1; i <= STEPS; i++) {
        double t = (double)i / STEPS, u = 1 - t;
        double wa = u * u * u, wb = 3 * u * u * t, wc = 3 * u * t * t, wd = t * t * t;
        pen_line(pen, (struct point){ wa * a.x + wb * b.x + wc * c.x + wd * d.x, wa * a.y + wb * b.y + wc * c.y + wd * d.y });
    }
}

static struct point read_point(const char **path)
{
    char *end;
    long x = strtol(*path, &end, 10), y = strtol(end, &end, 10);
    *path = end;
    return (struct point){ (double)x, (double)y };
}

static void draw_glyph(struct pen *pen, const char *path)
{
    const double round = 0.58; // of a quarter's Bezier arms: 0.55 is an ellipse, more is squarer
    while (*path) {
        char what = *path++;
        struct point to = read_point(&path), from = pen->at, b, c;
        switch (what) {
        case 'M':
            pen->at = to;
            break;
        case 'L':
            pen_line(pen, to);
            break;
        case 'D':
            pen_dot(pen, to);
            break;
        case 'h':
            b = (struct point){ from.x + round * (to.x - from.x), from.y };
            c = (struct point){ to.x, to.y + round * (from.y - to.y) };
            pen_curve(pen, b, c, to);
            break;
        case 'v':
            b = (struct point){ from.x, from.y + round * (to.y - from.y) };
            c = (struct point){ to.x + round * (from.x - to.x), to.y };
            pen_curve(pen, b, c, to);
            break;
        case 'C':
            b = read_point(&path);
            c = read_point(&path);
            pen_curve(pen, to, b, c);
            break;
        }
        while (*path == ' ') path++;
    }
}

void font_draw(struct canvas *canvas, struct font font, double x, double y, const char *s)
{
    double scale = font.size / CAPITAL, angle = font.turn * 3.14159265358979 / 180, back = font.anchor * font_width(font, s);
    struct pen pen = { .canvas = canvas, .cos = scale * cos(angle), .sin = scale * sin(angle) };
    pen.width = scale * (font.bold ? BOLD_STROKE : STROKE);
    pen.x = x - back * cos(angle);
    pen.y = y + back * sin(angle);
    while (*s) {
        const struct glyph *glyph = glyph_of(next_code(&s));
        draw_glyph(&pen, glyph->path);
        pen.x += advance(font, glyph) * cos(angle);
        pen.y -= advance(font, glyph) * sin(angle);
    }
    canvas_ink(canvas, font.color);
}

void font_draw_within(struct canvas *canvas, struct font font, double x, double y, double width, const char *s)
{
    if (font_width(font, s) <= width) {
        font_draw(canvas, font, x, y, s);
        return;
    }
    char cut[512];
    size_t length = 0;
    double room = width - font_width(font, "...");
    for (const char *next = s; *next;) {
        const char *before = next;
        room -= advance(font, glyph_of(next_code(&next)));
        if (room < 0 || (size_t)(next - s) > sizeof cut - sizeof "...") break;
        memcpy(cut + length, before, (size_t)(next - before));
        length += (size_t)(next - before);
    }
    while (length && cut[length - 1] == ' ') length--;
    memcpy(cut + length, "...", sizeof "...");
    font_draw(canvas, font, x, y, cut);
}
