// inception_v4.c - Inception-v4 (Szegedy et al. 2016, figures 3 to 9): no residual connections. Tensor names are those of the released weights'
// port to PyTorch, which counts blocks.
//
//   299x299x3 - stem, 35x35x384 - 4 A - reduction, 17x17x1024 - 7 B - reduction, 8x8x1536 - 3 C - global average - dropout - 1000
#include "zoo/zoo.h"

struct net {
    striate_graph *g;
    striate_zoo_options o;
    int block;
};

// stride 0: padded to the size it has; else without padding ("V" in the figures).
static striate_node *conv(const struct net *net, striate_node *x, const char *name, int filters, int height, int width,
                          int stride)
{
    int pad_h = stride ? 0 : height / 2, pad_w = stride ? 0 : width / 2;
    striate_scope(net->g, *name ? "features.%d.%s" : "features.%d", net->block, name);
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
static striate_node *stem(struct net *net, striate_node *x)
{
    x = conv(net, x, "", 32, 3, 3, 2), net->block++;
    x = conv(net, x, "", 32, 3, 3, 1), net->block++;
    x = conv(net, x, "", 64, 3, 3, 0), net->block++;
    striate_node *a = max_pool(net, x), *b = conv(net, x, "conv", 96, 3, 3, 2);
    x = striate_concat(net->g, (striate_node *[]){ a, b }, 2), net->block++;
    a = conv(net, x, "branch0.0", 64, 1, 1, 0);
    a = conv(net, a, "branch0.1", 96, 3, 3, 1);
    b = conv(net, x, "branch1.0", 64, 1, 1, 0);
    b = conv(net, b, "branch1.1", 64, 1, 7, 0);
    b = conv(net, b, "branch1.2", 64, 7, 1, 0);
    b = conv(net, b, "branch1.3", 96, 3, 3, 1);
    x = striate_concat(net->g, (striate_node *[]){ a, b }, 2), net->block++;
    a = conv(net, x, "conv", 192, 3, 3, 2), b = max_pool(net, x);
    x = striate_concat(net->g, (striate_node *[]){ a, b }, 2), net->block++;
    return x;
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

// Figure 7, with k, l, m, n = 192, 224, 256, 384 (table 1).
static striate_node *to_17(const struct net *net, striate_node *x)
{
    striate_node *three = conv(net, x, "branch0", 384, 3, 3, 2);
    striate_node *twice = conv(net, x, "branch1.0", 192, 1, 1, 0);
    twice = conv(net, twice, "branch1.1", 224, 3, 3, 0);
    twice = conv(net, twice, "branch1.2", 256, 3, 3, 2);
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

striate_node *zoo_inception_v4(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    static const struct {
        striate_node *(*build)(const struct net *net, striate_node *x);
        int times;
    } blocks[] = { { a_35, 4 }, { to_17, 1 }, { b_17, 7 }, { to_8, 1 }, { c_8, 3 } };
    struct net net = { g, o, 0 };
    striate_node *x = stem(&net, zoo_input(g, o, 299, 299, 3));
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        for (int j = 0; j < blocks[i].times; j++, net.block++) x = blocks[i].build(&net, x);
    striate_scope(g, "%s", "");
    x = striate_dropout(g, striate_global_avg_pool(g, x), (striate_dropout_options){ .rate = 0.2f });
    return striate_dense(g, x, (striate_dense_options){ .name = "last_linear", .units = zoo_classes(o, 1000) });
}
