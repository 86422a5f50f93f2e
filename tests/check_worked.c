// check_worked.c - numbers that lectures and books work out by hand (Stanford's CS231n, lectures 5 and 9, and others, where they err corrected), as
// `striate summary` shows them.
#include "graph/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK(call)                                                                                                               \
    if (call) fail_msg("%s", striate_error())

struct net {
    striate_graph *graph;
    striate_layer *layers;
    int count;
};

static void open_net(struct net *net, const char *name, int no_aux)
{
    OK(striate_graph_from_zoo(&net->graph, name, (striate_zoo_options){ .no_aux = no_aux }));
    OK(striate_layers(&net->layers, &net->count, net->graph));
}

static void close_net(struct net *net)
{
    free(net->layers);
    striate_graph_free(net->graph);
}

static const striate_layer *layer(const struct net *net, const char *name)
{
    for (int i = 0; i < net->count; i++)
        if (!strcmp(net->layers[i].name, name)) return &net->layers[i];
    fail_msg("no layer %s", name);
    return NULL;
}

struct expected {
    const char *name;
    striate_size size;
    int64_t parameters;
};

static void check_layers(const char *name, const struct expected *expected, size_t count)
{
    struct net net;
    open_net(&net, name, 0);
    for (size_t i = 0; i < count; i++) {
        const striate_layer *l = layer(&net, expected[i].name);
        assert_memory_equal(&l->size, &expected[i].size, sizeof l->size);
        if (l->parameters != expected[i].parameters) fail_msg("%s: %lld parameters", l->name, (long long)l->parameters);
    }
    close_net(&net);
}
#define CHECK_LAYERS(name, expected) check_layers(name, expected, sizeof expected / sizeof *expected)

// Weights without biases: of all layers, and the dense layers' share of them.
static void check_weights(const char *name, int64_t weights, double dense_share)
{
    struct net net;
    int64_t all = 0, dense = 0;
    open_net(&net, name, 0);
    for (const striate_layer *l = net.layers; l < net.layers + net.count; l++) {
        int64_t count = l->parameters ? l->parameters - l->size.channels : 0;
        all += count;
        if (!strcmp(l->op, "dense")) dense += count;
    }
    assert_int_equal(all, weights);
    assert_true(fabs((double)dense / (double)all - dense_share) < 5e-5);
    close_net(&net);
}

// In two groups conv2, 4 and 5 have half the weights that are often told, in one tower all of them.
static void alexnet(void **state)
{
    (void)state;
    for (int groups = 1; groups <= 2; groups++) {
        const struct expected layers[] = {
            { "conv1", { 55, 55, 96 }, 34848 + 96 },
            { "max_pool1", { 27, 27, 96 }, 0 },
            { "conv2", { 27, 27, 256 }, 614400 / groups + 256 },
            { "max_pool2", { 13, 13, 256 }, 0 },
            { "conv3", { 13, 13, 384 }, 884736 + 384 },
            { "conv4", { 13, 13, 384 }, 1327104 / groups + 384 },
            { "conv5", { 13, 13, 256 }, 884736 / groups + 256 },
            { "max_pool3", { 6, 6, 256 }, 0 },
            { "fc6", { 1, 1, 4096 }, 37748736 + 4096 },
            { "fc7", { 1, 1, 4096 }, 16777216 + 4096 },
            { "fc8", { 1, 1, 1000 }, 4096000 + 1000 },
        };
        CHECK_LAYERS(groups == 1 ? "alexnet_ungrouped" : "alexnet", layers);
    }
    check_weights("alexnet", 60954656, 0.9617);
    check_weights("alexnet_ungrouped", 62367776, 0.9399);
}

