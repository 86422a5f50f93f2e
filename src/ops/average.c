// average.c - the mean of inputs of one shape: where paths merge (Zhao et al. 2016, 3.1), or join in a fractal with drop path (Larsson et al.
// 2016, 4).
//   shape     y as every input
//   forward   y = sum of s_i x_i. In inference s_i = 1 / inputs. In training some inputs are dropped for the whole batch: for these s_i = 0,
//             for the others 1 / their number. Locally each is dropped with probability `drop`; if all are, one comes back. Globally, in
//             a share `global` of the steps, one of `columns` columns is kept in the whole network: input c of every join, where it has one.
//   gradient  dx_i += s_i dy
#include "ops/copy.h"
#include "ops/join.h"
#include "ops/rows.h"

#include <stddef.h>

typedef striate_average_options options;
enum { MOST = 64 };

static const struct attribute attributes[] = {
    { "drop", ATTRIBUTE_FLOAT, offsetof(options, drop), "how often a training step goes without an input", .low = 0,
      .high = 1 },
    { "global", ATTRIBUTE_FLOAT, offsetof(options, global), "share of the steps that keep one column of the network", .low = 0,
      .high = 1 },
    { "columns", ATTRIBUTE_INT, offsetof(options, columns), "of the network, where global is given", .low = 0, .high = MOST },
    { 0 },
};

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    const options *o = a->options;
    if (a->ins > MOST) FAIL(BAD_NETWORK, "%d inputs are more than %d; average in two steps", a->ins, MOST);
    if (o->global > 0 && o->columns < a->ins)
        FAIL(BAD_NETWORK, "global needs columns, at least as many as the %d inputs, not %d", a->ins, o->columns);
    TRY(join_shape(a, plan));
    if (o->drop > 0 || o->global > 0) plan->flags |= DRAWS;
    return STRIATE_OK;
}

// s[i] of this step; all joins of a network draw the same column, as the key they ask has no node.
static void shares(const struct op_args *a, float s[MOST])
{
    const options *o = a->options;
    struct random_key network = a->random;
    network.part = UINT32_MAX;
    bool global = a->train && random_uniform(network, 0) < o->global;
    int column = (int)(random_uniform(network, 1) * (float)o->columns), kept = 0;
    for (int i = 0; i < a->ins; i++) {
        bool dropped = global ? i != column && column < a->ins : a->train && random_uniform(a->random, (uint32_t)i) < o->drop;
        kept += !dropped;
        s[i] = dropped ? 0 : 1;
    }
    if (!kept) s[(int)(random_uniform(a->random, (uint32_t)a->ins) * (float)a->ins)] = 1, kept = 1;
    for (int i = 0; i < a->ins; i++) s[i] /= (float)kept;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows y = rows_of(a->out, begin, end);
    float s[MOST];
    bool add = false;
    shares(a, s);
    for (int i = 0; i < a->ins; i++) {
        struct rows x = rows_of(a->in[i], begin, end);
        if (s[i] != 0) a->k->scale(y.rows, y.cols, x.data, x.ld, s[i], y.data, y.ld, add);
        add |= s[i] != 0;
    }
}

static void forward(const struct op_args *a)
{
    rows_for(a->out, forward_rows, a);
}

static void backward(const struct op_args *a)
{
    float s[MOST];
    shares(a, s);
    for (int i = a->ins - 1; i >= 0; i--) // din[0] may lie in dout: last
        if (a->din[i]) copy_scaled(a, s[i], a->dout, a->din[i], a->add[i]);
}

const struct op striate_op_average = { .name = "average",
                                       .doc = "the mean of the inputs, some of them dropped at random",
                                       .min_ins = 1,
                                       .max_ins = -1,
                                       .options_size = sizeof(options),
                                       .attributes = attributes,
                                       .shape = shape,
                                       .forward = forward,
                                       .backward = backward };
