// check_ops.c - every op of the op table over random shapes and options: its gradients against central differences and against the
// reference, slices, gradients that are added, work in place, and the same bits on 1, 2 and 3 threads. In double precision.
#include "reference.h"
#include "trial.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TRIALS = 60 };
static const double STEP = 1e-6, ABSOLUTE = 1e-5, RELATIVE = 1e-3;

// ---- drawing shapes and options ----

static struct shape draw_shape(struct trial *t, int side, int channels)
{
    if (t->large) side *= 4, channels *= 5;
    return (struct shape){ trial_between(t, t->large ? side / 2 : 1, side), trial_between(t, 1, side),
                           trial_between(t, 1, channels), 1 };
}

static void draw_one(struct trial *t)
{
    t->x[0] = draw_shape(t, 5, 7);
}

static void draw_smooth(struct trial *t)
{
    t->smooth = true;
    draw_one(t);
}

static void draw_loss(struct trial *t)
{
    t->smooth = true;
    t->x[0] = (struct shape){ 1, 1, t->large ? 5000 : trial_between(t, 1, 40), 1 };
    t->options.loss.weight = (float)trial_between(t, 0, 4) / 4;
}

static void draw_window(struct trial *t)
{
    striate_window *o = &t->options.window;
    t->x[0] = draw_shape(t, 7, 5);
    int h = trial_between(t, 1, t->x[0].h < 4 ? t->x[0].h : 4), w = trial_between(t, 1, t->x[0].w < 4 ? t->x[0].w : 4);
    o->size = h;
    if (w != h) o->size_w = w;
    o->stride = trial_between(t, 0, 3);
    if (trial_draw(t) % 3 == 0) o->stride_h = trial_between(t, 1, 5);
    if (trial_draw(t) % 2) o->pad = trial_between(t, 0, (h < w ? h : w) - 1);
    if (trial_draw(t) % 4 == 0) o->pad_w = trial_between(t, 0, w - 1);
    o->ceil = trial_draw(t) % 2;
}

static void draw_avg_pool(struct trial *t)
{
    draw_window(t);
    t->options.window.exclude_pad = trial_draw(t) % 2;
}

static void draw_adaptive(struct trial *t)
{
    t->smooth = true;
    t->x[0] = draw_shape(t, 7, 5);
    t->options.adaptive = (striate_adaptive_options){ .height = trial_between(t, 1, 9), .width = trial_between(t, 1, 5) };
}

static void draw_add(struct trial *t)
{
    t->ins = 2;
    draw_one(t);
    t->x[1] = t->x[0];
}

static void draw_concat(struct trial *t)
{
    draw_one(t);
    t->ins = trial_between(t, 1, TRIAL_INS);
    for (int i = 1; i < t->ins; i++) t->x[i] = (struct shape){ t->x[0].h, t->x[0].w, trial_between(t, 1, 5), 1 };
}

static void draw_shortcut(struct trial *t)
{
    draw_one(t);
    t->options.shortcut.stride = trial_between(t, 0, 3);
    t->options.shortcut.channels = t->x[0].c + trial_between(t, 0, 6);
}

