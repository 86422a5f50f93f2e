// inception_bn.c - Inception with batch normalization (Ioffe and Szegedy 2015, figure 5): two 3x3 in the place of a 5x5, and modules 3c and 4e
// reduce the grid. As released for Caffe, whose tensor names these are: with biases, which batch normalization makes idle; _nobias: without.
//
//   224x224x3 - conv 7x7/2, 64 - max 3/2 - conv 1x1, 64 - conv 3x3, 192 - max 3/2 - 3a 3b 3c/2 - 4a 4b 4c 4d 4e/2 - 5a 5b - global average - 1000
#include "zoo/zoo.h"

#include <stdio.h>
#include <string.h>

// "#1x1", "#3x3 reduce", "#3x3", "double #3x3 reduce", "double #3x3" and "Pool +proj" of figure 5.
static const struct inception {
    const char *name;
    int one, reduce3, three, reduce_double, twice, proj, max;
} modules[] = {
    { "3a", 64, 64, 64, 64, 96, 32, 0 },       { "3b", 64, 64, 96, 64, 96, 64, 0 },
    { "3c", 0, 128, 160, 64, 96, 0, 1 },       { "4a", 224, 64, 96, 96, 128, 128, 0 },
    { "4b", 192, 96, 128, 96, 128, 128, 0 },   { "4c", 160, 128, 160, 128, 160, 128, 0 },
    { "4d", 96, 128, 192, 160, 192, 128, 0 },  { "4e", 0, 128, 192, 192, 256, 0, 1 },
    { "5a", 352, 192, 320, 160, 224, 128, 0 }, { "5b", 352, 192, 320, 192, 224, 128, 1 },
};

struct net {
    striate_graph *g;
    striate_zoo_options o;
    int no_bias;
};

static striate_node *conv(const struct net *net, striate_node *x, const char *module, const char *name, int filters, int kernel,
                          int stride)
{
    char full[48], bn[52];
    snprintf(full, sizeof full, "%s_%s", module, name);
    snprintf(bn, sizeof bn, "%s_bn", full);
    x = striate_conv(net->g, x,
                     (striate_conv_options){ .name = full,
                                             .filters = zoo_wide(net->o, filters),
                                             .kernel = kernel,
                                             .stride = stride,
                                             .pad = kernel / 2,
                                             .no_bias = net->no_bias });
    return striate_relu(net->g, striate_batch_norm(net->g, x, (striate_norm_options){ .name = bn }));
}

static striate_node *inception(const struct net *net, striate_node *x, const struct inception *m)
{
    int stride = m->one ? 1 : 2;
    char module[16];
    snprintf(module, sizeof module, "inception_%s", m->name);
    striate_node *three = conv(net, conv(net, x, module, "3x3_reduce", m->reduce3, 1, 1), module, "3x3", m->three, 3, stride);
    striate_node *twice = conv(net, x, module, "double_3x3_reduce", m->reduce_double, 1, 1);
    twice = conv(net, twice, module, "double_3x3_1", m->twice, 3, 1);
    twice = conv(net, twice, module, "double_3x3_2", m->twice, 3, stride);
    striate_window window = { .size = 3, .stride = stride, .pad = stride == 1, .ceil = 1 };
    striate_node *pool = m->max ? striate_max_pool(net->g, x, window) : striate_avg_pool(net->g, x, window);
    if (stride == 2) return striate_concat(net->g, (striate_node *[]){ three, twice, pool }, 3);
    striate_node *one = conv(net, x, module, "1x1", m->one, 1, 1);
    return striate_concat(net->g, (striate_node *[]){ one, three, twice, conv(net, pool, module, "pool_proj", m->proj, 1, 1) },
                          4);
}

striate_node *zoo_inception_bn(striate_graph *g, const char *name, striate_zoo_options o)
{
    const struct net net = { g, o, !!strstr(name, "_nobias") };
    striate_window half = { .size = 3, .stride = 2, .ceil = 1 };
    striate_node *x = zoo_input(g, o, 224, 224, 3);
    x = striate_max_pool(g, conv(&net, x, "conv1", "7x7_s2", 64, 7, 2), half);
    x = conv(&net, x, "conv2", "3x3_reduce", 64, 1, 1);
    x = striate_max_pool(g, conv(&net, x, "conv2", "3x3", 192, 3, 1), half);
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) x = inception(&net, x, &modules[i]);
    x = striate_global_avg_pool(g, x);
    return striate_dense(g, x, (striate_dense_options){ .name = "last_linear", .units = zoo_classes(o, 1000) });
}
