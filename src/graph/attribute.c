// attribute.c - an op's attributes as text, read and written by the op's own table.
#include "graph/attribute.h"

#include "base/arena.h"
#include "graph/graph.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

// The index of `word` in "he|xavier|gaussian", or -1.
static int choice_of(const char *choices, const char *word)
{
    size_t length = strlen(word);
    for (int index = 0; choices; index++) {
        const char *bar = strchr(choices, '|');
        size_t size = bar ? (size_t)(bar - choices) : strlen(choices);
        if (size == length && !memcmp(choices, word, size)) return index;
        choices = bar ? bar + 1 : NULL;
    }
    return -1;
}

striate_status attribute_find(const struct attribute **attribute, const struct op *op, const char *name)
{
    enum { MOST = 64 };
    const char *names[MOST + 1] = { 0 };
    struct text list = { 0 };
    for (int i = 0; i < MOST && op->attributes && op->attributes[i].name; i++) {
        names[i] = op->attributes[i].name;
        if (!strcmp(names[i], name)) {
            *attribute = &op->attributes[i];
            text_free(&list);
            return STRIATE_OK;
        }
        text_add(&list, "%s%s", i ? ", " : "", names[i]);
    }
    const char *nearest = text_nearest(name, names);
    striate_status status =
        nearest ? status_fail(STRIATE_BAD_NETWORK, "unknown attribute '%.64s'; did you mean '%s'?", name, nearest)
                : status_fail(STRIATE_BAD_NETWORK, "unknown attribute '%.64s'; %s has %s", name, op->name,
                              list.s ? list.s : "none");
    text_free(&list);
    return status;
}

striate_status attribute_read(void *options, const struct attribute *a, const char *value)
{
    void *field = (char *)options + a->offset;
    long long integer = 0;
    double number = 0;
    switch (a->type) {
    case ATTRIBUTE_INT:
        if (!text_to_int(value, INT32_MIN, INT32_MAX, &integer))
            FAIL(BAD_NETWORK, "attribute %s takes a whole number, not '%.64s'", a->name, value);
        break;
    case ATTRIBUTE_FLOAT:
        if (!text_to_float(value, &number) || !isfinite((float)number))
            FAIL(BAD_NETWORK, "attribute %s takes a number, not '%.64s'", a->name, value);
        number = (float)number;
        break;
    case ATTRIBUTE_FLAG:
        if (!text_to_int(value, 0, 1, &integer))
            FAIL(BAD_NETWORK, "attribute %s is a flag, 0 or 1, not '%.64s'", a->name, value);
        break;
    case ATTRIBUTE_TEXT:
        if (!*value) FAIL(BAD_NETWORK, "attribute %s is empty", a->name);
        *(const char **)field = value; // the graph keeps a copy
        return STRIATE_OK;
    case ATTRIBUTE_CHOICE:
        integer = choice_of(a->choices, value);
        if (integer < 0) FAIL(BAD_NETWORK, "attribute %s is one of %s, not '%.64s'", a->name, a->choices, value);
        break;
    }
    if (a->type == ATTRIBUTE_FLOAT)
        *(float *)field = (float)number;
    else
        *(int *)field = (int)integer;
    bool zero = number == 0 && integer == 0; // in the options it stands for the default, so it cannot be said
    if (zero && (a->required || a->low > 0))
        FAIL(BAD_NETWORK, "attribute %s is %s, allowed is %g to %g", a->name, value, a->low, a->high);
    if (zero && a->value != 0)
        FAIL(BAD_NETWORK, "attribute %s cannot be %s; leave it out for its default %g", a->name, value, a->value);
    return STRIATE_OK;
}

// The value as text: a number, or the name of a choice.
static void print_value(struct text *text, const struct attribute *attribute, double value)
{
    const char *choice = attribute->choices;
    switch (attribute->type) {
    case ATTRIBUTE_INT:
    case ATTRIBUTE_FLAG:
        text_add(text, "%d", (int)value);
        break;
    case ATTRIBUTE_FLOAT:
        text_add_float(text, value);
        break;
    case ATTRIBUTE_TEXT:
        text_add(text, "%s", ""); // the default, which is none
        break;
    case ATTRIBUTE_CHOICE:
        for (int i = (int)value; i > 0; i--) choice = strchr(choice, '|') + 1;
        text_add_bytes(text, choice, strcspn(choice, "|"));
        break;
    }
}

static double value_of(const void *options, const struct attribute *a)
{
    const void *field = (const char *)options + a->offset;
    if (a->type == ATTRIBUTE_TEXT) return NAN;
    return a->type == ATTRIBUTE_FLOAT ? *(const float *)field : *(const int *)field;
}

double striate_node_attribute(const striate_node *node, const char *name)
{
    for (const struct attribute *a = node->op->attributes; a && a->name; a++)
        if (!strcmp(a->name, name)) return value_of(node->options, a);
    return NAN;
}

void attribute_write(struct text *text, const void *options, const struct op *op)
{
    for (const struct attribute *a = op->attributes; a && a->name; a++) {
        double value = value_of(options, a);
        const char *string = a->type == ATTRIBUTE_TEXT ? *(const char *const *)((const char *)options + a->offset) : NULL;
        if (string) text_add(text, " %s=%s", a->name, string);
        if (a->type == ATTRIBUTE_TEXT) continue;
        if (value == (a->type == ATTRIBUTE_FLOAT ? (float)a->value : a->value)) continue;
        text_add(text, " %s=", a->name);
        print_value(text, a, value);
    }
}

// ---- the list of ops of the public header: made once, kept for good ----

static struct list {
    struct arena arena;
    striate_op_info *ops;
    int count;
} list;

static const char *default_of(const struct attribute *a)
{
    if (a->required) return NULL;
    struct text text = { 0 };
    print_value(&text, a, a->value);
    const char *copy = text.failed ? NULL : arena_copy(&list.arena, text.s);
    text_free(&text);
    return copy ? copy : "";
}

static void describe(striate_op_info *info, const struct op *op)
{
    static const char *const types[] = {
        [ATTRIBUTE_INT] = "int", [ATTRIBUTE_FLOAT] = "float", [ATTRIBUTE_FLAG] = "flag", [ATTRIBUTE_TEXT] = "text"
    };
    int count = 0;
    while (op->attributes && op->attributes[count].name) count++;
    striate_attribute_info *attributes = arena_take(&list.arena, (size_t)count * sizeof *attributes);
    if (!attributes) count = 0;
    for (int i = 0; i < count; i++) {
        const struct attribute *a = &op->attributes[i];
        attributes[i] = (striate_attribute_info){ a->name, a->type == ATTRIBUTE_CHOICE ? a->choices : types[a->type],
                                                  default_of(a), a->doc };
    }
    *info = (striate_op_info){ op->name, op->doc, op->min_ins, op->max_ins, count, attributes };
}

static void make_list(void)
{
    int count = 0;
    while (op_at(count)) count++;
    list.ops = arena_take(&list.arena, (size_t)count * sizeof *list.ops);
    if (!list.ops) return;
    for (int i = 0; i < count; i++) describe(&list.ops[i], op_at(i));
    list.count = count;
}

const striate_op_info *striate_ops(int *count)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_list);
    *count = list.count;
    return list.ops;
}
