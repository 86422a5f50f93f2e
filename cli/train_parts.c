// train_parts.c - what a training is made of: data, in two parts, and a model of the network that fits it.
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- data

static int hold_out(struct train_parts *s, int images, double part)
{
    int held = (int)lround(part * images), left = images - held;
    if (held < 1 || left < 1)
        return complain(CODE_BAD_INPUT, "%s: %d images are too few to hold out %g of them", s->a->data, images, part);
    if (s->a->limit && s->a->limit < left) left = s->a->limit;
    int code = report(striate_data_part(&s->held_part, s->all, 0, held, 1));
    if (!code) code = report(striate_data_part(&s->train_part, s->all, held, left, 1));
    s->train = s->train_part;
    s->validation = s->held_part;
    return code;
}

static int open_data(struct train_parts *s)
{
    striate_data_options how = { .keep_bad = s->a->skip_bad };
    int code = report(striate_data_open_with(&s->all, s->a->data, STRIATE_SPLIT_TRAIN, how));
    if (code) return code;
    striate_data_info about = striate_data_about(s->all);
    if (s->a->val_split > 0 || !about.has_test) {
        s->validates_on = s->a->val_split > 0 ? "held out of the training images" : "a tenth, held out; there is no test split";
        return hold_out(s, about.images, s->a->val_split > 0 ? (double)s->a->val_split : 0.1);
    }
    s->validates_on = "the test split";
    s->train = s->all;
    if (s->a->limit && s->a->limit < about.images) {
        code = report(striate_data_part(&s->train_part, s->all, 0, s->a->limit, 1));
        s->train = s->train_part;
    }
    if (!code) code = report(striate_data_open_with(&s->test, s->a->data, STRIATE_SPLIT_TEST, how));
    s->validation = s->test;
    return code;
}

// ---- network

// A zoo network with the data's classes and channels.
static int build_from_zoo(striate_graph **graph, struct train_parts *s, const striate_data_info *about)
{
    int code = report(striate_graph_from_zoo(graph, s->a->model, (striate_zoo_options){ 0 }));
    if (!code) code = source_totals(&s->totals, *graph);
    if (code) return code;
    bool classes = s->totals.output.channels != about->classes, channels = s->totals.input.channels != about->channels;
    if (!classes && !channels) return CODE_OK;
    int length = 0;
    if (classes)
        length = snprintf(s->changed, sizeof s->changed, ", with %d classes instead of %d", about->classes,
                          s->totals.output.channels);
    if (channels)
        snprintf(s->changed + length, sizeof s->changed - (size_t)length, ", with %d channel%s instead of %d", about->channels,
                 about->channels > 1 ? "s" : "", s->totals.input.channels);
    striate_graph_free(*graph);
    *graph = NULL;
    striate_zoo_options as = { .classes = classes ? about->classes : 0, .channels = channels ? about->channels : 0 };
    code = report(striate_graph_from_zoo(graph, s->a->model, as));
    return code ? code : source_totals(&s->totals, *graph);
}

// A text network, which must fit the data as it is.
static int build_from_text(striate_graph **graph, struct train_parts *s, const striate_data_info *about)
{
    int code = report(striate_graph_open(graph, s->a->model, (striate_zoo_options){ 0 }));
    if (!code) code = source_totals(&s->totals, *graph);
    if (code) return code;
    striate_size in = s->totals.input, out = s->totals.output;
    if (out.height * out.width != 1 || out.channels != about->classes)
        return complain(CODE_BAD_INPUT, "%s: the network's output is %s, but %s has %d classes; its last layer needs units=%d",
                        s->a->model, size3(out).s, s->a->data, about->classes, about->classes);
    int height = about->height + 2 * s->a->input.pad, width = about->width + 2 * s->a->input.pad;
    if (in.channels != about->channels || (about->height && (in.height != height || in.width != width)))
        return complain(
            CODE_BAD_INPUT, "%s: the network's input is %s, but the images of %s are %s; change the network's input line",
            s->a->model, size3(in).s, s->a->data,
            size3((striate_size){ about->height ? height : in.height, about->height ? width : in.width, about->channels }).s);
    return CODE_OK;
}

static void keep(struct floats *list, const float *values, int channels)
{
    list->count = channels;
    for (int c = 0; c < channels; c++) list->at[c] = values[c];
}

