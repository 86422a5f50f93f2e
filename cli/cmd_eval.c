// cmd_eval.c - measures a model on labelled images.
#include "cli.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
    const char *data, *logits, *confusion, *sheet;
    int split, batch_size, limit, threads, exact, json, crops;
    struct model_arguments model;
};
#define AT(field) offsetof(struct arguments, field)
static const struct option options[] = {
    { "data", OPTION_TEXT, AT(data), "DIR", .doc = "the data set; 'striate data DIR' shows what it holds" },
    { "split", OPTION_CHOICE, AT(split), "train|test", .doc = "which part of it", .preset = "test" },
    { "limit", OPTION_INT, AT(limit), "N", .doc = "only the first N images", .low = 1, .high = 2147483647 },
    { "batch-size", OPTION_INT, AT(batch_size), "N", .doc = "images at a time", .preset = "256", .low = 1, .high = 65536 },
    { "crops", OPTION_CHOICE, AT(crops), "model|center|ten",
      .doc = "look at what the model's preprocessing says, at the middle of the image with its shorter side at --resize or 8/7 "
             "of the input, or also at its corners and all of these mirrored, and average",
      .preset = "model" },
    { "threads", OPTION_INT, AT(threads), "N", .doc = "threads that compute; else one per core", .low = 1, .high = 4096 },
    { "exact", OPTION_FLAG, AT(exact), NULL,
      .doc = "convolutions add up their products one by one: no Winograd, which rounds by about 1e-5 more" },
    { "json", OPTION_FLAG, AT(json), NULL, .doc = "print one JSON object" },
    { "logits", OPTION_TEXT, AT(logits), "FILE.npy", .doc = "write the raw outputs as float32[images][classes]" },
    { "confusion", OPTION_TEXT, AT(confusion), "FILE.png", .doc = "draw the confusion matrix" },
    { "sheet", OPTION_TEXT, AT(sheet), "FILE.png", .doc = "draw 48 of the images with predicted and true class" },
    { "", OPTION_GROUP, AT(model), NULL, .doc = "Weights without a network inside", .group = model_options },
    { 0 },
};
const struct usage eval_usage = {
    "MODEL --data DIR [--json]\n--model NAME --weights FILE --data DIR",
    "Measures a model on the test split of a data set: the share of images whose class is the most probable (top-1) or among "
    "the five most "
    "probable (top-5), the mean cross-entropy loss, recall and precision of each class, and which class is taken for which.",
    options,
    0,
    1,
    "MODEL"
};

static double ratio(int a, int b)
{
    return b ? (double)a / b : 0;
}

static int show_json(const striate_evaluation *e, const char *const *names)
{
    json_t *classes = json_array(), *confusion = json_array();
    for (int c = 0; c < e->classes; c++) {
        const striate_class_score *s = &e->per_class[c];
        json_t *row = json_array();
        for (int p = 0; p < e->classes; p++) json_array_append_new(row, json_integer(e->confusion[c * e->classes + p]));
        json_array_append_new(confusion, row);
        json_array_append_new(classes, json_pack("{s:o, s:i, s:i, s:i}", "name", json_text(names[c]), "images", s->images,
                                                 "correct", s->correct, "predicted", s->predicted));
    }
    return print_json(json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "images", e->images, "correct", e->correct, "top1",
                                json_number(ratio(e->correct, e->images)), "top5", json_number(ratio(e->correct5, e->images)),
                                "loss", json_number(e->loss), "images_per_second",
                                json_number(e->seconds > 0 ? e->images / e->seconds : 0), "classes", classes, "confusion",
                                confusion));
}

static void show_classes(const striate_evaluation *e, const char *const *names)
{
    enum { MOST = 100 };
    int width = names_width(names, e->classes), shown = e->classes < MOST ? e->classes : MOST;
    if (width < 5) width = 5;
    printf("\n%-*s  %8s  %8s  %8s  %9s\n", width, "class", "images", "correct", "recall", "precision");
    for (int c = 0; c < shown; c++) {
        const striate_class_score *s = &e->per_class[c];
        print_name(stdout, names[c], width);
        printf("  %8s  %8s  %6.2f %%  %7.2f %%\n", commas(s->images).s, commas(s->correct).s,
               100 * ratio(s->correct, s->images), 100 * ratio(s->correct, s->predicted));
    }
    if (shown < e->classes) printf("... and %d more; --json prints them all\n", e->classes - shown);
}

