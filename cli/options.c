// options.c - reads the arguments of a verb by its table, and prints its help.
#include "options.h"
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void options_each(const struct option *options, size_t base,
                  void (*visit)(void *context, const struct option *option, size_t offset), void *context)
{
    for (const struct option *o = options; o && o->name; o++) {
        visit(context, o, base + o->offset);
        if (o->type == OPTION_GROUP) options_each(o->group, base + o->offset, visit, context);
    }
}

// ---- values

static bool to_number(const char *s, double *number)
{
    char *end;
    *number = strtod(s, &end);
    return end != s && !*end && isfinite(*number);
}

static bool to_int(const char *s, int *number)
{
    char *end;
    errno = 0;
    long long n = strtoll(s, &end, 10);
    if (end == s || *end || errno || n < INT_MIN || n > INT_MAX) return false;
    *number = (int)n;
    return true;
}

static bool to_seed(const char *s, uint64_t *seed)
{
    char *end;
    errno = 0;
    *seed = strtoull(s, &end, 10);
    return *s >= '0' && *s <= '9' && !*end && !errno && *seed <= INT64_MAX; // JSON's integers end there
}

static bool to_size(const char *s, striate_size *size)
{
    char end;
    return sscanf(s, "%dx%dx%d%c", &size->height, &size->width, &size->channels, &end) == 3 && size->height > 0 &&
           size->width > 0 && size->channels > 0;
}

static bool to_choice(const char *s, const char *choices, int *index)
{
    size_t length = strlen(s);
    for (int i = 0; choices; i++) {
        const char *bar = strchr(choices, '|');
        if (length == (bar ? (size_t)(bar - choices) : strlen(choices)) && !strncmp(s, choices, length)) {
            *index = i;
            return true;
        }
        choices = bar ? bar + 1 : NULL;
    }
    return false;
}

static bool within(const struct option *o, double x)
{
    return o->low == o->high || (x >= o->low && x <= o->high);
}

// A list's items, one by one, as numbers within the option's range; -1: not a list.
static int to_list(const struct option *o, const char *s, double at[LIST_MAX])
{
    char item[64];
    for (int count = 0; count < LIST_MAX; s++) {
        size_t length = strcspn(s, ",");
        if (length >= sizeof item) return -1;
        memcpy(item, s, length);
        item[length] = 0;
        if (!to_number(item, &at[count]) || !within(o, at[count])) return -1;
        count++;
        s += length;
        if (!*s) return count;
    }
    return -1;
}

static bool set_floats(const struct option *o, struct floats *list, const char *s)
{
    double at[LIST_MAX];
    int count = to_list(o, s, at);
    if (count < 0) return false;
    list->count = count;
    for (int i = 0; i < count; i++) list->at[i] = (float)at[i];
    return true;
}

static bool set_ints(const struct option *o, struct ints *list, const char *s)
{
    double at[LIST_MAX];
    int count = to_list(o, s, at);
    for (int i = 0; i < count; i++)
        if (at[i] != floor(at[i]) || fabs(at[i]) > INT_MAX) return false;
    if (count < 0) return false;
    list->count = count;
    for (int i = 0; i < count; i++) list->at[i] = (int)at[i];
    return true;
}

static bool set(const struct option *o, void *value, const char *s)
{
    double number;
    int integer;
    switch (o->type) {
    case OPTION_FLAG:
        return to_choice(s, "0|1", value);
    case OPTION_CHOICE:
        return to_choice(s, o->metavar, value) || (o->alias && to_choice(s, o->alias, value));
    case OPTION_SEED:
        return to_seed(s, value);
    case OPTION_SIZE:
        return to_size(s, value);
    case OPTION_FLOATS:
        return set_floats(o, value, s);
    case OPTION_INTS:
        return set_ints(o, value, s);
    case OPTION_INT:
        if (o->zero && !strcmp(s, o->zero))
            integer = 0;
        else if (!to_int(s, &integer) || !within(o, integer))
            return false;
        *(int *)value = integer;
        return true;
    case OPTION_FLOAT:
        if (!to_number(s, &number) || !within(o, number)) return false;
        *(float *)value = (float)number;
        return true;
    case OPTION_TEXT:
        *(const char **)value = s;
        return *s != 0;
    case OPTION_GROUP:
        break;
    }
    return false;
}

