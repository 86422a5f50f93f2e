// curves.c - lines over one or two y axes that share their grid: 1600 x 1000 pixels, made to be seen at half that size.
#include "picture/font.h"

#include "base/status.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1600, HEIGHT = 1000, MARGIN = 56, PAD = 18, TICK = 19, LABEL = 21, TITLE = 30, ROW = 46, SAMPLE = 48, ROWS = 2 };
enum { MOST_SERIES = 64, FEW_POINTS = 40, MANY_POINTS = 400 };

struct axis {
    bool used;
    double low, high;   // of the data, then of the axis
    double first, step; // ticks lie at (first + i) * step
    int ticks;
};

struct figure {
    struct canvas canvas;
    struct axis x, left, right;
    double plot_left, plot_top, plot_right, plot_bottom; // what the axes' ends map to
    int height;                                          // more than HEIGHT where the legend needs rows
    unsigned color[MOST_SERIES];
};

static bool there(const struct striate_series *s, int i)
{
    return isfinite(s->x[i]) && isfinite(s->y[i]);
}

static double tame(double value) // so that differences are finite
{
    return fmin(fmax(value, -1e300), 1e300);
}

static void include(struct axis *axis, double value)
{
    axis->low = axis->used ? fmin(axis->low, value) : value;
    axis->high = axis->used ? fmax(axis->high, value) : value;
    axis->used = true;
}

// A range that can be divided: a single value lies in the middle of one.
static void widen(struct axis *axis)
{
    double size = fmax(fabs(axis->low), fabs(axis->high));
    if (axis->high - axis->low > fmax(1e-9 * size, 1e-290)) return;
    double more = size > 1e-280 ? 0.1 * size : 1;
    axis->low -= more;
    axis->high += more;
}

// The smallest of 1, 2, 5 times a power of ten that is not below `least`.
static double round_step(double least)
{
    double power = pow(10, floor(log10(least)));
    for (int i = 0; i < 3; i++)
        if ((double[]){ 1, 2, 5 }[i] * power >= least * (1 - 1e-9)) return (double[]){ 1, 2, 5 }[i] * power;
    return 10 * power;
}

// Covers the data with `intervals` steps.
static struct axis divide(struct axis axis, int intervals)
{
    double step = round_step((axis.high - axis.low) / intervals);
    while ((floor(axis.low / step + 1e-9) + intervals) * step < axis.high - 1e-9 * step) step = round_step(1.5 * step);
    axis.step = step;
    axis.first = floor(axis.low / step + 1e-9);
    axis.ticks = intervals + 1;
    axis.low = axis.first * step;
    axis.high = (axis.first + intervals) * step;
    return axis;
}

// Divides both y axes into the same number of intervals, so that one grid serves both: the number that leaves the least empty.
static void divide_both(struct axis *left, struct axis *right)
{
    struct axis best_left = *left, best_right = *right;
    double best = INFINITY;
    for (int intervals = 4; intervals <= 7; intervals++) {
        struct axis l = divide(*left, intervals), r = divide(*right, intervals);
        double empty = 0;
        if (left->used) empty += (l.high - l.low) / (left->high - left->low);
        if (right->used) empty += (r.high - r.low) / (right->high - right->low);
        if (empty >= best) continue;
        best = empty;
        best_left = l;
        best_right = r;
    }
    *left = best_left;
    *right = best_right;
}

// The x axis ends where the data ends; its ticks are whole numbers where the data is.
static void divide_x(struct axis *axis, bool whole)
{
    double step = round_step((axis->high - axis->low) / 10);
    axis->step = whole ? fmax(step, 1) : step;
    axis->first = ceil(axis->low / axis->step - 1e-9);
    axis->ticks = (int)(floor(axis->high / axis->step + 1e-9) - axis->first) + 1;
}

static double tick_value(const struct axis *axis, int i)
{
    double value = (axis->first + i) * axis->step;
    return value == 0 ? 0 : value; // not -0
}

