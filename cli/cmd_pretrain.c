// cmd_pretrain.c - lets layers learn without labels, one after another.
#include "cli.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>

struct arguments {
    const char *model, *data, *out;
    int epochs, images, batch_size, threads, overwrite, limit;
    float learning_rate, sparsity, sparsity_cost, weight_decay;
    uint64_t seed;
    struct input_arguments input;
    struct augment_arguments augment;
};
#define AT(field) offsetof(struct arguments, field)
static const struct option options[] = {
    { "model", OPTION_TEXT, AT(model), "NAME|FILE", .doc = "conv_dbn, neocognitron, or a text network with such layers",
      .preset = "conv_dbn" },
    { "data", OPTION_TEXT, AT(data), "DIR", .doc = "a data set, or a folder of PNG and JPEG files" },
    { "out", OPTION_TEXT, AT(out), "RUN", .doc = "the folder for what comes of it" },
    { "overwrite", OPTION_FLAG, AT(overwrite), NULL, .doc = "also where that holds a model, which is lost" },
    { "epochs", OPTION_INT, AT(epochs), "N", .doc = "of each layer; 100 unless given, of S cells 20", .low = 1, .high = 1e6 },
    { "images", OPTION_INT, AT(images), "N", .doc = "images of an epoch; as many as there are, at most 1000, unless given",
      .low = 1, .high = 1e9 },
    { "batch-size", OPTION_INT, AT(batch_size), "N", .doc = "images of an update", .preset = "1", .low = 1, .high = 4096 },
    { "lr", OPTION_FLOAT, AT(learning_rate), "X", .doc = "rate of the Boltzmann machines, times 1 / (1 + 0.01 epochs)",
      .preset = "0.1", .low = 1e-9, .high = 1e3 },
    { "sparsity", OPTION_FLOAT, AT(sparsity), "P", .doc = "how often their units are to be on", .preset = "0.003", .low = 1e-9,
      .high = 1 },
    { "sparsity-cost", OPTION_FLOAT, AT(sparsity_cost), "X", .doc = "how hard they are driven to that", .preset = "5",
      .low = 1e-9, .high = 1e6 },
    { "weight-decay", OPTION_FLOAT, AT(weight_decay), "X", .doc = "L2 regularization of their weights", .preset = "0.01",
      .low = 1e-9, .high = 1 },
    { "limit", OPTION_INT, AT(limit), "N", .doc = "learn from N images only, the same random ones each time", .low = 1,
      .high = 2147483647 },
    { "seed", OPTION_SEED, AT(seed), "N", .doc = "of all that is drawn; the same seed gives the same bits", .preset = "1" },
    { "threads", OPTION_INT, AT(threads), "N", .doc = "threads that compute; else one per core. Results do not depend on it",
      .low = 1, .high = 4096 },
    { "", OPTION_GROUP, AT(input), NULL, .doc = "How pixels become input", .group = input_options },
    { "", OPTION_GROUP, AT(augment), NULL, .doc = "How images are changed, anew each time", .group = augment_options },
    { 0 },
};
const struct usage pretrain_usage = {
    "--model NAME|FILE.net --data DIR --out RUN [options]",
    "Lets layers learn from images without labels, greedily, one after another: a convolution under prob_max_pool as a "
    "restricted "
    "Boltzmann machine, by contrastive divergence (Lee et al. 2009), and the S cells of a neocognitron by reinforcing the "
    "largest "
    "(Fukushima 1980). RUN receives model.safetensors, metrics.csv, metrics.jsonl, curve.png and a picture of each layer's "
    "filters. "
    "Ctrl-C saves what has been learned and exits with 130; it cannot be resumed.\n"
    "Then: striate train --model conv_dbn --weights RUN/model.safetensors --freeze 'rbm*' trains a classifier on top.",
    options,
    0,
    0,
    NULL
};

struct work {
    struct progress progress;
    const char *layer; // of the last row
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
    signal(number, SIG_DFL); // the second one kills
}

