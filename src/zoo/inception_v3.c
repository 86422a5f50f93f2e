// inception_v3.c - Inception-v3 (Szegedy et al. 2015, table 1), as released and as torchvision has it, whose tensor names these are: 5x5 made of
// two 3x3, 7x7 of 1x7 and 7x1, and in training an auxiliary classifier whose loss weighs 0.4.
//
//   299x299x3 - convs 3x3, 32/2, 32, 64 - max 3/2 - conv 1x1, 80 - conv 3x3, 192 - max 3/2 - 3 modules of figure 5, 35x35 - grid reduction
//   - 4 modules of figure 6, 17x17 - grid reduction - 2 modules of figure 7, 8x8 - global average - dropout - 1000
#include "zoo/zoo.h"

static striate_node *conv_bn_relu(striate_graph *g, striate_node *x, const char *module, const char *name,
                                  striate_conv_options conv)
{
    striate_scope(g, "%s%s", module, name);
    conv.name = "conv";
    conv.no_bias = 1;
    x = striate_conv(g, x, conv);
    return striate_relu(g, striate_batch_norm(g, x, (striate_norm_options){ .name = "bn", .eps = 1e-3f }));
}

// Without padding, as in the stem and where a grid is reduced.
static striate_node *valid(striate_graph *g, striate_zoo_options o, striate_node *x, const char *module, const char *name,
                           int filters, int kernel, int stride)
{
    return conv_bn_relu(g, x, module, name,
                        (striate_conv_options){ .filters = zoo_wide(o, filters), .kernel = kernel, .stride = stride });
}

// Padded to the size it has.
static striate_node *same(striate_graph *g, striate_zoo_options o, striate_node *x, const char *module, const char *name,
                          int filters, int height, int width)
{
    return conv_bn_relu(g, x, module, name,
                        (striate_conv_options){ .filters = zoo_wide(o, filters),
                                                .kernel_h = height,
                                                .kernel_w = width,
                                                .pad_top = height / 2,
                                                .pad_bottom = height / 2,
                                                .pad_left = width / 2,
                                                .pad_right = width / 2 });
}

static striate_node *max_pool(striate_graph *g, striate_node *x)
{
    return striate_max_pool(g, x, (striate_window){ .size = 3, .stride = 2 });
}

static striate_node *pooled(striate_graph *g, striate_zoo_options o, striate_node *x, const char *m, int filters)
{
    x = striate_avg_pool(g, x, (striate_window){ .size = 3, .stride = 1, .pad = 1 });
    return same(g, o, x, m, "branch_pool", filters, 1, 1);
}

// Figure 5, but that the released network kept one 5x5.
static striate_node *figure5(striate_graph *g, striate_zoo_options o, striate_node *x, const char *m, int pool)
{
    striate_node *one = same(g, o, x, m, "branch1x1", 64, 1, 1);
    striate_node *five = same(g, o, x, m, "branch5x5_1", 48, 1, 1);
    five = same(g, o, five, m, "branch5x5_2", 64, 5, 5);
    striate_node *twice = same(g, o, x, m, "branch3x3dbl_1", 64, 1, 1);
    twice = same(g, o, twice, m, "branch3x3dbl_2", 96, 3, 3);
    twice = same(g, o, twice, m, "branch3x3dbl_3", 96, 3, 3);
    return striate_concat(g, (striate_node *[]){ one, five, twice, pooled(g, o, x, m, pool) }, 4);
}

// Figure 10: from 35x35 to 17x17 without a bottleneck.
static striate_node *to_17(striate_graph *g, striate_zoo_options o, striate_node *x, const char *m)
{
    striate_node *three = valid(g, o, x, m, "branch3x3", 384, 3, 2);
    striate_node *twice = same(g, o, x, m, "branch3x3dbl_1", 64, 1, 1);
    twice = same(g, o, twice, m, "branch3x3dbl_2", 96, 3, 3);
    twice = valid(g, o, twice, m, "branch3x3dbl_3", 96, 3, 2);
    return striate_concat(g, (striate_node *[]){ three, twice, max_pool(g, x) }, 3);
}

// Figure 6, n = 7.
static striate_node *figure6(striate_graph *g, striate_zoo_options o, striate_node *x, const char *m, int filters)
{
    striate_node *one = same(g, o, x, m, "branch1x1", 192, 1, 1);
    striate_node *seven = same(g, o, x, m, "branch7x7_1", filters, 1, 1);
    seven = same(g, o, seven, m, "branch7x7_2", filters, 1, 7);
    seven = same(g, o, seven, m, "branch7x7_3", 192, 7, 1);
    striate_node *twice = same(g, o, x, m, "branch7x7dbl_1", filters, 1, 1);
    twice = same(g, o, twice, m, "branch7x7dbl_2", filters, 7, 1);
    twice = same(g, o, twice, m, "branch7x7dbl_3", filters, 1, 7);
    twice = same(g, o, twice, m, "branch7x7dbl_4", filters, 7, 1);
    twice = same(g, o, twice, m, "branch7x7dbl_5", 192, 1, 7);
    return striate_concat(g, (striate_node *[]){ one, seven, twice, pooled(g, o, x, m, 192) }, 4);
}