static void tick_text(char text[32], const struct axis *axis, int i)
{
    double value = tick_value(axis, i), largest = fmax(fabs(axis->low), fabs(axis->high));
    int last = (int)floor(log10(axis->step) + 1e-9); // the power of ten of the last digit that matters
    if (largest < 1e7 && last >= -4) {
        snprintf(text, 32, "%.*f", last < 0 ? -last : 0, value);
        return;
    }
    int digits = value == 0 ? 0 : (int)floor(log10(fabs(value)) + 1e-9) - last;
    snprintf(text, 32, "%.*e", digits > 0 ? digits : 0, value);
    char *exponent = strchr(text, 'e');
    if (value == 0)
        strcpy(text, "0");
    else if (exponent)
        snprintf(exponent + 1, (size_t)(text + 32 - exponent - 1), "%ld", strtol(exponent + 1, NULL, 10));
}

static double widest_tick(const struct axis *axis)
{
    double widest = 0;
    char text[32];
    for (int i = 0; i < axis->ticks; i++) {
        tick_text(text, axis, i);
        widest = fmax(widest, font_width((struct font){ .size = TICK }, text));
    }
    return widest;
}

static void choose_colors(struct figure *f, const striate_series *series, int count)
{
    static const unsigned alone[] = { BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, INK, SOFT_INK };
    static const unsigned side[2][4] = { { BLUE, SKY, GREEN, INK }, { VERMILION, ORANGE, PURPLE, SOFT_INK } };
    bool both = f->left.used && f->right.used;
    for (int i = 0, used[2] = { 0 }; i < count; i++) {
        int right = series[i].right_axis != 0;
        f->color[i] = both ? side[right][used[right]++ % 4] : alone[i % 8];
    }
}

// ---- drawing

static double place_x(const struct figure *f, double x)
{
    double share = (x - f->x.low) / (f->x.high - f->x.low);
    return f->plot_left + PAD + share * (f->plot_right - f->plot_left - 2 * PAD);
}

static double place_y(const struct figure *f, const struct axis *axis, double y)
{
    double share = (y - axis->low) / (axis->high - axis->low);
    return f->plot_bottom - share * (f->plot_bottom - f->plot_top);
}

static double entry_width(const striate_series *s)
{
    return SAMPLE + 14 + fmin(font_width((struct font){ .size = LABEL }, s->label ? s->label : ""), 360);
}

static void draw_entry(struct figure *f, const striate_series *s, unsigned color, double x, double y)
{
    double middle = y - LABEL / 2.0;
    canvas_stroke(&f->canvas, x + 3, middle, x + SAMPLE - 3, middle, 5);
    if (s->count <= FEW_POINTS) canvas_disc(&f->canvas, x + SAMPLE / 2.0, middle, 7);
    canvas_ink(&f->canvas, color);
    font_draw_within(&f->canvas, (struct font){ .size = LABEL, .color = INK }, x + SAMPLE + 14, y, 360,
                     s->label ? s->label : "");
}

// Above the plot: entries of the left axis from the left, those of the right axis from the right if a row holds all of them.
// Returns the rows it takes; draws where `draw` says so.
static int legend(struct figure *f, const striate_series *series, int count, double top, bool draw)
{
    const double gap = 44;
    double left = f->plot_left, room = f->plot_right - f->plot_left, all = -gap, right = 0, x = left;
    for (int i = 0; i < count; i++) {
        all += entry_width(&series[i]) + gap;
        if (series[i].right_axis) right += entry_width(&series[i]) + gap;
    }
    int rows = count > 0;
    if (all <= room && f->left.used && f->right.used) {
        double from[2] = { left, left + room - right + gap };
        for (int i = 0; i < count; i++) {
            double *at = &from[series[i].right_axis != 0];
            if (draw) draw_entry(f, &series[i], f->color[i], *at, top + LABEL);
            *at += entry_width(&series[i]) + gap;
        }
        return rows;
    }
    for (int i = 0; i < count; i++) {
        double width = entry_width(&series[i]);
        if (x > left && x + width > left + room) {
            x = left;
            rows++;
        }
        if (draw) draw_entry(f, &series[i], f->color[i], x, top + LABEL + (rows - 1) * ROW);
        x += width + gap;
    }
    return rows;
}