static void draw_dropout(struct trial *t)
{
    draw_one(t);
    t->options.dropout.rate = (float)trial_between(t, 0, 9) / 10;
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

static void draw_conv(struct trial *t)
{
    striate_conv_options *o = &t->options.conv;
    t->smooth = true;
    o->groups = trial_between(t, 1, 3);
    t->x[0] = (struct shape){ trial_between(t, 3, 5), trial_between(t, 3, 6), o->groups * trial_between(t, 1, 2), 1 };
    if (t->large) t->x[0].h = t->x[0].w = 33;
    o->filters = o->groups * trial_between(t, 1, 3);
    o->kernel = trial_between(t, 1, 3);
    if (trial_draw(t) % 4 == 0) o->kernel_w = trial_between(t, 1, 3);
    o->stride = trial_between(t, 0, 3);
    if (trial_draw(t) % 2) o->pad = trial_between(t, 0, 2);
    if (trial_draw(t) % 4 == 0) o->pad_bottom = trial_between(t, 0, 2);
    if (trial_draw(t) % 4 == 0) o->pad_left = trial_between(t, 0, 2);
    if (o->pad) o->dilation = trial_between(t, 1, 2);
    o->no_bias = trial_draw(t) % 4 == 0;
}

static void draw_square(struct trial *t) // what Winograd is for
{
    striate_conv_options *o = &t->options.conv;
    t->smooth = true;
    t->x[0] = (struct shape){ trial_between(t, 1, t->large ? 33 : 7), trial_between(t, 1, 7), trial_between(t, 1, 3), 1 };
    o->filters = trial_between(t, 1, 3);
    o->kernel = trial_between(t, 1, 2) * 2 + 1;
    o->pad = trial_between(t, o->kernel / 2, o->kernel - 1);
    if (trial_draw(t) % 4 == 0) o->pad_top = trial_between(t, 0, 2);
    if (trial_draw(t) % 4 == 0) o->pad_right = trial_between(t, 0, 2);
    if (trial_draw(t) % 8 == 0) o->stride = 2;
    o->no_bias = trial_draw(t) % 4 == 0;
}

static void draw_depthwise(struct trial *t)
{
    draw_conv(t);
    t->options.conv.groups = t->x[0].c;
    t->options.conv.filters = t->x[0].c * trial_between(t, 1, 2);
}

static void draw_dense(struct trial *t)
{
    t->smooth = true;
    t->x[0] = draw_shape(t, 3, 5);
    t->options.dense.units = trial_between(t, 1, 9);
    t->options.dense.no_bias = trial_draw(t) % 4 == 0;
}

// ---- what the reference says ----

static void assert_close(const char *what, const double *got, const double *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs(got[i] - want[i]) <= 1e-9 * (1 + fabs(want[i]))))
            fail_msg("%s[%zu]: got %.12g, the reference says %.12g", what, i, got[i], want[i]);
}

struct expected {
    double *x, *y, *dy; // given: the values as they are
    double *want_y, *want_dx;
};

static void each_value(struct trial *t, struct expected *e, double f(double x), double slope(double x, double dy))
{
    for (size_t i = 0; i < tensor_count(&t->out); i++) {
        e->want_y[i] = f(e->x[i]);
        e->want_dx[i] = slope(e->x[i], e->dy[i]);
    }
}

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

static struct reference_pool pool_of(const struct trial *t)
{
    const striate_window *o = &t->options.window;
    struct reference_pool s = { .n = t->n, .h = t->x[0].h, .w = t->x[0].w, .c = t->x[0].c };
    s.size_h = o->size_h ? o->size_h : o->size;
    s.size_w = o->size_w ? o->size_w : o->size;
    s.stride_h = o->stride_h ? o->stride_h : o->stride;
    s.stride_w = o->stride_w ? o->stride_w : o->stride;
    s.pad_h = o->pad_h ? o->pad_h : o->pad;
    s.pad_w = o->pad_w ? o->pad_w : o->pad;
    s.ceil = o->ceil;
    s.exclude_pad = o->exclude_pad;
    assert_int_equal(t->plan.out.h, reference_windows(s.h, s.size_h, s.stride_h, s.pad_h, s.ceil));
    assert_int_equal(t->plan.out.w, reference_windows(s.w, s.size_w, s.stride_w, s.pad_w, s.ceil));
    return s;
}

static void expect_max_pool(struct trial *t, struct expected *e)
{
    struct reference_pool s = pool_of(t);
    reference_max_pool(&s, e->x, e->want_y);
    reference_max_pool_grad(&s, e->x, e->dy, e->want_dx);
}

static void expect_avg_pool(struct trial *t, struct expected *e)
{
    struct reference_pool s = pool_of(t);
    reference_avg_pool(&s, e->x, e->want_y);
    reference_avg_pool_grad(&s, e->dy, e->want_dx);
}

static void expect_global_avg_pool(struct trial *t, struct expected *e)
{
    reference_global_avg_pool(t->n, t->x[0].h * t->x[0].w, t->x[0].c, e->x, e->want_y);
    reference_global_avg_pool_grad(t->n, t->x[0].h * t->x[0].w, t->x[0].c, e->dy, e->want_dx);
}

static void expect_adaptive_avg_pool(struct trial *t, struct expected *e)
{
    struct shape x = t->x[0], y = t->plan.out;
    reference_adaptive_avg_pool(t->n, x.h, x.w, x.c, y.h, y.w, e->x, e->want_y);
    reference_adaptive_avg_pool_grad(t->n, x.h, x.w, x.c, y.h, y.w, e->dy, e->want_dx);
}

