// cmd_lr_find.c - the loss against the learning rate, and a rate to train with.
#include "train.h"

#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct arguments {
    struct train_arguments train;
    float low, high;
    int steps, json;
    const char *curve;
};
#define AT(field) offsetof(struct arguments, field)
static const struct option options[] = {
    { "lr-low", OPTION_FLOAT, AT(low), "X", .doc = "the first learning rate", .preset = "1e-6", .low = 1e-12, .high = 1e3 },
    { "lr-high", OPTION_FLOAT, AT(high), "X", .doc = "the last", .preset = "10", .low = 1e-11, .high = 1e6 },
    { "steps", OPTION_INT, AT(steps), "N", .doc = "training steps, one for each rate", .preset = "100", .low = 10,
      .high = 100000 },
    { "curve", OPTION_TEXT, AT(curve), "FILE.png", .doc = "where the curve goes", .preset = "lr-find.png" },
    { "json", OPTION_FLAG, AT(json), NULL, .doc = "all points as JSON" },
    { "", OPTION_GROUP, AT(train), NULL, .doc = "As of train, but for those of the run folder and of schedules",
      .group = train_options },
    { 0 },
};
const struct usage lr_find_usage = { "--model NAME|FILE.net --data DIR [options]",
                                     "Trains for a few steps while the learning rate grows, and suggests a rate to train "
                                     "with: half-way from where the loss falls most to where it is lowest. Nothing "
                                     "else is kept of it.",
                                     options,
                                     0,
                                     0,
                                     NULL };

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
    signal(number, SIG_DFL);
}

static int on_step(void *user, const striate_training_step *step)
{
    progress_show(user, step->epoch ? "steps" : "features", (double)step->image / step->images, -1, "lr %.3g  loss %.4f",
                  step->learning_rate, step->loss);
    return stop ? STRIATE_STOP : STRIATE_GO_ON;
}

// Losses far above the first would press the rest of the curve flat.
static double in_sight(const striate_lr_curve *c, double loss)
{
    return loss <= 2 * c->losses[0] ? loss : NAN;
}

static int draw(const struct arguments *a, const striate_lr_curve *c)
{
    size_t count = (size_t)c->count;
    double *x = malloc(3 * count * sizeof *x), *losses = x + count, *smooth = losses + count;
    if (!x) return no_memory();
    double at = log10(c->suggestion), suggestion[] = { at, at }, range[] = { c->losses[0], c->losses[0] };
    for (size_t i = 0; i < count; i++) {
        x[i] = log10(c->rates[i]);
        losses[i] = in_sight(c, c->losses[i]);
        smooth[i] = in_sight(c, c->smooth[i]);
        range[0] = fmin(range[0], losses[i]);
        range[1] = fmax(range[1], losses[i]);
    }
    char title[160], label[64];
    snprintf(title, sizeof title, "%.80s: loss against learning rate", a->train.model);
    snprintf(label, sizeof label, "suggestion, %.2g", c->suggestion);
    const striate_series series[] = { { "loss", x, losses, c->count, 0 },
                                      { "smooth loss", x, smooth, c->count, 0 },
                                      { label, suggestion, range, 2, 0 } };
    striate_status status =
        striate_draw_curves(a->curve, title, "log10 of the learning rate", "loss", NULL, series, c->suggestion > 0 ? 3 : 2);
    free(x);
    return report(status);
}

static int show(const struct arguments *a, const striate_lr_curve *c)
{
    enum { ROWS = 20 };
    if (a->json) {
        json_t *points = json_array();
        for (int i = 0; i < c->count; i++)
            json_array_append_new(points, json_pack("{s:f, s:o, s:o}", "learning_rate", c->rates[i], "loss",
                                                    json_number(c->losses[i]), "smooth", json_number(c->smooth[i])));
        json_t *suggestion = c->suggestion > 0 ? json_real(c->suggestion) : json_null();
        return print_json(json_pack("{s:o, s:s, s:o}", "suggestion", suggestion, "curve", a->curve, "points", points));
    }
    printf("%12s  %9s  %9s\n", "lr", "loss", "smooth");
    for (int i = 0, each = c->count > ROWS ? (c->count + ROWS - 1) / ROWS : 1; i < c->count; i += each)
        printf("%12.4g  %9.4f  %9.4f\n", c->rates[i], c->losses[i], c->smooth[i]);
    printf("\ncurve     %s\n", a->curve);
    if (c->suggestion > 0)
        printf("try       --lr %.2g, half-way from where the loss falls most to where it is lowest\n", c->suggestion);
    else
        printf("The loss does not clearly fall: try higher rates (--lr-high), more --steps, or another network.\n");
    return CODE_OK;
}

static void on_note(void *user, const char *sentence)
{
    (void)user;
    fprintf(stderr, "%s\n", sentence);
}

static int find(struct arguments *a, struct train_parts *parts)
{
    striate_lr_curve *curve = NULL;
    struct progress progress;
    int code = train_parts_begin(parts, on_note);
    if (code) return code;
    striate_training how = train_arguments_training(&a->train);
    how.on_step = on_step;
    how.user = &progress;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    progress_start(&progress);
    striate_status status =
        striate_lr_find(&curve, parts->model, parts->train, &how, (striate_lr_options){ a->low, a->high, a->steps });
    progress_clear();
    if (status == STRIATE_INTERRUPTED) return complain(128 + stop, "interrupted");
    code = report(status);
    if (!code) code = draw(a, curve);
    if (!code) code = show(a, curve);
    free(curve);
    return code;
}

int cmd_lr_find(int argc, char **argv)
{
    struct arguments a = { 0 };
    struct train_parts parts = { 0 };
    options_preset(&lr_find_usage, &a);
    options_parse(&lr_find_usage, &a, argc, argv);
    int code = a.train.recipe ? recipe_read(&lr_find_usage, &a, a.train.recipe) : CODE_OK;
    if (!code && a.train.recipe) options_parse(&lr_find_usage, &a, argc, argv);
    if (!code) code = train_arguments_check(&a.train, "lr-find");
    if (!code && (a.train.out || a.train.resume))
        code = complain(CODE_USAGE, "lr-find makes no run; leave --out and --resume away");
    if (!code && !(a.low < a.high)) code = complain(CODE_USAGE, "--lr-low must be below --lr-high");
    if (!code) striate_threads(a.train.threads);
    if (!code) code = train_parts_open(&parts, &a.train);
    if (!code) code = find(&a, &parts);
    train_parts_close(&parts);
    return finish(code);
}
