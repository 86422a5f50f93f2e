// inception_v4.c - Inception-v4, without residual connections, and Inception-ResNet-v1 and -v2, with them, scaled (Szegedy et al. 2016, figures 3
// to 19). Tensor names are those of the released weights' ports to PyTorch, of which Inception-v4's counts blocks.
//
//   inception_v4         299x299x3 - stem, 35x35x384 - 4 A - reduction, 17x17x1024 - 7 B - reduction, 8x8x1536 - 3 C - average - dropout - 1000
//   inception_resnet_v1  299x299x3 - stem, 35x35x256 - 5 A - reduction, 17x17x896 - 10 B - reduction, 8x8x1792 - 6 C - average - dropout - 1000
//   inception_resnet_v2  299x299x3 - stem, 35x35x320 - 10 A - reduction, 17x17x1088 - 20 B - reduction, 8x8x2080 - 10 C - 1x1, 1536 - average ...
//
// inception_resnet_v1_facenet has 512 units with BN before its classifier. inception_resnet_v2 is the released network; _paper the one of figure
// 15, with Inception-v4's stem, 5 A, 10 B and 5 C: 384, 1152 and 2144 channels, of which the figures misprint the latter two.
#include "zoo/zoo.h"

#include <stdio.h>
#include <string.h>

struct net {
    striate_graph *g;
    striate_zoo_options o;
    char block[24];  // begins the names
    const int *klmn; // filters of the first reduction (table 1)
};

// stride 0: padded to the size it has; else without padding ("V" in the figures).
static striate_node *conv(const struct net *net, striate_node *x, const char *name, int filters, int height, int width,
                          int stride)
{
    int pad_h = stride ? 0 : height / 2, pad_w = stride ? 0 : width / 2;
    striate_scope(net->g, *net->block && *name ? "%s.%s" : "%s%s", net->block, name);
    x = striate_conv(net->g, x,
                     (striate_conv_options){ .name = "conv",
                                             .filters = zoo_wide(net->o, filters),
                                             .kernel_h = height,
                                             .kernel_w = width,
                                             .stride = stride,
                                             .pad_top = pad_h,
                                             .pad_bottom = pad_h,
                                             .pad_left = pad_w,
                                             .pad_right = pad_w,
                                             .no_bias = 1 });
    return striate_relu(net->g, striate_batch_norm(net->g, x, (striate_norm_options){ .name = "bn", .eps = 1e-3f }));
}

static striate_node *max_pool(const struct net *net, striate_node *x)
{
    return striate_max_pool(net->g, x, (striate_window){ .size = 3, .stride = 2 });
}

static striate_node *pooled(const struct net *net, striate_node *x, int filters)
{
    x = striate_avg_pool(net->g, x, (striate_window){ .size = 3, .stride = 1, .pad = 1, .exclude_pad = 1 });
    return conv(net, x, "branch3.1", filters, 1, 1, 0);
}

// Figure 3.
static striate_node *stem(const struct net *net, striate_node *x)
{
    x = conv(net, x, "features.0", 32, 3, 3, 2);
    x = conv(net, x, "features.1", 32, 3, 3, 1);
    x = conv(net, x, "features.2", 64, 3, 3, 0);
    striate_node *a = max_pool(net, x), *b = conv(net, x, "features.3.conv", 96, 3, 3, 2);
    x = striate_concat(net->g, (striate_node *[]){ a, b }, 2);
    a = conv(net, x, "features.4.branch0.0", 64, 1, 1, 0);
    a = conv(net, a, "features.4.branch0.1", 96, 3, 3, 1);
    b = conv(net, x, "features.4.branch1.0", 64, 1, 1, 0);
    b = conv(net, b, "features.4.branch1.1", 64, 1, 7, 0);
    b = conv(net, b, "features.4.branch1.2", 64, 7, 1, 0);
    b = conv(net, b, "features.4.branch1.3", 96, 3, 3, 1);
    x = striate_concat(net->g, (striate_node *[]){ a, b }, 2);
    a = conv(net, x, "features.5.conv", 192, 3, 3, 2);
    return striate_concat(net->g, (striate_node *[]){ a, max_pool(net, x) }, 2);
}