static void expect_add(struct trial *t, struct expected *e)
{
    double *b = trial_values(t, &t->in[1]), *db = trial_gradient(t, 1);
    for (size_t i = 0; i < tensor_count(&t->out); i++) {
        e->want_y[i] = e->x[i] + b[i];
        e->want_dx[i] = e->dy[i];
    }
    assert_close("db", db, e->dy, tensor_count(&t->out));
}

static void expect_shortcut(struct trial *t, struct expected *e)
{
    struct shape x = t->x[0];
    int stride = t->options.shortcut.stride, k = t->options.shortcut.channels;
    reference_shortcut(t->n, x.h, x.w, x.c, stride, k, e->x, e->want_y);
    reference_shortcut_grad(t->n, x.h, x.w, x.c, stride, k, e->dy, e->want_dx);
}

static void expect_concat(struct trial *t, struct expected *e)
{
    int channels = t->plan.out.c, first = 0;
    for (int i = 0; i < t->ins; first += t->x[i++].c) {
        double *x = trial_values(t, &t->in[i]), *dx = trial_gradient(t, i);
        int c = t->x[i].c;
        for (int j = 0; j < (int)tensor_count(&t->in[i]); j++) {
            int at = j / c * channels + first + j % c;
            e->want_y[at] = x[j];
            assert_close("concat dx", &dx[j], &e->dy[at], 1);
            if (i == 0) e->want_dx[j] = e->dy[at];
        }
    }
    assert_int_equal(first, channels);
}

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

