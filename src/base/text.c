// text.c - strings that grow, numbers that are checked, and the nearest word.
#include "base/text.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct text *text, size_t more)
{
    if (text->failed || more > SIZE_MAX / 4 - text->length) return text->failed = true, false;
    size_t need = text->length + more + 1, size = text->size ? text->size : 64;
    while (size < need) size *= 2;
    if (size > text->size) {
        char *s = realloc(text->s, size);
        if (!s) return text->failed = true, false;
        text->s = s;
        text->size = size;
    }
    return true;
}

void text_add_bytes(struct text *text, const char *bytes, size_t count)
{
    if (!reserve(text, count)) return;
    memcpy(text->s + text->length, bytes, count);
    text->length += count;
    text->s[text->length] = 0;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length >= 0 && reserve(text, (size_t)length)) {
        vsnprintf(text->s + text->length, (size_t)length + 1, format, arguments);
        text->length += (size_t)length;
    }
    va_end(arguments);
}

void text_add_json(struct text *text, const char *s)
{
    text_add_bytes(text, "\"", 1);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            text_add(text, "\\%c", c);
        else if (c < 0x20)
            text_add(text, "\\u%04x", c);
        else
            text_add_bytes(text, s, 1);
    }
    text_add_bytes(text, "\"", 1);
}

// Numbers in files have a point, whatever the locale of the program around us says. Between these two, so have printf and strtod.
static locale_t plain_begin(locale_t *before)
{
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    *before = uselocale(plain);
    return plain;
}

static void plain_end(locale_t plain, locale_t before)
{
    uselocale(before);
    if (plain) freelocale(plain);
}

void text_add_float(struct text *text, double value)
{
    char s[40];
    locale_t before, plain = plain_begin(&before);
    if (fabs(value) < 1e15 && value == floor(value))
        snprintf(s, sizeof s, "%.0f", value);
    else
        for (int digits = 1; digits <= 9; digits++) {
            snprintf(s, sizeof s, "%.*g", digits, value);
            if ((float)strtod(s, NULL) == (float)value) break;
        }
    plain_end(plain, before);
    text_add(text, "%s", s);
}

void text_free(struct text *text)
{
    free(text->s);
    *text = (struct text){ 0 };
}

bool text_to_int(const char *s, long long low, long long high, long long *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(s, &end, 10);
    if (end == s || *end || errno || number < low || number > high) return false;
    *value = number;
    return true;
}

bool text_to_float(const char *s, double *value)
{
    char *end;
    locale_t before, plain = plain_begin(&before);
    double number = strtod(s, &end);
    plain_end(plain, before);
    if (end == s || *end || !isfinite(number)) return false;
    *value = number;
    return true;
}

// Edits (insert, delete, replace, swap neighbours) from a to b: Damerau and Levenshtein, optimal string alignment.
static int distance(const char *a, const char *b)
{
    enum { LIMIT = 40 };
    int d[LIMIT + 1][LIMIT + 1];
    if (strlen(a) > LIMIT || strlen(b) > LIMIT) return INT_MAX;
    int n = (int)strlen(a), m = (int)strlen(b);
    for (int i = 0; i <= n; i++) d[i][0] = i;
    for (int j = 0; j <= m; j++) d[0][j] = j;
    for (int i = 1; i <= n; i++)
        for (int j = 1; j <= m; j++) {
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m];
}

const char *text_nearest(const char *word, const char *const *words)
{
    int best = (int)strlen(word) / 3 + 2;
    const char *nearest = NULL;
    for (; *words; words++) {
        int edits = distance(word, *words);
        if (edits < best) {
            best = edits;
            nearest = *words;
        }
    }
    return nearest;
}

int text_match(const char *list, const char *name, const char **value)
{
    char glob[256];
    for (int index = 0; list && *list; index++) {
        size_t whole = strcspn(list, ","), length = strcspn(list, "=,");
        if (length < sizeof glob) {
            memcpy(glob, list, length);
            glob[length] = 0;
            if (!fnmatch(glob, name, 0)) {
                if (value) *value = list[length] == '=' ? list + length + 1 : NULL;
                return index;
            }
        }
        list += whole + (list[whole] == ',');
    }
    return -1;
}