// What set() wants, for the sentence after "expected".
static const char *expected(const struct option *o)
{
    static const char *const kinds[] = { [OPTION_FLAG] = "0 or 1",
                                         [OPTION_INT] = "a whole number",
                                         [OPTION_SEED] = "a whole number",
                                         [OPTION_FLOAT] = "a number",
                                         [OPTION_FLOATS] = "numbers a,b,c",
                                         [OPTION_INTS] = "whole numbers a,b,c",
                                         [OPTION_SIZE] = "a size like 28x28x1",
                                         [OPTION_TEXT] = "a word",
                                         [OPTION_CHOICE] = "one of ",
                                         [OPTION_GROUP] = "" };
    return kinds[o->type];
}

// A large upper end is worth a word only to who went beyond it.
static struct label range(const struct option *o, const char *value)
{
    struct label text = { "" };
    if (o->low < o->high && o->high >= 1e6 && !(atof(value) > o->high))
        snprintf(text.s, sizeof text.s, " of at least %.4g", o->low);
    else if (o->low < o->high)
        snprintf(text.s, sizeof text.s, " from %.4g to %.5g", o->low, o->high);
    return text;
}

// ---- the command line

struct search {
    const char *name; // without the dashes, maybe followed by '='
    size_t length;
    const struct option *found;
    size_t offset;
    const char *names[128]; // all of the table, for a suggestion
    int count;
};

static void look(void *context, const struct option *o, size_t offset)
{
    struct search *s = context;
    if (o->type == OPTION_GROUP) return;
    if (s->count < 127) s->names[s->count++] = o->name;
    if (strlen(o->name) == s->length && !strncmp(o->name, s->name, s->length)) {
        s->found = o;
        s->offset = offset;
    }
}

static _Noreturn void refuse(const char *verb)
{
    fprintf(stderr, "try 'striate %s --help'\n", verb);
    exit(CODE_USAGE);
}

// As if the option had not been given.
static void unset(const struct option *o, void *value)
{
    static const size_t sizes[] = { [OPTION_FLAG] = sizeof(int),
                                    [OPTION_INT] = sizeof(int),
                                    [OPTION_SEED] = sizeof(uint64_t),
                                    [OPTION_FLOAT] = sizeof(float),
                                    [OPTION_FLOATS] = sizeof(struct floats),
                                    [OPTION_INTS] = sizeof(struct ints),
                                    [OPTION_SIZE] = sizeof(striate_size),
                                    [OPTION_TEXT] = sizeof(const char *),
                                    [OPTION_CHOICE] = sizeof(int),
                                    [OPTION_GROUP] = 0 };
    memset(value, 0, sizes[o->type]);
    if (o->preset) set(o, value, o->preset);
}

// --no-NAME, if that is what argv[i] is.
static bool take_back(const struct usage *usage, void *arguments, const char *name)
{
    if (strncmp(name, "no-", 3)) return false;
    struct search s = { .name = name + 3, .length = strlen(name + 3) };
    options_each(usage->options, 0, look, &s);
    if (s.found) unset(s.found, (char *)arguments + s.offset);
    return s.found != NULL;
}

// One --option at argv[i]; returns how many arguments it took.
static int take(const struct usage *usage, void *arguments, const char *verb, int left, char **argv)
{
    struct search s = { .name = argv[0] + 2, .length = strcspn(argv[0] + 2, "=") };
    options_each(usage->options, 0, look, &s);
    const char *value = s.name[s.length] ? s.name + s.length + 1 : NULL;
    if (!s.found && take_back(usage, arguments, s.name)) return 1;
    if (!s.found) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(s.length < 60 ? s.length : 60), s.name);
        const char *near = nearest(name, s.names);
        complain(CODE_USAGE, "%s has no option --%s%s%s%s", verb, name, near ? "; did you mean --" : "", near ? near : "",
                 near ? "?" : "");
        refuse(verb);
    }
    if (s.found->type == OPTION_FLAG) {
        if (value) {
            complain(CODE_USAGE, "--%s takes no value", s.found->name);
            refuse(verb);
        }
        *(int *)((char *)arguments + s.offset) = 1;
        return 1;
    }
    int took = value ? 1 : 2;
    if (!value && (left < 2 || !strncmp(argv[1], "--", 2))) {
        complain(CODE_USAGE, "--%s needs a value: %s", s.found->name, s.found->metavar);
        refuse(verb);
    }
    if (!value) value = argv[1];
    if (!set(s.found, (char *)arguments + s.offset, value)) {
        complain(CODE_USAGE, "--%s '%s': expected %s%s%s%s%s", s.found->name, value, expected(s.found), range(s.found, value).s,
                 s.found->type == OPTION_CHOICE ? s.found->metavar : "", s.found->zero ? ", or " : "",
                 s.found->zero ? s.found->zero : "");
        refuse(verb);
    }
    return took;
}

