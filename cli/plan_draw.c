// plan_draw.c - a plan as an SVG drawing: a rectangle per buffer, steps to the right and bytes upwards.
#include "plan.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { WIDTH = 1200, HEIGHT = 720, LEFT = 80, RIGHT = 20, TOP = 104, BOTTOM = 60 };
static const char *const colours[PLAN_KINDS] = { "#4e79a7", "#e15759", "#edc948", "#59a14f", "#b07aa1" };

struct sheet {
    FILE *file;
    double steps, bytes; // the ends of the axes
};

static double x_of(const struct sheet *s, double step)
{
    return LEFT + step / s->steps * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct sheet *s, double at)
{
    return HEIGHT - BOTTOM - at / s->bytes * (HEIGHT - TOP - BOTTOM);
}

static void add_text(FILE *file, const char *s)
{
    for (; *s; s++) {
        const char *name = *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : *s == '&' ? "&amp;" : NULL;
        if (name)
            fputs(name, file);
        else
            fputc((unsigned char)*s < ' ' ? '?' : *s, file);
    }
}

static void label(FILE *file, double x, double y, const char *anchor, const char *text)
{
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    add_text(file, text);
    fprintf(file, "</text>\n");
}

static void line(FILE *file, double x1, double y1, double x2, double y2, const char *style)
{
    fprintf(file, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, style);
}

// 1, 2 or 5 times a power of ten: about `count` of them make up `all`.
static double tick(double all, int count)
{
    double unit = pow(10, floor(log10(all / count))), part = all / count / unit;
    return unit * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

static void draw_axes(const struct sheet *s, double unit, const char *unit_name)
{
    static const char grid[] = "stroke=\"#ddd\"";
    char text[64];
    double step = fmax(1, tick(s->steps, 12)), level = tick(s->bytes / unit, 8);
    for (double at = 0; at <= s->steps; at += step) {
        line(s->file, x_of(s, at), y_of(s, 0), x_of(s, at), y_of(s, 0) + 5, "stroke=\"#333\"");
        snprintf(text, sizeof text, "%.0f", at);
        label(s->file, x_of(s, at), y_of(s, 0) + 20, "middle", text);
    }
    for (double at = 0; at * unit <= s->bytes * 1.0001; at += level) {
        line(s->file, LEFT, y_of(s, at * unit), WIDTH - RIGHT, y_of(s, at * unit), grid);
        snprintf(text, sizeof text, "%g", at);
        label(s->file, LEFT - 8, y_of(s, at * unit) + 4, "end", text);
    }
    fprintf(s->file, "<text transform=\"translate(22 %d) rotate(-90)\" text-anchor=\"middle\">place in the arena (%s)</text>\n",
            (TOP + HEIGHT - BOTTOM) / 2, unit_name);
}

static void draw_buffers(const struct sheet *s, const striate_plan *plan)
{
    for (int i = 0; i < striate_plan_buffer_count(plan); i++) {
        striate_buffer b = striate_plan_buffer(plan, i);
        double from = b.first < 0 ? 0 : b.first, to = fmin(b.last + 1, s->steps);
        double top = y_of(s, (double)(b.offset + b.bytes)), height = y_of(s, (double)b.offset) - top;
        if (!b.bytes || to <= from) continue;
        fprintf(s->file, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"", x_of(s, from), top,
                x_of(s, to) - x_of(s, from), height, colours[b.kind]);
        if (height > 2) fprintf(s->file, " stroke=\"#fff\" stroke-width=\"0.4\"");
        fprintf(s->file, "><title>");
        add_text(s->file, b.node);
        fprintf(s->file, ": %s, %s, steps %d to %d</title></rect>\n", plan_kinds[b.kind], bytes((double)b.bytes).s, b.first,
                b.last);
    }
}

static void draw_legend(const struct sheet *s)
{
    static const char *const names[PLAN_KINDS] = { "values", "gradients", "saved for backward", "packed weights", "workspace" };
    double x = LEFT;
    for (int k = 0; k < PLAN_KINDS; k++, x += 160) {
        fprintf(s->file, "<rect x=\"%.0f\" y=\"56\" width=\"14\" height=\"14\" fill=\"%s\"/>\n", x, colours[k]);
        label(s->file, x + 20, 68, "start", names[k]);
    }
}

static void draw(const struct sheet *s, const striate_plan *plan, const char *what)
{
    striate_memory m = striate_plan_memory(plan);
    char text[160];
    int giga = m.arena >= 10000000000, kilo = m.arena < 1000000;
    fprintf(s->file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"13\" fill=\"#333\">\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    fprintf(s->file, "<text x=\"%d\" y=\"30\" font-size=\"18\">", LEFT);
    add_text(s->file, what);
    snprintf(text, sizeof text, ": an arena of %s, of which %s are in use at once", bytes((double)m.arena).s,
             bytes((double)m.bound).s);
    fprintf(s->file, "%s</text>\n", text);
    draw_legend(s);
    draw_axes(s, giga ? 1e9 : kilo ? 1e3 : 1e6, giga ? "GB" : kilo ? "KB" : "MB");
    draw_buffers(s, plan);
    double peak = x_of(s, plan_peak(plan) + 0.5), turn = x_of(s, striate_plan_node_count(plan));
    line(s->file, LEFT, y_of(s, 0), WIDTH - RIGHT, y_of(s, 0), "stroke=\"#333\"");
    line(s->file, LEFT, y_of(s, 0), LEFT, TOP, "stroke=\"#333\"");
    if (m.gradients) line(s->file, turn, TOP, turn, y_of(s, 0), "stroke=\"#333\" stroke-dasharray=\"3 3\"");
    line(s->file, peak, TOP - 4, peak, y_of(s, 0), "stroke=\"#000\" stroke-width=\"0.7\"");
    snprintf(text, sizeof text, "most in use: %s", plan_step(plan, plan_peak(plan)).s);
    label(s->file, peak, TOP - 10, peak > WIDTH / 2 ? "end" : "start", text);
    snprintf(text, sizeof text, m.gradients ? "step; the backward pass begins at %d" : "step", striate_plan_node_count(plan));
    label(s->file, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 16, "middle", text);
    fprintf(s->file, "</svg>\n");
}

int plan_draw(const striate_plan *plan, const char *path, const char *what)
{
    striate_memory m = striate_plan_memory(plan);
    struct sheet s = { fopen(path, "w"), striate_plan_step_count(plan), (double)m.arena };
    if (!s.file) return complain(CODE_BAD_INPUT, "%s: %s", path, strerror(errno));
    draw(&s, plan, what);
    int failed = ferror(s.file) | fclose(s.file);
    return failed ? complain(CODE_BAD_INPUT, "%s: %s", path, strerror(errno)) : CODE_OK;
}
