// confusion.c - a confusion matrix: a row per true class, a column per predicted one. Colours are shares of the row: blue on the diagonal,
// vermilion elsewhere, where the root of the share is shown so that rare mistakes are seen too.
#include "picture/font.h"

#include "base/status.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum {
    MARGIN = 56,
    TITLE = 30,
    LABEL = 21,
    NAME = 19,
    SMALL = 17,
    NAME_WIDTH = 280,
    BAR = 28,
    BAR_HEAD = 44,
    BAR_HEIGHT = 220,
    BAR_GAP = 44,
    LEGEND = 230
};
enum { MOST_CLASSES = 4096, MOST_WITH_TEXT = 40 };

struct matrix {
    const int *count;
    const char *const *names;
    int classes, cell, gap;
    int left, top, right, bottom;
    double name_size, name_width, cell_size; // cell_size 0: no text in the cells
    int name_every;                          // where there are too many to name each
    bool percent;                            // the cells show shares, as counts do not fit
    bool upright;                            // names of columns fit between their cells
};

static const char *name_of(const struct matrix *m, int class, char number[16])
{
    if (m->names && m->names[class]) return m->names[class];
    snprintf(number, 16, "%d", class);
    return number;
}

static int64_t row_sum(const struct matrix *m, int row)
{
    int64_t sum = 0;
    for (int i = 0; i < m->classes; i++) sum += m->count[(size_t)row * (size_t)m->classes + (size_t)i];
    return sum;
}

static unsigned share_color(bool right, double share)
{
    return right ? color_mix(MIST, BLUE, share) : color_mix(MIST, VERMILION, sqrt(share));
}

static void cell_text(char text[16], const struct matrix *m, int count, int64_t sum)
{
    double share = sum ? (double)count / (double)sum : 0;
    if (m->percent)
        snprintf(text, 16, "%.0f", 100 * share);
    else
        snprintf(text, 16, "%d", count);
    if (!count || (m->percent && share < 0.005)) *text = 0;
}

// Cells, sizes of text and the margins that names need.
static void lay_out(struct matrix *m, bool title)
{
    int n = m->classes, largest = 0;
    m->cell = n <= MOST_WITH_TEXT ? 44 : n <= 100 ? 18 : 1;
    if (m->cell * n < 1000) m->cell = 1000 / n < 200 ? 1000 / n : 200;
    if (n > 100 && m->cell * n < 1800) m->cell = 1800 / n;
    m->gap = m->cell >= 24 ? 2 : m->cell >= 8 ? 1 : 0;
    m->name_size = fmin(NAME, fmax(m->cell * 0.55, 9.5));
    m->name_every = (int)ceil(1.7 * m->name_size / m->cell);
    for (int i = 0; i < n; i++) {
        char number[16];
        m->name_width = fmax(m->name_width, font_width((struct font){ .size = m->name_size }, name_of(m, i, number)));
    }
    m->name_width = fmin(m->name_width, NAME_WIDTH);
    m->upright = m->name_width <= m->cell - 12;
    for (size_t i = 0; i < (size_t)n * (size_t)n; i++) largest = m->count[i] > largest ? m->count[i] : largest;
    if (n <= MOST_WITH_TEXT) {
        char text[16];
        snprintf(text, sizeof text, "%d", largest);
        double fits = (m->cell - 10) / font_width((struct font){ .size = 1 }, text);
        m->percent = fits < 10;
        m->cell_size = m->percent ? 12 : fmin(fmin(fits, 0.26 * m->cell), 24);
    }
    m->left = (int)(MARGIN + 48 + m->name_width + 18);
    m->top = title ? 172 : 108;
    m->right = m->left + n * m->cell;
    m->bottom = m->top + n * m->cell;
}

// 1234567 as "1,234,567".
static void group(char text[32], int64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)count), n = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) text[n++] = ',';
        text[n++] = digits[i];
    }
    text[n] = 0;
}

static void draw_head(struct canvas *canvas, const struct matrix *m, const char *title)
{
    int64_t all = 0, right = 0;
    for (int i = 0; i < m->classes; i++) {
        all += row_sum(m, i);
        right += m->count[(size_t)i * (size_t)m->classes + (size_t)i];
    }
    char text[128], some[32], whole[32];
    group(some, right);
    group(whole, all);
    int length = snprintf(text, sizeof text, "%s of %s right", some, whole);
    if (all) snprintf(text + length, sizeof text - (size_t)length, " (%.2f %%)", 100.0 * (double)right / (double)all);
    double room = canvas->image.width - MARGIN - m->left;
    font_draw_within(canvas, (struct font){ .size = TITLE, .color = INK, .bold = 1 }, m->left, 84, room, title);
    font_draw_within(canvas, (struct font){ .size = LABEL, .color = SOFT_INK }, m->left, *title ? 134 : 70, room, text);
}