// Figure 4.
static striate_node *a_35(const struct net *net, striate_node *x)
{
    striate_node *one = conv(net, x, "branch0", 96, 1, 1, 0);
    striate_node *three = conv(net, x, "branch1.0", 64, 1, 1, 0);
    three = conv(net, three, "branch1.1", 96, 3, 3, 0);
    striate_node *twice = conv(net, x, "branch2.0", 64, 1, 1, 0);
    twice = conv(net, twice, "branch2.1", 96, 3, 3, 0);
    twice = conv(net, twice, "branch2.2", 96, 3, 3, 0);
    return striate_concat(net->g, (striate_node *[]){ one, three, twice, pooled(net, x, 96) }, 4);
}

// Figure 7.
static striate_node *to_17(const struct net *net, striate_node *x)
{
    striate_node *three = conv(net, x, "branch0", net->klmn[3], 3, 3, 2);
    striate_node *twice = conv(net, x, "branch1.0", net->klmn[0], 1, 1, 0);
    twice = conv(net, twice, "branch1.1", net->klmn[1], 3, 3, 0);
    twice = conv(net, twice, "branch1.2", net->klmn[2], 3, 3, 2);
    return striate_concat(net->g, (striate_node *[]){ three, twice, max_pool(net, x) }, 3);
}

// Figure 5.
static striate_node *b_17(const struct net *net, striate_node *x)
{
    striate_node *one = conv(net, x, "branch0", 384, 1, 1, 0);
    striate_node *seven = conv(net, x, "branch1.0", 192, 1, 1, 0);
    seven = conv(net, seven, "branch1.1", 224, 1, 7, 0);
    seven = conv(net, seven, "branch1.2", 256, 7, 1, 0);
    striate_node *twice = conv(net, x, "branch2.0", 192, 1, 1, 0);
    twice = conv(net, twice, "branch2.1", 192, 7, 1, 0);
    twice = conv(net, twice, "branch2.2", 224, 1, 7, 0);
    twice = conv(net, twice, "branch2.3", 224, 7, 1, 0);
    twice = conv(net, twice, "branch2.4", 256, 1, 7, 0);
    return striate_concat(net->g, (striate_node *[]){ one, seven, twice, pooled(net, x, 128) }, 4);
}

// Figure 8.
static striate_node *to_8(const struct net *net, striate_node *x)
{
    striate_node *three = conv(net, x, "branch0.0", 192, 1, 1, 0);
    three = conv(net, three, "branch0.1", 192, 3, 3, 2);
    striate_node *seven = conv(net, x, "branch1.0", 256, 1, 1, 0);
    seven = conv(net, seven, "branch1.1", 256, 1, 7, 0);
    seven = conv(net, seven, "branch1.2", 320, 7, 1, 0);
    seven = conv(net, seven, "branch1.3", 320, 3, 3, 2);
    return striate_concat(net->g, (striate_node *[]){ three, seven, max_pool(net, x) }, 3);
}

// Figure 6.
static striate_node *c_8(const struct net *net, striate_node *x)
{
    striate_node *one = conv(net, x, "branch0", 256, 1, 1, 0);
    striate_node *three = conv(net, x, "branch1_0", 384, 1, 1, 0);
    striate_node *wide = conv(net, three, "branch1_1a", 256, 1, 3, 0);
    striate_node *high = conv(net, three, "branch1_1b", 256, 3, 1, 0);
    striate_node *twice = conv(net, x, "branch2_0", 384, 1, 1, 0);
    twice = conv(net, twice, "branch2_1", 448, 3, 1, 0);
    twice = conv(net, twice, "branch2_2", 512, 1, 3, 0);
    striate_node *twice_wide = conv(net, twice, "branch2_3a", 256, 1, 3, 0);
    striate_node *twice_high = conv(net, twice, "branch2_3b", 256, 3, 1, 0);
    return striate_concat(net->g, (striate_node *[]){ one, wide, high, twice_wide, twice_high, pooled(net, x, 256) }, 6);
}

static striate_node *classifier(striate_graph *g, striate_node *x, striate_zoo_options o)
{
    striate_scope(g, "%s", "");
    x = striate_dropout(g, striate_global_avg_pool(g, x), (striate_dropout_options){ .rate = 0.2f });
    return striate_dense(g, x, (striate_dense_options){ .name = "last_linear", .units = zoo_classes(o, 1000) });
}

