// cmd_predict.c - names what images show.
#include "cli.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
    int topk, json, threads, exact, crops;
    const char *logits;
    struct model_arguments model;
};
#define AT(field) offsetof(struct arguments, field)
static const struct option options[] = {
    { "topk", OPTION_INT, AT(topk), "K", .doc = "how many classes to name", .preset = "5", .low = 1, .high = 1e6 },
    { "json", OPTION_FLAG, AT(json), NULL, .doc = "print JSON: a list with an object per image" },
    { "logits", OPTION_TEXT, AT(logits), "FILE.npy",
      .doc = "write the raw outputs as float32[images][classes]; NaN where an image could not be read" },
    { "crops", OPTION_CHOICE, AT(crops), "model|center|ten",
      .doc = "look at what the model's preprocessing says, at the middle of the image with its shorter side at --resize or 8/7 "
             "of the input, or also at its corners and all of these mirrored, and average",
      .preset = "model" },
    { "threads", OPTION_INT, AT(threads), "N", .doc = "threads that compute; else one per core", .low = 1, .high = 4096 },
    { "exact", OPTION_FLAG, AT(exact), NULL,
      .doc = "convolutions add up their products one by one: no Winograd, which rounds by about 1e-5 more" },
    { "", OPTION_GROUP, AT(model), NULL, .doc = "Weights without a network inside", .group = model_options },
    { 0 },
};
const struct usage predict_usage = {
    "MODEL IMAGE... [--topk K] [--json]\n--model NAME --weights FILE IMAGE...",
    "Names what PNG and JPEG images of any size show, the most probable classes first; they are resized and converted as the "
    "model file "
    "says. '-' reads an image from standard input. An image that cannot be read is reported, the others are still done.",
    options,
    1,
    -1,
    "MODEL"
};

static int read_stdin(striate_image *image)
{
    enum { CAP = 1 << 28, STEP = 1 << 16 };
    char *data = NULL;
    size_t size = 0, room = 0, got;
    do {
        if (size + STEP > room) {
            room = room ? 2 * room : 4 * STEP;
            char *more = room <= CAP ? realloc(data, room) : NULL;
            if (!more) {
                free(data);
                return room > CAP ? complain(CODE_BAD_INPUT, "standard input: more than 128 MB; no image is that large")
                                  : no_memory();
            }
            data = more;
        }
        got = fread(data + size, 1, STEP, stdin);
        size += got;
    } while (got);
    int code = ferror(stdin) ? complain(CODE_BAD_INPUT, "standard input: %s", strerror(errno))
                             : report(striate_image_decode(image, data, size, "standard input"));
    free(data);
    return code;
}

struct job {
    striate_model *model;
    int classes, topk;
    bool json;
    striate_prediction *best; // [topk]
    float *logits;            // [images][classes], NULL: not wanted
    json_t *list;
};

static void show(const struct job *job, const char *name, bool named)
{
    if (named) {
        print_name(stdout, name, 0);
        putchar('\n');
    }
    for (int i = 0; i < job->topk; i++) {
        printf("%s%6.2f %%  ", named ? "  " : "", 100.0 * (double)job->best[i].probability);
        print_name(stdout, striate_model_class_name(job->model, job->best[i].label), 0);
        putchar('\n');
    }
}

static json_t *to_json(const struct job *job, const char *name)
{
    json_t *list = json_array();
    for (int i = 0; i < job->topk; i++)
        json_array_append_new(list, json_pack("{s:i, s:o, s:f}", "label", job->best[i].label, "class",
                                              json_text(striate_model_class_name(job->model, job->best[i].label)),
                                              "probability", (double)job->best[i].probability));
    return json_pack("{s:o, s:o}", "image", json_text(name), "predictions", list);
}

static int one(struct job *job, const char *name, float *logits)
{
    striate_image image = { 0 };
    int code = strcmp(name, "-") ? report(striate_image_open(&image, name)) : read_stdin(&image);
    if (!code) code = report(striate_predict(job->best, job->topk, job->model, &image));
    if (!code && logits) code = report(striate_logits(logits, job->model, &image));
    striate_image_free(&image);
    return code;
}

// All images; the worst exit code that one of them earned.
static int all(struct job *job, int count, char **names)
{
    int worst = CODE_OK;
    for (int i = 0; i < count; i++) {
        float *logits = job->logits ? job->logits + (size_t)i * (size_t)job->classes : NULL;
        for (int c = 0; logits && c < job->classes; c++) logits[c] = NAN;
        int code = one(job, names[i], logits);
        if (code && (!worst || code < worst)) worst = code;
        if (job->json)
            json_array_append_new(
                job->list, code ? json_pack("{s:o, s:o}", "image", json_text(names[i]), "error", json_text(striate_error()))
                                : to_json(job, names[i]));
        else if (!code)
            show(job, names[i], count > 1);
    }
    return worst;
}

int cmd_predict(int argc, char **argv)
{
    struct arguments a = { 0 };
    options_preset(&predict_usage, &a);
    int words = options_parse(&predict_usage, &a, argc, argv);
    const char *path = a.model.model || a.model.weights ? NULL : argv[1];
    char **images = argv + (path ? 2 : 1);
    int count = words - (path ? 1 : 0);
    if (!count) return complain(CODE_USAGE, "predict needs an image: striate predict MODEL IMAGE...");
    striate_threads(a.threads);

    struct job job = { .json = a.json };
    int code = source_model(&job.model, path, &a.model, NULL, 0);
    if (!code) {
        striate_model_exact(job.model, a.exact);
        striate_model_crops(job.model, (striate_crops)a.crops);
        job.classes = striate_model_classes(job.model);
        job.topk = a.topk < job.classes ? a.topk : job.classes;
        job.best = calloc((size_t)job.topk, sizeof *job.best);
        job.list = json_array();
        if (a.logits) job.logits = calloc((size_t)count * (size_t)job.classes, sizeof *job.logits);
        code = !job.best || !job.list || (a.logits && !job.logits) ? no_memory() : all(&job, count, images);
        int saved = job.logits ? report(striate_save_npy(a.logits, job.logits, (size_t)count, (size_t)job.classes)) : CODE_OK;
        if (!code) code = saved;
        if (a.json)
            print_json(job.list);
        else
            json_decref(job.list);
    }
    free(job.best);
    free(job.logits);
    striate_model_free(job.model);
    return code;
}