static striate_node *to_8(striate_graph *g, striate_zoo_options o, striate_node *x, const char *m)
{
    striate_node *three = same(g, o, x, m, "branch3x3_1", 192, 1, 1);
    three = valid(g, o, three, m, "branch3x3_2", 320, 3, 2);
    striate_node *seven = same(g, o, x, m, "branch7x7x3_1", 192, 1, 1);
    seven = same(g, o, seven, m, "branch7x7x3_2", 192, 1, 7);
    seven = same(g, o, seven, m, "branch7x7x3_3", 192, 7, 1);
    seven = valid(g, o, seven, m, "branch7x7x3_4", 192, 3, 2);
    return striate_concat(g, (striate_node *[]){ three, seven, max_pool(g, x) }, 3);
}

// Figure 7.
static striate_node *figure7(striate_graph *g, striate_zoo_options o, striate_node *x, const char *m)
{
    striate_node *one = same(g, o, x, m, "branch1x1", 320, 1, 1);
    striate_node *three = same(g, o, x, m, "branch3x3_1", 384, 1, 1);
    striate_node *wide = same(g, o, three, m, "branch3x3_2a", 384, 1, 3);
    striate_node *high = same(g, o, three, m, "branch3x3_2b", 384, 3, 1);
    striate_node *twice = same(g, o, x, m, "branch3x3dbl_1", 448, 1, 1);
    twice = same(g, o, twice, m, "branch3x3dbl_2", 384, 3, 3);
    striate_node *twice_wide = same(g, o, twice, m, "branch3x3dbl_3a", 384, 1, 3);
    striate_node *twice_high = same(g, o, twice, m, "branch3x3dbl_3b", 384, 3, 1);
    return striate_concat(g, (striate_node *[]){ one, wide, high, twice_wide, twice_high, pooled(g, o, x, m, 192) }, 6);
}

// Figure 8.
static void auxiliary(striate_graph *g, striate_zoo_options o, striate_node *x, int classes)
{
    x = striate_avg_pool(g, x, (striate_window){ .size = 5, .stride = 3 });
    x = valid(g, o, x, "AuxLogits.", "conv0", 128, 1, 1);
    x = valid(g, o, x, "AuxLogits.", "conv1", 768, 5, 1);
    striate_scope(g, "AuxLogits");
    x = striate_global_avg_pool(g, x);
    x = striate_dense(g, x, (striate_dense_options){ .name = "fc", .units = classes });
    striate_cross_entropy(g, x, (striate_loss_options){ .name = "loss", .weight = 0.4f });
}

striate_node *zoo_inception_v3(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    int classes = zoo_classes(o, 1000);
    striate_node *x = zoo_input(g, o, 299, 299, 3);
    x = valid(g, o, x, "", "Conv2d_1a_3x3", 32, 3, 2);
    x = valid(g, o, x, "", "Conv2d_2a_3x3", 32, 3, 1);
    x = max_pool(g, same(g, o, x, "", "Conv2d_2b_3x3", 64, 3, 3));
    x = valid(g, o, x, "", "Conv2d_3b_1x1", 80, 1, 1);
    x = max_pool(g, valid(g, o, x, "", "Conv2d_4a_3x3", 192, 3, 1));
    x = figure5(g, o, x, "Mixed_5b.", 32);
    x = figure5(g, o, x, "Mixed_5c.", 64);
    x = figure5(g, o, x, "Mixed_5d.", 64);
    x = to_17(g, o, x, "Mixed_6a.");
    x = figure6(g, o, x, "Mixed_6b.", 128);
    x = figure6(g, o, x, "Mixed_6c.", 160);
    x = figure6(g, o, x, "Mixed_6d.", 160);
    x = figure6(g, o, x, "Mixed_6e.", 192);
    if (!o.no_aux) auxiliary(g, o, x, classes);
    x = to_8(g, o, x, "Mixed_7a.");
    x = figure7(g, o, x, "Mixed_7b.");
    x = figure7(g, o, x, "Mixed_7c.");
    striate_scope(g, "%s", "");
    x = striate_dropout(g, striate_global_avg_pool(g, x), (striate_dropout_options){ .rate = 0.5f });
    x = striate_dense(g, x, (striate_dense_options){ .name = "fc", .units = classes });
    if (!o.no_aux) striate_cross_entropy(g, x, (striate_loss_options){ .name = "loss" });
    return x;
}