// Mean and std of the training images where they are not given; they become arguments, so that args.json holds them.
static int measure_input(struct train_parts *s, int channels)
{
    struct input_arguments *in = &s->a->input;
    float mean[3], std[3], x_mean[3], x_std[3];
    if (in->mean.count && in->std.count) return CODE_OK;
    int code = report(striate_data_statistics(mean, std, s->train));
    if (code) return code;
    for (int c = 0; c < channels; c++) {
        int from = in->bgr ? channels - 1 - c : c;
        x_mean[c] = mean[from] * in->range;
        x_std[c] = std[from] > 0 ? std[from] * in->range : 1;
    }
    if (!in->mean.count) keep(&in->mean, x_mean, channels);
    if (!in->std.count) keep(&in->std, x_std, channels);
    return CODE_OK;
}

// Whether two orders hold the same names, but differ.
static bool reordered(const striate_model *model, const striate_data_info *about)
{
    bool differ = false;
    if (striate_model_classes(model) != about->classes) return false;
    for (int i = 0; i < about->classes; i++) {
        bool found = false;
        for (int j = 0; j < about->classes && !found; j++)
            found = !strcmp(about->class_names[i], striate_model_class_name(model, j));
        if (!found) return false;
        differ |= strcmp(about->class_names[i], striate_model_class_name(model, i)) != 0;
    }
    return differ;
}

static int refuse_order(const struct train_parts *s, const striate_model *model, const striate_data_info *about)
{
    complain(CODE_BAD_INPUT, "the classes of %s and of %s are the same in another order:", s->a->weights, s->a->data);
    for (int i = 0; i < about->classes; i++)
        fprintf(stderr, "  %d  %s  %s\n", i, striate_model_class_name(model, i), about->class_names[i]);
    return CODE_BAD_INPUT;
}

// Weights that are a model say how pixels become input, unless options do.
static int ask_weights(struct train_parts *s, const striate_data_info *about)
{
    struct input_arguments *in = &s->a->input;
    striate_model *model = NULL;
    if (!s->a->weights || striate_model_open(&model, s->a->weights)) return CODE_OK; // a file of weights alone
    const striate_preprocessing *p = striate_model_preprocessing(model);
    int code = reordered(model, about) ? refuse_order(s, model, about) : CODE_OK;
    if (!in->mean.count && !in->std.count && !in->bgr && !in->resize && !in->pad && in->range == 1) {
        in->range = p->range;
        in->bgr = p->bgr;
        in->resize = p->resize;
        in->pad = p->pad;
        keep(&in->mean, p->mean, p->channels);
        keep(&in->std, p->std, p->channels);
    }
    striate_model_free(model);
    return code;
}

static int build_model(struct train_parts *s)
{
    striate_graph *graph = NULL;
    striate_data_info about = striate_data_about(s->train);
    int code = is_zoo_name(s->a->model) ? build_from_zoo(&graph, s, &about) : build_from_text(&graph, s, &about);
    if (!code) code = ask_weights(s, &about);
    if (!code) code = measure_input(s, about.channels < 3 ? 1 : 3);
    if (!code) code = source_preprocessing(&s->how, s->totals.input, &s->a->input);
    if (code) {
        striate_graph_free(graph);
        return code;
    }
    return report(striate_model_new(&s->model, graph, &s->how, about.class_names));
}

// ---- both

int train_parts_open(struct train_parts *parts, struct train_arguments *a)
{
    parts->a = a;
    int code = open_data(parts);
    return code ? code : build_model(parts);
}

void train_parts_close(struct train_parts *parts)
{
    striate_model_free(parts->model);
    striate_data_close(parts->train_part);
    striate_data_close(parts->held_part);
    striate_data_close(parts->test);
    striate_data_close(parts->all);
}

int train_parts_begin(const struct train_parts *parts, void (*note)(void *user, const char *sentence))
{
    const struct train_arguments *a = parts->a;
    striate_graph *graph = striate_model_graph(parts->model);
    int code = report(striate_init_weights(graph, a->seed));
    striate_load_options how = { .allow_missing = a->allow_missing, .new_head = 1, .note = note };
    return code || !a->weights ? code : report(striate_load_some_weights(graph, a->weights, &how));
}
