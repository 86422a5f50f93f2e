// scaled_add.c - a residual branch b, scaled (Szegedy et al. 2016, 3.3) or dropped at random (stochastic depth, Huang et al. 2016, 3).
//   shape     y as a and b
//   forward   y = a + s b, s = scale; in training s = 0 for the whole batch with probability `drop`, in inference s = (1 - drop) scale
//   gradient  da += dy, db += s dy
#include "ops/copy.h"
#include "ops/join.h"
#include "ops/rows.h"

#include <stddef.h>

typedef striate_scaled_add_options options;

static const struct attribute attributes[] = {
    { "scale", ATTRIBUTE_FLOAT, offsetof(options, scale), "of the second input", .value = 1, .low = -1e6, .high = 1e6 },
    { "drop", ATTRIBUTE_FLOAT, offsetof(options, drop), "how often a training step goes without it", .low = 0, .high = 1 },
    { 0 },
};

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    TRY(join_shape(a, plan));
    if (((const options *)a->options)->drop > 0) plan->flags |= DRAWS;
    return STRIATE_OK;
}

static float scale_of(const struct op_args *a)
{
    const options *o = a->options;
    if (!a->train) return o->scale * (1 - o->drop);
    return random_uniform(a->random, 0) < o->drop ? 0 : o->scale;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows l = rows_of(a->in[0], begin, end), r = rows_of(a->in[1], begin, end), y = rows_of(a->out, begin, end);
    a->k->add(y.rows, y.cols, l.data, l.ld, scale_of(a), r.data, r.ld, y.data, y.ld);
}

static void forward(const struct op_args *a)
{
    if (scale_of(a) == 0)
        copy_tensor(a, a->in[0], a->out, false);
    else
        rows_for(a->out, forward_rows, a);
}

static void backward(const struct op_args *a)
{
    if (a->din[1]) copy_scaled(a, scale_of(a), a->dout, a->din[1], a->add[1]);
    if (a->din[0]) copy_tensor(a, a->dout, a->din[0], a->add[0]); // it may lie in dout: last
}

const struct op striate_op_scaled_add = { .name = "scaled_add",
                                          .doc = "a + scale b, b dropped at random",
                                          .min_ins = 2,
                                          .max_ins = 2,
                                          .options_size = sizeof(options),
                                          .attributes = attributes,
                                          .shape = shape,
                                          .forward = forward,
                                          .backward = backward };
