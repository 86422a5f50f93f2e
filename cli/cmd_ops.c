// cmd_ops.c - the operations a text network may use.
#include "cli.h"

#include <stddef.h>
#include <string.h>

struct arguments {
    int json;
};
static const struct option options[] = {
    { "json", OPTION_FLAG, offsetof(struct arguments, json), NULL, .doc = "print JSON" },
    { 0 },
};
const struct usage ops_usage = { "[NAME] [--json]",
                                 "Lists the operations of text networks; with NAME, the attributes of one: type, default and "
                                 "meaning.",
                                 options,
                                 0,
                                 1,
                                 "OP" };

static json_t *to_json(const striate_op_info *op)
{
    json_t *attributes = json_array();
    for (int i = 0; i < op->attribute_count; i++) {
        const striate_attribute_info *a = &op->attributes[i];
        json_array_append_new(attributes, json_pack("{s:s, s:s, s:s?, s:s}", "name", a->name, "type", a->type, "default",
                                                    a->default_value, "doc", a->doc));
    }
    return json_pack("{s:s, s:s, s:i, s:i, s:o}", "name", op->name, "doc", op->doc, "min_inputs", op->min_inputs, "max_inputs",
                     op->max_inputs, "attributes", attributes);
}

static struct label inputs(const striate_op_info *op)
{
    struct label text;
    if (op->max_inputs < 0)
        snprintf(text.s, sizeof text.s, "%d or more", op->min_inputs);
    else if (op->max_inputs > op->min_inputs)
        snprintf(text.s, sizeof text.s, "%d to %d", op->min_inputs, op->max_inputs);
    else
        snprintf(text.s, sizeof text.s, "%d", op->min_inputs);
    return text;
}

static void show(const striate_op_info *op)
{
    printf("%s - %s\ninputs: %s\n", op->name, op->doc, inputs(op).s);
    if (op->attribute_count) printf("\n%-14s  %-18s  %-9s  %s\n", "attribute", "type", "default", "meaning");
    for (int i = 0; i < op->attribute_count; i++) {
        const striate_attribute_info *a = &op->attributes[i];
        printf("%-14s  %-18s  %-9s  %s\n", a->name, a->type, a->default_value ? a->default_value : "required", a->doc);
    }
}

static int list(const striate_op_info *ops, int count, int json)
{
    if (json) {
        json_t *all = json_array();
        for (int i = 0; i < count; i++) json_array_append_new(all, to_json(&ops[i]));
        return print_json(all);
    }
    printf("%-16s  %-9s  %s\n", "op", "inputs", "");
    for (int i = 0; i < count; i++) printf("%-16s  %-9s  %s\n", ops[i].name, inputs(&ops[i]).s, ops[i].doc);
    return CODE_OK;
}

int cmd_ops(int argc, char **argv)
{
    struct arguments a = { 0 };
    int count, words = options_parse(&ops_usage, &a, argc, argv);
    const striate_op_info *ops = striate_ops(&count);
    if (!words) return list(ops, count, a.json);
    const char *names[128] = { 0 };
    for (int i = 0; i < count; i++) {
        if (!strcmp(ops[i].name, argv[1])) {
            if (a.json) return print_json(to_json(&ops[i]));
            show(&ops[i]);
            return CODE_OK;
        }
        if (i < 127) names[i] = ops[i].name;
    }
    const char *near = nearest(argv[1], names);
    return complain(CODE_USAGE, "there is no op '%s'%s%s%s; 'striate ops' lists them", argv[1], near ? " (did you mean '" : "",
                    near ? near : "", near ? "'?)" : "");
}