// The volumes of all layers, where ReLU and dropout work in place.
static void vgg16(void **state)
{
    (void)state;
    static const struct expected layers[] = {
        { "features.0", { 224, 224, 64 }, 1728 + 64 },        { "features.2", { 224, 224, 64 }, 36864 + 64 },
        { "features.max_pool1", { 112, 112, 64 }, 0 },        { "features.5", { 112, 112, 128 }, 73728 + 128 },
        { "features.7", { 112, 112, 128 }, 147456 + 128 },    { "features.max_pool2", { 56, 56, 128 }, 0 },
        { "features.10", { 56, 56, 256 }, 294912 + 256 },     { "features.12", { 56, 56, 256 }, 589824 + 256 },
        { "features.14", { 56, 56, 256 }, 589824 + 256 },     { "features.max_pool3", { 28, 28, 256 }, 0 },
        { "features.17", { 28, 28, 512 }, 1179648 + 512 },    { "features.19", { 28, 28, 512 }, 2359296 + 512 },
        { "features.21", { 28, 28, 512 }, 2359296 + 512 },    { "features.max_pool4", { 14, 14, 512 }, 0 },
        { "features.24", { 14, 14, 512 }, 2359296 + 512 },    { "features.26", { 14, 14, 512 }, 2359296 + 512 },
        { "features.28", { 14, 14, 512 }, 2359296 + 512 },    { "features.max_pool5", { 7, 7, 512 }, 0 },
        { "classifier.0", { 1, 1, 4096 }, 102760448 + 4096 }, { "classifier.3", { 1, 1, 4096 }, 16777216 + 4096 },
        { "classifier.6", { 1, 1, 1000 }, 4096000 + 1000 },
    };
    struct net net;
    int64_t values = 0;
    CHECK_LAYERS("vgg16", layers);
    open_net(&net, "vgg16", 0);
    for (const striate_layer *l = net.layers; l < net.layers + net.count; l++) values += l->values;
    assert_int_equal(values, 15237608);
    assert_int_equal(layer(&net, "features.2")->receptive_h, 5); // two 3x3 see what one 5x5 does
    close_net(&net);
}

// The most convolutions and dense layers on a way from the input to the output.
static int depth_of(const struct net *net)
{
    int depth[512] = { 0 };
    for (int i = 0; i < net->count; i++) {
        const struct striate_node *node = net->layers[i].node;
        for (int j = 0; j < node->ins; j++)
            if (depth[node->in[j]->id] > depth[i]) depth[i] = depth[node->in[j]->id];
        depth[i] += net->layers[i].parameters > 0;
    }
    return depth[net->count - 1];
}

// Modules 3a to 5b: their outputs, and the weights of the first (Szegedy et al. 2014, table 1); 9 * 2 + 3 + 1 layers deep.
static void googlenet(void **state)
{
    (void)state;
    static const struct expected layers[] = {
        { "inception_3a/1x1", { 28, 28, 64 }, 192 * 64 + 64 },
        { "inception_3a/3x3_reduce", { 28, 28, 96 }, 192 * 96 + 96 },
        { "inception_3a/3x3", { 28, 28, 128 }, 9 * 96 * 128 + 128 },
        { "inception_3a/5x5_reduce", { 28, 28, 16 }, 192 * 16 + 16 },
        { "inception_3a/5x5", { 28, 28, 32 }, 25 * 16 * 32 + 32 },
        { "inception_3a/pool_proj", { 28, 28, 32 }, 192 * 32 + 32 },
        { "concat1", { 28, 28, 256 }, 0 },
        { "concat2", { 28, 28, 480 }, 0 },
        { "concat3", { 14, 14, 512 }, 0 },
        { "concat4", { 14, 14, 512 }, 0 },
        { "concat5", { 14, 14, 512 }, 0 },
        { "concat6", { 14, 14, 528 }, 0 },
        { "concat7", { 14, 14, 832 }, 0 },
        { "concat8", { 7, 7, 832 }, 0 },
        { "concat9", { 7, 7, 1024 }, 0 },
        { "loss3/classifier", { 1, 1, 1000 }, 1024 * 1000 + 1000 },
    };
    static const struct expected heads[] = {
        { "loss1/conv", { 4, 4, 128 }, 512 * 128 + 128 },
        { "loss2/conv", { 4, 4, 128 }, 528 * 128 + 128 },
        { "loss1/fc", { 1, 1, 1024 }, 2098176 },
        { "loss2/classifier", { 1, 1, 1000 }, 1024 * 1000 + 1000 },
    };
    struct net net;
    int64_t macs = 0;
    CHECK_LAYERS("googlenet", layers);
    CHECK_LAYERS("googlenet", heads);
    open_net(&net, "googlenet", 1);
    assert_int_equal(depth_of(&net), 22);
    close_net(&net);
    open_net(&net, "googlenet", 0);
    for (int i = 0; i < net.count; i++) macs += net.layers[i].macs;
    assert_int_equal(macs, 1591044096); // with both heads
    close_net(&net);
}

