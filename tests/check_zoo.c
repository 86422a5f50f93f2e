// check_zoo.c - the networks known by name: parameters and multiply-adds as published, the same again after a way through text, and other
// sizes on request.
#include "base/file.h"
#include "base/value.h"
#include "graph/graph.h"
#include "networks.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
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
        for (int i = 0; i < network_count; i++) found |= !strcmp(networks[i].name, entry->name);
        if (!found) fail_msg("%s has no row", entry->name);
    }
    assert_int_equal(count, network_count);
}

static void counts_are_as_published(void **state)
{
    (void)state;
    for (int i = 0; i < network_count; i++) {
        int count;
        int64_t all = 0;
        striate_layer total, *layers;
        striate_graph *graph = open_zoo(networks[i].name, (striate_zoo_options){ 0 });
        layers = layers_of(graph, &count, &total);
        if (total.parameters != networks[i].parameters || total.macs != networks[i].macs)
            fail_msg("%s: %lld parameters, %lld MACs", networks[i].name, (long long)total.parameters, (long long)total.macs);
        for (int j = 0; j < count; j++) all += layers[j].parameters;
        assert_int_equal(all, networks[i].parameters_and_aux ? networks[i].parameters_and_aux : networks[i].parameters);
        free(layers);
        striate_graph_free(graph);
    }
}

// The same networks for CIFAR-100, and on images as large as some have them.
static void other_uses_are_as_published(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        striate_zoo_options options;
        int64_t parameters, macs; // macs 0: not known
    } rows[] = {
        { "nin_cifar", { .classes = 100 }, 984356, 0 },
        { "cifar_preresnet164", { .classes = 100 }, 1726388, 0 },
        { "cifar_preresnet1001", { .classes = 100 }, 10350836, 0 },
        { "wrn_28_10", { .classes = 100 }, 36536884, 0 },
        { "wrn_16_8", { .classes = 100 }, 11007540, 0 },
        { "wrn_40_4", { .classes = 100 }, 8972340, 0 },
        { "rir", { .classes = 100 }, 9504680, 0 },
        { "densenet_L40_k12", { .classes = 100 }, 1060132, 0 },
        { "densenet_bc_L100_k12", { .classes = 100 }, 800032, 0 },
        { "alexnet_ungrouped", { .height = 224, .width = 224 }, 62378344, 1131457664 },
        { "nin_imagenet", { .height = 227, .width = 227 }, 7595176, 1105996320 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int count;
        striate_layer total;
        striate_graph *graph = open_zoo(rows[i].name, rows[i].options);
        free(layers_of(graph, &count, &total));
        if (total.parameters != rows[i].parameters || (rows[i].macs && total.macs != rows[i].macs))
            fail_msg("%s: %lld parameters, %lld MACs", rows[i].name, (long long)total.parameters, (long long)total.macs);
        striate_graph_free(graph);
    }
}

