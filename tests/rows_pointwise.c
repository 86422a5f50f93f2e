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

static void expect_scaled_tanh(struct trial *t, struct expected *e)
{
    each_value(t, e, reference_scaled_tanh, reference_scaled_tanh_grad);
}

static void expect_abs(struct trial *t, struct expected *e)
{
    each_value(t, e, fabs, reference_abs_grad);
}

static double straight_through(double x, double dy)
{
    (void)x;
    return dy;
}

static void expect_sign(struct trial *t, struct expected *e)
{
    each_value(t, e, reference_sign, straight_through);
}

static void draw_leaky_relu(struct trial *t)
{
    draw_one(t);
    t->options.leaky_relu.slope = (float)trial_between(t, 0, 4) / 4;
}

static void expect_leaky_relu(struct trial *t, struct expected *e)
{
    for (size_t i = 0; i < tensor_count(&t->out); i++) {
        double slope = e->x[i] > 0 ? 1 : t->options.leaky_relu.slope;
        e->want_y[i] = slope * e->x[i];
        e->want_dx[i] = slope * e->dy[i];
    }
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
    { "scaled_tanh", draw_smooth, expect_scaled_tanh },
    { "leaky_relu", draw_leaky_relu, expect_leaky_relu },
    { "abs", draw_one, expect_abs },
    { "sign", draw_one, expect_sign, .estimate = true },
    { "dropout", draw_dropout, expect_dropout, .infer = infer_dropout },
    { NULL, NULL, NULL },
};
