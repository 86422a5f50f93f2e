// input.c - where images enter the graph.
//   shape     y[N][height][width][channels]
#include "ops/op.h"

#include <stddef.h>

static const struct attribute attributes[] = {
    { "height", ATTRIBUTE_INT, offsetof(struct input_options, height), "rows", .low = 1, .high = 16384, .required = true },
    { "width", ATTRIBUTE_INT, offsetof(struct input_options, width), "columns", .low = 1, .high = 16384, .required = true },
    { "channels", ATTRIBUTE_INT, offsetof(struct input_options, channels), "1 gray, 3 colour", .low = 1, .high = 65536,
      .required = true },
    { 0 },
};

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    const struct input_options *o = a->options;
    plan->out = (struct shape){ o->height, o->width, o->channels, 1 };
    plan->flags = NO_OUTPUT;
    return STRIATE_OK;
}

const struct op striate_op_input = { .name = "input",
                                     .doc = "where images enter",
                                     .options_size = sizeof(struct input_options),
                                     .attributes = attributes,
                                     .shape = shape };
