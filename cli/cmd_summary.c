// cmd_summary.c - a network layer by layer, and what it costs.
#include "plan.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
    int json, connections, plan, batch_size, train, infer, recompute;
    const char *filters, *layer, *svg;
    struct model_arguments model;
};
#define AT(field) offsetof(struct arguments, field)
static const struct option options[] = {
    { "json", OPTION_FLAG, AT(json), NULL, .doc = "print JSON" },
    { "connections", OPTION_FLAG, AT(connections), NULL,
      .doc =
          "show connections in place of costs: the multiply-adds and biases of one image (LeCun et al. 1998), and how many a "
          "dense layer between the same sizes would have" },
    { "filters", OPTION_TEXT, AT(filters), "FILE.png", .doc = "draw the filters of a convolution" },
    { "layer", OPTION_TEXT, AT(layer), "NAME", .doc = "which convolution --filters draws; else the first" },
    { "plan", OPTION_FLAG, AT(plan), NULL,
      .doc = "show the memory plan: its size, what is in use when most is, algorithms, and lifetimes against the arena" },
    { "batch-size", OPTION_INT, AT(batch_size), "N", .doc = "--plan: images at once", .preset = "1", .low = 1, .high = 65536 },
    { "train", OPTION_FLAG, AT(train), NULL, .doc = "--plan: for training (the default)" },
    { "infer", OPTION_FLAG, AT(infer), NULL, .doc = "--plan: for inference" },
    { "recompute", OPTION_FLAG, AT(recompute), NULL, .doc = "--plan: for training that computes dropped values again" },
    { "svg", OPTION_TEXT, AT(svg), "FILE.svg", .doc = "--plan: draw it" },
    { "", OPTION_GROUP, AT(model), NULL, .doc = "Weights without a network inside", .group = model_options },
    { 0 },
};
const struct usage summary_usage = {
    "MODEL|NAME|FILE.net [--connections] [--json]\n--plan MODEL|NAME|FILE.net [--batch-size N] "
    "[--train|--infer] [--recompute] [--svg FILE.svg]\n--model NAME --weights FILE [--filters FILE.png]",
    "Shows a model file, a network of the zoo or a text network layer by layer: output size, "
    "parameters, multiply-adds (MACs), FLOPs "
    "(2 x MACs) and memory of one image, the field of input pixels that one output pixel "
    "sees, and the stride from one to the next.",
    options,
    0,
    1,
    "NETWORK|FILE"
};

// Of a dense layer, without biases, in place of one that has weights.
static int64_t dense_connections(const striate_layer *l)
{
    return l->connections ? (int64_t)l->input.height * l->input.width * l->input.channels * l->size.height * l->size.width *
                                l->size.channels
                          : 0;
}

static json_t *layer_json(const striate_layer *l)
{
    return json_pack("{s:s, s:s, s:[iii], s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:[ii], s:[ii]}", "name", l->name, "op", l->op,
                     "output", l->size.height, l->size.width, l->size.channels, "parameters", (json_int_t)l->parameters, "macs",
                     (json_int_t)l->macs, "flops", (json_int_t)l->flops, "activation_bytes", (json_int_t)l->activation_bytes,
                     "values", (json_int_t)l->values, "connections", (json_int_t)l->connections, "dense_connections",
                     (json_int_t)dense_connections(l), "receptive_field", l->receptive_h, l->receptive_w, "stride", l->stride_h,
                     l->stride_w);
}

static int show_json(const striate_layer *layers, int count, const struct totals *t)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, layer_json(&layers[i]));
    return print_json(json_pack("{s:[iii], s:[iii], s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "input", t->input.height,
                                t->input.width, t->input.channels, "output", t->output.height, t->output.width,
                                t->output.channels, "parameters", (json_int_t)t->parameters, "macs", (json_int_t)t->macs,
                                "flops", (json_int_t)t->flops, "activation_bytes", (json_int_t)t->activation_bytes, "values",
                                (json_int_t)t->values, "connections", (json_int_t)t->connections, "layers", list));
}

static int name_width(const striate_layer *layers, int count)
{
    int wide = 5;
    for (int i = 0; i < count; i++)
        if ((int)strlen(layers[i].name) > wide) wide = (int)strlen(layers[i].name);
    return wide;
}

static int show_connections(const striate_layer *layers, int count, const struct totals *t)
{
    int wide = name_width(layers, count);
    printf("%-*s  %-15s  %11s  %11s  %12s  %15s  %22s\n", wide, "layer", "op", "input", "output", "parameters", "connections",
           "of a dense layer");
    for (const striate_layer *l = layers; l < layers + count; l++)
        if (l->connections)
            printf("%-*s  %-15s  %11s  %11s  %12s  %15s  %22s\n", wide, l->name, l->op, size3(l->input).s, size3(l->size).s,
                   l->parameters ? commas(l->parameters).s : "", commas(l->connections).s, commas(dense_connections(l)).s);
    printf("%-*s  %-15s  %11s  %11s  %12s  %15s\n", wide, "total", "", "", "", commas(t->parameters).s,
           commas(t->connections).s);
    return CODE_OK;
}

