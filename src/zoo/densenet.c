// densenet.c - densely connected networks for ImageNet (Huang et al. 2016, table 1: DenseNet-BC): every layer reads all that came before it in
// its block and adds k channels behind them. Tensor names are torchvision's.
//
//   224x224x3 - conv 7x7/2, 2k - max 3/2 - four dense blocks, transitions between - BN - ReLU - global average - 1000
//   dense layer: BN - ReLU - conv 1x1, 4k - BN - ReLU - conv 3x3, k;  transition: BN - ReLU - conv 1x1, half the channels - average 2/2
#include "zoo/zoo.h"

#include <stdlib.h>
#include <string.h>

static const struct densenet {
    int layers, k, blocks[4];
} densenets[] = {
    { 121, 32, { 6, 12, 24, 16 } },
    { 169, 32, { 6, 12, 32, 32 } },
    { 201, 32, { 6, 12, 48, 32 } },
    { 161, 48, { 6, 12, 36, 24 } },
};

static striate_node *bn_relu(striate_graph *g, striate_node *x, const char *name)
{
    return striate_relu(g, striate_batch_norm(g, x, (striate_norm_options){ .name = name }));
}

static striate_node *conv(striate_graph *g, striate_node *x, const char *name, int filters, int kernel, int stride)
{
    return striate_conv(
        g, x,
        (striate_conv_options){
            .name = name, .filters = filters, .kernel = kernel, .stride = stride, .pad = kernel / 2, .no_bias = 1 });
}

static striate_node *dense_layer(striate_graph *g, striate_node *x, int k)
{
    striate_node *y = conv(g, bn_relu(g, x, "norm1"), "conv1", 4 * k, 1, 1);
    y = conv(g, bn_relu(g, y, "norm2"), "conv2", k, 3, 1);
    return striate_concat(g, (striate_node *[]){ x, y }, 2);
}

static striate_node *transition(striate_graph *g, striate_node *x)
{
    x = conv(g, bn_relu(g, x, "norm"), "conv", striate_node_size(x).channels / 2, 1, 1);
    return striate_avg_pool(g, x, (striate_window){ .size = 2, .stride = 2 });
}

striate_node *zoo_densenet(striate_graph *g, const char *name, striate_zoo_options o)
{
    const struct densenet *net = densenets;
    while (net->layers != atoi(name + strlen("densenet"))) net++;
    striate_node *x = zoo_input(g, o, 224, 224, 3);
    striate_scope(g, "features");
    x = bn_relu(g, conv(g, x, "conv0", 2 * net->k, 7, 2), "norm0");
    x = striate_max_pool(g, x, (striate_window){ .name = "pool0", .size = 3, .stride = 2, .pad = 1 });
    for (int block = 0; block < 4; block++) {
        for (int i = 0; i < net->blocks[block]; i++) {
            striate_scope(g, "features.denseblock%d.denselayer%d", block + 1, i + 1);
            x = dense_layer(g, x, net->k);
        }
        striate_scope(g, "features.transition%d", block + 1);
        if (block < 3) x = transition(g, x);
    }
    striate_scope(g, "features");
    x = bn_relu(g, x, "norm5");
    striate_scope(g, "%s", "");
    x = striate_global_avg_pool(g, x);
    return striate_dense(g, x, (striate_dense_options){ .name = "classifier", .units = zoo_classes(o, 1000) });
}
