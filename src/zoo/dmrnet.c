// dmrnet.c - merge-and-run networks (Zhao et al. 2016, figure 2d, as released, v1 of arXiv:1611.07718): two residual branches side by side, each
// of which adds the mean of both inputs. dmrnet_N has N layers along a branch. 1.7, 14.9, 24.2 (the release says 24.8) and 46.4 million parameters.
//
//   32x32x3 - conv 3x3, 16w - n x [16w, 16w] - n x [32w, 32w], /2 - n x [64w, 64w], /2 - the sum of both - global average - 10
//   224x224x3 - conv 7x7/2, 64 - max 3/2 - 1, 2, 11 and 2 bottlenecks with 64, 128, 256, 512 filters - both side by side - global average - 1000
#include "zoo/zoo.h"

#include <stdio.h>
#include <string.h>

struct lines {
    striate_node *at[2];
};

static const struct dmrnet {
    const char *name;
    int blocks, wide; // in each of three stages
} dmrnets[] = { { "dmrnet_56", 9, 1 }, { "dmrnet_32_wide", 5, 4 }, { "dmrnet_50_wide", 8, 4 } };

static striate_node *conv_bn(striate_graph *g, striate_node *x, int line, const char *name, int filters, int kernel, int stride)
{
    char conv[24], bn[28];
    snprintf(conv, sizeof conv, "%s_%d", name, line + 1);
    snprintf(bn, sizeof bn, "%s_bn", conv);
    x = striate_conv(
        g, x,
        (striate_conv_options){
            .name = conv, .filters = filters, .kernel = kernel, .stride = stride, .pad = kernel / 2, .no_bias = 1 });
    return striate_batch_norm(g, x, (striate_norm_options){ .name = bn, .eps = 2e-5f });
}

static striate_node *mean(striate_graph *g, struct lines x)
{
    return striate_average(g, x.at, 2, (striate_average_options){ 0 });
}

// y1 = ReLU(m + F1(x1)), y2 = ReLU(m + F2(x2)), m the mean of x1 and x2; after the last block of all y = ReLU(m + F1 + F2).
static struct lines block(striate_graph *g, struct lines x, int filters, int stride, int last)
{
    struct lines f;
    for (int i = 0; i < 2; i++) {
        f.at[i] = striate_relu(g, conv_bn(g, x.at[i], i, "conv1", filters, 3, stride));
        f.at[i] = conv_bn(g, f.at[i], i, "conv2", filters, 3, 1);
        if (stride > 1) x.at[i] = conv_bn(g, x.at[i], i, "line", filters, 1, stride);
    }
    striate_node *m = mean(g, x), *y1 = striate_add(g, m, f.at[0]);
    if (last) return (struct lines){ { striate_relu(g, striate_add(g, y1, f.at[1])) } };
    return (struct lines){ { striate_relu(g, y1), striate_relu(g, striate_add(g, m, f.at[1])) } };
}

striate_node *zoo_dmrnet(striate_graph *g, const char *name, striate_zoo_options o)
{
    const struct dmrnet *net = dmrnets;
    while (strcmp(net->name, name)) net++;
    striate_node *first = conv_bn(g, zoo_input(g, o, 32, 32, 3), 0, "conv", zoo_wide(o, 16 * net->wide), 3, 1);
    struct lines x = { { striate_relu(g, first) } };
    x.at[1] = x.at[0];
    for (int stage = 0; stage < 3; stage++)
        for (int i = 0; i < net->blocks; i++) {
            striate_scope(g, "layer%d.%d", stage + 1, i);
            int filters = zoo_wide(o, (16 * net->wide) << stage);
            x = block(g, x, filters, stage && !i ? 2 : 1, stage == 2 && i == net->blocks - 1);
        }
    striate_scope(g, "%s", "");
    return striate_dense(g, striate_global_avg_pool(g, x.at[0]),
                         (striate_dense_options){ .name = "fc", .units = zoo_classes(o, 10) });
}

// The first block of a stage changes the shape and carries nothing on.
static struct lines bottleneck(striate_graph *g, struct lines x, int filters, int stride, int first)
{
    struct lines f;
    for (int i = 0; i < 2; i++) {
        f.at[i] = striate_relu(g, conv_bn(g, x.at[i], i, "conv1", filters, 1, 1));
        f.at[i] = striate_relu(g, conv_bn(g, f.at[i], i, "conv2", filters, 3, stride));
        f.at[i] = conv_bn(g, f.at[i], i, "conv3", 4 * filters, 1, 1);
    }
    striate_node *m = first ? NULL : mean(g, x);
    for (int i = 0; i < 2; i++) x.at[i] = striate_relu(g, m ? striate_add(g, m, f.at[i]) : f.at[i]);
    return x;
}

striate_node *zoo_dmrnet_imagenet(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    static const int blocks[4] = { 1, 2, 11, 2 };
    striate_conv_options conv = {
        .name = "conv", .filters = zoo_wide(o, 64), .kernel = 7, .stride = 2, .pad = 3, .no_bias = 1
    };
    striate_node *pool = striate_max_pool(g, striate_conv(g, zoo_input(g, o, 224, 224, 3), conv),
                                          (striate_window){ .size = 3, .stride = 2, .pad = 1 });
    struct lines x = { { pool, pool } };
    for (int stage = 0; stage < 4; stage++)
        for (int i = 0; i < blocks[stage]; i++) {
            striate_scope(g, "layer%d.%d", stage + 1, i);
            x = bottleneck(g, x, zoo_wide(o, 64 << stage), stage && !i ? 2 : 1, !i);
        }
    striate_scope(g, "%s", "");
    return striate_dense(g, striate_global_avg_pool(g, striate_concat(g, x.at, 2)),
                         (striate_dense_options){ .name = "fc", .units = zoo_classes(o, 1000) });
}
