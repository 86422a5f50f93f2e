// densenet.c - densely connected networks (Huang et al. 2016): every layer reads all that came before it in its block and adds k channels behind
// them. For ImageNet DenseNet-BC (table 1), with torchvision's tensor names; for CIFAR (table 2) plain, and BC with bottlenecks and transitions
// that halve the channels. Published for CIFAR: L40 1.0, L100 7.0 and k24 27.2, BC L100 0.8, L250 15.3, L190 25.6 million parameters.
// densenet_L40_k12_2k begins with 2k filters instead of 16, as the authors' later code.
//
//   224x224x3 - conv 7x7/2, 2k - max 3/2 - four dense blocks, transitions between - BN - ReLU - global average - 1000
//   32x32x3 - conv 3x3, 16 (BC: 2k) - three dense blocks, transitions between - BN - ReLU - global average - 10
//   dense layer: [BN - ReLU - conv 1x1, 4k] - BN - ReLU - conv 3x3, k;  transition: BN - ReLU - conv 1x1 - average 2/2
#include "zoo/zoo.h"

#include <string.h>

static const struct densenet {
    const char *name;
    int k, filters, blocks[4], plain; // filters: of the first convolution; blocks: layers in each
} densenets[] = {
    { "densenet121", 32, 64, { 6, 12, 24, 16 }, 0 },       { "densenet169", 32, 64, { 6, 12, 32, 32 }, 0 },
    { "densenet201", 32, 64, { 6, 12, 48, 32 }, 0 },       { "densenet161", 48, 96, { 6, 12, 36, 24 }, 0 },
    { "densenet_L40_k12", 12, 16, { 12, 12, 12 }, 1 },     { "densenet_L40_k12_2k", 12, 24, { 12, 12, 12 }, 1 },
    { "densenet_L100_k12", 12, 16, { 32, 32, 32 }, 1 },    { "densenet_L100_k24", 24, 16, { 32, 32, 32 }, 1 },
    { "densenet_bc_L100_k12", 12, 24, { 16, 16, 16 }, 0 }, { "densenet_bc_L250_k24", 24, 48, { 41, 41, 41 }, 0 },
    { "densenet_bc_L190_k40", 40, 80, { 31, 31, 31 }, 0 },
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

static striate_node *dense_layer(striate_graph *g, striate_node *x, int k, int plain)
{
    striate_node *y = bn_relu(g, x, "norm1");
    if (!plain) y = bn_relu(g, conv(g, y, "conv1", 4 * k, 1, 1), "norm2");
    return striate_concat(g, (striate_node *[]){ x, conv(g, y, plain ? "conv1" : "conv2", k, 3, 1) }, 2);
}

static striate_node *transition(striate_graph *g, striate_node *x, int plain)
{
    int channels = striate_node_size(x).channels;
    x = conv(g, bn_relu(g, x, "norm"), "conv", plain ? channels : channels / 2, 1, 1);
    return striate_avg_pool(g, x, (striate_window){ .size = 2, .stride = 2 });
}

striate_node *zoo_densenet(striate_graph *g, const char *name, striate_zoo_options o)
{
    const struct densenet *net = densenets;
    while (strcmp(net->name, name)) net++;
    int cifar = !net->blocks[3], filters = zoo_wide(o, net->filters);
    striate_node *x = cifar ? zoo_input(g, o, 32, 32, 3) : zoo_input(g, o, 224, 224, 3);
    striate_scope(g, "features");
    if (cifar)
        x = conv(g, x, "conv0", filters, 3, 1);
    else {
        x = bn_relu(g, conv(g, x, "conv0", filters, 7, 2), "norm0");
        x = striate_max_pool(g, x, (striate_window){ .name = "pool0", .size = 3, .stride = 2, .pad = 1 });
    }
    for (int block = 0; block < 4 - cifar; block++) {
        striate_scope(g, "features.transition%d", block);
        if (block) x = transition(g, x, net->plain);
        for (int i = 0; i < net->blocks[block]; i++) {
            striate_scope(g, "features.denseblock%d.denselayer%d", block + 1, i + 1);
            x = dense_layer(g, x, zoo_wide(o, net->k), net->plain);
        }
    }
    striate_scope(g, "features");
    x = bn_relu(g, x, "norm5");
    striate_scope(g, "%s", "");
    x = striate_global_avg_pool(g, x);
    return striate_dense(g, x, (striate_dense_options){ .name = "classifier", .units = zoo_classes(o, cifar ? 10 : 1000) });
}
