// mul.c - y = a b, element by element.
//   shape     y as a and b
//   gradient  da += dy b, db += dy a      (reads a and b)
#include "ops/join.h"
#include "ops/rows.h"

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    TRY(join_shape(a, plan));
    plan->flags |= READS_INPUT;
    return STRIATE_OK;
}

static void multiply(const struct op_args *a, const struct tensor *from, const struct tensor *by, const struct tensor *to,
                     bool add, size_t begin, size_t end)
{
    struct rows x = rows_of(from, begin, end), b = rows_of(by, begin, end), y = rows_of(to, begin, end);
    a->k->mul(y.rows, y.cols, x.data, x.ld, b.data, b.ld, y.data, y.ld, add);
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    multiply(a, a->in[0], a->in[1], a->out, false, begin, end);
}

static void forward(const struct op_args *a)
{
    rows_for(a->out, forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    if (a->din[1]) multiply(a, a->dout, a->in[0], a->din[1], a->add[1], begin, end);
    if (a->din[0]) multiply(a, a->dout, a->in[1], a->din[0], a->add[0], begin, end); // it may lie in dout: last
}

static void backward(const struct op_args *a)
{
    rows_for(a->out, backward_rows, a);
}

const struct op striate_op_mul = {
    .name = "mul", .doc = "a b", .min_ins = 2, .max_ins = 2, .shape = shape, .forward = forward, .backward = backward
};
