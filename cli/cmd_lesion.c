// cmd_lesion.c - what becomes of a trained network that loses units, or whose units change places (Veit, Wilber and Belongie 2016, 4.1 and 4.3).
#include "lesion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
    const char *data, *curves;
    int limit, draws, most, batch_size, threads, json;
    uint64_t seed;
    struct model_arguments model;
};
#define AT(field) offsetof(struct arguments, field)
static const struct option options[] = {
    { "data", OPTION_TEXT, AT(data), "DIR", .doc = "the data set whose test images are classified" },
    { "limit", OPTION_INT, AT(limit), "N", .doc = "only its first N images", .preset = "1000", .low = 1, .high = 1e9 },
    { "most", OPTION_INT, AT(most), "N", .doc = "units deleted or pairs swapped at once, at most", .preset = "10", .low = 1,
      .high = 1000 },
    { "draws", OPTION_INT, AT(draws), "N", .doc = "random choices of each number", .preset = "5", .low = 1, .high = 1000 },
    { "seed", OPTION_SEED, AT(seed), "N", .doc = "of the choices", .preset = "1" },
    { "curves", OPTION_TEXT, AT(curves), "FILE.png", .doc = "where the curves go", .preset = "lesion.png" },
    { "batch-size", OPTION_INT, AT(batch_size), "N", .doc = "images at a time", .preset = "250", .low = 1, .high = 65536 },
    { "threads", OPTION_INT, AT(threads), "N", .doc = "threads that compute; else one per core", .low = 1, .high = 4096 },
    { "json", OPTION_FLAG, AT(json), NULL, .doc = "print every measurement as JSON" },
    { "", OPTION_GROUP, AT(model), NULL, .doc = "Weights without a network inside", .group = model_options },
    { 0 },
};
const struct usage lesion_usage = {
    "MODEL... --data DIR [options]\n--model NAME --weights FILE.safetensors --data DIR [options]",
    "Deletes units of trained networks, each alone and 1 to N random ones at once, and swaps "
    "the places of 1 to N random pairs of units whose "
    "weights have one shape; says how often what remains is wrong. A unit is what an 'add' "
    "adds to its shortcut, or, in a network without 'add', "
    "a convolution that keeps the shape of its input.\n"
    "Residual networks lose accuracy little by little, others at once: see Veit, Wilber and "
    "Belongie 2016, \"Residual Networks Behave Like "
    "Ensembles of Relatively Shallow Networks\".",
    options,
    0,
    8,
    "MODEL"
};

enum kind { DELETED, SWAPPED, KINDS };
static const char *const kinds[KINDS] = { "deleted", "swapped" };

// One network's measurements. Errors are fractions of the images.
struct study {
    const char *path;
    striate_model *model;
    struct lesions *lesions;
    int units, most[KINDS];        // how many deleted, how many pairs swapped
    double whole, *each;           // error of the whole network, and without one unit
    double *errors[KINDS], *order; // [most][draws]; order: Kendall's tau of each swapping
};