static void preset(void *context, const struct option *o, size_t offset)
{
    if (o->preset) set(o, (char *)context + offset, o->preset);
}

void options_preset(const struct usage *usage, void *arguments)
{
    options_each(usage->options, 0, preset, arguments);
}

const struct option *options_find(const struct usage *usage, const char *name)
{
    struct search s = { .name = name, .length = strlen(name) };
    options_each(usage->options, 0, look, &s);
    return s.found;
}

int options_parse(const struct usage *usage, void *arguments, int argc, char **argv)
{
    int words = 0;
    bool options = true; // until "--"
    for (int i = 1; i < argc;) {
        if (options && !strcmp(argv[i], "--")) {
            options = false;
            i++;
        } else if (options && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
            options_help(argv[0], usage);
            exit(finish(CODE_OK));
        } else if (options && !strncmp(argv[i], "--", 2)) {
            i += take(usage, arguments, argv[0], argc - i, argv + i);
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            complain(CODE_USAGE, "%s has no option %s; options begin with two dashes", argv[0], argv[i]);
            refuse(argv[0]);
        } else {
            argv[++words] = argv[i++];
        }
    }
    if (words < usage->min_words || (usage->max_words >= 0 && words > usage->max_words)) {
        if (words < usage->min_words)
            complain(CODE_USAGE, "%s needs %s: striate %s %.*s", argv[0], usage->words, argv[0],
                     (int)strcspn(usage->synopsis, "\n"), usage->synopsis);
        else
            complain(CODE_USAGE, "%s: '%s' is one argument too many", argv[0], argv[usage->max_words + 1]);
        refuse(argv[0]);
    }
    return words;
}

// ---- JSON

struct json_walk {
    char *base;
    json_t *json;
    const char *wrong; // a key
};

// The shortest decimal number that is this float: 0.1, not 0.100000001.
static json_t *json_float(float x)
{
    char text[32];
    int digits = 1;
    do snprintf(text, sizeof text, "%.*g", digits, (double)x);
    while (strtof(text, NULL) != x && digits++ < 9);
    return json_real(strtod(text, NULL));
}

static json_t *list_to_json(const struct option *o, const void *value)
{
    const struct floats *floats = value;
    const struct ints *ints = value;
    json_t *list = json_array();
    if (o->type == OPTION_FLOATS)
        for (int i = 0; i < floats->count; i++) json_array_append_new(list, json_float(floats->at[i]));
    else
        for (int i = 0; i < ints->count; i++) json_array_append_new(list, json_integer(ints->at[i]));
    return list;
}

static json_t *choice_to_json(const char *choices, int index)
{
    for (; index > 0; index--) choices += strcspn(choices, "|") + 1;
    return json_stringn(choices, strcspn(choices, "|"));
}

// What was not given and has no preset is left out: it is zero, which often is out of range.
static void write_member(void *context, const struct option *o, size_t offset)
{
    struct json_walk *walk = context;
    const void *value = walk->base + offset;
    const char *text = o->type == OPTION_TEXT ? *(const char *const *)value : NULL;
    json_t *json = NULL;
    switch (o->type) {
    case OPTION_FLAG:
        json = json_boolean(*(const int *)value);
        break;
    case OPTION_INT:
        json = within(o, *(const int *)value) ? json_integer(*(const int *)value) : NULL;
        break;
    case OPTION_SEED:
        json = json_integer((json_int_t) * (const uint64_t *)value);
        break;
    case OPTION_FLOAT:
        json = within(o, (double)*(const float *)value) ? json_float(*(const float *)value) : NULL;
        break;
    case OPTION_FLOATS:
    case OPTION_INTS:
        json = *(const int *)value ? list_to_json(o, value) : NULL;
        break;
    case OPTION_CHOICE:
        json = choice_to_json(o->metavar, *(const int *)value);
        break;
    case OPTION_TEXT:
        json = text ? json_string(text) : NULL;
        break;
    case OPTION_SIZE:
    case OPTION_GROUP:
        break;
    }
    if (json) json_object_set_new(walk->json, o->name, json);
}

