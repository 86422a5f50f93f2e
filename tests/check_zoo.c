// check_zoo.c - the networks known by name: parameters and multiply-adds as published, the same again after a way through text, and other
// sizes on request.
#include "base/file.h"
#include "base/value.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef STRIATE_TEST_DATA
#define STATE_DICTS STRIATE_TEST_DATA "/../zoo/state_dicts"
#else
#define STATE_DICTS "/nowhere"
#endif
#define OK(call)                                                                                                               \
    if (call) fail_msg("%s", striate_error())

// Parameters without running statistics; multiply-adds of convolutions and dense layers for one image; both without auxiliary classifiers.
static const struct row {
    const char *name;
    int side, channels, classes;
    int64_t parameters, macs;
    int small;                  // an input's side for a quick training step; 0: another of the family takes it
    int64_t parameters_and_aux; // with auxiliary classifiers, where there are any
} rows[] = {
    { "lenet", 28, 1, 10, 431080, 2293000, 28 },
    { "alexnet", 227, 3, 1000, 60965224, 724406816, 67 },
    { "caffenet", 227, 3, 1000, 60965224, 724406816, 0 },
    { "alexnet_torchvision", 224, 3, 1000, 61100840, 714188480, 63 },
    { "vgg11", 224, 3, 1000, 132863336, 7609090048, 0 },
    { "vgg13", 224, 3, 1000, 133047848, 11308466176, 0 },
    { "vgg16", 224, 3, 1000, 138357544, 15470264320, 0 },
    { "vgg19", 224, 3, 1000, 143667240, 19632062464, 0 },
    { "vgg11_bn", 224, 3, 1000, 132868840, 7609090048, 32 },
    { "vgg13_bn", 224, 3, 1000, 133053736, 11308466176, 0 },
    { "vgg16_bn", 224, 3, 1000, 138365992, 15470264320, 0 },
    { "vgg19_bn", 224, 3, 1000, 143678248, 19632062464, 0 },
    { "googlenet", 224, 3, 1000, 6998552, 1582671872, 80, 13378280 },
    { "googlenet_torchvision", 224, 3, 1000, 6624904, 1498376192, 32, 13004888 },
    { "inception_v3", 299, 3, 1000, 23834568, 5713216096, 299, 27161264 },
    { "resnet18", 224, 3, 1000, 11689512, 1814073344, 32 },
    { "resnet34", 224, 3, 1000, 21797672, 3663761408, 32 },
    { "resnet50", 224, 3, 1000, 25557032, 4089184256, 32 },
    { "resnet101", 224, 3, 1000, 44549160, 7801405440, 32 },
    { "resnet152", 224, 3, 1000, 60192808, 11513626624, 32 },
    { "resnet50_v1", 224, 3, 1000, 25557096, 3857973248, 32 },
    { "resnet101_v1", 224, 3, 1000, 44549160, 7570194432, 0 },
    { "resnet152_v1", 224, 3, 1000, 60192808, 11282415616, 0 },
    { "plain18", 224, 3, 1000, 11515688, 1794805760, 32 },
    { "plain34", 224, 3, 1000, 21623848, 3644493824, 32 },
    { "cifar_resnet20", 32, 3, 10, 269722, 40551040, 32 },
    { "cifar_resnet32", 32, 3, 10, 464154, 68862592, 32 },
    { "cifar_resnet44", 32, 3, 10, 658586, 97174144, 32 },
    { "cifar_resnet56", 32, 3, 10, 853018, 125485696, 32 },
    { "cifar_resnet110", 32, 3, 10, 1727962, 252887680, 32 },
    { "cifar_resnet1202", 32, 3, 10, 19421274, 2829238912, 8 },
    { "densenet121", 224, 3, 1000, 7978856, 2834161664, 32 },
    { "densenet169", 224, 3, 1000, 14149480, 3359843328, 32 },
    { "densenet201", 224, 3, 1000, 20013928, 4291365888, 32 },
    { "densenet161", 224, 3, 1000, 28681000, 7727907072, 32 },
    { "squeezenet1_0", 224, 3, 1000, 1248424, 818924576, 32 },
    { "squeezenet1_1", 224, 3, 1000, 1235496, 349151936, 32 },
};
enum { ROWS = sizeof rows / sizeof *rows };

static striate_graph *open_zoo(const char *name, striate_zoo_options options)
{
    striate_graph *graph;
    if (striate_graph_from_zoo(&graph, name, options)) fail_msg("%s", striate_error());
    return graph;
}

