// options.h - one table per verb says what it takes; parsing, --help, the man page and shell completion all read it.
#ifndef OPTIONS_H
#define OPTIONS_H

#include <striate.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_FLAG,   // int 0 or 1
    OPTION_INT,    // int
    OPTION_SEED,   // uint64_t
    OPTION_FLOAT,  // float
    OPTION_FLOATS, // struct floats, written 1,2.5,3
    OPTION_INTS,   // struct ints
    OPTION_SIZE,   // striate_size, written HxWxC
    OPTION_TEXT,   // const char *
    OPTION_CHOICE, // int: which of the words of metavar, written a|b|c
    OPTION_GROUP   // a struct whose own options are `group`; doc is its heading
};

enum { LIST_MAX = 8 };
struct floats {
    int count;
    float at[LIST_MAX];
};
struct ints {
    int count, at[LIST_MAX];
};

struct option {
    const char *name;
    enum option_type type;
    size_t offset; // in the verb's arguments struct
    const char *metavar, *doc;
    const char *preset; // the default, as one would type it; NULL: zero
    double low, high;   // of numbers, both included; equal: any
    const struct option *group;
    const char *zero;  // OPTION_INT: a word that stands for 0, whatever the range
    const char *alias; // OPTION_CHOICE: other words for the same, in the same order
};

struct usage {
    const char *synopsis; // what follows the verb, a line per form
    const char *text;     // paragraphs, a line each
    const struct option *options;
    int min_words, max_words; // arguments that are no options; max -1: any number
    const char *words;        // what the first of them is, for completion: "MODEL", "DIR", or a|b|c
};

// Sets all options to their presets.
void options_preset(const struct usage *usage, void *arguments);
// Reads argv[1..]; words that are no options move to argv[1..] and their number is returned. --no-NAME makes option NAME as if it had not been
// given. Answers --help, and complains about what it does not understand, by leaving the process.
int options_parse(const struct usage *usage, void *arguments, int argc, char **argv);

const struct option *options_find(const struct usage *usage, const char *name); // NULL if there is none

// Options as JSON and back. Texts read point into `json`. On failure *key is the member that is wrong.
json_t *options_to_json(const struct usage *usage, const void *arguments);
bool options_from_json(const struct usage *usage, void *arguments, const json_t *json, const char **key);

// Prints the help of a verb on stdout.
void options_help(const char *verb, const struct usage *usage);
// Prints text wrapped to 80 columns, indented by `indent`; the first line begins at `column`.
void print_wrapped(const char *text, int column, int indent);

// Calls visit for each option, groups' own after their heading.
void options_each(const struct option *options, size_t base,
                  void (*visit)(void *context, const struct option *option, size_t offset), void *context);

// The one of `words` (ended by NULL) that is `word` but for a typing slip, or begins with it; NULL if none is near.
const char *nearest(const char *word, const char *const *words);

#endif