static uint64_t draw(uint64_t *state) // SplitMix64
{
    uint64_t z = *state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

static int measure(double *error, const struct arguments *a, const struct study *s, const striate_data *data,
                   const bool *deleted, const int *place)
{
    striate_model *model = NULL;
    striate_evaluation *e = NULL;
    int code = lesions_model(&model, s->lesions, deleted, place);
    if (!code)
        code = report(
            striate_evaluate(&e, model, data, (striate_evaluate_options){ .batch_size = a->batch_size, .limit = a->limit }));
    if (!code) *error = 1 - (double)e->correct / e->images;
    striate_evaluation_free(e);
    striate_model_free(model);
    return code;
}

// ---- random choices ----

static void choose_deleted(bool *deleted, int units, int count, uint64_t *state)
{
    memset(deleted, 0, (size_t)units * sizeof *deleted);
    for (int left = count; left;) {
        size_t unit = (size_t)(draw(state) % (uint64_t)units);
        left -= !deleted[unit];
        deleted[unit] = true;
    }
}

static bool swappable(const struct lesions *l, int unit)
{
    for (int i = 0; i < lesions_units(l); i++)
        if (i != unit && lesions_alike(l, i, unit)) return true;
    return false;
}

static void choose_swaps(int *place, const struct lesions *l, int count, uint64_t *state)
{
    int units = lesions_units(l);
    for (int i = 0; i < units; i++) place[i] = i;
    for (int left = count; left;) {
        int a = (int)(draw(state) % (uint64_t)units), b = (int)(draw(state) % (uint64_t)units), keep = place[a];
        if (a == b || !lesions_alike(l, a, b)) continue;
        place[a] = place[b];
        place[b] = keep;
        left--;
    }
}

// 1 where the order is as it was, -1 where it is turned round.
static double kendall(const int *place, int units)
{
    double sum = 0;
    for (int i = 0; i < units; i++)
        for (int j = 0; j < i; j++) sum += place[j] < place[i] ? 1 : -1;
    return units > 1 ? sum / (units * (units - 1) / 2) : 1;
}

// ---- one network ----

// Measurements of one study, for the progress bar.
struct work {
    struct progress progress;
    int done, all;
};

static void advance(struct work *w, const char *path)
{
    double seconds = seconds_now() - w->progress.started;
    w->done++;
    progress_show(&w->progress, path, (double)w->done / w->all, seconds / w->done * (w->all - w->done), "%d of %d networks",
                  w->done, w->all);
}

static int measure_each(const struct arguments *a, struct study *s, const striate_data *data, struct work *work, bool *deleted)
{
    int code = measure(&s->whole, a, s, data, NULL, NULL);
    for (int u = 0; u < s->units && !code; u++) {
        memset(deleted, 0, (size_t)s->units * sizeof *deleted);
        deleted[u] = true;
        code = measure(&s->each[u], a, s, data, deleted, NULL);
        advance(work, s->path);
    }
    return code;
}

static int measure_draws(const struct arguments *a, struct study *s, const striate_data *data, struct work *work, bool *deleted,
                         int *place)
{
    int code = CODE_OK;
    uint64_t state = a->seed;
    for (enum kind kind = DELETED; kind < KINDS; kind++)
        for (int i = 0; i < s->most[kind] * a->draws && !code; i++) {
            int count = i / a->draws + 1;
            if (kind == DELETED)
                choose_deleted(deleted, s->units, count, &state);
            else
                choose_swaps(place, s->lesions, count, &state);
            if (kind == SWAPPED) s->order[i] = kendall(place, s->units);
            code = measure(&s->errors[kind][i], a, s, data, kind == DELETED ? deleted : NULL, kind == SWAPPED ? place : NULL);
            advance(work, s->path);
        }
    return code;
}

static int study(const struct arguments *a, struct study *s, const striate_data *data)
{
    striate_data_info about = striate_data_about(data);
    int code = source_model(&s->model, s->path, &a->model, about.class_names, about.classes), pairs = 0;
    if (!s->path) s->path = a->model.model;
    if (!code) code = lesions_open(&s->lesions, s->model);
    if (code) return code;
    s->units = lesions_units(s->lesions);
    if (!s->units)
        return complain(CODE_BAD_INPUT, "%s: no layer of this network can be left out: none keeps the shape of its input",
                        s->path);
    for (int u = 0; u < s->units; u++) pairs += swappable(s->lesions, u);
    s->most[DELETED] = a->most < s->units ? a->most : s->units;
    s->most[SWAPPED] = pairs ? a->most : 0;
    size_t draws = (size_t)a->most * (size_t)a->draws, units = (size_t)s->units;
    s->each = calloc(units, sizeof *s->each);
    s->order = calloc(draws, sizeof *s->order);
    for (enum kind kind = DELETED; kind < KINDS; kind++) s->errors[kind] = calloc(draws, sizeof *s->errors[kind]);
    bool *deleted = calloc(units, sizeof *deleted);
    int *place = calloc(units, sizeof *place);
    struct work work = { .all = s->units + (s->most[DELETED] + s->most[SWAPPED]) * a->draws };
    progress_start(&work.progress);
    code = s->each && s->order && s->errors[DELETED] && s->errors[SWAPPED] && deleted && place ? CODE_OK : no_memory();
    if (!code) code = measure_each(a, s, data, &work, deleted);
    if (!code) code = measure_draws(a, s, data, &work, deleted, place);
    progress_clear();
    free(deleted);
    free(place);
    return code;
}

static void study_free(struct study *s)
{
    lesions_close(s->lesions);
    striate_model_free(s->model);
    free(s->each);
    free(s->order);
    for (enum kind kind = DELETED; kind < KINDS; kind++) free(s->errors[kind]);
}

// ---- what is shown ----

static double mean(const double *values, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) sum += values[i];
    return count ? sum / count : NAN;
}

static void show(const struct arguments *a, const struct study *s)
{
    printf("%s: %d units, %s; error of the whole network %.2f %%\n\n", s->path, s->units,
           lesions_residual(s->lesions) ? "residual" : "layers without shortcuts", 100 * s->whole);
    printf("%-24s  %s\n", "without this unit", "error");
    for (int u = 0; u < s->units; u++) {
        print_name(stdout, lesions_name(s->lesions, u), 24);
        printf("  %6.2f %%\n", 100 * s->each[u]);
    }
    printf("\n%6s  %10s  %10s  %s\n", "number", "deleted", "swapped", "Kendall's tau");
    for (int i = 0; i < a->most; i++) {
        printf("%6d", i + 1);
        for (enum kind kind = DELETED; kind < KINDS; kind++)
            if (i < s->most[kind])
                printf("  %8.2f %%", 100 * mean(s->errors[kind] + i * a->draws, a->draws));
            else
                printf("  %10s", "");
        if (i < s->most[SWAPPED]) printf("  %13.3f", mean(s->order + i * a->draws, a->draws));
        putchar('\n');
    }
    putchar('\n');
}

