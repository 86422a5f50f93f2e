// add.c - y = a + b, element by element.
//   shape     y as a and b
//   gradient  da += dy, db += dy
#include "ops/copy.h"
#include "ops/join.h"
#include "ops/rows.h"

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows l = rows_of(a->in[0], begin, end), r = rows_of(a->in[1], begin, end), y = rows_of(a->out, begin, end);
    a->k->add(y.rows, y.cols, l.data, l.ld, 1, r.data, r.ld, y.data, y.ld);
}

static void forward(const struct op_args *a)
{
    rows_for(a->out, forward_rows, a);
}

static void backward(const struct op_args *a)
{
    for (int i = a->ins - 1; i >= 0; i--) // din[0] may lie in dout: last
        if (a->din[i]) copy_tensor(a, a->dout, a->din[i], a->add[i]);
}

const struct op striate_op_add = {
    .name = "add", .doc = "a + b", .min_ins = 2, .max_ins = 2, .shape = join_shape, .forward = forward, .backward = backward
};
