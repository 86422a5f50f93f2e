// googlenet.c - GoogLeNet (Szegedy et al. 2014, table 1): nine Inception modules, and in training two auxiliary classifiers whose losses weigh
// 0.3.
//
//   224x224x3 - conv 7x7/2, 64 - max 3/2 - conv 1x1, 64 - conv 3x3, 192 - max 3/2 - 3a 3b - max 3/2 - 4a 4b 4c 4d 4e - max - 5a 5b
//   - global average - dropout - 1000
#include "zoo/zoo.h"

#include <stdio.h>
#include <string.h>

// "#1x1", "#3x3 reduce", "#3x3", "#5x5 reduce", "#5x5" and "pool proj" of table 1.
static const struct inception {
    const char *name;
    int one, reduce3, three, reduce5, five, pool;
} modules[9] = {
    { "3a", 64, 96, 128, 16, 32, 32 },     { "3b", 128, 128, 192, 32, 96, 64 },   { "4a", 192, 96, 208, 16, 48, 64 },
    { "4b", 160, 112, 224, 24, 64, 64 },   { "4c", 128, 128, 256, 24, 64, 64 },   { "4d", 112, 144, 288, 32, 64, 64 },
    { "4e", 256, 160, 320, 32, 128, 128 }, { "5a", 256, 160, 320, 32, 128, 128 }, { "5b", 384, 192, 384, 48, 128, 128 },
};

static striate_node *max_pool(striate_graph *g, striate_node *x, int size, int stride)
{
    return striate_max_pool(g, x, (striate_window){ .size = size, .stride = stride, .pad = stride == 1, .ceil = 1 });
}

// ---- as published; tensor names are those of Caffe's release

static striate_node *conv(striate_graph *g, striate_zoo_options o, striate_node *x, const char *module, const char *name,
                          int filters, int kernel, int stride)
{
    char full[40];
    snprintf(full, sizeof full, "%s/%s", module, name);
    return striate_relu(g, striate_conv(g, x,
                                        (striate_conv_options){ .name = full,
                                                                .filters = zoo_wide(o, filters),
                                                                .kernel = kernel,
                                                                .stride = stride,
                                                                .pad = kernel / 2,
                                                                .init = STRIATE_INIT_XAVIER,
                                                                .init_bias = 0.2f }));
}

static striate_node *dense(striate_graph *g, striate_node *x, const char *module, const char *name, int units, float bias)
{
    char full[40];
    snprintf(full, sizeof full, "%s/%s", module, name);
    return striate_dense(
        g, x, (striate_dense_options){ .name = full, .units = units, .init = STRIATE_INIT_XAVIER, .init_bias = bias });
}

// Figure 2b.
static striate_node *inception(striate_graph *g, striate_zoo_options o, striate_node *x, const struct inception *m)
{
    char module[16];
    snprintf(module, sizeof module, "inception_%s", m->name);
    striate_node *one = conv(g, o, x, module, "1x1", m->one, 1, 1);
    striate_node *three = conv(g, o, conv(g, o, x, module, "3x3_reduce", m->reduce3, 1, 1), module, "3x3", m->three, 3, 1);
    striate_node *five = conv(g, o, conv(g, o, x, module, "5x5_reduce", m->reduce5, 1, 1), module, "5x5", m->five, 5, 1);
    striate_node *pool = conv(g, o, max_pool(g, x, 3, 1), module, "pool_proj", m->pool, 1, 1);
    return striate_concat(g, (striate_node *[]){ one, three, five, pool }, 4);
}

static void auxiliary(striate_graph *g, striate_zoo_options o, striate_node *x, const char *name, int classes)
{
    x = striate_avg_pool(g, x, (striate_window){ .size = 5, .stride = 3, .ceil = 1 });
    x = conv(g, o, x, name, "conv", 128, 1, 1);
    x = striate_relu(g, dense(g, x, name, "fc", zoo_wide(o, 1024), 0.2f));
    x = striate_dropout(g, x, (striate_dropout_options){ .rate = 0.7f });
    striate_cross_entropy(g, dense(g, x, name, "classifier", classes, 0),
                          (striate_loss_options){ .name = name, .weight = 0.3f });
}