static void draw_ticks(struct figure *f, const struct axis *axis, double x, double anchor, unsigned color)
{
    char text[32];
    for (int i = 0; i < axis->ticks && axis->used; i++) {
        tick_text(text, axis, i);
        font_draw(&f->canvas, (struct font){ .size = TICK, .color = color, .anchor = anchor }, x,
                  round(place_y(f, axis, tick_value(axis, i))) + TICK / 2.0 + 0.5, text);
    }
}

static void draw_x_axis(struct figure *f, const char *label)
{
    int left = (int)f->plot_left, bottom = (int)f->plot_bottom;
    double free_from = -1;
    canvas_rectangle(&f->canvas, left, bottom - 1, (int)f->plot_right - left, 2, SOFT_INK);
    for (int i = 0; i < f->x.ticks && f->x.used; i++) {
        char text[32];
        tick_text(text, &f->x, i);
        double x = round(place_x(f, tick_value(&f->x, i))), half = font_width((struct font){ .size = TICK }, text) / 2;
        if (x - half < free_from) continue;
        free_from = x + half + 24;
        canvas_rectangle(&f->canvas, (int)x - 1, bottom + 1, 2, 9, SOFT_INK);
        font_draw(&f->canvas, (struct font){ .size = TICK, .color = SOFT_INK, .anchor = 0.5 }, x, bottom + 44, text);
    }
    font_draw(&f->canvas, (struct font){ .size = LABEL, .color = INK, .anchor = 0.5 }, (f->plot_left + f->plot_right) / 2,
              f->height - 36, label);
}

// Points that share a column of pixels become one upright stroke, so that a million of them cost no more than a thousand.
static void draw_series(struct figure *f, const striate_series *s, unsigned color)
{
    const struct axis *axis = s->right_axis ? &f->right : &f->left;
    bool markers = s->count <= FEW_POINTS, down = false;
    double width = s->count <= MANY_POINTS ? 5 : 3, first_x = 0, low = 0, high = 0, last_x = 0, last_y = 0;
    for (int i = 0; i <= s->count; i++) {
        bool point = i < s->count && there(s, i);
        double x = point ? place_x(f, tame(s->x[i])) : 0, y = point ? place_y(f, axis, tame(s->y[i])) : 0;
        if (down && point && floor(x) == floor(first_x)) {
            low = fmin(low, y);
            high = fmax(high, y);
        } else {
            if (down) canvas_stroke(&f->canvas, first_x, low, first_x, high, width);
            if (down && point) canvas_stroke(&f->canvas, last_x, last_y, x, y, width);
            first_x = x;
            low = high = y;
        }
        if (point && markers) canvas_disc(&f->canvas, x, y, 7);
        down = point;
        last_x = x;
        last_y = y;
    }
    canvas_ink(&f->canvas, color);
}

static void lay_out(struct figure *f, const striate_series *series, int count, bool title, bool left_label, bool right_label)
{
    f->plot_left = round(MARGIN + (left_label ? 44 : 0) + (f->left.used ? widest_tick(&f->left) + 20 : 0));
    f->plot_right = round(WIDTH - MARGIN - (right_label ? 44 : 0) - (f->right.used ? widest_tick(&f->right) + 20 : 0));
    int rows = legend(f, series, count, 0, false);
    f->plot_top = (title ? 124 : 52) + rows * ROW + (rows ? 16 : 0);
    f->height = HEIGHT + (rows > ROWS ? (rows - ROWS) * ROW : 0);
    f->plot_bottom = f->height - 128;
}

