// dropout.c - in training each value is zero with probability `rate` and else divided by 1 - rate; in inference y = x (Srivastava et al. 2014).
//   shape     y as x
//   gradient  dx += dy / (1 - rate) where the value was kept; forward saves that as bytes
#include "ops/copy.h"
#include "ops/rows.h"

#include <stddef.h>

static const struct attribute attributes[] = {
    { "rate", ATTRIBUTE_FLOAT, offsetof(striate_dropout_options, rate), "the share of values dropped", .value = 0.5, .low = 0,
      .high = 0.99 },
    { 0 },
};

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    plan->out = a->in[0]->shape;
    plan->flags = IN_PLACE | DRAWS;
    plan->saved = (size_t)a->in[0]->n * shape_count(plan->out);
    return STRIATE_OK;
}

static float rate(const struct op_args *a)
{
    return ((const striate_dropout_options *)a->options)->rate;
}

static void mask(const struct op_args *a, const struct tensor *from, const struct tensor *to, size_t begin, size_t end,
                 bool add)
{
    struct rows x = rows_of(from, begin, end), y = rows_of(to, begin, end);
    const uint8_t *keep = (uint8_t *)a->saved + begin * x.cols;
    a->k->mask(x.rows, x.cols, keep, 1.0f / (1.0f - rate(a)), x.data, x.ld, y.data, y.ld, add);
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    size_t c = (size_t)a->out->shape.c;
    uint32_t least = (uint32_t)(rate(a) * 4294967296.0); // of all words, the lowest `rate` drop their values
    if (!a->again) a->k->draw(a->random, begin * c, (end - begin) * c, least, (uint8_t *)a->saved + begin * c);
    mask(a, a->in[0], a->out, begin, end, false);
}

static void forward(const struct op_args *a)
{
    if (a->train)
        rows_for(a->out, forward_rows, a);
    else
        copy_tensor(a, a->in[0], a->out, false);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    mask(a, a->dout, a->din[0], begin, end, a->add[0]);
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) rows_for(a->out, backward_rows, a);
}

const struct op striate_op_dropout = { .name = "dropout",
                                       .doc = "in training, zero at random",
                                       .min_ins = 1,
                                       .max_ins = 1,
                                       .options_size = sizeof(striate_dropout_options),
                                       .attributes = attributes,
                                       .shape = shape,
                                       .forward = forward,
                                       .backward = backward };
