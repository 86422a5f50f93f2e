// rows_layer.c - rows of check_ops: conv, dense and flatten.
#include "rows.h"

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

const struct row rows_layer[] = {
    { "conv", draw_conv, NULL },
    { "conv", draw_square, NULL, .algorithm = "winograd" },
    { "conv", draw_depthwise, NULL, .algorithm = "depthwise" },
    { "dense", draw_dense, NULL },
    { "flatten", draw_one, NULL },
    { NULL, NULL, NULL },
};