static striate_layer *layers_of(const striate_graph *graph, int *count, striate_layer *total)
{
    striate_layer *layers;
    *total = (striate_layer){ 0 };
    assert_int_equal(striate_layers(&layers, count, graph), STRIATE_OK);
    for (int i = 0; i < *count; i++) {
        if (layers[i].training_only) continue;
        total->parameters += layers[i].parameters;
        total->macs += layers[i].macs;
        total->size = layers[i].size;
    }
    return layers;
}

static void every_network_has_a_row(void **state)
{
    (void)state;
    int count = 0;
    for (const striate_zoo_entry *entry = striate_zoo(); entry->name; entry++, count++) {
        bool found = false;
        for (int i = 0; i < ROWS; i++) found |= !strcmp(rows[i].name, entry->name);
        if (!found) fail_msg("%s has no row", entry->name);
    }
    assert_int_equal(count, ROWS);
}

static void counts_are_as_published(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        int count;
        int64_t all = 0;
        striate_layer total, *layers;
        striate_graph *graph = open_zoo(rows[i].name, (striate_zoo_options){ 0 });
        layers = layers_of(graph, &count, &total);
        striate_size in = layers[0].size, out = total.size;
        assert_true(in.height == rows[i].side && in.width == rows[i].side && in.channels == rows[i].channels);
        assert_true(out.height == 1 && out.width == 1 && out.channels == rows[i].classes);
        if (total.parameters != rows[i].parameters || total.macs != rows[i].macs)
            fail_msg("%s: %lld parameters, %lld MACs", rows[i].name, (long long)total.parameters, (long long)total.macs);
        for (int j = 0; j < count; j++) all += layers[j].parameters;
        assert_int_equal(all, rows[i].parameters_and_aux ? rows[i].parameters_and_aux : rows[i].parameters);
        free(layers);
        striate_graph_free(graph);
    }
}

static void text_says_it_all(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        char *text, *again;
        striate_graph *graph = open_zoo(rows[i].name, (striate_zoo_options){ 0 }), *read;
        assert_int_equal(striate_graph_to_text(&text, graph), STRIATE_OK);
        if (striate_graph_from_text(&read, text, strlen(text), rows[i].name)) fail_msg("%s", striate_error());
        assert_int_equal(striate_graph_to_text(&again, read), STRIATE_OK);
        assert_string_equal(text, again);
        int counts[2];
        striate_layer totals[2],
            *layers[2] = { layers_of(graph, &counts[0], &totals[0]), layers_of(read, &counts[1], &totals[1]) };
        assert_int_equal(counts[0], counts[1]);
        assert_true(totals[0].parameters == totals[1].parameters && totals[0].macs == totals[1].macs);
        for (int j = 0; j < counts[0]; j++) {
            assert_string_equal(layers[0][j].name, layers[1][j].name);
            assert_memory_equal(&layers[0][j].size, &layers[1][j].size, sizeof(striate_size));
            assert_true(layers[0][j].receptive_h == layers[1][j].receptive_h && layers[0][j].stride_w == layers[1][j].stride_w);
        }
        free(layers[0]);
        free(layers[1]);
        free(text);
        free(again);
        striate_graph_free(read);
        striate_graph_free(graph);
    }
}

static void stages_halve_the_image(void **state)
{
    (void)state;
    const struct {
        const char *node;
        striate_size size;
    } stages[] = { { "conv1", { 32, 32, 16 } },
                   { "layer1.2.conv2", { 32, 32, 16 } },
                   { "layer2.0.conv1", { 16, 16, 32 } },
                   { "layer3.2.conv2", { 8, 8, 64 } },
                   { "linear", { 1, 1, 10 } } };
    striate_graph *graph = open_zoo("cifar_resnet20", (striate_zoo_options){ 0 });
    int count;
    striate_layer total, *layers = layers_of(graph, &count, &total);
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        int j = 0;
        while (j < count && strcmp(layers[j].name, stages[i].node)) j++;
        assert_true(j < count);
        assert_memory_equal(&layers[j].size, &stages[i].size, sizeof(striate_size));
    }
    free(layers);
    striate_graph_free(graph);
}

