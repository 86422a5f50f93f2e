// cmd_recipe.c - the trainings known by name: listed, explained, and read by `striate train --recipe`.
#include "train.h"

#include <stddef.h>
#include <string.h>

struct how {
    const char *data, *source, *options, *otherwise;
};
#define HOW(id, ...) static const struct how how_##id = { __VA_ARGS__ };
#define RECIPE(...)
#include "recipes.def"
#undef HOW
#undef RECIPE

static const struct recipe {
    const char *name;
    const struct how *how;
    const char *options, *published, *here;
} recipes[] = {
#define HOW(...)
#define RECIPE(name, id, ...) { name, &how_##id, __VA_ARGS__ },
#include "recipes.def"
};
enum { RECIPES = sizeof recipes / sizeof *recipes };

struct arguments {
    int json;
};
static const struct option options[] = {
    { "json", OPTION_FLAG, offsetof(struct arguments, json), NULL, .doc = "print recipes as JSON" },
    { 0 },
};
const struct usage recipe_usage = {
    "[--json]\nRECIPE [--json]",
    "Lists the published trainings known by name, with the top-1 accuracy of their source and, "
    "where it was measured, of Striate. With RECIPE, explains that one. It is run by striate train "
    "--recipe RECIPE --data DIR; options given there come on top, and --no-NAME takes one back.",
    options,
    0,
    1,
    "RECIPE"
};

const char *recipe_name(int index)
{
    return index < RECIPES ? recipes[index].name : NULL;
}

static const struct recipe *find(const char *name)
{
    const char *names[RECIPES + 1] = { 0 };
    for (int i = 0; i < RECIPES; i++)
        if (!strcmp(names[i] = recipes[i].name, name)) return &recipes[i];
    const char *near = nearest(name, names);
    complain(CODE_USAGE, "there is no recipe '%s'; %s%s%s'striate recipe' lists them", name, near ? "did you mean '" : "",
             near ? near : "", near ? "'? " : "");
    return NULL;
}

// Words as a shell reads them, with single quotes alone, to words[1..]; returns one more than their number.
static int split(char *text, char **words)
{
    int count = 1;
    for (char *c = text; *(c += strspn(c, " "));) {
        char end[2] = { ' ' };
        if (*c == '\'') *end = *c++;
        words[count++] = c;
        c += strcspn(c, end);
        if (*c) *c++ = 0;
    }
    return count;
}

int recipe_read(const struct usage *usage, void *arguments, const char *name)
{
    static char text[2048], verb[] = "recipe"; // options keep pointing into it
    char *words[128] = { verb };
    const struct recipe *r = find(name);
    if (!r) return CODE_USAGE;
    snprintf(text, sizeof text, "--recipe %s %s%s", r->name, r->how->options, r->options);
    options_preset(usage, arguments);
    options_parse(usage, arguments, split(text, words), words);
    return CODE_OK;
}

// What a recipe says, as the members of args.json.
static json_t *settings(struct train_arguments *a, const struct recipe *r)
{
    recipe_read(&train_usage, a, r->name);
    json_t *all = options_to_json(&train_usage, a), *value;
    const char *key;
    void *next;
    json_object_foreach_safe(all, next, key, value)
    {
        char option[64];
        snprintf(option, sizeof option, "--%s ", key);
        if (!strstr(r->how->options, option) && !strstr(r->options, option)) json_object_del(all, key);
    }
    return all;
}

// --NAME VALUE; returns how many columns it takes.
static int print_setting(const char *name, const json_t *value)
{
    const char *text = json_string_value(value);
    int columns = printf(" --%s%s", name, json_is_boolean(value) ? "" : " ");
    if (text) columns += printf(strchr(text, '*') ? "'%s'" : "%s", text);
    if (json_is_number(value)) columns += printf("%.9g", json_number_value(value));
    for (size_t i = 0; i < json_array_size(value); i++)
        columns += printf("%s%.9g", i ? "," : "", json_number_value(json_array_get(value, i)));
    return columns;
}

static void explain(const struct recipe *r, const struct train_arguments *a, json_t *set)
{
    enum { DOC = 32 };
    const char *const lines[][2] = {
        { "network", a->model },       { "data", r->how->data }, { "source", r->how->source },
        { "published", r->published }, { "Striate", r->here },   { "otherwise", r->how->otherwise }
    };
    const char *key;
    json_t *value;
    for (int i = 0; i < 6; i++) {
        if (!*lines[i][1]) continue;
        printf("%-10s", lines[i][0]);
        print_wrapped(lines[i][1], 10, 10);
    }
    putchar('\n');
    json_object_foreach(set, key, value)
    {
        int column = 1 + printf(" ") + print_setting(key, value);
        printf("%*s", column < DOC ? DOC - column + 1 : 2, "");
        print_wrapped(options_find(&train_usage, key)->doc, column < DOC ? DOC : column + 1, DOC);
    }
    printf("\nstriate train");
    json_object_foreach(set, key, value) print_setting(key, value);
    printf(" --data DIR\n");
}

static json_t *as_json(const struct recipe *r, const struct train_arguments *a, json_t *set)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "name", r->name, "model", a->model, "data", r->how->data,
                     "source", r->how->source, "published", r->published, "striate", r->here, "otherwise", r->how->otherwise,
                     "options", set);
}

static int list(bool json)
{
    json_t *all = json_array();
    if (!json) printf("%-22s  %-8s  %-26s  %s\n", "recipe", "data", "published top-1", "Striate");
    for (const struct recipe *r = recipes; r < recipes + RECIPES; r++) {
        struct train_arguments a = { 0 };
        json_t *set = settings(&a, r);
        json_array_append_new(all, as_json(r, &a, set));
        if (!json)
            printf("%-22s  %-8.*s  %-26s  %s\n", r->name, (int)strcspn(r->how->data, " "), r->how->data,
                   *r->published ? r->published : "-", *r->here ? r->here : "-");
    }
    if (json) return print_json(all);
    json_decref(all);
    return CODE_OK;
}

int cmd_recipe(int argc, char **argv)
{
    struct arguments as = { 0 };
    struct train_arguments a = { 0 };
    if (!options_parse(&recipe_usage, &as, argc, argv)) return list(as.json);
    const struct recipe *r = find(argv[1]);
    if (!r) return CODE_USAGE;
    json_t *set = settings(&a, r);
    if (as.json) return print_json(as_json(r, &a, set));
    explain(r, &a, set);
    json_decref(set);
    return CODE_OK;
}