striate_node *zoo_inception_v4(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    static const struct {
        striate_node *(*build)(const struct net *net, striate_node *x);
        int times;
    } blocks[] = { { a_35, 4 }, { to_17, 1 }, { b_17, 7 }, { to_8, 1 }, { c_8, 3 } };
    struct net net = { g, o, "", (const int[]){ 192, 224, 256, 384 } };
    striate_node *x = stem(&net, zoo_input(g, o, 299, 299, 3));
    for (size_t i = 0, number = 6; i < sizeof blocks / sizeof *blocks; i++)
        for (int j = 0; j < blocks[i].times; j++, number++) {
            snprintf(net.block, sizeof net.block, "features.%zu", number);
            x = blocks[i].build(&net, x);
        }
    return classifier(g, x, o);
}

// ---- Inception-ResNet: the filters of each block, branch by branch, but those of the 1x1 that brings a block to its input's channels

static const struct residual {
    const char *name, *repeats[3];
    int times[3], klmn[4], a[6], b[4], reduction[7], c[4];
} residuals[] = {
    { "inception_resnet_v1",
      { "repeat_1", "repeat_2", "repeat_3" },
      { 5, 10, 5 },
      { 192, 192, 256, 384 },
      { 32, 32, 32, 32, 32, 32 },
      { 128, 128, 128, 128 },
      { 256, 384, 256, 256, 256, 256, 256 },
      { 192, 192, 192, 192 } },
    { "inception_resnet_v2",
      { "repeat", "repeat_1", "repeat_2" },
      { 10, 20, 9 },
      { 256, 256, 384, 384 },
      { 32, 32, 32, 32, 48, 64 },
      { 192, 128, 160, 192 },
      { 256, 384, 256, 288, 256, 288, 320 },
      { 192, 192, 224, 256 } },
};

// y = ReLU(x + scale F(x)); the very last block has neither scale nor ReLU.
static striate_node *add_residual(const struct net *net, striate_node *x, striate_node *const *branches, int count, float scale,
                                  int last)
{
    striate_graph *g = net->g;
    striate_scope(g, "%s", net->block);
    striate_node *f = striate_concat(g, branches, count);
    f = striate_conv(g, f, (striate_conv_options){ .name = "conv2d", .filters = striate_node_size(x).channels, .kernel = 1 });
    if (last) return striate_add(g, x, f);
    return striate_relu(g, striate_scaled_add(g, x, f, (striate_scaled_add_options){ .scale = scale }));
}

// Figures 10 and 16.
static striate_node *residual_35(const struct net *net, striate_node *x, const int *a)
{
    striate_node *one = conv(net, x, "branch0", a[0], 1, 1, 0);
    striate_node *three = conv(net, x, "branch1.0", a[1], 1, 1, 0);
    three = conv(net, three, "branch1.1", a[2], 3, 3, 0);
    striate_node *twice = conv(net, x, "branch2.0", a[3], 1, 1, 0);
    twice = conv(net, twice, "branch2.1", a[4], 3, 3, 0);
    twice = conv(net, twice, "branch2.2", a[5], 3, 3, 0);
    return add_residual(net, x, (striate_node *[]){ one, three, twice }, 3, 0.17f, 0);
}

// Figures 11 and 17 (side 7), 13 and 19 (side 3).
static striate_node *residual_17_8(const struct net *net, striate_node *x, const int *b, int side, float scale, int last)
{
    striate_node *one = conv(net, x, "branch0", b[0], 1, 1, 0);
    striate_node *cross = conv(net, x, "branch1.0", b[1], 1, 1, 0);
    cross = conv(net, cross, "branch1.1", b[2], 1, side, 0);
    cross = conv(net, cross, "branch1.2", b[3], side, 1, 0);
    return add_residual(net, x, (striate_node *[]){ one, cross }, 2, scale, last);
}

// Figures 12 and 18.
static striate_node *residual_to_8(const struct net *net, striate_node *x, const int *r)
{
    striate_node *a = conv(net, conv(net, x, "branch0.0", r[0], 1, 1, 0), "branch0.1", r[1], 3, 3, 2);
    striate_node *b = conv(net, conv(net, x, "branch1.0", r[2], 1, 1, 0), "branch1.1", r[3], 3, 3, 2);
    striate_node *c = conv(net, conv(net, x, "branch2.0", r[4], 1, 1, 0), "branch2.1", r[5], 3, 3, 0);
    c = conv(net, c, "branch2.2", r[6], 3, 3, 2);
    return striate_concat(net->g, (striate_node *[]){ a, b, c, max_pool(net, x) }, 4);
}

