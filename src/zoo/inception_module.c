// inception_module.c - one Inception module on a grid of 28x28x256, and a classifier: the naive form (Szegedy et al. 2014, figure 2a), and with
// 1x1 convolutions that reduce channels first (figure 2b). Worked example of Stanford's CS231n (2017, lecture 9): 854,196,224 multiply-adds in
// the naive module's convolutions, 271,351,808 in the reduced one's.
//
//   28x28x256 - [1x1, 128 | 3x3, 192 | 5x5, 96 | max 3/1] - global average - 1000
//   28x28x256 - [1x1, 128 | 1x1, 64 - 3x3, 192 | 1x1, 64 - 5x5, 96 | max 3/1 - 1x1, 64] - global average - 1000
#include "zoo/zoo.h"

#include <string.h>

static striate_node *conv(striate_graph *g, striate_node *x, const char *name, int filters, int kernel)
{
    return striate_relu(
        g, striate_conv(g, x, (striate_conv_options){ .name = name, .filters = filters, .kernel = kernel, .pad = kernel / 2 }));
}

striate_node *zoo_inception_module(striate_graph *g, const char *name, striate_zoo_options o)
{
    int reduced = !strcmp(name, "inception_reduced"), reduce = zoo_wide(o, 64);
    striate_node *x = zoo_input(g, o, 28, 28, 256), *three = x, *five = x;
    striate_node *pool = striate_max_pool(g, x, (striate_window){ .name = "pool", .size = 3, .stride = 1, .pad = 1 });
    if (reduced) {
        three = conv(g, x, "3x3_reduce", reduce, 1);
        five = conv(g, x, "5x5_reduce", reduce, 1);
        pool = conv(g, pool, "pool_proj", reduce, 1);
    }
    striate_node *one = conv(g, x, "1x1", zoo_wide(o, 128), 1);
    three = conv(g, three, "3x3", zoo_wide(o, 192), 3);
    five = conv(g, five, "5x5", zoo_wide(o, 96), 5);
    x = striate_global_avg_pool(g, striate_concat(g, (striate_node *[]){ one, three, five, pool }, 4));
    return striate_dense(g, x, (striate_dense_options){ .name = "classifier", .units = zoo_classes(o, 1000) });
}
