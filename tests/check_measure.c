// check_measure.c - what is measured, and that whoever asks for exact arithmetic gets it: in a plan, a prediction, an evaluation, a training.
#include "striate.h"

#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 16, CLASSES = 3, IMAGES = 24, BATCH = 8 };

// A layer that Winograd's algorithm can do, behind one that reads the image.
static const char text[] = "data = input height=16 width=16 channels=3\n"
                           "conv1 = conv data filters=64 kernel_h=3 kernel_w=5 stride_h=2 pad=1 no_bias=1\n"
                           "relu1 = relu conv1\n"
                           "conv2 = conv relu1 filters=64 kernel=3 pad=1\n"
                           "pool = global_avg_pool conv2\n"
                           "fc = dense pool units=3\n";
enum { CONV1 = 1, RELU1, CONV2, POOL, FC, NODES };

#define OK(call)                                                                                                               \
    do {                                                                                                                       \
        if (call) fail_msg("%s", striate_error());                                                                             \
    } while (0)

static striate_graph *network(void)
{
    striate_graph *graph;
    OK(striate_graph_from_text(&graph, text, strlen(text), "text"));
    OK(striate_init_weights(graph, 1));
    return graph;
}

static striate_layer *layers_of(const striate_graph *graph)
{
    striate_layer *layers;
    int count;
    OK(striate_layers(&layers, &count, graph));
    assert_int_equal(count, NODES);
    return layers;
}

static void check_layers(void **state)
{
    (void)state;
    striate_graph *graph = network();
    striate_layer *layers = layers_of(graph);
    assert_int_equal(layers[0].input.channels, 0);
    assert_int_equal(layers[CONV1].input.channels, 3);
    assert_int_equal(layers[FC].input.channels, 64);
    assert_int_equal(layers[CONV2].input.height, 8);
    for (int i = 0; i < NODES; i++) assert_int_equal(layers[i].input_gradient, i > CONV1);
    assert_true(striate_node_attribute(layers[CONV1].node, "filters") == 64);
    assert_true(striate_node_attribute(layers[CONV1].node, "kernel_w") == 5);
    assert_true(striate_node_attribute(layers[CONV1].node, "stride_h") == 2);
    assert_true(striate_node_attribute(layers[CONV1].node, "no_bias") == 1);
    assert_true(striate_node_attribute(layers[CONV2].node, "stride") == 1); // the default
    assert_true(isnan(striate_node_attribute(layers[CONV2].node, "units")));
    assert_true(isnan(striate_node_attribute(layers[RELU1].node, "kernel")));
    free(layers);
    striate_graph_free(graph);
}

static void check_machine(void **state)
{
    (void)state;
    bool found = false;
    for (int i = 0; striate_isa_at(i); i++) {
        found |= !strcmp(striate_isa_at(i), striate_isa());
        assert_true(striate_peak_gflops(striate_isa_at(i), 1) > 0.1);
    }
    assert_true(found);
    assert_true(striate_bandwidth(NULL, 1) > 0.01);
    assert_true(striate_peak_gflops("abacus", 1) == 0);
    assert_true(striate_bandwidth("abacus", 1) == 0);
}

static void check_passes(void **state)
{
    (void)state;
    striate_graph *graph = network();
    striate_layer *layers = layers_of(graph);
    striate_bench *bench;
    OK(striate_bench_new(&bench, (striate_bench_options){ .seconds = 1e-4, .exact = 1 }));
    static const int measured[] = { CONV1, CONV2, FC };
    for (int i = 0; i < 3; i++)
        for (int pass = STRIATE_FORWARD; pass <= STRIATE_PACK; pass++) {
            striate_measurement m = { 0 };
            OK(striate_bench_layer(&m, bench, &layers[measured[i]], 1 + 2 * i, (striate_pass)pass));
            assert_true(m.seconds > 0);
            assert_string_not_equal(m.algorithm, "winograd");
        }
    striate_measurement untouched = { 5, NULL };
    assert_int_equal(striate_bench_layer(&untouched, bench, &layers[RELU1], 1, STRIATE_FORWARD), STRIATE_BAD_ARGUMENT);
    assert_non_null(strstr(striate_error(), "relu1 (relu)"));
    assert_int_equal(striate_bench_layer(&untouched, bench, &layers[CONV1], 0, STRIATE_FORWARD), STRIATE_BAD_ARGUMENT);
    assert_true(untouched.seconds == 5);
    striate_bench_free(bench);
    bench = NULL;
    assert_int_equal(striate_bench_new(&bench, (striate_bench_options){ .seconds = -1 }), STRIATE_BAD_ARGUMENT);
    assert_null(bench);
    free(layers);
    striate_graph_free(graph);
}