striate_node *zoo_googlenet(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    int classes = zoo_classes(o, 1000);
    striate_node *x = zoo_input(g, o, 224, 224, 3);
    x = max_pool(g, conv(g, o, x, "conv1", "7x7_s2", 64, 7, 2), 3, 2);
    x = striate_lrn(g, x, (striate_lrn_options){ .name = "pool1/norm1" });
    x = conv(g, o, x, "conv2", "3x3_reduce", 64, 1, 1);
    x = conv(g, o, x, "conv2", "3x3", 192, 3, 1);
    x = striate_lrn(g, x, (striate_lrn_options){ .name = "conv2/norm2" });
    x = max_pool(g, x, 3, 2);
    for (const struct inception *m = modules; m < modules + 9; m++) {
        if (!strcmp(m->name, "4a") || !strcmp(m->name, "5a")) x = max_pool(g, x, 3, 2);
        x = inception(g, o, x, m);
        if (!strcmp(m->name, "4a") && !o.no_aux) auxiliary(g, o, x, "loss1", classes);
        if (!strcmp(m->name, "4d") && !o.no_aux) auxiliary(g, o, x, "loss2", classes);
    }
    x = striate_dropout(g, striate_global_avg_pool(g, x), (striate_dropout_options){ .rate = 0.4f });
    x = dense(g, x, "loss3", "classifier", classes, 0);
    if (!o.no_aux) striate_cross_entropy(g, x, (striate_loss_options){ .name = "loss3" });
    return x;
}

// ---- torchvision's, by way of TensorFlow: batch normalization instead of biases and LRN, and 3x3 in the place of 5x5

static striate_node *conv_bn(striate_graph *g, striate_zoo_options o, striate_node *x, const char *module, const char *name,
                             int filters, int kernel, int stride)
{
    striate_scope(g, "%s%s", module, name);
    x = striate_conv(g, x,
                     (striate_conv_options){ .name = "conv",
                                             .filters = zoo_wide(o, filters),
                                             .kernel = kernel,
                                             .stride = stride,
                                             .pad = kernel / 2,
                                             .no_bias = 1 });
    return striate_relu(g, striate_batch_norm(g, x, (striate_norm_options){ .name = "bn", .eps = 1e-3f }));
}

static striate_node *module_bn(striate_graph *g, striate_zoo_options o, striate_node *x, const struct inception *m)
{
    char module[16];
    snprintf(module, sizeof module, "inception%s.", m->name);
    striate_node *one = conv_bn(g, o, x, module, "branch1", m->one, 1, 1);
    striate_node *three = conv_bn(g, o, x, module, "branch2.0", m->reduce3, 1, 1);
    three = conv_bn(g, o, three, module, "branch2.1", m->three, 3, 1);
    striate_node *five = conv_bn(g, o, x, module, "branch3.0", m->reduce5, 1, 1);
    five = conv_bn(g, o, five, module, "branch3.1", m->five, 3, 1);
    striate_node *pool = conv_bn(g, o, max_pool(g, x, 3, 1), module, "branch4.1", m->pool, 1, 1);
    return striate_concat(g, (striate_node *[]){ one, three, five, pool }, 4);
}

static void auxiliary_bn(striate_graph *g, striate_zoo_options o, striate_node *x, const char *name, int classes)
{
    x = conv_bn(g, o, zoo_pool_to(g, x, 4), name, ".conv", 128, 1, 1);
    striate_scope(g, "%s", name);
    x = striate_relu(g, striate_dense(g, x, (striate_dense_options){ .name = "fc1", .units = zoo_wide(o, 1024) }));
    x = striate_dropout(g, x, (striate_dropout_options){ .rate = 0.7f });
    x = striate_dense(g, x, (striate_dense_options){ .name = "fc2", .units = classes });
    striate_cross_entropy(g, x, (striate_loss_options){ .name = "loss", .weight = 0.3f });
}

striate_node *zoo_googlenet_torchvision(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    int classes = zoo_classes(o, 1000);
    striate_node *x = zoo_input(g, o, 224, 224, 3);
    x = max_pool(g, conv_bn(g, o, x, "", "conv1", 64, 7, 2), 3, 2);
    x = conv_bn(g, o, x, "", "conv2", 64, 1, 1);
    x = max_pool(g, conv_bn(g, o, x, "", "conv3", 192, 3, 1), 3, 2);
    for (const struct inception *m = modules; m < modules + 9; m++) {
        if (!strcmp(m->name, "4a")) x = max_pool(g, x, 3, 2);
        if (!strcmp(m->name, "5a")) x = max_pool(g, x, 2, 2);
        x = module_bn(g, o, x, m);
        if (!strcmp(m->name, "4a") && !o.no_aux) auxiliary_bn(g, o, x, "aux1", classes);
        if (!strcmp(m->name, "4d") && !o.no_aux) auxiliary_bn(g, o, x, "aux2", classes);
    }
    striate_scope(g, "%s", "");
    x = striate_dropout(g, striate_global_avg_pool(g, x), (striate_dropout_options){ .rate = 0.2f });
    x = striate_dense(g, x, (striate_dense_options){ .name = "fc", .units = classes });
    if (!o.no_aux) striate_cross_entropy(g, x, (striate_loss_options){ .name = "loss" });
    return x;
}