static int show(const striate_layer *layers, int count, const struct totals *t)
{
    int wide = name_width(layers, count);
    printf("%-*s  %-15s  %11s  %12s  %15s  %15s  %7s  %9s  %6s\n", wide, "layer", "op", "output", "parameters", "MACs", "FLOPs",
           "memory", "sees", "stride");
    for (const striate_layer *l = layers; l < layers + count; l++)
        printf("%-*s  %-15s  %11s  %12s  %15s  %15s  %7s  %9s  %6s\n", wide, l->name, l->op, size3(l->size).s,
               l->parameters ? commas(l->parameters).s : "", l->macs ? commas(l->macs).s : "",
               l->macs ? commas(l->flops).s : "", bytes((double)l->activation_bytes).s, size2(l->receptive_h, l->receptive_w).s,
               size2(l->stride_h, l->stride_w).s);
    printf("%-*s  %-15s  %11s  %12s  %15s  %15s  %7s\n", wide, "total", "", "", commas(t->parameters).s, commas(t->macs).s,
           commas(t->flops).s, bytes((double)t->activation_bytes).s);
    printf("%s values, %s, where ReLU and the like work in place\n", commas(t->values).s,
           bytes(sizeof(float) * (double)t->values).s);
    return CODE_OK;
}

static int draw(striate_graph *graph, const striate_layer *layers, int count, const struct arguments *a, bool weights)
{
    const char *layer = a->layer;
    if (!weights) return complain(CODE_USAGE, "--filters needs weights: a model file, or --model NAME --weights FILE");
    for (int i = 0; i < count && !layer; i++)
        if (!strcmp(layers[i].op, "conv")) layer = layers[i].name;
    if (!layer) return complain(CODE_USAGE, "--filters: this network has no convolution");
    int code = report(striate_draw_filters(a->filters, graph, layer));
    if (!code && !a->json) printf("\nfilters of %s: %s\n", layer, a->filters);
    return code;
}

static int show_plan(striate_graph *graph, const struct arguments *a, const char *name)
{
    striate_plan *plan;
    char what[PATH_MAX];
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    snprintf(what, sizeof what, "%s, %s, batch %d", base,
             a->infer       ? "inference"
             : a->recompute ? "training with recomputation"
                            : "training",
             a->batch_size);
    striate_plan_options how = { .batch = a->batch_size, .train = !a->infer, .recompute = a->recompute };
    int code = report(striate_forecast(&plan, graph, how));
    if (code) return code;
    if (a->json)
        code = print_json(plan_json(plan));
    else
        plan_show(plan, what);
    if (!code && a->svg) code = plan_draw(plan, a->svg, what);
    striate_plan_free(plan);
    return code;
}

static int show_layers(striate_graph *graph, const struct arguments *a, bool weights)
{
    striate_layer *layers = NULL;
    struct totals totals;
    int count = 0, code = source_totals(&totals, graph);
    if (!code) code = report(striate_layers(&layers, &count, graph));
    if (!code) code = (a->json ? show_json : a->connections ? show_connections : show)(layers, count, &totals);
    if (!code && a->filters) code = draw(graph, layers, count, a, weights);
    free(layers);
    return code;
}

int cmd_summary(int argc, char **argv)
{
    struct arguments a = { 0 };
    options_preset(&summary_usage, &a);
    int words = options_parse(&summary_usage, &a, argc, argv);
    const char *name = words ? argv[1] : a.model.model;
    if (!name || (words && a.model.model)) return complain(CODE_USAGE, "summary needs one MODEL, NAME or FILE.net");
    if (!a.plan && (a.train || a.infer || a.recompute || a.svg))
        return complain(CODE_USAGE, "--train, --infer, --recompute and --svg go with --plan");
    if ((a.train || a.recompute) && a.infer) return complain(CODE_USAGE, "--infer goes without --train and --recompute");
    if (a.plan && a.filters) return complain(CODE_USAGE, "--filters goes without --plan");
    striate_graph *graph = NULL;
    striate_model *model = NULL;
    int code = source_graph(&graph, &model, name, (striate_zoo_options){ 0 });
    if (!code && a.model.weights) code = report(striate_load_weights(graph, a.model.weights));
    if (!code) code = a.plan ? show_plan(graph, &a, name) : show_layers(graph, &a, model || a.model.weights);
    if (!model) striate_graph_free(graph);
    striate_model_free(model);
    return code;
}
