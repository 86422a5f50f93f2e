// text.h - strings that grow, numbers that are checked, and the nearest word.
#ifndef TEXT_H
#define TEXT_H

#include "striate.h"

#include <stdbool.h>

// A growing string. When memory runs out it stays as it was and `failed` is set: check once, at the end.
struct text {
    char *s; // "" is NULL until something is added
    size_t length, size;
    bool failed;
};

void text_add(struct text *text, const char *format, ...) STRIATE_PRINTF(2, 3);
void text_add_bytes(struct text *text, const char *bytes, size_t count);
void text_add_json(struct text *text, const char *s); // quoted and escaped as JSON wants it
void text_add_float(struct text *text, double value); // the shortest form that reads back as the same float
void text_free(struct text *text);

// The whole of `s` as a number in [low, high]; false if it is anything else.
bool text_to_int(const char *s, long long low, long long high, long long *value);
bool text_to_float(const char *s, double *value); // finite

// Which of the comma-separated globs (as of files: *, ?, [a-z]) in `list` is the first that matches `name`, of a "GLOB=VALUE" the part before
// the '='; -1: none. *value, where asked for, is what follows the '=', or NULL.
int text_match(const char *list, const char *name, const char **value);

// The one of `words` (ended by NULL) that is `word` but for a typing slip; NULL if none is near.
const char *text_nearest(const char *word, const char *const *words);

#endif