// He et al. 2015, table 1: output sizes, weights of a bottleneck, and "FLOPs", which are multiply-adds.
static void resnet(void **state)
{
    (void)state;
    static const struct expected layers[] = {
        { "conv1", { 112, 112, 64 }, 49 * 3 * 64 },         { "max_pool1", { 56, 56, 64 }, 0 },
        { "layer1.1.conv1", { 56, 56, 64 }, 256 * 64 },     { "layer1.1.conv2", { 56, 56, 64 }, 9 * 64 * 64 },
        { "layer1.1.conv3", { 56, 56, 256 }, 64 * 256 },    { "layer2.3.conv3", { 28, 28, 512 }, 128 * 512 },
        { "layer3.5.conv3", { 14, 14, 1024 }, 256 * 1024 }, { "layer4.2.conv3", { 7, 7, 2048 }, 512 * 2048 },
        { "fc", { 1, 1, 1000 }, 2048 * 1000 + 1000 },
    };
    static const struct {
        const char *name;
        double macs;
    } nets[] = { { "resnet18", 1.8e9 },
                 { "resnet34", 3.6e9 },
                 { "resnet50_v1", 3.8e9 },
                 { "resnet101_v1", 7.6e9 },
                 { "resnet152_v1", 11.3e9 } };
    CHECK_LAYERS("resnet50", layers);
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        struct net net;
        int64_t macs = 0;
        open_net(&net, nets[i].name, 0);
        for (int j = 0; j < net.count; j++) macs += net.layers[j].macs;
        assert_true(fabs((double)macs - nets[i].macs) < 0.07e9); // the table rounds down, or up
        close_net(&net);
    }
}

// What 1x1 convolutions save: a naive module and one with reductions, on 28x28x256.
static void inception_modules(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t macs;
        int channels;
    } modules[] = { { "inception_naive", 854196224, 672 }, { "inception_reduced", 271351808, 480 } };
    for (size_t i = 0; i < 2; i++) {
        struct net net;
        int64_t macs = 0;
        open_net(&net, modules[i].name, 0);
        for (int j = 0; j < net.count; j++)
            if (!strcmp(net.layers[j].op, "conv")) macs += net.layers[j].macs;
        assert_int_equal(macs, modules[i].macs);
        assert_int_equal(layer(&net, "concat1")->size.channels, modules[i].channels);
        close_net(&net);
    }
}

// LeCun et al. 1998, II.B: a connection per product and per bias; in trainable subsampling one per pixel that is added up, and its bias.
static void lenet5(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t connections, parameters;
    } layers[] = { { "C1", 122304, 156 },  { "S2", 5880, 12 },     { "C3", 151600, 1516 }, { "S4", 2000, 32 },
                   { "C5", 48120, 48120 }, { "F6", 10164, 10164 }, { "RBF", 840, 0 } };
    struct net net;
    int64_t all = 0;
    open_net(&net, "lenet5", 0);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        assert_int_equal(layer(&net, layers[i].name)->parameters, layers[i].parameters);
        assert_int_equal(layer(&net, layers[i].name)->connections, layers[i].connections);
    }
    for (int i = 0; i < net.count; i++) all += net.layers[i].connections;
    assert_int_equal(all, 340908);
    close_net(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alexnet),           cmocka_unit_test(vgg16),  cmocka_unit_test(googlenet), cmocka_unit_test(resnet),
        cmocka_unit_test(inception_modules), cmocka_unit_test(lenet5),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