static void expect_cross_entropy(struct trial *t, struct expected *e)
{
    reference_cross_entropy(t->n, t->x[0].c, e->x, t->labels, e->want_y);
    reference_cross_entropy_grad(t->n, t->x[0].c, e->x, t->labels, e->want_dx);
    for (int i = 0; i < t->n; i++) e->want_y[i] *= t->options.loss.weight;
    for (int i = 0; i < t->n * t->x[0].c; i++) e->want_dx[i] *= t->options.loss.weight;
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

// ---- the rows ----

static const struct row {
    const char *op;
    void (*draw)(struct trial *trial);
    void (*expect)(struct trial *trial, struct expected *expected); // NULL: central differences alone
    const char *algorithm;                                          // of a convolution; NULL: as it chooses
} rows[] = {
    { "conv", draw_conv, NULL },
    { "conv", draw_square, NULL, "winograd" },
    { "conv", draw_depthwise, NULL, "depthwise" },
    { "dense", draw_dense, NULL },
    { "max_pool", draw_window, expect_max_pool },
    { "avg_pool", draw_avg_pool, expect_avg_pool },
    { "global_avg_pool", draw_one, expect_global_avg_pool },
    { "adaptive_avg_pool", draw_adaptive, expect_adaptive_avg_pool },
    { "flatten", draw_one, NULL },
    { "relu", draw_one, expect_relu },
    { "sigmoid", draw_smooth, expect_sigmoid },
    { "tanh", draw_smooth, expect_tanh },
    { "dropout", draw_dropout, expect_dropout },
    { "add", draw_add, expect_add },
    { "shortcut", draw_shortcut, expect_shortcut },
    { "concat", draw_concat, expect_concat },
    { "batch_norm", draw_one, expect_batch_norm },
    { "lrn", draw_lrn, expect_lrn },
    { "softmax", draw_smooth, expect_softmax },
    { "cross_entropy", draw_loss, expect_cross_entropy },
};

static struct trial *begin(const struct row *row, int number, bool large)
{
    static struct trial trial;
    trial = (struct trial){ .op = op_find(row->op), .large = large, .algorithm = row->algorithm, .ins = 1 };
    trial.state = 0x9E3779B97F4A7C15u * (uint64_t)(number + 1);
    for (int i = 0; i < 8; i++) trial_draw(&trial);
    trial.n = large ? 13 : trial_between(&trial, 1, 3);
    row->draw(&trial);
    if (!trial_prepare(&trial)) fail_msg("%s: trial %d has no shape", row->op, number);
    return &trial;
}

// ---- the checks ----

static void check_difference(struct trial *t, const char *what, int which, size_t at, float *value, double got)
{
    double keep = *value;
    *value = keep + STEP;
    trial_forward(t);
    double up = trial_objective(t);
    *value = keep - STEP;
    trial_forward(t);
    double want = (up - trial_objective(t)) / (2 * STEP);
    *value = keep;
    if (!(fabs(got - want) <= ABSOLUTE + RELATIVE * fabs(want)))
        fail_msg("%s: %s %d [%zu]: the gradient is %.9g, the difference %.9g", t->op->name, what, which, at, got, want);
}

static void check_gradients(struct trial *t)
{
    for (int i = 0; i < t->ins; i++) {
        double *got = trial_gradient(t, i);
        size_t c = (size_t)t->x[i].c;
        for (size_t j = 0; j < tensor_count(&t->in[i]); j++)
            check_difference(t, "input", i, j, t->in[i].data + (ptrdiff_t)(j / c) * t->in[i].ld + (ptrdiff_t)(j % c), got[j]);
    }
    for (int i = 0; i < t->plan.params; i++)
        for (size_t j = 0; j < t->count[i] && t->args.dparam[i]; j++)
            check_difference(t, t->plan.param[i].name, i, j, &t->args.param[i][j], t->args.dparam[i][j]);
}

static void check_row(const struct row *row)
{
    for (int number = 0; number < TRIALS; number++) {
        struct trial *t = begin(row, number, false);
        if (t->plan.flags & VIEW) {
            assert_int_equal(shape_count(t->plan.out), shape_count(t->x[0]));
            trial_free(t);
            continue;
        }
        trial_forward(t);
        trial_backward(t);
        assert_true(trial_intact(&t->out));
        for (int i = 0; i < t->ins; i++) {
            assert_true(trial_intact(&t->in[i]));
            assert_true(trial_intact(&t->din[i]));
        }
        size_t ny = tensor_count(&t->out), nx = tensor_count(&t->in[0]);
        struct expected e = { .x = trial_values(t, &t->in[0]), .y = trial_values(t, &t->out) };
        e.dy = t->dout.data ? trial_values(t, &t->dout) : NULL;
        e.want_y = trial_take(t, ny * sizeof *e.want_y);
        e.want_dx = trial_take(t, nx * sizeof *e.want_dx);
        if (row->expect) {
            row->expect(t, &e);
            assert_close("y", e.y, e.want_y, ny);
            assert_close("dx", trial_gradient(t, 0), e.want_dx, nx);
        }
        check_gradients(t);
        for (int i = 0; i < t->ins; i++) t->dins_at[i] = NULL; // nobody asks
        for (int i = 0; i < t->plan.params; i++) t->args.dparam[i] = NULL;
        trial_backward(t);
        trial_free(t);
    }
}

static void every_op_passes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (op_find(rows[i].op)) check_row(&rows[i]);
    }
}

static void every_op_has_a_row(void **state)
{
    (void)state;
    for (int i = 0; op_at(i); i++) {
        bool found = !strcmp(op_at(i)->name, "input"); // computes nothing
        for (size_t j = 0; j < sizeof rows / sizeof *rows; j++) found |= !strcmp(rows[j].op, op_at(i)->name);
        if (!found) fail_msg("%s has no row in check_ops.c", op_at(i)->name);
    }
}

// Ops that may work in place give the same with y in x's memory, and with dx in dy's.
static void in_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int number = 0; number < TRIALS; number++) {
            struct trial *t = begin(&rows[i], number, number == 0);
            t->add[0] = false;
            trial_forward(t);
            trial_backward(t);
            if (t->plan.flags & IN_PLACE) {
                size_t count = tensor_count(&t->out);
                double *y = trial_values(t, &t->out), *dx = trial_gradient(t, 0);
                t->dins_at[0] = &t->dout;
                trial_backward(t);
                assert_close("dx in place", trial_values(t, &t->dout), dx, count);
                t->args.out = &t->in[0];
                trial_forward(t);
                assert_close("y in place", trial_values(t, &t->in[0]), y, count);
            }
            trial_free(t);
        }
}

