// highway.c - highway networks (Srivastava et al. 2015, "Training Very Deep Networks"), whose layers learn how much of their input to carry on:
// y = t H(x) + (1 - t) x with t = sigmoid(T(x)); T's bias begins below 0, so that at first most is carried. Convolutional ones as in the authors'
// Caffe fork, whose layer names these are; fully connected ones with 50 units, as of the study of depth: the first layer, highway layers, and
// softmax make 10, 20, 50 or 100 layers. 151,690 and 2,256,838 parameters; 80,560 of ten fully connected layers.
//
//   highway_mnist_conv10  28x28x1 - conv 5x5, 32 - 2 highway - max 3/2 - 3 highway - max 3/2 - 3 highway - max 2/2 - 10
//   highway_cifar10_19    32x32x3 - conv 3x3, 32 - 4 highway - max - conv 3x3, 80 - 5 highway - max - conv 3x3, 128 - 5 highway
//                         - conv 1x1, 100 - global average - 10
#include "zoo/zoo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static striate_node *conv(striate_graph *g, striate_node *x, const char *name, int filters, int kernel, int pad, float bias)
{
    return striate_conv(
        g, x,
        (striate_conv_options){
            .name = name, .filters = filters, .kernel = kernel, .pad = pad, .init = STRIATE_INIT_XAVIER, .init_bias = bias });
}

static striate_node *highway_conv(striate_graph *g, striate_node *x, const char *name, float bias)
{
    int filters = striate_node_size(x).channels;
    striate_scope(g, "%s", name);
    striate_node *t = striate_sigmoid(g, conv(g, x, "t", filters, 3, 1, bias));
    striate_node *h = striate_relu(g, conv(g, x, "h", filters, 3, 1, 0));
    x = striate_gate(g, t, h, x);
    striate_scope(g, "%s", "");
    return x;
}

static striate_node *dropout(striate_graph *g, striate_node *x, float rate)
{
    return striate_dropout(g, x, (striate_dropout_options){ .rate = rate });
}

static striate_node *dense(striate_graph *g, striate_node *x, const char *name, int units, float bias)
{
    return striate_dense(
        g, x, (striate_dense_options){ .name = name, .units = units, .init = STRIATE_INIT_XAVIER, .init_bias = bias });
}

striate_node *zoo_highway_mnist(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    static const int pools[3] = { 3, 3, 2 };
    striate_node *x = dropout(g, zoo_input(g, o, 28, 28, 1), 0.2f);
    x = striate_relu(g, conv(g, x, "s1-conv1", zoo_wide(o, 32), 5, 0, 0));
    for (int stage = 0; stage < 3; stage++) {
        for (int i = stage ? 1 : 2; i <= 3; i++) {
            char layer[16];
            snprintf(layer, sizeof layer, "s%d-conv%d", stage + 1, i);
            x = highway_conv(g, x, layer, -1);
        }
        x = striate_max_pool(g, x, (striate_window){ .size = pools[stage], .stride = 2, .ceil = 1 });
        x = dropout(g, x, 0.3f + 0.1f * (float)stage);
    }
    return striate_dense(
        g, x,
        (striate_dense_options){ .name = "ip2", .units = zoo_classes(o, 10), .init = STRIATE_INIT_GAUSSIAN, .init_std = 0.1f });
}

striate_node *zoo_highway_cifar(striate_graph *g, const char *name, striate_zoo_options o)
{
    static const int filters[3] = { 32, 80, 128 }, layers[3] = { 5, 6, 6 };
    striate_node *x = zoo_input(g, o, 32, 32, 3);
    for (int stage = 0, number = 1; stage < 3; stage++) {
        if (stage) x = striate_max_pool(g, x, (striate_window){ .size = 2, .stride = 2 });
        x = dropout(g, x, 0.2f);
        for (int i = 0; i < layers[stage]; i++, number++) {
            char layer[16];
            snprintf(layer, sizeof layer, "conv%d", number);
            if (i)
                x = highway_conv(g, x, layer, -2);
            else
                x = striate_relu(g, conv(g, x, layer, zoo_wide(o, filters[stage]), 3, 1, 0));
        }
    }
    x = striate_relu(g, conv(g, x, "conv18", zoo_wide(o, 100), 1, 0, 0));
    x = dropout(g, striate_global_avg_pool(g, x), 0.2f);
    return dense(g, x, "ip2", zoo_classes(o, strstr(name, "cifar100") ? 100 : 10), 0);
}

striate_node *zoo_highway_fc(striate_graph *g, const char *name, striate_zoo_options o)
{
    const char *depth = strpbrk(name, "0123456789");
    int layers = depth ? atoi(depth) : 10, units = zoo_wide(o, 50);
    striate_node *x = striate_relu(g, dense(g, zoo_input(g, o, 28, 28, 1), "fc1", units, 0));
    for (int i = 2; i < layers; i++) {
        striate_scope(g, "fc%d", i);
        striate_node *t = striate_sigmoid(g, dense(g, x, "t", units, -1));
        x = striate_gate(g, t, striate_relu(g, dense(g, x, "h", units, 0)), x);
    }
    striate_scope(g, "%s", "");
    return dense(g, x, "output", zoo_classes(o, 10), 0);
}
