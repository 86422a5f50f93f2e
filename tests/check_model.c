// check_model.c - models: saved and opened, refused where their parts disagree, evaluated and asked.
#include "base/file.h"
#include "formats/weights.h"
#include "graph/graph.h"
#include "train/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[128], other[128];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/check_model.XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    snprintf(other, sizeof other, "%s/n.safetensors", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(other);
    return rmdir(folder);
}

#define OK(call)                                                                                                               \
    do {                                                                                                                       \
        if ((call)) fail_msg(#call ": %s", striate_error());                                                                   \
    } while (0)

static void assert_says(const char *part)
{
    if (!strstr(striate_error(), part)) fail_msg("'%s' does not say '%s'", striate_error(), part);
}

static const char network[] = "data  = input height=6 width=5 channels=3\n"
                              "conv1 = conv data filters=4 kernel=3 pad=1\n"
                              "bn1   = batch_norm conv1\n"
                              "relu1 = relu bn1\n"
                              "flat  = flatten relu1\n"
                              "fc    = dense flat units=7\n";
static const char *const names[] = { "zero", "\"one\"", "two\\", "thr\xc3\xa9\x65", "four\n", "", "six" };

static striate_model *new_model(const char *more)
{
    char text[1024];
    snprintf(text, sizeof text, "%s%s", network, more);
    striate_graph *graph;
    OK(striate_graph_from_text(&graph, text, strlen(text), "some.net"));
    OK(striate_init_weights(graph, 3));
    striate_preprocessing preprocessing = {
        6, 5, 3, .pad = 1, .bgr = 1, .range = 2, .mean = { 0.5f, 1, 1.5f }, .std = { 0.5f, 0, 2 }
    };
    striate_model *model;
    OK(striate_model_new(&model, graph, &preprocessing, names));
    return model;
}

// Images of every gray and colour, the same each time.
static striate_data *new_data(int images, int classes)
{
    enum { VALUES = 6 * 5 * 3 };
    uint8_t *pixels = malloc((size_t)images * VALUES);
    int *labels = malloc((size_t)images * sizeof *labels);
    assert_non_null(pixels);
    assert_non_null(labels);
    for (int i = 0; i < images * VALUES; i++) pixels[i] = (uint8_t)((unsigned)i * 2654435761u >> 24);
    for (int i = 0; i < images; i++) labels[i] = i * 3 % classes;
    striate_data *data;
    OK(striate_data_from_memory(&data, pixels, labels, images, 6, 5, 3, classes, NULL));
    free(pixels);
    free(labels);
    return data;
}

static void logits_of(float *logits, striate_model *model, const striate_data *data, int index)
{
    striate_image image;
    OK(striate_data_image(&image, data, index));
    OK(striate_logits(logits, model, &image));
    striate_image_free(&image);
}

static void opens_what_it_saves(void **state)
{
    (void)state;
    striate_model *model = new_model(""), *again;
    OK(striate_model_save(model, path));
    OK(striate_model_open(&again, path));
    assert_int_equal(striate_model_classes(again), 7);
    for (int i = 0; i < 7; i++) assert_string_equal(striate_model_class_name(again, i), names[i]);
    assert_string_equal(striate_model_class_name(again, 7), "");
    assert_string_equal(striate_model_class_name(again, -1), "");
    const striate_preprocessing *p = striate_model_preprocessing(model), *q = striate_model_preprocessing(again);
    assert_memory_equal(p, q, sizeof *p);
    assert_true(q->pad == 1 && q->std[1] == 1 && q->range == 2 && q->bgr == 1 && q->mean[2] == 1.5f);

    striate_data *data = new_data(3, 7);
    for (int i = 0; i < 3; i++) {
        float a[7], b[7];
        logits_of(a, model, data, i);
        logits_of(b, again, data, i);
        assert_memory_equal(a, b, sizeof a);
        assert_true(isfinite(a[0]) && a[0] != a[1]);
    }
    striate_data_close(data);

    OK(striate_model_save(again, other));
    struct bytes one, two;
    OK(file_read(&one, path, 1 << 20));
    OK(file_read(&two, other, 1 << 20));
    assert_int_equal(one.size, two.size);
    assert_memory_equal(one.data, two.data, one.size);
    free(one.data);
    free(two.data);
    striate_model_free(model);
    striate_model_free(again);
}

static void refuses_parts_that_disagree(void **state)
{
    (void)state;
    const struct {
        striate_preprocessing preprocessing;
        const char *network, *const *names, *part;
    } rows[] = {
        { { 6, 6, 3 }, network, names, "makes images of 6x6x3, the network takes 6x5x3" },
        { { 6, 5, 3, .resize = 5 }, network, names, "a resize to 5 leaves no 6x5 to crop" },
        { { 6, 5, 3, .pad = 3 }, network, names, "a border of 3 leaves nothing of 6x5" },
        { { 6, 5, 3, .std = { 1, -1, 1 } }, network, names, "std must be above 0" },
        { { 6, 5, 3, .mean = { NAN } }, network, names, "no number infinite" },
        { { 6, 5, 3, .range = INFINITY }, network, names, "no number infinite" },
        { { 1, 1, 2 }, "a = input height=1 width=1 channels=2\n", names, "1 or 3 channels, the network takes 2" },
        { { 1, 1, 1 }, "a = input height=1 width=1 channels=1\n", (const char *const[]){ "\xff" }, "class 0 is not UTF-8" },
        { { 1, 1, 1 }, "a = input height=1 width=1 channels=1\n", (const char *const[]){ "\xc0\x80" }, "class 0 is not UTF-8" },
        { { 1, 1, 1 }, "a = input height=1 width=1 channels=1\n", (const char *const[]){ "\xed\xa0\x80" }, "is not UTF-8" },
        { { 1, 1, 1 }, "a = input height=1 width=1 channels=1\n", (const char *const[]){ "a\xe2\x82" }, "is not UTF-8" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        striate_graph *graph;
        striate_model *model = NULL;
        OK(striate_graph_from_text(&graph, rows[i].network, strlen(rows[i].network), "some.net"));
        assert_true(striate_model_new(&model, graph, &rows[i].preprocessing, rows[i].names) != STRIATE_OK);
        assert_null(model);
        assert_says(rows[i].part);
    }
}

// Saves a model with one of its notes changed (value NULL: left out) and opens that.
static void assert_note_refused(const char *key, const char *value, const char *part)
{
    striate_model *model = new_model(""), *none = NULL;
    struct safetensors *file;
    struct safetensors_note notes[8];
    int count = 0;
    OK(striate_model_save(model, path));
    OK(safetensors_open(&file, path));
    for (int i = 0; i < file->note_count; i++) {
        notes[count] = file->notes[i];
        if (!strcmp(key, notes[count].key)) notes[count].value = value;
        count += notes[count].value != NULL;
    }
    OK(safetensors_write(other, file->entries, file->count, notes, count));
    assert_int_not_equal(striate_model_open(&none, other), STRIATE_OK);
    assert_null(none);
    assert_says(part);
    assert_says("n.safetensors");
    safetensors_free(file);
    striate_model_free(model);
}

#define HOW(height, bgr, mean, rest)                                                                                           \
    "{\"height\":" height ",\"width\":5,\"channels\":3,\"resize\":0,\"bgr\":" bgr ",\"range\":1,\"mean\":" mean                \
    ",\"std\":[1,1,1]" rest "}"

static void refuses_metadata_that_disagrees(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *part;
    } rows[] = {
        { "format", NULL, "weights without a network" },
        { "format", "pt", "weights without a network" },
        { "format", "striate-model 2", "its format is 'striate-model 2'" },
        { "network", NULL, "no 'network'" },
        { "network", "data = input height=6 width=5\n", "network:1: data (input): attribute channels is missing" },
        { "network", "data = input height=6 width=5 channels=3\nfc = dense data units=7\n", "disagreements" },
        { "classes", NULL, "no 'classes'" },
        { "classes", "[\"a\",\"b\"]", "2 class names, but the network has 7 outputs" },
        { "classes", "{\"a\":0,\"b\":1,\"c\":2,\"d\":3,\"e\":4,\"f\":5,\"g\":6}", "classes is no array" },
        { "classes", "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",7]", "classes[6] is no string" },
        { "classes", "[", "classes: JSON" },
        { "preprocessing", NULL, "no 'preprocessing'" },
        { "preprocessing", "", "preprocessing: JSON" },
        { "preprocessing", "[]", "preprocessing: height is no whole number" },
        { "preprocessing", HOW("8", "0", "[0,0,0]", ""), "makes images of 8x5x3, the network takes 6x5x3" },
        { "preprocessing", HOW("-6", "0", "[0,0,0]", ""), "height is no whole number from 0 to 16384" },
        { "preprocessing", HOW("6.0", "0", "[0,0,0]", ""), "height is no whole number" },
        { "preprocessing", HOW("6", "2", "[0,0,0]", ""), "bgr is no whole number from 0 to 1" },
        { "preprocessing", HOW("6", "0", "[0,0,0]", ",\"pad\":9000"), "pad is no whole number from 0 to 8192" },
        { "preprocessing", HOW("6", "0", "[0,0]", ""), "mean is no array of 3 numbers" },
        { "preprocessing", HOW("6", "0", "[0,0,\"0\"]", ""), "mean[2] is no number" },
        { "preprocessing", HOW("6", "0", "[0,0,1e300]", ""), "no number infinite" },
        { "preprocessing", HOW("6", "0", "[0,0,0]", ",\"crop\":1"), "members that this version does not know" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) assert_note_refused(rows[i].key, rows[i].value, rows[i].part);
}

static void compares_a_file_with_a_model(void **state)
{
    (void)state;
    striate_model *model = new_model(""), *longer = new_model("p = softmax fc\n");
    struct safetensors *file;
    OK(striate_model_save(model, path));
    OK(safetensors_open(&file, path));
    OK(model_check_same(model, file));
    assert_int_equal(model_check_same(longer, file), STRIATE_BAD_FILE);
    assert_says("its network is not that of the model at hand");
    model->preprocessing.mean[2] += 1;
    assert_int_equal(model_check_same(model, file), STRIATE_BAD_FILE);
    assert_says("its preprocessing is not");
    safetensors_free(file);
    striate_model_free(model);
    striate_model_free(longer);
}

// ---- weights ----

static striate_graph *new_graph(void)
{
    striate_graph *graph;
    OK(striate_graph_from_text(&graph, network, strlen(network), "some.net"));
    OK(striate_init_weights(graph, 11));
    return graph;
}

static void refuses_weights_that_disagree(void **state)
{
    (void)state;
    striate_graph *graph = new_graph();
    static const float zeros[4 * 27];
    const struct safetensors_entry entries[] = {
        { "conv1.weight", "F32", 4, { 4, 3, 3, 3 }, zeros, 432 },
        { "conv1.bias", "F32", 2, { 4, 1 }, zeros, 16 },
        { "bn1.weight", "I32", 1, { 4 }, zeros, 16 },
        { "bn1.num_batches_tracked", "I64", 0, { 0 }, zeros, 8 },
        { "fc1.weight", "F32", 1, { 2 }, zeros, 8 },
        { "striate.momentum", "F32", 1, { 2 }, zeros, 8 },
    };
    OK(safetensors_write(path, entries, 6, NULL, 0));
    uint64_t version = graph->version;
    float *before = malloc(graph->total * sizeof *before);
    assert_non_null(before);
    memcpy(before, graph->weights, graph->total * sizeof *before);
    assert_int_equal(striate_load_weights(graph, path), STRIATE_BAD_FILE);
    assert_says("m.safetensors");
    assert_says("8 disagreements, the first: 'conv1.bias' should be F32 [4], is F32 [4,1]; "
                "'bn1.weight' should be F32 [4], is I32 [4]; 'bn1.bias' is missing, F32 [4]; "
                "'bn1.running_mean' is missing, F32 [4]; 'bn1.running_var' is missing, F32 [4]; ...");
    assert_memory_equal(before, graph->weights, graph->total * sizeof *before); // all or nothing
    assert_int_equal(graph->version, version);
    free(before);
    striate_graph_free(graph);

    static const char tiny[] = "a = input height=1 width=1 channels=1\nb = dense a units=2 no_bias=1\n";
    OK(striate_graph_from_text(&graph, tiny, strlen(tiny), "tiny.net"));
    const struct safetensors_entry two[] = { { "b.weight", "F32", 2, { 2, 1 }, zeros, 8 },
                                             { "c.weight", "F16", 1, { 3 }, zeros, 6 } };
    OK(safetensors_write(path, two, 2, NULL, 0));
    assert_int_equal(striate_load_weights(graph, path), STRIATE_BAD_FILE);
    assert_says("1 disagreement: the network has no 'c.weight', F16 [3]");
    assert_null(graph->weights);
    striate_graph_free(graph);
    assert_int_equal(striate_load_weights(graph = new_graph(), "/nowhere.safetensors"), STRIATE_IO);
    striate_graph_free(graph);
}

// A dense layer after a flatten: files order its inputs channel, row, column; memory row, column, channel. And every float type.
static void reads_every_float_in_its_order(void **state)
{
    (void)state;
    static const char text[] = "a = input height=2 width=1 channels=3\nb = flatten a\nc = dense b units=1 no_bias=1\n";
    static const float f32[6] = { 0, 1, -2, 65504, 6.103515625e-05f, -5.9604644775390625e-08f }; // as [c][h]
    static const double f64[6] = { 0, 1, -2, 65504, 6.103515625e-05, -5.9604644775390625e-08 };
    static const uint16_t f16[6] = { 0, 0x3C00, 0xC000, 0x7BFF, 0x0400, 0x8001 };
    static const uint16_t bf16[6] = { 0, 0x3F80, 0xC000, 0x4780, 0x3880, 0xB380 };
    const struct safetensors_entry kinds[] = { { "c.weight", "F32", 2, { 1, 6 }, f32, sizeof f32 },
                                               { "c.weight", "F64", 2, { 1, 6 }, f64, sizeof f64 },
                                               { "c.weight", "F16", 2, { 1, 6 }, f16, sizeof f16 },
                                               { "c.weight", "BF16", 2, { 1, 6 }, bf16, sizeof bf16 } };
    for (int kind = 0; kind < 4; kind++) {
        striate_graph *graph;
        OK(striate_graph_from_text(&graph, text, strlen(text), "some.net"));
        OK(safetensors_write(path, &kinds[kind], 1, NULL, 0));
        uint64_t version = graph->version;
        OK(striate_load_weights(graph, path));
        assert_true(graph->version != version);
        for (int c = 0; c < 3; c++)
            for (int h = 0; h < 2; h++) {
                float want = kind == 3 && c == 1 && h == 1 ? 65536 : f32[c * 2 + h]; // 65504 has too many bits
                assert_true(graph->weights[h * 3 + c] == want);
            }
        striate_graph_free(graph);
    }
}

static void loads_what_a_model_saved(void **state)
{
    (void)state;
    striate_model *model = new_model("");
    OK(striate_model_save(model, path));
    striate_graph *graph = new_graph();
    OK(striate_load_weights(graph, path));
    assert_memory_equal(graph->weights, model->graph->weights, graph->total * sizeof(float));
    striate_graph_free(graph);
    striate_model_free(model);
}

// ---- evaluation and prediction ----

static void evaluates_as_image_by_image(void **state)
{
    (void)state;
    enum { IMAGES = 61, CLASSES = 7 };
    striate_model *model = new_model("");
    striate_data *data = new_data(IMAGES, CLASSES);
    int correct = 0, correct5 = 0, confusion[CLASSES][CLASSES] = { 0 };
    double loss = 0;
    striate_evaluation *e;
    OK(striate_evaluate(&e, model, data, (striate_evaluate_options){ .batch_size = 8 }));
    assert_int_equal(e->images, IMAGES);
    assert_int_equal(e->classes, CLASSES);
    for (int i = 0; i < IMAGES; i++) {
        float logits[CLASSES];
        logits_of(logits, model, data, i);
        int label = striate_data_label(data, i), best = 0, above = 0;
        double sum = 0;
        for (int c = 0; c < CLASSES; c++) {
            assert_true(fabsf(logits[c] - e->logits[i * CLASSES + c]) <= 1e-4f * (1 + fabsf(logits[c])));
            if (logits[c] > logits[best]) best = c;
            above += logits[c] > logits[label];
            sum += exp((double)logits[c] - logits[label]);
        }
        assert_int_equal(e->predictions[i], best);
        correct += best == label;
        correct5 += above < 5;
        confusion[label][best]++;
        loss += log(sum);
    }
    assert_int_equal(e->correct, correct);
    assert_int_equal(e->correct5, correct5);
    assert_true(correct5 < IMAGES);
    assert_true(fabs(e->loss - loss / IMAGES) < 1e-4 * e->loss);
    assert_memory_equal(e->confusion, confusion, sizeof confusion);
    for (int c = 0; c < CLASSES; c++) {
        int predicted = 0, images = 0;
        for (int d = 0; d < CLASSES; d++) predicted += confusion[d][c], images += confusion[c][d];
        assert_int_equal(e->per_class[c].images, images);
        assert_int_equal(e->per_class[c].correct, confusion[c][c]);
        assert_int_equal(e->per_class[c].predicted, predicted);
    }
    assert_true(e->seconds > 0);
    striate_evaluation_free(e);

    OK(striate_evaluate(&e, model, data, (striate_evaluate_options){ .limit = 5 }));
    assert_int_equal(e->images, 5);
    striate_evaluation_free(e);
    striate_data_close(data);
    striate_model_free(model);
}

static int stop_at(void *user, int done, int all)
{
    assert_int_equal(all, 20);
    return done >= *(int *)user;
}

static void refuses_to_evaluate(void **state)
{
    (void)state;
    striate_model *model = new_model("");
    striate_data *data = new_data(20, 7), *few = new_data(20, 5);
    striate_evaluation *e = NULL;
    int at = 8;
    striate_evaluate_options stop = { .batch_size = 4, .progress = stop_at, .user = &at };
    assert_int_equal(striate_evaluate(&e, model, data, stop), STRIATE_INTERRUPTED);
    assert_says("after 8 of 20");
    assert_int_equal(striate_evaluate(&e, model, few, (striate_evaluate_options){ 0 }), STRIATE_BAD_FILE);
    assert_says("has 5 classes, the model 7");
    assert_int_equal(striate_evaluate(&e, model, data, (striate_evaluate_options){ .limit = -1 }), STRIATE_BAD_ARGUMENT);
    assert_null(e);
    striate_data_close(data);
    striate_data_close(few);
    striate_model_free(model);
}

// Data of some of the model's classes, called as they are there; and one that is called otherwise.
static void evaluates_some_of_the_classes(void **state)
{
    (void)state;
    enum { VALUES = 6 * 5 * 3, IMAGES = 4 };
    static const char *const some[] = { "six", "zero", "four\n" }, *const strange[] = { "six", "seven" };
    static const int true_classes[] = { 6, 0, 4 };
    static uint8_t pixels[IMAGES * VALUES];
    static const int labels[IMAGES] = { 0, 1, 2, 1 };
    for (int i = 0; i < IMAGES * VALUES; i++) pixels[i] = (uint8_t)((unsigned)i * 2654435761u >> 24);
    striate_model *model = new_model("");
    striate_data *data;
    striate_evaluation *e = NULL;
    OK(striate_data_from_memory(&data, pixels, labels, IMAGES, 6, 5, 3, 3, some));
    OK(striate_evaluate(&e, model, data, (striate_evaluate_options){ 0 }));
    assert_int_equal(e->classes, 7);
    for (int i = 0, correct = 0; i < IMAGES; i++) {
        assert_int_equal(e->labels[i], true_classes[labels[i]]);
        correct += e->predictions[i] == e->labels[i];
        if (i == IMAGES - 1) assert_int_equal(e->correct, correct);
    }
    assert_int_equal(e->per_class[0].images, 2);
    assert_int_equal(e->per_class[1].images, 0);
    striate_evaluation_free(e);
    striate_data_close(data);
    OK(striate_data_from_memory(&data, pixels, (const int[IMAGES]){ 0 }, IMAGES, 6, 5, 3, 2, strange));
    assert_int_equal(striate_evaluate(&e, model, data, (striate_evaluate_options){ 0 }), STRIATE_BAD_FILE);
    assert_says("has 2 classes, the model 7, and none called 'seven'");
    striate_data_close(data);
    striate_model_free(model);
}

// Ties go to the lower class; a label among the five best by a tie counts.
static void breaks_ties(void **state)
{
    (void)state;
    striate_model *model = new_model("");
    memset(model->graph->weights, 0, model->graph->total * sizeof(float));
    model->graph->version++;
    striate_data *data = new_data(14, 7);
    striate_evaluation *e;
    OK(striate_evaluate(&e, model, data, (striate_evaluate_options){ 0 }));
    assert_int_equal(e->correct, 2);
    assert_int_equal(e->correct5, 14);
    assert_int_equal(e->per_class[0].predicted, 14);
    assert_true(fabs(e->loss - log(7)) < 1e-6);
    striate_evaluation_free(e);

    striate_prediction best[7];
    striate_image image;
    OK(striate_data_image(&image, data, 0));
    OK(striate_predict(best, 7, model, &image));
    for (int i = 0; i < 7; i++) {
        assert_int_equal(best[i].label, i);
        assert_true(fabsf(best[i].probability - 1 / 7.0f) < 1e-6f);
    }
    assert_int_equal(striate_predict(best, 0, model, &image), STRIATE_BAD_ARGUMENT);
    assert_int_equal(striate_predict(best, 8, model, &image), STRIATE_BAD_ARGUMENT);
    striate_image_free(&image);
    striate_data_close(data);
    striate_model_free(model);
}

// The same network with its softmax inside, or with a loss behind, predicts and scores alike.
static void knows_a_softmax_and_a_loss(void **state)
{
    (void)state;
    enum { IMAGES = 9 };
    static const char *const ends[] = { "", "p = softmax fc\n", "l = cross_entropy fc\n" };
    striate_data *data = new_data(IMAGES, 7);
    striate_evaluation *first = NULL;
    for (int i = 0; i < 3; i++) {
        striate_model *model = new_model(ends[i]);
        assert_int_equal(striate_model_classes(model), 7);
        striate_evaluation *e;
        OK(striate_evaluate(&e, model, data, (striate_evaluate_options){ 0 }));
        if (!first) first = e;
        assert_int_equal(e->correct, first->correct);
        assert_int_equal(e->correct5, first->correct5);
        assert_true(fabs(e->loss - first->loss) < 1e-4 * first->loss);
        striate_image image;
        OK(striate_data_image(&image, data, 0));
        striate_prediction best[3];
        OK(striate_predict(best, 3, model, &image));
        striate_image_free(&image);
        double sum = 0, most = exp(first->logits[first->predictions[0]]);
        for (int c = 0; c < 7; c++) sum += exp(first->logits[c]);
        assert_int_equal(best[0].label, first->predictions[0]);
        assert_true(fabs(best[0].probability - most / sum) < 1e-5);
        assert_true(best[0].probability >= best[1].probability && best[1].probability >= best[2].probability);
        if (e != first) striate_evaluation_free(e);
        striate_model_free(model);
    }
    striate_evaluation_free(first);
    striate_data_close(data);
}

// A plan made before new weights came uses them.
static void plans_see_new_weights(void **state)
{
    (void)state;
    striate_model *model = new_model("");
    striate_data *data = new_data(1, 7);
    float before[7], after[7];
    logits_of(before, model, data, 0);
    striate_graph *graph = striate_model_graph(model);
    OK(striate_init_weights(graph, 4));
    logits_of(after, model, data, 0);
    assert_memory_not_equal(before, after, sizeof after);
    OK(striate_init_weights(graph, 3));
    logits_of(after, model, data, 0);
    assert_memory_equal(before, after, sizeof after);
    striate_data_close(data);
    striate_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_it_saves),
        cmocka_unit_test(refuses_parts_that_disagree),
        cmocka_unit_test(refuses_metadata_that_disagrees),
        cmocka_unit_test(compares_a_file_with_a_model),
        cmocka_unit_test(refuses_weights_that_disagree),
        cmocka_unit_test(reads_every_float_in_its_order),
        cmocka_unit_test(loads_what_a_model_saved),
        cmocka_unit_test(evaluates_as_image_by_image),
        cmocka_unit_test(refuses_to_evaluate),
        cmocka_unit_test(evaluates_some_of_the_classes),
        cmocka_unit_test(breaks_ties),
        cmocka_unit_test(knows_a_softmax_and_a_loss),
        cmocka_unit_test(plans_see_new_weights),
    };
    return cmocka_run_group_tests_name("model", tests, make_folder, remove_folder);
}