static void show_confusion(const striate_evaluation *e, const char *const *names)
{
    int width = names_width(names, e->classes), digits = 3, n = e->classes;
    for (int i = 0; i < n * n; i++) {
        int length = (int)strlen(commas(e->confusion[i]).s);
        if (length > digits) digits = length;
    }
    printf("\nconfusion: a row per true class, a column per predicted class\n%*s", width + 4, "");
    for (int p = 0; p < n; p++) printf(" %*d", digits, p);
    putchar('\n');
    for (int c = 0; c < n; c++) {
        print_name(stdout, names[c], width);
        printf("  %2d", c);
        for (int p = 0; p < n; p++) {
            int count = e->confusion[c * n + p];
            printf(" %s%*s%s", p == c ? color(stdout, "1") : "", digits, count ? commas(count).s : ".",
                   p == c ? color(stdout, "0") : "");
        }
        putchar('\n');
    }
}

static void show(const striate_evaluation *e, const char *const *names)
{
    printf("images    %s\n", commas(e->images).s);
    printf("top-1     %.2f %%  (%s)\n", 100 * ratio(e->correct, e->images), commas(e->correct).s);
    if (e->classes > 5) printf("top-5     %.2f %%  (%s)\n", 100 * ratio(e->correct5, e->images), commas(e->correct5).s);
    printf("loss      %.4f\n", e->loss);
    printf("speed     %s images/s\n", commas((int64_t)(e->seconds > 0 ? e->images / e->seconds : 0)).s);
    show_classes(e, names);
    if (e->classes <= 20) show_confusion(e, names);
}

// 48 images, evenly spaced over the set.
static int draw_sheet(const char *path, const striate_evaluation *e, const striate_data *data, const char *const *names)
{
    enum { TILES = 48, COLUMNS = 8 };
    striate_image images[TILES] = { 0 };
    char notes[TILES][64];
    striate_tile tiles[TILES];
    int count = e->images < TILES ? e->images : TILES, code = CODE_OK;
    for (int i = 0; i < count && !code; i++) {
        int index = (int)((int64_t)i * e->images / count), right = e->labels[index], guess = e->predictions[index];
        snprintf(notes[i], sizeof notes[i], "is %.58s", names[right]);
        tiles[i] = (striate_tile){ &images[i], names[guess], guess == right ? NULL : notes[i], guess == right ? 1 : -1 };
        code = report(striate_data_image(&images[i], data, index));
    }
    if (!code)
        code = report(striate_draw_sheet(path, "Predicted class; where wrong, the true one below", tiles, count, COLUMNS));
    for (int i = 0; i < count; i++) striate_image_free(&images[i]);
    return code;
}

static int write_files(const struct arguments *a, const striate_evaluation *e, const striate_data *data,
                       const char *const *names)
{
    int code = CODE_OK;
    if (a->logits) code = report(striate_save_npy(a->logits, e->logits, (size_t)e->images, (size_t)e->classes));
    if (!code && a->confusion)
        code = report(striate_draw_confusion(a->confusion, "Which class is taken for which", e->confusion, names, e->classes));
    if (!code && a->sheet) code = draw_sheet(a->sheet, e, data, names);
    return code;
}

static int evaluate(const struct arguments *a, striate_model *model, const striate_data *data)
{
    struct progress progress;
    striate_evaluation *e = NULL;
    progress_start(&progress);
    striate_evaluate_options how = {
        .batch_size = a->batch_size, .limit = a->limit, .exact = a->exact, .progress = progress_images, .user = &progress
    };
    int code = report(striate_evaluate(&e, model, data, how));
    progress_clear();
    if (code) return code;
    const char **names = calloc((size_t)e->classes, sizeof *names);
    for (int c = 0; names && c < e->classes; c++) names[c] = striate_model_class_name(model, c);
    code = names ? write_files(a, e, data, names) : no_memory();
    if (!code && a->json)
        code = show_json(e, names);
    else if (!code)
        show(e, names);
    free(names);
    striate_evaluation_free(e);
    return code;
}

int cmd_eval(int argc, char **argv)
{
    struct arguments a = { 0 };
    options_preset(&eval_usage, &a);
    int words = options_parse(&eval_usage, &a, argc, argv);
    if (!a.data) return complain(CODE_USAGE, "eval needs --data DIR");
    striate_threads(a.threads);

    striate_data *data = NULL;
    striate_model *model = NULL;
    int code = report(striate_data_open(&data, a.data, a.split ? STRIATE_SPLIT_TEST : STRIATE_SPLIT_TRAIN));
    if (!code) {
        striate_data_info info = striate_data_about(data);
        if (a.split && !info.has_test) fprintf(stderr, "%s has no test split; these are all of its images\n", a.data);
        code = source_model(&model, words ? argv[1] : NULL, &a.model, info.class_names, info.classes);
    }
    if (!code) striate_model_crops(model, (striate_crops)a.crops);
    if (!code) code = evaluate(&a, model, data);
    striate_model_free(model);
    striate_data_close(data);
    return code;
}
