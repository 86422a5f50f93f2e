// rows_layer.c - rows of check_ops: conv, dense and flatten.
#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

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

// Each filter reads some of the channels: connected[filter][channel].
enum { MOST_FILTERS = 4, MOST_CHANNELS = 4 };
static bool connected[MOST_FILTERS][MOST_CHANNELS];

static void draw_table(struct trial *t)
{
    striate_conv_options *o = &t->options.conv;
    t->smooth = true;
    t->x[0] =
        (struct shape){ trial_between(t, 3, t->large ? 33 : 5), trial_between(t, 3, 6), trial_between(t, 1, MOST_CHANNELS), 1 };
    o->filters = trial_between(t, 1, MOST_FILTERS);
    o->kernel = trial_between(t, 1, 3);
    o->kernel_w = trial_between(t, 1, 3);
    o->stride = trial_between(t, 1, 3);
    o->dilation = trial_between(t, 1, 2);
    o->mode = trial_between(t, STRIATE_MODE_SAME, STRIATE_MODE_FULL);
    o->flip = trial_draw(t) % 2;
    o->no_bias = trial_draw(t) % 4 == 0;
    bool table = trial_draw(t) % 2;
    char *text = trial_take(t, MOST_FILTERS * 2 * MOST_CHANNELS + 1);
    for (int k = 0; k < o->filters; k++) {
        int always = trial_between(t, 0, t->x[0].c - 1);
        for (int c = 0, first = 1; c < t->x[0].c; c++) {
            connected[k][c] = !table || c == always || trial_draw(t) % 2;
            if (connected[k][c]) sprintf(text + strlen(text), "%s%d", !first ? "+" : k ? "," : "", c), first = 0;
        }
    }
    if (table) o->table = text;
}

// One side by the definitions: where the window of output p begins, and how many outputs there are.
static int first_tap(const striate_conv_options *o, int p, int size, int kernel, int outputs)
{
    int reach = o->dilation * (kernel - 1), lacking = (outputs - 1) * o->stride + reach + 1 - size;
    return p * o->stride - (o->mode == STRIATE_MODE_FULL ? reach : lacking > 0 ? lacking / 2 : 0);
}

static int outputs_of(const striate_conv_options *o, int size, int kernel)
{
    int reach = o->dilation * (kernel - 1), count = 0;
    if (o->mode == STRIATE_MODE_FULL) size += reach;
    while (count * o->stride < size) count++;
    return count;
}

static void expect_table(struct trial *t, struct expected *e)
{
    const striate_conv_options *o = &t->options.conv;
    struct shape x = t->x[0], y = t->plan.out;
    int rows = o->kernel, columns = o->kernel_w;
    double *dw = trial_take(t, t->count[0] * sizeof *dw);
    assert_int_equal(y.h, outputs_of(o, x.h, rows));
    assert_int_equal(y.w, outputs_of(o, x.w, columns));
    for (int i = 0; i < (int)tensor_count(&t->out); i++) {
        int k = i % y.c, q = i / y.c % y.w, p = i / y.c / y.w % y.h, n = i / y.c / y.w / y.h, pair = 0;
        int top = first_tap(o, p, x.h, rows, y.h), left = first_tap(o, q, x.w, columns, y.w);
        for (int j = 0; j < k; j++)
            for (int c = 0; c < x.c; c++) pair += connected[j][c];
        e->want_y[i] = o->no_bias ? 0 : t->args.param[1][k];
        for (int c = 0; c < x.c; c++)
            for (int tap = 0; connected[k][c] && tap < rows * columns; tap++) {
                int h = top + tap / columns * o->dilation, w = left + tap % columns * o->dilation;
                int at = o->flip ? rows * columns - 1 - tap : tap, from = ((n * x.h + h) * x.w + w) * x.c + c;
                int weight = o->table ? pair * rows * columns + at : (k * rows * columns + at) * x.c + c;
                if (h < 0 || h >= x.h || w < 0 || w >= x.w) continue;
                for (int j = 0; o->table && j < c; j++) weight += connected[k][j] * rows * columns;
                e->want_y[i] += t->args.param[0][weight] * e->x[from];
                e->want_dx[from] += t->args.param[0][weight] * e->dy[i];
                dw[weight] += e->x[from] * e->dy[i];
            }
    }
    assert_close("dw", t->args.dparam[0], dw, t->count[0]);
}

static void draw_fixed(struct trial *t)
{
    draw_conv(t);
    striate_conv_options *o = &t->options.conv;
    o->frozen = 1;
    o->init = trial_between(t, 0, STRIATE_INIT_BLUR);
    if (o->init >= STRIATE_INIT_SOBEL && o->init <= STRIATE_INIT_LAPLACIAN) o->kernel = o->kernel_w = 3;
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

static void draw_rbf(struct trial *t)
{
    bool digits = trial_draw(t) % 4 == 0;
    t->smooth = true;
    t->x[0] = (struct shape){ 1, 1, digits ? 84 : trial_between(t, 1, 20), 1 };
    t->options.rbf = (striate_rbf_options){ .units = digits ? 10 : trial_between(t, 1, 9), .codes = !digits };
}

static void expect_rbf(struct trial *t, struct expected *e)
{
    int units = t->options.rbf.units, values = t->x[0].c;
    for (int i = 0; i < t->n * units; i++)
        for (int d = 0; d < values; d++) {
            double code = t->args.param[0][i % units * values + d], away = e->x[i / units * values + d] - code;
            assert_true(code == 1 || code == -1);
            e->want_y[i] -= away * away;
            e->want_dx[i / units * values + d] -= 2 * away * e->dy[i];
        }
}

const struct row rows_layer[] = {
    { "conv", draw_conv, NULL },
    { "conv", draw_square, NULL, .algorithm = "winograd" },
    { "conv", draw_depthwise, NULL, .algorithm = "depthwise" },
    { "conv", draw_table, expect_table },
    { "conv", draw_fixed, NULL },
    { "dense", draw_dense, NULL },
    { "rbf", draw_rbf, expect_rbf },
    { "flatten", draw_one, NULL },
    { NULL, NULL, NULL },
};
