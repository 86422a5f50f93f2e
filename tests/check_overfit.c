// check_overfit.c - of every family a narrow network on small images learns 64 photographs of CIFAR-10 by heart.
#include "graph/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK(call)                                                                                                               \
    if (call) fail_msg("%s", striate_error())

enum { IMAGES = 64, SIDE = 32, RECORD = 1 + 3 * SIDE * SIDE };
static unsigned char records[IMAGES][RECORD]; // CIFAR's: label, then red, green and blue

static const struct task {
    const char *name;
    int side; // of the images, made larger or smaller
    float widen, learning_rate;
    int steps; // at most
} tasks[] = {
    { "logistic_regression", 32, 0, 0.003f, 100 },
    { "softmax_regression", 32, 0, 0.003f, 100 },
    { "lenet5", 32, 0, 0.003f, 100 },
    { "lenet5_plain", 32, 0, 0.003f, 100 },
    { "lenet", 28, 0.5f, 0.003f, 100 },
    { "alexnet", 67, 0.25f, 0.002f, 200 },
    { "alexnet_torchvision", 63, 0.125f, 0.003f, 100 },
    { "zfnet", 63, 0.125f, 0.003f, 100 },
    { "nin_cifar", 8, 0.25f, 0.003f, 100 },
    { "nin_imagenet", 67, 0.125f, 0.001f, 100 },
    { "vgg11_bn", 32, 0.125f, 0.0005f, 100 },
    { "googlenet", 64, 0.125f, 0.0015f, 300 },
    { "googlenet_torchvision", 32, 0.25f, 0.003f, 100 },
    { "inception_reduced", 8, 0.5f, 0.003f, 100 },
    { "inception_bn", 64, 0.0625f, 0.003f, 100 },
    { "inception_v3", 75, 0.0625f, 0.003f, 100 },
    { "inception_v4", 75, 0.0625f, 0.006f, 100 },
    { "resnet18", 32, 0.25f, 0.003f, 100 },
    { "cifar_resnet20", 8, 0.5f, 0.003f, 100 },
    { "cifar_plain20", 8, 0.5f, 0.003f, 100 },
    { "preresnet50", 32, 0.125f, 0.003f, 100 },
    { "wrn_16_8", 8, 0.0625f, 0.003f, 100 },
    { "rir", 8, 0.125f, 0.003f, 100 },
    { "densenet121", 32, 0.25f, 0.003f, 100 },
    { "densenet_L40_k12", 8, 0.5f, 0.003f, 100 },
    { "highway_fc_mnist", 16, 0, 0.003f, 100 },
    { "highway_mnist_conv10", 28, 0.5f, 0.003f, 100 },
    { "highway_cifar10_19", 8, 0.25f, 0.01f, 200 },
    { "dmrnet_imagenet", 32, 0.0625f, 0.003f, 100 },
    { "dmrnet_56", 8, 0.5f, 0.003f, 100 },
    { "fractalnet_20", 32, 0.0625f, 0.003f, 100 },
    { "inception_resnet_v1", 107, 0.0625f, 0.003f, 100 },
    { "squeezenet1_1", 35, 0.5f, 0.003f, 400 },
};

static void fill(striate_plan *plan, int side)
{
    float *x = striate_plan_input(plan);
    for (int i = 0; i < IMAGES; i++)
        for (int row = 0; row < side; row++)
            for (int column = 0; column < side; column++)
                for (int c = 0; c < 3; c++) {
                    int pixel = row * SIDE / side * SIDE + column * SIDE / side;
                    *x++ = ((float)records[i][1 + c * SIDE * SIDE + pixel] - 120) / 64;
                }
}