static json_t *numbers(const double *values, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, json_number(values[i]));
    return list;
}

static json_t *as_json(const struct arguments *a, const struct study *s)
{
    json_t *each = json_array(), *object = json_object();
    for (int u = 0; u < s->units; u++)
        json_array_append_new(
            each, json_pack("{s:o, s:o}", "unit", json_text(lesions_name(s->lesions, u)), "error", json_number(s->each[u])));
    json_object_set_new(object, "model", json_text(s->path));
    json_object_set_new(object, "residual", json_boolean(lesions_residual(s->lesions)));
    json_object_set_new(object, "error", json_number(s->whole));
    json_object_set_new(object, "each", each);
    for (enum kind kind = DELETED; kind < KINDS; kind++) {
        json_t *rows = json_array();
        for (int i = 0; i < s->most[kind]; i++) {
            json_t *row = json_pack("{s:i, s:o}", "number", i + 1, "errors", numbers(s->errors[kind] + i * a->draws, a->draws));
            if (kind == SWAPPED) json_object_set_new(row, "kendall_tau", numbers(s->order + i * a->draws, a->draws));
            json_array_append_new(rows, row);
        }
        json_object_set_new(object, kinds[kind], rows);
    }
    return object;
}

// "deleted, NAME", NAME being the run of RUN/model.safetensors, else the file.
static void name_curve(char *label, size_t size, enum kind kind, const char *path)
{
    static const char file[] = "/model.safetensors";
    size_t length = strlen(path);
    if (length >= sizeof file && !strcmp(path + length - strlen(file), file)) length -= strlen(file);
    const char *name = path + length;
    while (name > path && name[-1] != '/') name--;
    snprintf(label, size, "%s, %.*s", kinds[kind], (int)(path + length - name), name);
}

// Mean errors over how many units are deleted or pairs swapped, from none on.
static int draw_curves(const struct arguments *a, const struct study *studies, int count)
{
    enum { LABEL = 64 };
    size_t points = (size_t)a->most + 1, series_count = KINDS * (size_t)count;
    double *x = calloc(points, sizeof *x), *y = calloc(series_count * points, sizeof *y);
    striate_series *series = calloc(series_count, sizeof *series);
    char(*labels)[LABEL] = calloc(series_count, LABEL);
    int code = x && y && series && labels ? CODE_OK : no_memory(), used = 0;
    for (int i = 0; !code && i < count; i++)
        for (enum kind kind = DELETED; kind < KINDS; kind++) {
            const struct study *s = &studies[i];
            double *values = y + (size_t)used * points;
            if (!s->most[kind]) continue;
            name_curve(labels[used], LABEL, kind, s->path);
            values[0] = s->whole;
            for (int n = 1; n <= s->most[kind]; n++) values[n] = mean(s->errors[kind] + (n - 1) * a->draws, a->draws);
            series[used] = (striate_series){ .label = labels[used], .x = x, .y = values, .count = s->most[kind] + 1 };
            used++;
        }
    for (size_t i = 0; !code && i < points; i++) x[i] = (double)i;
    if (!code)
        code = report(striate_draw_curves(a->curves, "Error after a lesion", "units deleted, or pairs swapped", "error", NULL,
                                          series, used));
    free(x);
    free(y);
    free(series);
    free(labels);
    return code;
}

int cmd_lesion(int argc, char **argv)
{
    struct arguments a = { 0 };
    struct study studies[8] = { 0 };
    striate_data *data = NULL;
    options_preset(&lesion_usage, &a);
    int count = options_parse(&lesion_usage, &a, argc, argv);
    if (!a.data) return complain(CODE_USAGE, "lesion needs --data DIR");
    striate_threads(a.threads);
    int code = report(striate_data_open(&data, a.data, STRIATE_SPLIT_TEST));
    if (!count) argv[++count] = NULL; // the model of --model and --weights
    for (int i = 0; i < count && !code; i++) {
        studies[i].path = argv[i + 1];
        code = study(&a, &studies[i], data);
        if (!code && !a.json) show(&a, &studies[i]);
    }
    if (!code) code = draw_curves(&a, studies, count);
    json_t *all = a.json ? json_array() : NULL;
    for (int i = 0; i < count; i++) {
        if (!code && a.json) json_array_append_new(all, as_json(&a, &studies[i]));
        study_free(&studies[i]);
    }
    striate_data_close(data);
    if (!code && a.json) return print_json(all);
    json_decref(all);
    if (!code) printf("curves    %s\n", a.curves);
    return code;
}
