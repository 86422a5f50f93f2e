// say.c - sentences for people, numbers fit to read, JSON for machines, and the exit codes that go with them.
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool is_terminal(FILE *file)
{
    const char *term = getenv("TERM");
    return isatty(fileno(file)) && term && *term && strcmp(term, "dumb");
}

const char *color(FILE *file, const char *code)
{
    static struct label text[4];
    static int next;
    const char *off = getenv("NO_COLOR");
    if ((off && *off) || !is_terminal(file)) return "";
    char *s = text[next++ % 4].s;
    snprintf(s, sizeof text->s, "\033[%sm", code);
    return s;
}

static void begin_sentence(void)
{
    fflush(stdout);
    progress_clear();
    fprintf(stderr, "%sstriate:%s ", color(stderr, "1;31"), color(stderr, "0"));
}

int report(striate_status status)
{
    static const int codes[] = {
        [STRIATE_OK] = CODE_OK,
        [STRIATE_BAD_ARGUMENT] = CODE_USAGE,
        [STRIATE_BAD_FILE] = CODE_BAD_INPUT,
        [STRIATE_BAD_NETWORK] = CODE_BAD_INPUT,
        [STRIATE_IO] = CODE_BAD_INPUT,
        [STRIATE_NO_MEMORY] = CODE_FAILED,
        [STRIATE_UNSUPPORTED] = CODE_FAILED,
        [STRIATE_DIVERGED] = CODE_DIVERGED,
        [STRIATE_INTERRUPTED] = CODE_INTERRUPTED,
    };
    if (!status) return CODE_OK;
    begin_sentence();
    fprintf(stderr, "%s\n", striate_error());
    return codes[status];
}

int complain(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    begin_sentence();
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

int no_memory(void)
{
    return complain(CODE_FAILED, "out of memory");
}

int finish(int code)
{
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout)) return code;
    return complain(code ? code : CODE_BAD_INPUT, "standard output: %s; what was printed is incomplete",
                    errno ? strerror(errno) : "write error");
}

struct label commas(int64_t n)
{
    char digits[24];
    struct label text;
    int length = snprintf(digits, sizeof digits, "%lld", (long long)n), at = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0 && digits[i - 1] != '-') text.s[at++] = ',';
        text.s[at++] = digits[i];
    }
    text.s[at] = 0;
    return text;
}

struct label bytes(double n)
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
    struct label text;
    int unit = 0;
    for (; n >= 999.5 && unit < 4; unit++) n /= 1000;
    snprintf(text.s, sizeof text.s, unit && n < 9.95 ? "%.1f %s" : "%.0f %s", n, units[unit]);
    return text;
}

struct label clock_time(double s)
{
    struct label text;
    long all = s < 0 || !isfinite(s) ? 0 : s > 3e9 ? 3000000000L : lround(s);
    if (all < 3600)
        snprintf(text.s, sizeof text.s, "%ld:%02ld", all / 60, all % 60);
    else
        snprintf(text.s, sizeof text.s, "%ld:%02ld:%02ld", all / 3600, all / 60 % 60, all % 60);
    return text;
}

struct label size3(striate_size size)
{
    struct label text;
    snprintf(text.s, sizeof text.s, "%dx%dx%d", size.height, size.width, size.channels);
    return text;
}

struct label size2(int h, int w)
{
    struct label text;
    snprintf(text.s, sizeof text.s, "%dx%d", h, w);
    return text;
}

static bool continues(char c) // a byte of UTF-8 that is not a character's first
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

void print_name(FILE *file, const char *name, int width)
{
    int column = 0;
    for (; *name; name++) {
        if (!continues(*name) && ++column > width && width) break;
        fputc(iscntrl((unsigned char)*name) ? '?' : *name, file);
    }
    if (column < width) fprintf(file, "%*s", width - column, "");
}

int names_width(const char *const *names, int count)
{
    int widest = 0;
    for (int i = 0; i < count; i++) {
        int width = 0;
        for (const char *s = names[i]; *s; s++) width += !continues(*s);
        if (width > widest) widest = width;
    }
    return widest < 24 ? widest : 24;
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

char *copy(const char *s)
{
    char *c = malloc(strlen(s) + 1);
    return c ? strcpy(c, s) : NULL;
}

json_t *json_number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *json_text(const char *s)
{
    json_t *text = json_string(s);
    char *plain = text ? NULL : copy(s);
    for (char *c = plain; c && *c; c++)
        if ((unsigned char)*c >= 0x80) *c = '?';
    if (plain) text = json_string(plain);
    free(plain);
    return text;
}

int print_json(json_t *root)
{
    if (!root) return no_memory();
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(root);
    return CODE_OK;
}