static int on_step(void *user, const striate_pretraining_step *s)
{
    struct work *w = user;
    char error[32] = "";
    if (!isnan(s->error)) snprintf(error, sizeof error, "error %.5g  ", s->error);
    progress_show(&w->progress, s->layer, (double)s->image / s->images,
                  s->images_per_second > 0
                      ? ((double)(s->epochs - s->epoch) * s->images + s->images - s->image) / s->images_per_second
                      : -1,
                  "epoch %d/%d  %sactive %.3g", s->epoch, s->epochs, error, s->active);
    if (s->image < s->images) return stop ? STRIATE_STOP : STRIATE_GO_ON;
    progress_clear();
    if (!w->layer) printf("%-12s  %5s  %10s  %9s  %9s  %7s\n", "layer", "epoch", "error", "active", "images/s", "time");
    print_name(stdout, w->layer = s->layer, 12);
    if (isnan(s->error))
        snprintf(error, sizeof error, "%10s", "");
    else
        snprintf(error, sizeof error, "%10.5f", s->error);
    printf("  %5d  %s  %9.5f  %9s  %7s\n", s->epoch, error, s->active, commas((int64_t)s->images_per_second).s,
           clock_time(s->seconds).s);
    fflush(stdout);
    return stop ? STRIATE_STOP : STRIATE_GO_ON;
}

static int open_model(striate_model **model, const struct arguments *a, const striate_data_info *about)
{
    striate_graph *graph = NULL;
    striate_preprocessing how;
    struct totals totals;
    bool zoo = is_zoo_name(a->model);
    int code = report(striate_graph_open(&graph, a->model,
                                         (striate_zoo_options){ .classes = zoo && about->classes > 1 ? about->classes : 0 }));
    if (!code) code = source_totals(&totals, graph);
    if (!code) code = source_preprocessing(&how, totals.input, &a->input);
    if (code) {
        striate_graph_free(graph);
        return code;
    }
    printf("network     %s: %s, %s parameters\n", a->model, size3(totals.input).s, commas(totals.parameters).s);
    return report(striate_model_new(model, graph, &how, about->classes == totals.output.channels ? about->class_names : NULL));
}

static int pretrain(const struct arguments *a, striate_model *model, const striate_data *data)
{
    struct work work = { .layer = NULL };
    striate_pretraining how = { .epochs = a->epochs,
                                .images = a->images,
                                .batch_size = a->batch_size,
                                .learning_rate = a->learning_rate,
                                .sparsity = a->sparsity,
                                .sparsity_cost = a->sparsity_cost,
                                .weight_decay = a->weight_decay,
                                .seed = a->seed,
                                .augmentation = augment_of(&a->augment),
                                .out = a->out,
                                .overwrite = a->overwrite,
                                .on_step = on_step,
                                .user = &work };
    printf("data        %s: %s images\n", a->data, commas(striate_data_about(data).images).s);
    printf("machine     %d threads, %s\nrun         %s\n\n", striate_threads(a->threads), striate_isa(), a->out);
    fflush(stdout);
    static const int signals[] = { SIGINT, SIGTERM };
    for (int i = 0; i < 2; i++)
        sigaction(signals[i], &(struct sigaction){ .sa_handler = on_signal, .sa_flags = SA_RESTART }, NULL);
    progress_start(&work.progress);
    striate_status status = striate_pretrain(model, data, &how);
    progress_clear();
    if (status == STRIATE_INTERRUPTED) return complain(128 + stop, "%s; saved in %s", striate_error(), a->out);
    if (!status) printf("\nmodel     %s/model.safetensors\npictures  %s/*.png\n", a->out, a->out);
    return report(status);
}

int cmd_pretrain(int argc, char **argv)
{
    struct arguments a = { 0 };
    options_preset(&pretrain_usage, &a);
    options_parse(&pretrain_usage, &a, argc, argv);
    if (!a.data || !a.out)
        return complain(CODE_USAGE, a.data ? "give --out RUN, the folder for what comes of it"
                                           : "give --data DIR, the images to learn from");
    striate_data *all = NULL, *part = NULL;
    striate_model *model = NULL;
    int code = report(striate_data_open_with(&all, a.data, STRIATE_SPLIT_TRAIN, (striate_data_options){ .unlabelled = 1 }));
    if (!code && a.limit && a.limit < striate_data_about(all).images)
        code = report(striate_data_part(&part, all, 0, a.limit, 1));
    striate_data_info about = { 0 };
    if (!code) about = striate_data_about(part ? part : all);
    if (!code) code = open_model(&model, &a, &about);
    if (!code) code = pretrain(&a, model, part ? part : all);
    striate_model_free(model);
    striate_data_close(part);
    striate_data_close(all);
    return code;
}
