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
    t->options.lrn.convention = trial_between(t, STRIATE_LRN_CAFFE, STRIATE_LRN_PAPER);
}

static void draw_within(struct trial *t)
{
    draw_lrn(t);
    t->options.lrn.region = STRIATE_LRN_WITHIN;
    t->x[0] = draw_shape(t, 7, 5);
}

static void expect_lrn(struct trial *t, struct expected *e)
{
    const striate_lrn_options *o = &t->options.lrn;
    int rows = (int)tensor_pixels(&t->out), c = t->x[0].c;
    double alpha = o->convention == STRIATE_LRN_PAPER ? o->alpha * o->size : o->alpha; // the reference divides it
    reference_lrn(rows, c, o->size, alpha, o->beta, o->k, e->x, e->want_y);
    reference_lrn_grad(rows, c, o->size, alpha, o->beta, o->k, e->x, e->dy, e->want_dx);
}

// Whether value j lies in the square of pixels around value i.
static bool is_near(const struct trial *t, int i, int j)
{
    int h = t->x[0].h, w = t->x[0].w, c = t->x[0].c, size = t->options.lrn.size;
    int down = j / c / w % h - i / c / w % h + size / 2, right = j / c % w - i / c % w + size / 2;
    bool same = i % c == j % c && i / c / w / h == j / c / w / h;
    return same && down >= 0 && down < size && right >= 0 && right < size;
}

static void expect_within(struct trial *t, struct expected *e)
{
    const striate_lrn_options *o = &t->options.lrn;
    int count = (int)tensor_count(&t->out);
    double *s = trial_take(t, (size_t)count * sizeof *s);
    double alpha = o->convention == STRIATE_LRN_PAPER ? o->alpha : o->alpha / (o->size * o->size);
    for (int i = 0; i < count; i++) {
        s[i] = o->k;
        for (int j = 0; j < count; j++) s[i] += is_near(t, i, j) ? alpha * e->x[j] * e->x[j] : 0;
        e->want_y[i] = e->x[i] * pow(s[i], -o->beta);
    }
    for (int i = 0; i < count; i++) {
        e->want_dx[i] += e->dy[i] * pow(s[i], -o->beta);
        for (int j = 0; j < count; j++) // dy_j / dx_i through s_j
            if (is_near(t, j, i)) e->want_dx[i] -= e->dy[j] * e->x[j] * o->beta * pow(s[j], -o->beta - 1) * alpha * 2 * e->x[i];
    }
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
    { "lrn", draw_within, expect_within },
    { "softmax", draw_smooth, expect_softmax },
    { NULL, NULL, NULL },
};