static void draw_cells(struct canvas *canvas, const struct matrix *m)
{
    int size = m->cell - m->gap;
    for (int row = 0; row < m->classes; row++) {
        int64_t sum = row_sum(m, row);
        for (int column = 0; column < m->classes; column++) {
            int count = m->count[(size_t)row * (size_t)m->classes + (size_t)column];
            int x = m->left + column * m->cell, y = m->top + row * m->cell;
            unsigned color = share_color(row == column, sum ? (double)count / (double)sum : 0);
            canvas_rectangle(canvas, x, y, size, size, color);
            if (m->cell_size == 0) continue;
            char text[16];
            cell_text(text, m, count, sum);
            struct font font = { .size = m->cell_size, .color = color_text_on(color), .anchor = 0.5 };
            font_draw(canvas, font, x + size / 2.0, round(y + (size + m->cell_size) / 2), text);
        }
    }
}

static void draw_names(struct canvas *canvas, const struct matrix *m)
{
    for (int i = 0; i < m->classes; i += m->name_every) {
        char number[16];
        const char *name = name_of(m, i, number);
        double middle = (i + 0.5) * m->cell - m->gap / 2.0, half = m->name_size / 2;
        struct font font = { .size = m->name_size, .color = INK, .anchor = 1 };
        font_draw_within(canvas, font, m->left - 16, round(m->top + middle + half), m->name_width, name);
        double x = m->left + middle, y = m->bottom + 14;
        if (m->upright) {
            font.anchor = 0.5;
            font_draw(canvas, font, x, y + m->name_size, name);
        } else if (m->classes <= MOST_WITH_TEXT) {
            font.turn = 45;
            font_draw_within(canvas, font, x + half, y + half, m->name_width, name);
        } else {
            font.turn = 90;
            font_draw_within(canvas, font, x + half, y - 4, m->name_width, name);
        }
    }
}

// How far names of columns reach down.
static double names_height(const struct matrix *m)
{
    if (m->upright) return 14 + m->name_size;
    return m->classes <= MOST_WITH_TEXT ? 14 + 0.71 * (m->name_width + m->name_size) : 14 + m->name_width;
}

static void draw_bar(struct canvas *canvas, double x, double y, bool right)
{
    static const int percents[2][4] = { { 0, 5, 30, 100 }, { 0, 25, 50, 100 } };
    struct font font = { .size = SMALL, .color = INK };
    font_draw(canvas, font, x, y + SMALL, right ? "% of row, right" : "% of row, wrong");
    int top = (int)y + BAR_HEAD;
    for (int i = 0; i < BAR_HEIGHT; i++) {
        double t = 1 - i / (BAR_HEIGHT - 1.0);
        canvas_rectangle(canvas, (int)x, top + i, BAR, 1, share_color(right, right ? t : t * t));
    }
    font.color = SOFT_INK;
    for (int i = 0; i < 4; i++) {
        double share = percents[right][i] / 100.0;
        char text[16];
        snprintf(text, sizeof text, "%d", percents[right][i]);
        double at = top + (BAR_HEIGHT - 1) * (1 - (right ? share : sqrt(share)));
        font_draw(canvas, font, x + BAR + 12, round(at) + SMALL / 2.0, text);
    }
}

static void draw(struct canvas *canvas, const struct matrix *m, const char *title)
{
    draw_head(canvas, m, title);
    draw_cells(canvas, m);
    draw_names(canvas, m);
    struct font font = { .size = LABEL, .color = INK, .anchor = 0.5, .bold = 1 };
    font_draw(canvas, font, (m->left + m->right) / 2.0, m->bottom + names_height(m) + 48, "predicted");
    font.turn = 90;
    font_draw(canvas, font, MARGIN + LABEL / 2.0, (m->top + m->bottom) / 2.0, "true");
    double x = m->right + 48;
    draw_bar(canvas, x, m->top, true);
    draw_bar(canvas, x, m->top + BAR_HEAD + BAR_HEIGHT + BAR_GAP, false);
}

striate_status striate_draw_confusion(const char *path, const char *title, const int *matrix, const char *const *names,
                                      int classes)
{
    if (!path) FAIL(BAD_ARGUMENT, "striate_draw_confusion: path is NULL; name a file to write");
    if (!matrix || classes < 1 || classes > MOST_CLASSES)
        FAIL(BAD_ARGUMENT, "%s: a confusion matrix of %d classes; 1 to %d can be drawn", path, matrix ? classes : 0,
             MOST_CLASSES);
    for (size_t i = 0; i < (size_t)classes * (size_t)classes; i++)
        if (matrix[i] < 0)
            FAIL(BAD_ARGUMENT, "%s: row %zu, column %zu of the confusion matrix is %d, but counts are not negative", path,
                 i / (size_t)classes, i % (size_t)classes, matrix[i]);
    struct matrix m = { .count = matrix, .names = names, .classes = classes };
    lay_out(&m, title && *title);
    double height = fmax(m.bottom + names_height(&m) + 48, m.top + 2 * (BAR_HEAD + BAR_HEIGHT) + BAR_GAP) + MARGIN;
    struct canvas canvas;
    TRY(canvas_new(&canvas, path, m.right + 48 + LEGEND, height));
    draw(&canvas, &m, title ? title : "");
    return canvas_finish(&canvas, path);
}