// How many a plan for inference knows; it packs the weights as it finds them, so each time it is a new one.
static int right(striate_graph *graph, int side)
{
    striate_plan *plan;
    OK(striate_compile(&plan, graph, (striate_plan_options){ .batch = IMAGES }));
    fill(plan, side);
    striate_forward(plan, IMAGES, 0);
    int count = 0, values = striate_plan_values(plan);
    for (int i = 0; i < IMAGES; i++) {
        const float *scores = striate_plan_output(plan) + i * values;
        int best = 0;
        for (int j = 1; j < values; j++)
            if (scores[j] > scores[best]) best = j;
        count += best == records[i][0];
    }
    striate_plan_free(plan);
    return count;
}

// Dropout and drop path are there to hinder learning by heart, and running statistics need not be steady here.
static void hurry(striate_graph *graph)
{
    for (int i = 0; i < graph->count; i++) {
        void *options = graph->nodes[i]->options;
        if (graph->nodes[i]->op == &striate_op_dropout) ((striate_dropout_options *)options)->rate = 1e-6f;
        if (graph->nodes[i]->op == &striate_op_average) *(striate_average_options *)options = (striate_average_options){ 0 };
        if (graph->nodes[i]->op == &striate_op_batch_norm) ((striate_norm_options *)options)->momentum = 0.5f;
    }
}

// Where ReLU is over the scores of a convolution: they begin above it, as one that is 0 for all 64 images stays so.
static void lift_scores(striate_graph *graph)
{
    striate_parameter bias;
    OK(striate_parameter_at(&bias, graph, striate_parameter_count(graph) - 1));
    for (size_t i = 0; i < bias.count; i++) bias.values[i] = 1;
}

static void learn(const struct task *t)
{
    striate_graph *graph;
    striate_plan *plan;
    striate_optimizer *optimizer;
    striate_zoo_options as = { 10, t->side, t->side, 3, .no_aux = 1, .widen = t->widen };
    OK(striate_graph_from_zoo(&graph, t->name, as));
    hurry(graph);
    OK(striate_init_weights(graph, 1));
    striate_node *const *end = graph->nodes + graph->count;
    if (end[-1]->op == &striate_op_global_avg_pool && end[-3]->op == &striate_op_conv) lift_scores(graph);
    OK(striate_optimizer_new(&optimizer, graph, (striate_optimizer_options){ .rule = STRIATE_ADAM }));
    OK(striate_compile(&plan, graph, (striate_plan_options){ .batch = IMAGES, .train = 1 }));
    fill(plan, t->side);
    for (int i = 0; i < IMAGES; i++) striate_plan_labels(plan)[i] = records[i][0];
    int step = 0, known = 0;
    while (known < IMAGES && step < t->steps) {
        striate_forward(plan, IMAGES, (uint64_t)++step);
        striate_backward(plan);
        OK(striate_update(optimizer, plan, t->learning_rate));
        if (step % 10 == 0) known = right(graph, t->side);
    }
    if (known < IMAGES) fail_msg("%s: %d of %d after %d steps", t->name, known, IMAGES, step);
    striate_plan_free(plan);
    striate_optimizer_free(optimizer);
    striate_graph_free(graph);
}

static void every_family_learns_by_heart(void **state)
{
    (void)state;
    FILE *file = popen("xz -dc '" STRIATE_TEST_DATA "/cifar10/test_batch.bin.xz' 2>/dev/null", "r");
    bool read = file && fread(records, sizeof records, 1, file) == 1;
    if (file) pclose(file);
    if (!read) skip();
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) learn(&tasks[i]);
}

// A family is what one builder builds; two learn otherwise (check_pretrain).
static void every_family_has_a_row(void **state)
{
    (void)state;
    for (const striate_zoo_entry *e = striate_zoo(); e->name; e++) {
        bool found = !strcmp(e->name, "neocognitron") || !strcmp(e->name, "conv_dbn");
        for (const striate_zoo_entry *other = striate_zoo(); other->name; other++)
            for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
                found |= other->build == e->build && !strcmp(other->name, tasks[i].name);
        if (!found) fail_msg("nothing that is built as %s is in the table", e->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_family_has_a_row),
                                        cmocka_unit_test(every_family_learns_by_heart) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
