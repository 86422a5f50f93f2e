// gate.c - the gate of a highway layer (Srivastava et al. 2015, eq. 3): y = t h + (1 - t) x, element by element.
//   shape     y as t, h and x
//   gradient  dt += dy (h - x), dh += dy t, dx += dy (1 - t)      (reads t, h and x)
#include "ops/join.h"
#include "ops/rows.h"

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    TRY(join_shape(a, plan));
    plan->flags |= READS_INPUT;
    return STRIATE_OK;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows t = rows_of(a->in[0], begin, end), h = rows_of(a->in[1], begin, end), x = rows_of(a->in[2], begin, end),
                y = rows_of(a->out, begin, end);
    a->k->gate(y.rows, y.cols, t.data, t.ld, h.data, h.ld, x.data, x.ld, y.data, y.ld);
}

static void forward(const struct op_args *a)
{
    rows_for(a->out, forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows dy = rows_of(a->dout, begin, end), to[3], from[3];
    for (int i = 0; i < 3; i++) {
        from[i] = rows_of(a->in[i], begin, end);
        if (a->din[i]) to[i] = rows_of(a->din[i], begin, end);
    }
    if (a->din[2])
        a->k->gate_carry(dy.rows, dy.cols, from[0].data, from[0].ld, dy.data, dy.ld, to[2].data, to[2].ld, a->add[2]);
    if (a->din[1]) a->k->mul(dy.rows, dy.cols, from[0].data, from[0].ld, dy.data, dy.ld, to[1].data, to[1].ld, a->add[1]);
    if (a->din[0]) // it may lie in dout: last
        a->k->gate_grad(dy.rows, dy.cols, from[1].data, from[1].ld, from[2].data, from[2].ld, dy.data, dy.ld, to[0].data,
                        to[0].ld, a->add[0]);
}

static void backward(const struct op_args *a)
{
    rows_for(a->out, backward_rows, a);
}

const struct op striate_op_gate = { .name = "gate",
                                    .doc = "t h + (1 - t) x, of a highway layer",
                                    .min_ins = 3,
                                    .max_ins = 3,
                                    .shape = shape,
                                    .forward = forward,
                                    .backward = backward };