// ---- a plan watched

struct seen {
    int count, node[64];
    striate_pass pass[64];
};

static void see(void *user, int node, striate_pass pass)
{
    struct seen *seen = user;
    assert_true(seen->count < 64);
    seen->node[seen->count] = node;
    seen->pass[seen->count++] = pass;
}

// Forward: the nodes in order, those with weights packed right before; backward: the other way round, and only what has gradients.
static void check_watch(void **state)
{
    (void)state;
    striate_graph *graph = network();
    striate_plan *plan;
    struct seen seen = { 0 };
    OK(striate_compile(&plan, graph, (striate_plan_options){ .batch = 2, .train = 1 }));
    striate_plan_watch(plan, see, &seen);
    striate_forward(plan, 2, 0);
    striate_backward(plan);
    int nodes = striate_plan_node_count(plan), at = 0; // the input first, and the loss last
    for (int i = 1; i < nodes; i++) {
        const char *op = striate_plan_node_at(plan, i).op;
        if (!strcmp(op, "conv") || !strcmp(op, "dense")) assert_true(seen.node[at] == i && seen.pass[at++] == STRIATE_PACK);
        assert_true(seen.node[at] == i && seen.pass[at++] == STRIATE_FORWARD);
    }
    for (int i = nodes - 1; i > 0; i--) assert_true(seen.node[at] == i && seen.pass[at++] == STRIATE_BACKWARD_DATA);
    assert_int_equal(seen.count, at);
    striate_plan_watch(plan, NULL, NULL);
    striate_forward(plan, 2, 1);
    assert_int_equal(seen.count, at);
    striate_plan_free(plan);
    striate_graph_free(graph);
}

// ---- exact arithmetic

static uint8_t pixels[IMAGES * SIDE * SIDE * 3];
static int labels[IMAGES];

static striate_data *noise(void)
{
    striate_data *data;
    uint32_t word = 1;
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)((word = word * 1664525 + 1013904223) >> 24);
    for (int i = 0; i < IMAGES; i++) labels[i] = i % CLASSES;
    OK(striate_data_from_memory(&data, pixels, labels, IMAGES, SIDE, SIDE, 3, CLASSES, NULL));
    return data;
}

static striate_model *model_of(striate_graph *graph)
{
    striate_model *model;
    striate_preprocessing how = { .height = SIDE, .width = SIDE, .channels = 3, .mean = { 0.5f, 0.5f, 0.5f } };
    OK(striate_model_new(&model, graph, &how, NULL));
    return model;
}

// What a plan says of the images.
static void run_plan(float *logits, striate_model *model, int batch, int exact)
{
    striate_plan *plan;
    OK(striate_compile(&plan, striate_model_graph(model), (striate_plan_options){ .batch = batch, .exact = exact }));
    for (int i = 0; i < IMAGES; i += batch) {
        for (int j = 0; j < batch; j++) {
            striate_image image = { pixels + (i + j) * SIDE * SIDE * 3, SIDE, SIDE, 3 };
            OK(striate_preprocess(striate_plan_input(plan) + j * SIDE * SIDE * 3, &image, striate_model_preprocessing(model)));
        }
        striate_forward(plan, batch, 0);
        memcpy(logits + i * CLASSES, striate_plan_output(plan), (size_t)(batch * CLASSES) * sizeof *logits);
    }
    striate_plan_free(plan);
}