static void text_says_it_all(void **state)
{
    (void)state;
    for (int i = 0; i < network_count; i++) {
        char *text, *again;
        striate_graph *graph = open_zoo(networks[i].name, (striate_zoo_options){ 0 }), *read;
        assert_int_equal(striate_graph_to_text(&text, graph), STRIATE_OK);
        if (striate_graph_from_text(&read, text, strlen(text), networks[i].name)) fail_msg("%s", striate_error());
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

// The shapes that all data pass through: those of every value wanted after a node, where they are one shape. Of a run of shapes that differ only
// in channels, which grow or shrink, the ends.
static void find_stages(char *text, size_t room, striate_graph *graph)
{
    striate_size shapes[4096];
    int last_use[16384] = { 0 }, count = 0, latest = 0, nodes = graph_output(graph)->id + 1;
    assert_true(nodes <= 16384);
    for (int i = 0; i < nodes; i++)
        for (int j = 0; j < graph->nodes[i]->ins; j++) last_use[graph->nodes[i]->in[j]->id] = i;
    for (int i = 0; i < nodes; i++) {
        striate_size now = striate_node_size(graph->nodes[i]);
        bool one = true;
        int live = 0;
        for (int j = 0; j <= i; j++) {
            striate_size size = striate_node_size(graph->nodes[j]);
            if (last_use[j] <= i) continue;
            one &= ++live <= 2 && !memcmp(&size, &now, sizeof now);
        }
        if (!one || (count && !memcmp(&shapes[count - 1], &now, sizeof now))) continue;
        striate_size *s = &shapes[count];
        if (count > 1 && s[-2].height == now.height && s[-1].height == now.height && s[-2].width == now.width &&
            s[-1].width == now.width && (s[-2].channels < s[-1].channels) == (s[-1].channels < now.channels))
            s[-1] = now;
        else
            shapes[count++] = now;
    }
    for (int i = 0; i < count; i++)
        latest += snprintf(text + latest, room - (size_t)latest, i ? " %dx%dx%d" : "%dx%dx%d", shapes[i].height,
                           shapes[i].width, shapes[i].channels);
}

static void stages_are_as_published(void **state)
{
    (void)state;
    for (int i = 0; i < network_count; i++) {
        char stages[1024];
        striate_graph *graph = open_zoo(networks[i].name, (striate_zoo_options){ .no_aux = 1 });
        find_stages(stages, sizeof stages, graph);
        if (strcmp(stages, networks[i].stages)) fail_msg("%s: %s", networks[i].name, stages);
        striate_graph_free(graph);
    }
}

// Two small images and a step of gradient descent on them, from fresh weights; then the same images in inference.
static void every_network_trains(void **state)
{
    (void)state;
    for (int i = 0; i < network_count; i++) {
        struct network r = networks[i];
        if (!r.small) continue;
        float widen = r.parameters > 1000000 ? 0.25f : 1; // for time's sake
        striate_graph *graph =
            open_zoo(r.name, (striate_zoo_options){ .classes = 10, .height = r.small, .width = r.small, .widen = widen });
        striate_plan *plan[2];
        striate_optimizer *optimizer;
        OK(striate_init_weights(graph, 1));
        OK(striate_optimizer_new(&optimizer, graph, (striate_optimizer_options){ 0 }));
        for (int train = 1; train >= 0; train--) {
            OK(striate_compile(&plan[train], graph, (striate_plan_options){ .batch = 2, .train = train }));
            assert_int_equal(striate_plan_values(plan[train]), 10);
            for (int j = 0; j < 2 * r.small * r.small * striate_node_size(graph->nodes[0]).channels; j++)
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
    for (int i = 0; i < network_count; i++) {
        int count, side = networks[i].small == 1 ? 2 : 320;
        striate_graph *graph =
            open_zoo(networks[i].name, (striate_zoo_options){ .classes = 7, .height = side, .width = 2 * side, .channels = 2 });
        striate_layer total, *layers = layers_of(graph, &count, &total);
        assert_true(layers[0].size.height == side && layers[0].size.width == 2 * side && layers[0].size.channels == 2);
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

static int outputs(const striate_layer *layer)
{
    if (striate_node_attribute(layer->node, "frozen") > 0) return 0; // fixed kernels, of which there are as many as it takes
    double filters = striate_node_attribute(layer->node, "filters"), units = striate_node_attribute(layer->node, "units");
    return !isnan(filters) ? (int)filters : !isnan(units) ? (int)units : 0;
}

// Twice as many filters and units in every layer but those of the classes.
static void wider_on_request(void **state)
{
    (void)state;
    enum { CLASSES = 7 };
    for (int i = 0; i < network_count; i++) {
        int counts[2], wider = 0, layers_with_weights = 0;
        striate_layer totals[2], *layers[2];
        striate_graph *graphs[2];
        for (int j = 0; j < 2; j++) {
            graphs[j] = open_zoo(networks[i].name, (striate_zoo_options){ .classes = CLASSES, .widen = (float)(j + 1) });
            layers[j] = layers_of(graphs[j], &counts[j], &totals[j]);
        }
        assert_int_equal(counts[0], counts[1]);
        for (int j = 0; j < counts[0]; j++) {
            int narrow = outputs(&layers[0][j]), wide = outputs(&layers[1][j]);
            if (wide != (narrow == CLASSES ? narrow : 2 * narrow))
                fail_msg("%s: %s: %d and %d", networks[i].name, layers[0][j].name, narrow, wide);
            wider += wide > narrow;
            layers_with_weights += narrow > 0;
        }
        assert_true(wider || layers_with_weights == 1);
        for (int j = 0; j < 2; j++) {
            free(layers[j]);
            striate_graph_free(graphs[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_network_has_a_row),
        cmocka_unit_test(counts_are_as_published),
        cmocka_unit_test(other_uses_are_as_published),
        cmocka_unit_test(text_says_it_all),
        cmocka_unit_test(stages_are_as_published),
        cmocka_unit_test(names_are_torchvisions),
        cmocka_unit_test(every_network_trains),
        cmocka_unit_test(other_sizes_on_request),
        cmocka_unit_test(wider_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
