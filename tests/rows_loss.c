// rows_loss.c - rows of check_ops: losses.
#include "rows.h"

static void draw_loss(struct trial *t)
{
    t->smooth = true;
    t->x[0] = (struct shape){ 1, 1, t->large ? 5000 : trial_between(t, 1, 40), 1 };
    t->options.loss.weight = (float)trial_between(t, 0, 4) / 4;
}

static void expect_cross_entropy(struct trial *t, struct expected *e)
{
    reference_cross_entropy(t->n, t->x[0].c, e->x, t->labels, e->want_y);
    reference_cross_entropy_grad(t->n, t->x[0].c, e->x, t->labels, e->want_dx);
    for (int i = 0; i < t->n; i++) e->want_y[i] *= t->options.loss.weight;
    for (int i = 0; i < t->n * t->x[0].c; i++) e->want_dx[i] *= t->options.loss.weight;
}

const struct row rows_loss[] = {
    { "cross_entropy", draw_loss, expect_cross_entropy },
    { NULL, NULL, NULL },
};