json_t *options_to_json(const struct usage *usage, const void *arguments)
{
    struct json_walk walk = { .base = (char *)arguments, .json = json_object() };
    options_each(usage->options, 0, write_member, &walk);
    return walk.json;
}

// A member as one would type it.
static const char *typed(const json_t *json, char *text, size_t size)
{
    if (json_is_string(json)) return json_string_value(json);
    if (json_is_boolean(json)) return json_is_true(json) ? "1" : "0";
    if (json_is_integer(json))
        snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    else if (json_is_real(json))
        snprintf(text, size, "%.9g", json_real_value(json));
    else
        return NULL;
    return text;
}

static const char *typed_list(const json_t *json, char *text, size_t size)
{
    char item[64];
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(json); i++) {
        const char *s = typed(json_array_get(json, i), item, sizeof item);
        if (!s || used + strlen(s) + 2 > size) return NULL;
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", s);
    }
    return text;
}

static void read_member(void *context, const struct option *o, size_t offset)
{
    struct json_walk *walk = context;
    const json_t *json = json_object_get(walk->json, o->name);
    char text[LIST_MAX * 64] = "";
    if (!json || o->type == OPTION_GROUP || (json_is_array(json) && !json_array_size(json))) return;
    const char *s = json_is_array(json) ? typed_list(json, text, sizeof text) : typed(json, text, sizeof text);
    if (!s || !set(o, walk->base + offset, s)) walk->wrong = o->name;
}

bool options_from_json(const struct usage *usage, void *arguments, const json_t *json, const char **key)
{
    struct json_walk walk = { .base = arguments, .json = (json_t *)json };
    options_each(usage->options, 0, read_member, &walk);
    *key = walk.wrong;
    return !walk.wrong;
}

// ---- help

enum { HELP_WIDTH = 80, HELP_COLUMN = 28 };

void print_wrapped(const char *text, int column, int indent)
{
    while (*text) {
        int length = (int)strcspn(text, " \n");
        if (column > indent && column + 1 + length > HELP_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", length, text);
        column += length;
        text += length;
        if (*text == '\n') {
            printf("\n%*s", indent, "");
            column = indent;
        }
        if (*text) text++;
    }
    putchar('\n');
}

static void help_option(void *context, const struct option *o, size_t offset)
{
    (void)context, (void)offset;
    if (o->type == OPTION_GROUP) {
        if (o->doc) printf("\n%s:\n", o->doc);
        return;
    }
    int column = printf("  --%s%s%s", o->name, o->metavar ? " " : "", o->metavar ? o->metavar : "");
    if (column >= HELP_COLUMN - 1) {
        printf("\n%*s", HELP_COLUMN, "");
    } else {
        printf("%*s", HELP_COLUMN - column, "");
    }
    char text[512];
    snprintf(text, sizeof text, "%s%s%s%s", o->doc, o->preset ? " (default " : "", o->preset ? o->preset : "",
             o->preset ? ")" : "");
    print_wrapped(text, HELP_COLUMN, HELP_COLUMN);
}

void options_help(const char *verb, const struct usage *usage)
{
    const char *line = usage->synopsis;
    for (const char *first = "usage: "; line; first = "       ") {
        size_t length = strcspn(line, "\n");
        printf("%sstriate %s%s%.*s\n", first, verb, length ? " " : "", (int)length, line);
        line = line[length] ? line + length + 1 : NULL;
    }
    putchar('\n');
    print_wrapped(usage->text, 0, 0);
    if (usage->options && usage->options->name) putchar('\n');
    options_each(usage->options, 0, help_option, NULL);
}

// ---- the nearest word

static int min3(int a, int b, int c)
{
    return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

// Letters to insert, delete, replace or swap with their neighbour between a and b (Damerau's distance).
static int edits(const char *a, const char *b)
{
    enum { LIMIT = 32 };
    int d[LIMIT + 1][LIMIT + 1], n = (int)strlen(a), m = (int)strlen(b);
    if (n > LIMIT || m > LIMIT) return LIMIT;
    for (int i = 0; i <= n; i++)
        for (int j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = min3(d[i][j], d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n][m];
}

const char *nearest(const char *word, const char *const *words)
{
    size_t length = strlen(word);
    int best = (int)length / 3 + 2;
    const char *near = NULL;
    for (; *words; words++) {
        int n = length > 1 && !strncmp(word, *words, length) ? 1 : edits(word, *words);
        if (n < best) {
            best = n;
            near = *words;
        }
    }
    return near;
}
