// rows_loss.c - rows of check_ops: losses.
#include "rows.h"

static void draw_loss(struct trial *t)
{
    t->smooth = true;
    t->x[0] = (struct shape){ 1, 1, t->large ? 5000 : trial_between(t, 1, 40), 1 };
    t->options.loss.weight = (float)trial_between(t, 0, 4) / 4;
    t->share = (float)trial_between(t, 0, 8) / 8; // 0 and 1: the first labels alone
    t->options.loss.smoothing = (float)trial_between(t, 0, 4) / 4;
}

static void expect_cross_entropy(struct trial *t, struct expected *e)
{
    reference_cross_entropy(t->n, t->x[0].c, e->x, t->labels, t->options.loss.smoothing, e->want_y);
    reference_cross_entropy_grad(t->n, t->x[0].c, e->x, t->labels, t->options.loss.smoothing, e->want_dx);
    if (t->share > 0) { // the rest by the second labels
        int values = t->n * t->x[0].c;
        double share = (double)t->share;
        double *loss = trial_take(t, (size_t)t->n * sizeof *loss), *dx = trial_take(t, (size_t)values * sizeof *dx);
        reference_cross_entropy(t->n, t->x[0].c, e->x, t->second, t->options.loss.smoothing, loss);
        reference_cross_entropy_grad(t->n, t->x[0].c, e->x, t->second, t->options.loss.smoothing, dx);
        for (int i = 0; i < t->n; i++) e->want_y[i] = share * e->want_y[i] + (1 - share) * loss[i];
        for (int i = 0; i < values; i++) e->want_dx[i] = share * e->want_dx[i] + (1 - share) * dx[i];
    }
    for (int i = 0; i < t->n; i++) e->want_y[i] *= t->options.loss.weight;
    for (int i = 0; i < t->n * t->x[0].c; i++) e->want_dx[i] *= t->options.loss.weight;
}

// Losses over targets: draws as above, and of one output two classes.
static void draw_targets(struct trial *t)
{
    t->smooth = true;
    t->x[0] = (struct shape){ 1, 1, t->large ? 5000 : trial_between(t, 1, 12), 1 };
    t->share = (float)trial_between(t, 0, 8) / 8;
    t->options.logistic.weight = (float)trial_between(t, 0, 4) / 4;
}

static void draw_squared_error(struct trial *t)
{
    draw_targets(t);
    t->options.squared_error.on = (float)trial_between(t, -2, 2);
    t->options.squared_error.off = (float)trial_between(t, -2, 2);
}

static void draw_rbf_loss(struct trial *t)
{
    draw_targets(t);
    t->options.rbf_loss.j = (float)trial_between(t, 0, 3);
}

// How much of output c the labels of image i ask for.
static double target(const struct trial *t, int i, int c)
{
    double share = t->share > 0 ? (double)t->share : 1;
    int is = t->x[0].c == 1 ? 1 : c;
    return share * (t->labels[i] == is) + (1 - share) * (t->second[i] == is);
}

// Adds to the loss of image i, and says its derivative by output c.
typedef double term(const struct trial *t, double x, double target, double *loss);

static void expect_terms(struct trial *t, struct expected *e, term *f)
{
    int classes = t->x[0].c;
    double weight = t->options.logistic.weight;
    for (int i = 0; i < t->n * classes; i++) {
        double loss = 0;
        e->want_dx[i] = weight / t->n * f(t, e->x[i], target(t, i / classes, i % classes), &loss);
        e->want_y[i / classes] += weight * loss;
    }
}

static double squared_error(const struct trial *t, double x, double want, double *loss)
{
    const striate_squared_error_options *o = &t->options.squared_error;
    want = o->off * (1 - want) + o->on * want;
    *loss = (x - want) * (x - want) / 2;
    return x - want;
}

static void expect_squared_error(struct trial *t, struct expected *e)
{
    expect_terms(t, e, squared_error);
}

static double logistic(const struct trial *t, double x, double want, double *loss)
{
    (void)t;
    *loss = -want * log(reference_sigmoid(x)) - (1 - want) * log(reference_sigmoid(-x));
    return (1 - want) * reference_sigmoid(x) - want * reference_sigmoid(-x);
}

static void expect_logistic(struct trial *t, struct expected *e)
{
    expect_terms(t, e, logistic);
}

static void expect_rbf_loss(struct trial *t, struct expected *e)
{
    int classes = t->x[0].c;
    const striate_rbf_loss_options *o = &t->options.rbf_loss;
    for (int i = 0; i < t->n; i++) {
        double all = exp(-o->j);
        for (int c = 0; c < classes; c++) all += exp(e->x[i * classes + c]);
        e->want_y[i] = o->weight * log(all);
        for (int c = 0; c < classes; c++) {
            double x = e->x[i * classes + c], want = target(t, i, c);
            e->want_y[i] -= o->weight * want * x;
            e->want_dx[i * classes + c] = o->weight / t->n * (exp(x) / all - want);
        }
    }
}

const struct row rows_loss[] = {
    { "cross_entropy", draw_loss, expect_cross_entropy },
    { "squared_error", draw_squared_error, expect_squared_error },
    { "logistic", draw_targets, expect_logistic },
    { "rbf_loss", draw_rbf_loss, expect_rbf_loss },
    { NULL, NULL, NULL },
};