// Inputs that lie in the output already are left alone, and so are gradients that lie in dout.
static void concat_without_copies(void **state)
{
    (void)state;
    for (int number = 0; number < TRIALS; number++) {
        struct trial *t = begin(&(struct row){ .op = "concat", .draw = draw_concat }, number, false);
        trial_fill(t, &t->out);
        for (int i = 0, first = 0; i < t->ins; first += t->x[i++].c) {
            t->in[i] = t->out;
            t->din[i] = t->dout;
            t->in[i].shape = t->din[i].shape = t->x[i];
            t->in[i].data += first;
            t->din[i].data += first;
            t->add[i] = false;
        }
        size_t count = tensor_count(&t->out);
        double *y = trial_values(t, &t->out), *dy = trial_values(t, &t->dout);
        trial_forward(t);
        trial_backward(t);
        assert_close("y", trial_values(t, &t->out), y, count);
        assert_close("dy", trial_values(t, &t->dout), dy, count);
        trial_free(t);
    }
}

// Everything an op writes, on 1, 2 and 3 threads.
static void same_bits_on_any_threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int number = 0; number < 4; number++) {
            uint64_t first = 0;
            for (int threads = 1; threads <= 3; threads++) {
                striate_threads(threads);
                struct trial *t = begin(&rows[i], number, true);
                trial_forward(t);
                trial_backward(t);
                uint64_t hash = trial_hash(t);
                if (threads == 1) first = hash;
                assert_true(hash == first);
                trial_free(t);
            }
        }
    striate_threads(0);
}

// Without training: the same outputs and nothing saved; dropout does nothing, batch_norm uses the running statistics.
static void inference(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int number = 0; number < TRIALS; number++) {
            struct trial *t = begin(&rows[i], number, false);
            size_t count = tensor_count(&t->out);
            double *x = trial_values(t, &t->in[0]), *want = trial_take(t, count * sizeof *want);
            trial_forward(t);
            if (!(t->plan.flags & VIEW)) want = trial_values(t, &t->out);
            if (!strcmp(t->op->name, "dropout")) want = x;
            if (!strcmp(t->op->name, "batch_norm")) {
                float *const *p = t->args.param;
                reference_normalize((int)tensor_pixels(&t->in[0]), t->x[0].c, x, p[2], p[3], t->options.norm.eps, p[0], p[1],
                                    want);
            }
            t->args.train = false;
            t->args.saved = NULL;
            trial_forward(t);
            if (!(t->plan.flags & VIEW)) assert_close("y", trial_values(t, &t->out), want, count);
            trial_free(t);
        }
}

static void dropout_keeps_its_rate(void **state)
{
    (void)state;
    uint64_t seen[2] = { 0 };
    for (int step = 0; step < 2; step++)
        for (int tenths = 1; tenths <= 9; tenths++) {
            struct trial t = {
                .op = op_find("dropout"), .state = 7, .smooth = true, .n = 4, .ins = 1, .x = { { 50, 50, 20, 1 } }
            };
            t.options.dropout.rate = tenths / 10.0;
            assert_true(trial_prepare(&t));
            t.args.random.place = (uint64_t)step;
            trial_forward(&t);
            double *y = trial_values(&t, &t.out), *x = trial_values(&t, &t.in[0]);
            size_t count = tensor_count(&t.out), dropped = 0, pairs = 0;
            for (size_t i = 0; i < count; i++) {
                dropped += y[i] == 0;
                pairs += i && y[i] == 0 && y[i - 1] == 0;
                if (y[i] != 0) assert_true(fabs(y[i] * (1 - tenths / 10.0) - x[i]) < 1e-9);
            }
            double rate = tenths / 10.0, deviation = sqrt(rate * (1 - rate) / (double)count);
            assert_true(fabs((double)dropped / (double)count - rate) < 5 * deviation);
            assert_true(fabs((double)pairs / (double)count - rate * rate) <
                        10 * deviation); // neighbours know nothing of each other
            if (tenths == 5) seen[step] = trial_hash(&t);
            trial_free(&t);
        }
    assert_true(seen[0] != seen[1]);
}

// What does not fit together is refused with a sentence.

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_has_a_row),
        cmocka_unit_test(every_op_passes),
        cmocka_unit_test(in_place),
        cmocka_unit_test(concat_without_copies),
        cmocka_unit_test(same_bits_on_any_threads),
        cmocka_unit_test(inference),
        cmocka_unit_test(dropout_keeps_its_rate),
    };
    return cmocka_run_group_tests_name("ops", tests, NULL, NULL);
}
