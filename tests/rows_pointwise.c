// rows_pointwise.c - rows of check_ops: what looks at one value at a time.
#include "rows.h"

static double relu(double x)
{
    return fmax(x, 0);
}

static void expect_relu(struct trial *t, struct expected *e)
{
    each_value(t, e, relu, reference_relu_grad);
}

static void expect_sigmoid(struct trial *t, struct expected *e)
{
    each_value(t, e, reference_sigmoid, reference_sigmoid_grad);
}

static void expect_tanh(struct trial *t, struct expected *e)
{
    each_value(t, e, tanh, reference_tanh_grad);
}

static void draw_dropout(struct trial *t)
{
    draw_one(t);
    t->options.dropout.rate = (float)trial_between(t, 0, 9) / 10;
}

// The mask is the op's own choice: what it did forward it must do backward.
static void expect_dropout(struct trial *t, struct expected *e)
{
    for (size_t i = 0; i < tensor_count(&t->out); i++) {
        double scale = e->y[i] == 0 ? 0 : 1 / (1 - t->options.dropout.rate);
        e->want_y[i] = e->x[i] * scale;
        e->want_dx[i] = e->dy[i] * scale;
    }
}

static void infer_dropout(struct trial *t, const double *x, double *want)
{
    memcpy(want, x, tensor_count(&t->out) * sizeof *want);
}

const struct row rows_pointwise[] = {
    { "relu", draw_one, expect_relu },
    { "sigmoid", draw_smooth, expect_sigmoid },
    { "tanh", draw_smooth, expect_tanh },
    { "dropout", draw_dropout, expect_dropout, .infer = infer_dropout },
    { NULL, NULL, NULL },
};