static void check_evaluation(void **state)
{
    (void)state;
    striate_data *data = noise();
    striate_model *model = model_of(network());
    float want[IMAGES * CLASSES], logits[CLASSES];
    for (int round = 0; round < 6; round++) { // back and forth, so that no plan of the other kind is used again
        int exact = round % 2, by_model = round > 3;
        striate_evaluation *e;
        run_plan(want, model, BATCH, exact);
        striate_model_exact(model, by_model && exact);
        OK(striate_evaluate(&e, model, data, (striate_evaluate_options){ .batch_size = BATCH, .exact = exact && !by_model }));
        assert_memory_equal(e->logits, want, sizeof want);
        striate_evaluation_free(e);
    }
    for (int exact = 0; exact < 2; exact++) {
        striate_image image = { pixels, SIDE, SIDE, 3 };
        run_plan(want, model, 1, exact);
        striate_model_exact(model, exact);
        OK(striate_logits(logits, model, &image));
        assert_memory_equal(logits, want, sizeof logits);
    }
    striate_model_free(model);
    striate_data_close(data);
}

// The weights after a training, by steps of a plan, or by striate_train.
static float *weights_after(const striate_data *data, bool by_steps, int exact)
{
    striate_model *model = model_of(network());
    striate_graph *graph = striate_model_graph(model);
    if (by_steps) {
        striate_plan *plan;
        striate_optimizer *sgd;
        OK(striate_compile(&plan, graph, (striate_plan_options){ .batch = IMAGES, .train = 1, .exact = exact }));
        OK(striate_optimizer_new(&sgd, graph, (striate_optimizer_options){ 0 }));
        for (int i = 0; i < IMAGES; i++) {
            striate_image image = { pixels + i * SIDE * SIDE * 3, SIDE, SIDE, 3 };
            OK(striate_preprocess(striate_plan_input(plan) + i * SIDE * SIDE * 3, &image, striate_model_preprocessing(model)));
            striate_plan_labels(plan)[i] = labels[i];
        }
        striate_forward(plan, IMAGES, 0);
        striate_backward(plan);
        OK(striate_update(sgd, plan, 0.1f));
        striate_optimizer_free(sgd);
        striate_plan_free(plan);
    } else {
        striate_training one = { .epochs = 1, .batch_size = IMAGES, .learning_rate = 0.1f, .seed = 1, .exact = exact };
        OK(striate_train(model, data, NULL, &one));
    }
    striate_parameter conv2;
    OK(striate_parameter_at(&conv2, graph, 1));
    float *weights = malloc(conv2.count * sizeof *weights);
    memcpy(weights, conv2.values, conv2.count * sizeof *weights);
    striate_model_free(model);
    return weights;
}

// A training shuffles, so it agrees with steps in another order but for the rounding of sums; with Winograd's algorithm that is coarser, if
// it is used at all.
static void check_training(void **state)
{
    (void)state;
    striate_data *data = noise();
    striate_graph *graph = network();
    striate_layer *layers = layers_of(graph);
    striate_bench *bench;
    bool winograd = false;
    OK(striate_bench_new(&bench, (striate_bench_options){ .seconds = 1e-4 }));
    for (int pass = STRIATE_FORWARD; pass < STRIATE_PACK; pass++) {
        striate_measurement m;
        OK(striate_bench_layer(&m, bench, &layers[CONV2], IMAGES, (striate_pass)pass));
        winograd |= !strcmp(m.algorithm, "winograd");
    }
    float *exact = weights_after(data, false, 1), *steps = weights_after(data, true, 1), *fast = weights_after(data, false, 0);
    size_t count = 64 * 64 * 9;
    double apart = 0;
    for (size_t i = 0; i < count; i++) apart = fmax(apart, fabs((double)exact[i] - (double)steps[i]));
    assert_true(apart < 1e-6);
    bool same = !memcmp(exact, fast, count * sizeof *exact);
    assert_true(same != winograd);
    free(exact);
    free(steps);
    free(fast);
    striate_bench_free(bench);
    free(layers);
    striate_graph_free(graph);
    striate_data_close(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_layers), cmocka_unit_test(check_machine),    cmocka_unit_test(check_passes),
        cmocka_unit_test(check_watch),  cmocka_unit_test(check_evaluation), cmocka_unit_test(check_training),
    };
    return cmocka_run_group_tests_name("measure", tests, NULL, NULL);
}