static void draw(struct figure *f, const char *title, const char *x_label, const char *left_label, const char *right_label,
                 const striate_series *series, int count)
{
    bool both = f->left.used && f->right.used, any = f->left.used || f->right.used;
    double left = f->plot_left, width = f->plot_right - left, middle = (f->plot_top + f->plot_bottom) / 2;
    font_draw_within(&f->canvas, (struct font){ .size = TITLE, .color = INK, .bold = 1 }, left, 84, WIDTH - MARGIN - left,
                     title);
    legend(f, series, count, *title ? 124 : 52, true);
    const struct axis *grid = f->left.used ? &f->left : &f->right;
    for (int i = 0; i < grid->ticks; i++)
        canvas_rectangle(&f->canvas, (int)left, (int)round(place_y(f, grid, tick_value(grid, i))) - 1, (int)width, 2, HAIRLINE);
    unsigned left_color = both ? BLUE : SOFT_INK, right_color = both ? VERMILION : SOFT_INK;
    draw_ticks(f, &f->left, left - 20, 1, left_color);
    draw_ticks(f, &f->right, f->plot_right + 20, 0, right_color);
    draw_x_axis(f, x_label);
    struct font side = { .size = LABEL, .anchor = 0.5, .turn = 90, .color = both ? left_color : INK };
    if (f->left.used) font_draw(&f->canvas, side, MARGIN + LABEL / 2.0, middle, left_label);
    side.color = both ? right_color : INK;
    if (f->right.used) font_draw(&f->canvas, side, WIDTH - MARGIN + LABEL / 2.0, middle, right_label);
    if (!any)
        font_draw(&f->canvas, (struct font){ .size = LABEL, .color = SOFT_INK, .anchor = 0.5 }, left + width / 2,
                  middle - LABEL, "no data");
    for (int i = count; i-- > 0;) draw_series(f, &series[i], f->color[i]); // the first on top
}

static bool given(const char *s)
{
    return s && *s;
}

striate_status striate_draw_curves(const char *path, const char *title, const char *x_label, const char *left_label,
                                   const char *right_label, const striate_series *series, int count)
{
    if (!path) FAIL(BAD_ARGUMENT, "striate_draw_curves: path is NULL; name a file to write");
    if (count < 0 || count > MOST_SERIES || (count && !series))
        FAIL(BAD_ARGUMENT, "%s: %d series of curves; a picture shows 0 to %d", path, count, MOST_SERIES);
    struct figure f = { 0 };
    bool whole = true;
    for (int i = 0; i < count; i++) {
        const striate_series *s = &series[i];
        if (s->count < 0 || (s->count && (!s->x || !s->y)))
            FAIL(BAD_ARGUMENT, "%s: series %d has %d points and x or y is NULL", path, i, s->count);
        for (int j = 0; j < s->count; j++) {
            if (!there(s, j)) continue;
            include(&f.x, tame(s->x[j]));
            include(s->right_axis ? &f.right : &f.left, tame(s->y[j]));
            whole = whole && s->x[j] == floor(s->x[j]);
        }
    }
    if (!f.x.used) f.x.high = 1;
    struct axis *y[] = { &f.left, &f.right };
    for (int i = 0; i < 2; i++) {
        if (!y[i]->used) y[i]->high = 1;
        widen(y[i]);
    }
    widen(&f.x);
    divide_both(&f.left, &f.right);
    divide_x(&f.x, whole && f.x.used);
    choose_colors(&f, series, count);
    lay_out(&f, series, count, given(title), given(left_label) && f.left.used, given(right_label) && f.right.used);
    TRY(canvas_new(&f.canvas, path, WIDTH, f.height));
    draw(&f, title ? title : "", x_label ? x_label : "", left_label ? left_label : "", right_label ? right_label : "", series,
         count);
    return canvas_finish(&f.canvas, path);
}
