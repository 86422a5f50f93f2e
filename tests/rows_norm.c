// rows_norm.c - rows of check_ops: normalization.
#include "rows.h"

static void expect_batch_norm(struct trial *t, struct expected *e)
{
    int c = t->x[0].c, rows = (int)tensor_pixels(&t->in[0]);
    double eps = t->options.norm.eps, momentum = t->options.norm.momentum;
    double *mean = trial_take(t, 4 * (size_t)c * sizeof *mean), *var = mean + c, *dweight = var + c, *dbias = dweight + c;
    float *const *param = t->args.param;
    reference_moments(rows, c, e->x, mean, var);
    reference_normalize(rows, c, e->x, mean, var, eps, param[0], param[1], e->want_y);
    reference_batch_norm_grad(rows, c, e->x, eps, param[0], e->dy, e->want_dx, dweight, dbias);
    assert_close("dweight", t->args.dparam[0], dweight, (size_t)c);
    assert_close("dbias", t->args.dparam[1], dbias, (size_t)c);
    for (int i = 0; i < c; i++) { // after one step from 0 and 1
        mean[i] *= momentum;
        var[i] = 1 - momentum + momentum * var[i] * (rows > 1 ? rows / (rows - 1.0) : 1);
    }
    assert_close("running_mean", param[2], mean, (size_t)c);
    assert_close("running_var", param[3], var, (size_t)c);
}

static void draw_lrn(struct trial *t)
{
    t->smooth = true;
    t->x[0] = draw_shape(t, 3, 12);
    if (t->large) t->x[0].c = 1100;
    t->options.lrn.size = trial_between(t, 0, 8);
    t->options.lrn.alpha = (float)trial_between(t, 0, 3);
    t->options.lrn.beta = (float)trial_between(t, 0, 5) / 4;
    t->options.lrn.k = (float)trial_between(t, 0, 2);
}

static void expect_lrn(struct trial *t, struct expected *e)
{
    const striate_lrn_options *o = &t->options.lrn;
    int rows = (int)tensor_pixels(&t->out), c = t->x[0].c;
    reference_lrn(rows, c, o->size, o->alpha, o->beta, o->k, e->x, e->want_y);
    reference_lrn_grad(rows, c, o->size, o->alpha, o->beta, o->k, e->x, e->dy, e->want_dx);
}

static void expect_softmax(struct trial *t, struct expected *e)
{
    int rows = (int)tensor_pixels(&t->out), c = t->x[0].c;
    reference_softmax(rows, c, e->x, e->want_y);
    reference_softmax_grad(rows, c, e->x, e->dy, e->want_dx);
}

static void infer_batch_norm(struct trial *t, const double *x, double *want) // with the running statistics
{
    float *const *p = t->args.param;
    reference_normalize((int)tensor_pixels(&t->in[0]), t->x[0].c, x, p[2], p[3], t->options.norm.eps, p[0], p[1], want);
}

const struct row rows_norm[] = {
    { "batch_norm", draw_one, expect_batch_norm, .infer = infer_batch_norm },
    { "lrn", draw_lrn, expect_lrn },
    { "softmax", draw_smooth, expect_softmax },
    { NULL, NULL, NULL },
};
