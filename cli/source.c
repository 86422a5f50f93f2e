// source.c - where a model comes from: a model file, or a network's name and weights from elsewhere.
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define INPUT(field) offsetof(struct input_arguments, field)
const struct option input_options[] = {
    { "input-range", OPTION_FLOAT, INPUT(range), "1|255", .doc = "x = pixel / 255 * range, minus mean, over std", .preset = "1",
      .low = 1e-6, .high = 1e6 },
    { "mean", OPTION_FLOATS, INPUT(mean), "A,B,C", .doc = "mean of x per channel, or one for all" },
    { "std", OPTION_FLOATS, INPUT(std), "A,B,C", .doc = "standard deviation of x, likewise", .low = 1e-12, .high = 1e12 },
    { "channel-order", OPTION_CHOICE, INPUT(bgr), "rgb|bgr", .doc = "the order in which the network takes colours",
      .preset = "rgb" },
    { "resize", OPTION_INT, INPUT(resize), "N",
      .doc = "bring the shorter side to N and crop the centre, instead of stretching both sides to fit", .low = 1,
      .high = 65536 },
    { "pad", OPTION_INT, INPUT(pad), "N",
      .doc = "a black border of N pixels on every side of the input, so that images are that much smaller (2 for MNIST's 28x28 "
             "in LeNet-5's 32x32)",
      .low = 1, .high = 8192 },
    { 0 },
};

#define MODEL(field) offsetof(struct model_arguments, field)
const struct option model_options[] = {
    { "model", OPTION_TEXT, MODEL(model), "NAME|FILE", .doc = "a network of the zoo or a text network, in place of MODEL" },
    { "weights", OPTION_TEXT, MODEL(weights), "FILE", .doc = "its weights, a .safetensors file" },
    { "", OPTION_GROUP, MODEL(input), NULL, .group = input_options },
    { 0 },
};

bool is_zoo_name(const char *name)
{
    const striate_zoo_entry *entry = striate_zoo();
    while (entry->name && strcmp(entry->name, name)) entry++;
    return entry->name != NULL;
}

bool is_model_file(const char *path)
{
    const char *ending = strrchr(path, '.');
    return ending && !strcmp(ending, ".safetensors");
}

int source_totals(struct totals *totals, const striate_graph *graph)
{
    striate_layer *layers;
    int count, code = report(striate_layers(&layers, &count, graph));
    if (code) return code;
    *totals = (struct totals){ 0 };
    for (const striate_layer *l = layers; l < layers + count; l++) {
        if (l->training_only) continue;
        if (!strcmp(l->op, "input")) totals->input = l->size;
        totals->output = l->size;
        totals->parameters += l->parameters;
        totals->macs += l->macs;
        totals->flops += l->flops;
        totals->activation_bytes += l->activation_bytes;
        totals->values += l->values;
        totals->connections += l->connections;
    }
    free(layers);
    return CODE_OK;
}

// values[channels] from a list of one or of `channels` numbers; none leaves them as they are.
static int spread(float *values, const struct floats *list, int channels, const char *option)
{
    if (list->count > 1 && list->count != channels)
        return complain(CODE_USAGE, "--%s has %d values, but the network's input has %d channel%s", option, list->count,
                        channels, channels > 1 ? "s" : "");
    for (int c = 0; c < channels && list->count; c++) values[c] = list->at[list->count > 1 ? c : 0];
    return CODE_OK;
}

int source_preprocessing(striate_preprocessing *how, striate_size input, const struct input_arguments *a)
{
    *how = (striate_preprocessing){ .height = input.height,
                                    .width = input.width,
                                    .channels = input.channels,
                                    .resize = a->resize,
                                    .pad = a->pad,
                                    .bgr = a->bgr,
                                    .range = a->range,
                                    .std = { 1, 1, 1 } };
    int channels = input.channels < 3 ? input.channels : 3;
    int code = spread(how->mean, &a->mean, channels, "mean");
    return code ? code : spread(how->std, &a->std, channels, "std");
}

static int with_weights(striate_model **model, const struct model_arguments *a, const char *const *names, int classes)
{
    striate_graph *graph = NULL;
    striate_preprocessing how;
    struct totals totals;
    int code = report(striate_graph_open(&graph, a->model, (striate_zoo_options){ 0 }));
    if (!code) code = report(striate_load_weights(graph, a->weights));
    if (!code) code = source_totals(&totals, graph);
    if (!code) code = source_preprocessing(&how, totals.input, &a->input);
    if (code) {
        striate_graph_free(graph);
        return code;
    }
    return report(striate_model_new(model, graph, &how, names && classes == totals.output.channels ? names : NULL));
}

int source_model(striate_model **model, const char *path, const struct model_arguments *a, const char *const *names,
                 int classes)
{
    if (path && (a->model || a->weights))
        return complain(CODE_USAGE, "give either a model file (%s), or --model and --weights, not both", path);
    if (path) return report(striate_model_open(model, path));
    if (!a->model || !a->weights)
        return complain(CODE_USAGE, "a model is needed: a model file, or --model NAME --weights FILE");
    return with_weights(model, a, names, classes);
}

int source_graph(striate_graph **graph, striate_model **model, const char *name, striate_zoo_options options)
{
    if (!is_model_file(name)) return report(striate_graph_open(graph, name, options));
    int code = report(striate_model_open(model, name));
    if (!code) *graph = striate_model_graph(*model);
    return code;
}
