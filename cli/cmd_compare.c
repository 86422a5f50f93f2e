// cmd_compare.c - trainings side by side: a row for each, and one measure of all of them as curves.
#include "cli.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct arguments {
    const char *curves;
    int metric, against, json;
};
#define AT(field) offsetof(struct arguments, field)
static const struct option options[] = {
    { "curves", OPTION_TEXT, AT(curves), "FILE.png", .doc = "where the curves go", .preset = "compare.png" },
    { "metric", OPTION_CHOICE, AT(metric), "val_top1|val_top5|val_loss|train_top1|train_loss", .doc = "what the curves show",
      .preset = "val_top1" },
    { "against", OPTION_CHOICE, AT(against), "epoch|step|seconds", .doc = "over what", .preset = "epoch" },
    { "json", OPTION_FLAG, AT(json), NULL, .doc = "print the table as JSON" },
    { 0 },
};
const struct usage compare_usage = {
    "RUN... [--curves FILE.png] [--metric M] [--against X] [--json]",
    "Tabulates trainings by their run folders: accuracy on validation, parameters, multiply-adds, "
    "time; and draws their curves over each other.",
    options,
    1,
    64,
    "RUN"
};

static const struct {
    const char *title;
    size_t offset;
} metrics[] = {
    { "validation top-1", offsetof(striate_epoch, val_top1) }, { "validation top-5", offsetof(striate_epoch, val_top5) },
    { "validation loss", offsetof(striate_epoch, val_loss) },  { "training top-1", offsetof(striate_epoch, train_top1) },
    { "training loss", offsetof(striate_epoch, train_loss) },
};
static const char *const axes[] = { "epoch", "step", "seconds of training" };

struct row {
    const char *folder;
    striate_run *run;
    json_t *arguments;
    const char *model;    // without the folders of a text network
    struct totals totals; // zero where the model file is not there yet
    double seconds, best;
    int best_epoch; // 0: none
};

static int read_totals(struct row *row)
{
    char path[PATH_MAX];
    striate_model *model = NULL;
    if (snprintf(path, sizeof path, "%s/model.safetensors", row->folder) >= PATH_MAX || access(path, F_OK)) return CODE_OK;
    int code = report(striate_model_open(&model, path));
    if (!code) code = source_totals(&row->totals, striate_model_graph(model));
    striate_model_free(model);
    return code;
}

static int read_row(struct row *row, const char *folder)
{
    json_error_t error;
    row->folder = folder;
    int code = report(striate_run_open(&row->run, folder));
    if (code) return code;
    row->arguments = json_loads(row->run->arguments, JSON_REJECT_DUPLICATES, &error);
    if (!row->arguments) return complain(CODE_BAD_INPUT, "%s/args.json, line %d: %s", folder, error.line, error.text);
    row->model = json_string_value(json_object_get(row->arguments, "model"));
    if (row->model && strrchr(row->model, '/')) row->model = strrchr(row->model, '/') + 1;
    for (int i = 0; i < row->run->count; i++) {
        const striate_epoch *e = &row->run->epochs[i];
        row->seconds += e->seconds;
        if (!(e->val_top1 > row->best) && row->best_epoch) continue;
        if (isnan(e->val_top1)) continue;
        row->best = e->val_top1;
        row->best_epoch = e->epoch;
    }
    return read_totals(row);
}

// ---- what is shown

static double last_top1(const struct row *row)
{
    return row->run->count ? row->run->epochs[row->run->count - 1].val_top1 : NAN;
}

static void show(const struct row *rows, int count)
{
    int width = 3;
    for (int i = 0; i < count; i++)
        if ((int)strlen(rows[i].folder) > width) width = (int)strlen(rows[i].folder);
    printf("%-*s  %-20s %6s  %10s %6s  %10s  %12s  %15s  %8s\n", width, "run", "model", "epochs", "best top-1", "epoch",
           "last top-1", "parameters", "MACs", "time");
    for (int i = 0; i < count; i++) {
        const struct row *r = &rows[i];
        printf("%-*s  %-20s %6d  ", width, r->folder, r->model ? r->model : "", r->run->count);
        if (r->best_epoch)
            printf("%8.2f %% %6d  %8.2f %%", 100 * r->best, r->best_epoch, 100 * last_top1(r));
        else
            printf("%10s %6s  %10s", "", "", "");
        printf("  %12s  %15s  %8s\n", commas(r->totals.parameters).s, commas(r->totals.macs).s, clock_time(r->seconds).s);
    }
}

static int show_json(const struct row *rows, int count)
{
    json_t *all = json_array();
    for (int i = 0; i < count; i++) {
        const struct row *r = &rows[i];
        json_array_append_new(all, json_pack("{s:o, s:o, s:i, s:o, s:i, s:o, s:I, s:I, s:o, s:O}", "run", json_text(r->folder),
                                             "model", r->model ? json_text(r->model) : json_null(), "epochs", r->run->count,
                                             "best_top1", json_number(r->best_epoch ? r->best : NAN), "best_epoch",
                                             r->best_epoch, "last_top1", json_number(last_top1(r)), "parameters",
                                             (json_int_t)r->totals.parameters, "macs", (json_int_t)r->totals.macs, "seconds",
                                             json_number(r->seconds), "arguments", r->arguments));
    }
    return print_json(all);
}

static int draw(const struct arguments *a, const struct row *rows, int count)
{
    size_t points = 0;
    for (int i = 0; i < count; i++) points += (size_t)rows[i].run->count;
    double *x = calloc(2 * points + 1, sizeof *x), *y = x + points;
    striate_series *series = calloc((size_t)count, sizeof *series);
    if (!x || !series) {
        free(x);
        free(series);
        return no_memory();
    }
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        series[i] = (striate_series){ .label = rows[i].folder, .x = x + at, .y = y + at, .count = rows[i].run->count };
        double seconds = 0;
        for (int e = 0; e < rows[i].run->count; e++, at++) {
            const striate_epoch *epoch = &rows[i].run->epochs[e];
            seconds += epoch->seconds;
            x[at] = a->against == 0 ? epoch->epoch : a->against == 1 ? (double)epoch->step : seconds;
            memcpy(&y[at], (const char *)epoch + metrics[a->metric].offset, sizeof *y);
        }
    }
    const char *title = metrics[a->metric].title;
    int code = report(striate_draw_curves(a->curves, title, axes[a->against], title, NULL, series, count));
    free(x);
    free(series);
    return code;
}

int cmd_compare(int argc, char **argv)
{
    struct arguments a = { 0 };
    options_preset(&compare_usage, &a);
    int count = options_parse(&compare_usage, &a, argc, argv), code = CODE_OK;
    struct row *rows = calloc((size_t)count, sizeof *rows);
    if (!rows) return no_memory();
    for (int i = 0; i < count && !code; i++) code = read_row(&rows[i], argv[i + 1]);
    if (!code) code = draw(&a, rows, count);
    if (!code && a.json)
        code = show_json(rows, count);
    else if (!code)
        show(rows, count);
    if (!code && !a.json) printf("\ncurves    %s\n", a.curves);
    for (int i = 0; i < count; i++) {
        striate_run_close(rows[i].run);
        json_decref(rows[i].arguments);
    }
    free(rows);
    return code;
}
