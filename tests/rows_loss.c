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

const struct row rows_loss[] = {
    { "cross_entropy", draw_loss, expect_cross_entropy },
    { NULL, NULL, NULL },
};