// Two images and a step of gradient descent on them, from fresh weights; then the same images in inference.
static void every_network_trains(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        struct row r = rows[i];
        if (!r.small) continue;
        striate_graph *graph = open_zoo(r.name, (striate_zoo_options){ .classes = 10, .height = r.small, .width = r.small });
        striate_plan *plan[2];
        striate_optimizer *optimizer;
        OK(striate_init_weights(graph, 1));
        OK(striate_optimizer_new(&optimizer, graph, (striate_optimizer_options){ 0 }));
        for (int train = 1; train >= 0; train--) {
            OK(striate_compile(&plan[train], graph, (striate_plan_options){ .batch = 2, .train = train }));
            assert_int_equal(striate_plan_values(plan[train]), 10);
            for (int j = 0; j < 2 * r.small * r.small * r.channels; j++)
                striate_plan_input(plan[train])[j] = (float)(j * 37 % 101) / 50 - 1;
        }
        striate_plan_labels(plan[1])[1] = 7;
        striate_forward(plan[1], 2, 0);
        if (!isfinite(striate_loss(plan[1]))) fail_msg("%s: the loss is %g", r.name, striate_loss(plan[1]));
        striate_backward(plan[1]);
        OK(striate_update(optimizer, plan[1], 1e-3f));
        striate_forward(plan[0], 2, 0);
        striate_plan_free(plan[0]);
        striate_plan_free(plan[1]);
        striate_optimizer_free(optimizer);
        striate_graph_free(graph);
    }
}

static bool find_parameter(striate_parameter *parameter, striate_graph *graph, const char *name)
{
    for (int i = 0; i < striate_parameter_count(graph); i++) {
        OK(striate_parameter_at(parameter, graph, i));
        if (!strcmp(parameter->name, name)) return true;
    }
    return false;
}

// Every tensor of torchvision's, under its name and of its shape, and no other.
static void names_are_torchvisions(void **state)
{
    (void)state;
    static const struct {
        const char *name, *file;
    } nets[] = {
        { "alexnet_torchvision", "alexnet.json" }, { "vgg16", "vgg16.json" },
        { "vgg16_bn", "vgg16_bn.json" },           { "googlenet_torchvision", "googlenet.json" },
        { "inception_v3", "inception_v3.json" },   { "resnet18", "resnet18.json" },
        { "resnet50", "resnet50.json" },           { "densenet121", "densenet121.json" },
        { "squeezenet1_1", "squeezenet1_1.json" },
    };
    if (!file_is_folder(STATE_DICTS)) skip();
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        striate_graph *graph = open_zoo(nets[i].name, (striate_zoo_options){ 0 });
        char *path = file_join(STATE_DICTS, nets[i].file);
        struct bytes json;
        struct value *root;
        OK(file_read(&json, path, 1 << 20));
        OK(value_parse(&root, (const char *)json.data, json.size, path));
        const struct value *entries = value_get(root, "entries");
        int count = 0;
        for (size_t j = 0; j < value_size(entries); j++) {
            const struct value *shape = value_get(value_at(entries, j), "shape");
            const char *name = value_string(value_get(value_at(entries, j), "name"));
            striate_parameter parameter;
            if (strstr(name, "num_batches_tracked")) continue;
            if (!find_parameter(&parameter, graph, name)) fail_msg("%s has no %s", nets[i].name, name);
            assert_int_equal(parameter.rank, value_size(shape));
            for (int64_t d = 0, side; d < parameter.rank; d++)
                assert_true(value_integer(value_at(shape, (size_t)d), &side) && side == parameter.dims[d]);
            count++;
        }
        assert_int_equal(count, striate_parameter_count(graph));
        value_free(root);
        free(json.data);
        free(path);
        striate_graph_free(graph);
    }
}

static void other_sizes_on_request(void **state)
{
    (void)state;
    static const char *const names[] = { "lenet",          "vgg11",        "resnet50", "googlenet_torchvision",
                                         "cifar_resnet20", "squeezenet1_1" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int count;
        striate_graph *graph =
            open_zoo(names[i], (striate_zoo_options){ .classes = 7, .height = 40, .width = 36, .channels = 2 });
        striate_layer total, *layers = layers_of(graph, &count, &total);
        assert_true(layers[0].size.height == 40 && layers[0].size.width == 36 && layers[0].size.channels == 2);
        assert_true(total.size.height == 1 && total.size.width == 1 && total.size.channels == 7);
        free(layers);
        striate_graph_free(graph);
    }
    striate_graph *graph = NULL;
    assert_int_equal(striate_graph_from_zoo(&graph, "lenet", (striate_zoo_options){ .height = 4 }), STRIATE_BAD_NETWORK);
    assert_non_null(strstr(striate_error(), "conv1 (conv): kernel 5x5 is larger than the padded input 4x28"));
    assert_int_equal(striate_graph_from_zoo(&graph, "lennet", (striate_zoo_options){ 0 }), STRIATE_BAD_ARGUMENT);
    assert_non_null(strstr(striate_error(), "'lenet'"));
    assert_null(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_network_has_a_row), cmocka_unit_test(counts_are_as_published),
        cmocka_unit_test(text_says_it_all),        cmocka_unit_test(stages_halve_the_image),
        cmocka_unit_test(names_are_torchvisions),  cmocka_unit_test(every_network_trains),
        cmocka_unit_test(other_sizes_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
