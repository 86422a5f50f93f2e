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

static void draw_s_cells(struct trial *t)
{
    draw_smooth(t);
    t->ins = 2;
    t->x[1] = t->x[0];
    t->x[1].c = 1;
    t->options.cells.selectivity = (float)trial_between(t, 0, 4) / 2;
}

static void expect_s_cells(struct trial *t, struct expected *e)
{
    int c = t->x[0].c;
    double r = t->options.cells.selectivity, g = 2 * r / (1 + r), *q = trial_values(t, &t->in[1]);
    for (size_t i = 0; i < tensor_count(&t->out); i++) {
        double under = 1 + g * fmax(t->args.param[0][i % (size_t)c], 0) * sqrt(fmax(q[i / (size_t)c], 0));
        bool on = 1 + e->x[i] > under;
        e->want_y[i] = on ? r * ((1 + e->x[i]) / under - 1) : 0;
        e->want_dx[i] = on ? r * e->dy[i] / under : 0;
    }
}

static void draw_c_cells(struct trial *t)
{
    draw_smooth(t);
    t->options.cells.gain = (float)trial_between(t, 0, 6) / 4;
}

// dx as the sum over all that a value acts on: its own z, and by the mean every z.
static void expect_c_cells(struct trial *t, struct expected *e)
{
    int c = t->x[0].c, pixels = (int)tensor_pixels(&t->in[0]);
    double gain = t->options.cells.gain, alpha = t->options.cells.saturation;
    for (int p = 0; p < pixels; p++) {
        const double *x = e->x + p * c;
        double mean = 0;
        for (int k = 0; k < c; k++) mean += x[k] / c;
        double under = 1 + gain * fmax(mean, 0);
        for (int k = 0; k < c; k++) {
            double z = (1 + gain * x[k]) / under - 1, slope = alpha / pow(alpha + z, 2) * e->dy[p * c + k];
            e->want_y[p * c + k] = z > 0 ? z / (alpha + z) : 0;
            for (int j = 0; j < c && z > 0; j++) {
                double by_mean = mean > 0 ? -(1 + gain * x[k]) / (under * under) * gain / c : 0;
                e->want_dx[p * c + j] += slope * ((j == k ? gain / under : 0) + by_mean);
            }
        }
    }
}

const struct row rows_pointwise[] = {
    { "relu", draw_one, expect_relu },
    { "sigmoid", draw_smooth, expect_sigmoid },
    { "tanh", draw_smooth, expect_tanh },
    { "scaled_tanh", draw_smooth, expect_scaled_tanh },
    { "leaky_relu", draw_leaky_relu, expect_leaky_relu },
    { "abs", draw_one, expect_abs },
    { "sign", draw_one, expect_sign, .estimate = true },
    { "s_cells", draw_s_cells, expect_s_cells },
    { "c_cells", draw_c_cells, expect_c_cells },
    { "dropout", draw_dropout, expect_dropout, .infer = infer_dropout },
    { NULL, NULL, NULL },
};
