// alexnet.c - AlexNet: as published, as Caffe's reference network and as torchvision has it.
#include "zoo/zoo.h"

#include <string.h>

static striate_node *conv_relu(striate_graph *g, striate_node *x, striate_conv_options o)
{
    return striate_relu(g, striate_conv(g, x, o));
}

static striate_node *max_pool(striate_graph *g, striate_node *x, int ceil)
{
    return striate_max_pool(g, x, (striate_window){ .size = 3, .stride = 2, .ceil = ceil });
}

// One tower (Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks"), with dropout before the dense layers.
// Tensor names are torchvision's.
//
//   224x224x3 - conv 11x11/4, 64 - max 3/2 - conv 5x5, 192 - max 3/2 - convs 3x3, 384, 256, 256 - max 3/2 - 4096 - 4096 - 1000
striate_node *zoo_alexnet_torchvision(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    striate_node *x = zoo_input(g, o, 224, 224, 3);
    x = conv_relu(
        g, x, (striate_conv_options){ .name = "features.0", .filters = zoo_wide(o, 64), .kernel = 11, .stride = 4, .pad = 2 });
    x = max_pool(g, x, 0);
    x = conv_relu(g, x, (striate_conv_options){ .name = "features.3", .filters = zoo_wide(o, 192), .kernel = 5, .pad = 2 });
    x = max_pool(g, x, 0);
    x = conv_relu(g, x, (striate_conv_options){ .name = "features.6", .filters = zoo_wide(o, 384), .kernel = 3, .pad = 1 });
    x = conv_relu(g, x, (striate_conv_options){ .name = "features.8", .filters = zoo_wide(o, 256), .kernel = 3, .pad = 1 });
    x = conv_relu(g, x, (striate_conv_options){ .name = "features.10", .filters = zoo_wide(o, 256), .kernel = 3, .pad = 1 });
    x = zoo_pool_to(g, max_pool(g, x, 0), 6);
    x = striate_dropout(g, x, (striate_dropout_options){ .rate = 0.5f });
    x = striate_relu(g, striate_dense(g, x, (striate_dense_options){ .name = "classifier.1", .units = zoo_wide(o, 4096) }));
    x = striate_dropout(g, x, (striate_dropout_options){ .rate = 0.5f });
    x = striate_relu(g, striate_dense(g, x, (striate_dense_options){ .name = "classifier.4", .units = zoo_wide(o, 4096) }));
    return striate_dense(g, x, (striate_dense_options){ .name = "classifier.6", .units = zoo_classes(o, 1000) });
}

// As published (Krizhevsky et al. 2012, figure 2): two towers, which are the groups of conv2, conv4 and conv5; alexnet_ungrouped has one, as it is
// often told. CaffeNet pools before it normalizes. They begin as their authors began; tensor names, and how a window meets the edge, are Caffe's: so
// 224x224x3, which the paper says, comes to the same sizes behind conv1.
//
//   227x227x3 - conv 11x11/4, 96 - LRN - max 3/2 - conv 5x5, 256 - LRN - max 3/2 - convs 3x3, 384, 384, 256 - max 3/2 - 4096 - 4096 - 1000
static const struct alexnet {
    const char *name;
    int groups, pool_first;
    striate_lrn_options lrn;
    float dense_std;
} alexnets[] = {
    { "alexnet", 2, 0, { .size = 5, .alpha = 1e-4f, .beta = 0.75f, .k = 2, .convention = STRIATE_LRN_PAPER }, 0.01f },
    { "alexnet_ungrouped", 1, 0, { .size = 5, .alpha = 1e-4f, .beta = 0.75f, .k = 2, .convention = STRIATE_LRN_PAPER }, 0.01f },
    { "caffenet", 2, 1, { .size = 5, .alpha = 1e-4f, .beta = 0.75f, .k = 1 }, 0.005f },
};

static striate_node *lrn_and_pool(striate_graph *g, striate_node *x, const struct alexnet *net)
{
    if (net->pool_first) return striate_lrn(g, max_pool(g, x, 1), net->lrn);
    return max_pool(g, striate_lrn(g, x, net->lrn), 1);
}

static striate_node *conv(striate_graph *g, striate_node *x, striate_conv_options o)
{
    o.init = STRIATE_INIT_GAUSSIAN;
    return conv_relu(g, x, o);
}

static striate_node *dense(striate_graph *g, striate_node *x, const char *name, int units, float std)
{
    x = striate_dense(g, x,
                      (striate_dense_options){
                          .name = name, .units = units, .init = STRIATE_INIT_GAUSSIAN, .init_std = std, .init_bias = 1 });
    return striate_dropout(g, striate_relu(g, x), (striate_dropout_options){ .rate = 0.5f });
}

striate_node *zoo_alexnet(striate_graph *g, const char *name, striate_zoo_options o)
{
    const struct alexnet *net = alexnets;
    while (strcmp(net->name, name)) net++;
    striate_node *x = zoo_input(g, o, 227, 227, 3);
    x = conv(g, x, (striate_conv_options){ .name = "conv1", .filters = 2 * zoo_wide(o, 48), .kernel = 11, .stride = 4 });
    x = lrn_and_pool(g, x, net);
    x = conv(
        g, x,
        (striate_conv_options){
            .name = "conv2", .filters = 2 * zoo_wide(o, 128), .kernel = 5, .pad = 2, .groups = net->groups, .init_bias = 1 });
    x = lrn_and_pool(g, x, net);
    x = conv(g, x, (striate_conv_options){ .name = "conv3", .filters = 2 * zoo_wide(o, 192), .kernel = 3, .pad = 1 });
    x = conv(
        g, x,
        (striate_conv_options){
            .name = "conv4", .filters = 2 * zoo_wide(o, 192), .kernel = 3, .pad = 1, .groups = net->groups, .init_bias = 1 });
    x = conv(
        g, x,
        (striate_conv_options){
            .name = "conv5", .filters = 2 * zoo_wide(o, 128), .kernel = 3, .pad = 1, .groups = net->groups, .init_bias = 1 });
    x = dense(g, max_pool(g, x, 1), "fc6", zoo_wide(o, 4096), net->dense_std);
    x = dense(g, x, "fc7", zoo_wide(o, 4096), net->dense_std);
    return striate_dense(
        g, x, (striate_dense_options){ .name = "fc8", .units = zoo_classes(o, 1000), .init = STRIATE_INIT_GAUSSIAN });
}