// Figure 14 to its last layer.
static striate_node *plain_stem(const struct net *net, striate_node *x)
{
    x = conv(net, x, "conv2d_1a", 32, 3, 3, 2);
    x = conv(net, x, "conv2d_2a", 32, 3, 3, 1);
    x = max_pool(net, conv(net, x, "conv2d_2b", 64, 3, 3, 0));
    x = conv(net, x, "conv2d_3b", 80, 1, 1, 0);
    return conv(net, x, "conv2d_4a", 192, 3, 3, 1);
}

// Of the released Inception-ResNet-v2.
static striate_node *mixed_5b(const struct net *net, striate_node *x)
{
    striate_node *one = conv(net, x, "mixed_5b.branch0", 96, 1, 1, 0);
    striate_node *five = conv(net, x, "mixed_5b.branch1.0", 48, 1, 1, 0);
    five = conv(net, five, "mixed_5b.branch1.1", 64, 5, 5, 0);
    striate_node *twice = conv(net, x, "mixed_5b.branch2.0", 64, 1, 1, 0);
    twice = conv(net, twice, "mixed_5b.branch2.1", 96, 3, 3, 0);
    twice = conv(net, twice, "mixed_5b.branch2.2", 96, 3, 3, 0);
    striate_node *pool = striate_avg_pool(net->g, x, (striate_window){ .size = 3, .stride = 1, .pad = 1, .exclude_pad = 1 });
    pool = conv(net, pool, "mixed_5b.branch3.1", 64, 1, 1, 0);
    return striate_concat(net->g, (striate_node *[]){ one, five, twice, pool }, 4);
}

striate_node *zoo_inception_resnet(striate_graph *g, const char *name, striate_zoo_options o)
{
    const struct residual *r = &residuals[!!strstr(name, "_v2")];
    int paper = !!strstr(name, "_paper"), v1 = r == residuals;
    struct net net = { g, o, "", r->klmn };
    striate_node *x = zoo_input(g, o, 299, 299, 3);
    if (paper)
        x = stem(&net, x);
    else if (v1)
        x = conv(&net, plain_stem(&net, x), "conv2d_4b", 256, 3, 3, 2);
    else
        x = mixed_5b(&net, max_pool(&net, plain_stem(&net, x)));
    for (int stage = 0; stage < 3; stage++) {
        strcpy(net.block, stage == 1 ? "mixed_6a" : "mixed_7a");
        if (stage == 1) x = to_17(&net, x);
        if (stage == 2) x = residual_to_8(&net, x, r->reduction);
        for (int i = 0; i < (paper ? residuals[0].times[stage] : r->times[stage]); i++) {
            snprintf(net.block, sizeof net.block, "%s.%d", r->repeats[stage], i);
            if (stage == 0) x = residual_35(&net, x, r->a);
            if (stage == 1) x = residual_17_8(&net, x, r->b, 7, 0.1f, 0);
            if (stage == 2) x = residual_17_8(&net, x, r->c, 3, 0.2f, 0);
        }
    }
    strcpy(net.block, "block8");
    if (!paper) x = residual_17_8(&net, x, r->c, 3, 1, 1);
    *net.block = 0;
    if (!paper && !v1) x = conv(&net, x, "conv2d_7b", 1536, 1, 1, 0);
    if (!strstr(name, "_facenet")) return classifier(g, x, o);
    striate_scope(g, "%s", "");
    x = striate_dropout(g, striate_global_avg_pool(g, x), (striate_dropout_options){ .rate = 0.2f });
    x = striate_dense(g, x, (striate_dense_options){ .name = "last_linear", .units = zoo_wide(o, 512), .no_bias = 1 });
    x = striate_batch_norm(g, x, (striate_norm_options){ .name = "last_bn", .eps = 1e-3f });
    return striate_dense(g, x, (striate_dense_options){ .name = "logits", .units = zoo_classes(o, 1000) });
}
