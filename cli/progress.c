// progress.c - how far along: a bar that redraws itself on a terminal, a line every ten seconds elsewhere. All of it on stderr.
#include "cli.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double redraw_seconds = 0.1, line_seconds = 10;
static bool drawn; // a bar stands on the terminal's last line

static int columns(void)
{
    struct winsize size;
    return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

void progress_start(struct progress *p)
{
    p->started = p->shown = seconds_now();
}

static void draw_bar(const char *what, double fraction, const char *text)
{
    enum { BAR = 24 };
    char bar[BAR + 1];
    int full = (int)(fraction * BAR + 0.5);
    memset(bar, '#', sizeof bar);
    memset(bar + full, '.', (size_t)(BAR - full));
    bar[BAR] = 0;
    int room = columns() - 1 - (int)strlen(what) - BAR - 9;
    fprintf(stderr, "\r\033[K%s %s%.*s%s%s %3.0f %%  %.*s", what, color(stderr, "32"), full, bar, color(stderr, "0"),
            bar + full, 100 * fraction, room > 0 ? room : 0, text);
    drawn = true;
}

void progress_show(struct progress *p, const char *what, double fraction, double left, const char *format, ...)
{
    double now = seconds_now();
    bool bar = is_terminal(stderr);
    if (now - p->shown < (bar ? redraw_seconds : line_seconds)) return;
    p->shown = now;
    char text[160] = "";
    size_t used = 0;
    if (left >= 0) used = (size_t)snprintf(text, sizeof text, "%s left  ", clock_time(left).s);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, sizeof text - used, format, arguments);
    va_end(arguments);
    if (bar)
        draw_bar(what, fraction, text);
    else
        fprintf(stderr, "%s: %.0f %%  %s\n", what, 100 * fraction, text);
    fflush(stderr);
}

void progress_clear(void)
{
    if (drawn) fputs("\r\033[K", stderr);
    drawn = false;
}

int progress_images(void *progress, int done, int all)
{
    struct progress *p = progress;
    double seconds = seconds_now() - p->started, rate = seconds > 0 ? done / seconds : 0;
    progress_show(p, "images", all > 0 ? (double)done / all : 0, rate > 0 ? (all - done) / rate : -1, "%s images/s",
                  commas((int64_t)rate).s);
    return 0;
}
