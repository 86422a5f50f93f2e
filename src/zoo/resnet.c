// resnet.c - residual networks for ImageNet (He et al. 2015, table 1), with 1x1 projections where a shortcut changes shape (option B), and
// the plain networks they are compared with (figure 3). Tensor names are torchvision's.
//
//   224x224x3 - conv 7x7/2, 64 - max 3/2 - four stages of blocks with 64, 128, 256, 512 filters, /2 between - global average - 1000
//
// resnet50, 101 and 152 have a block's stride on its 3x3, as torchvision (v1.5, Goyal et al. 2017); resnet50_v1, 101_v1 and 152_v1 on its
// first 1x1, as the paper, and as released: only ResNet-50 with a bias in conv1.
#include "zoo/zoo.h"

#include <string.h>

static const struct resnet {
    const char *name;
    int bottleneck, blocks[4], plain, v1, bias;
} resnets[] = {
    { "resnet18", 0, { 2, 2, 2, 2 } },
    { "resnet34", 0, { 3, 4, 6, 3 } },
    { "resnet50", 1, { 3, 4, 6, 3 } },
    { "resnet101", 1, { 3, 4, 23, 3 } },
    { "resnet152", 1, { 3, 8, 36, 3 } },
    { "resnet50_v1", 1, { 3, 4, 6, 3 }, .v1 = 1, .bias = 1 },
    { "resnet101_v1", 1, { 3, 4, 23, 3 }, .v1 = 1 },
    { "resnet152_v1", 1, { 3, 8, 36, 3 }, .v1 = 1 },
    { "plain18", 0, { 2, 2, 2, 2 }, .plain = 1 },
    { "plain34", 0, { 3, 4, 6, 3 }, .plain = 1 },
};

static striate_node *conv_bn(striate_graph *g, striate_node *x, const char *conv, const char *bn, int filters, int kernel,
                             int stride)
{
    x = striate_conv(
        g, x,
        (striate_conv_options){
            .name = conv, .filters = filters, .kernel = kernel, .stride = stride, .pad = kernel / 2, .no_bias = 1 });
    return striate_batch_norm(g, x, (striate_norm_options){ .name = bn });
}

// y = ReLU(F(x) + x), where F is two layers of 3x3 or a bottleneck of 1x1, 3x3 and 1x1 (figures 2 and 5).
static striate_node *block(striate_graph *g, striate_node *x, const struct resnet *net, int filters, int stride)
{
    int channels = net->bottleneck ? 4 * filters : filters;
    striate_node *f;
    if (net->bottleneck) {
        f = striate_relu(g, conv_bn(g, x, "conv1", "bn1", filters, 1, net->v1 ? stride : 1));
        f = striate_relu(g, conv_bn(g, f, "conv2", "bn2", filters, 3, net->v1 ? 1 : stride));
        f = conv_bn(g, f, "conv3", "bn3", channels, 1, 1);
    } else {
        f = striate_relu(g, conv_bn(g, x, "conv1", "bn1", filters, 3, stride));
        f = conv_bn(g, f, "conv2", "bn2", channels, 3, 1);
    }
    if (net->plain) return striate_relu(g, f);
    if (stride > 1 || striate_node_size(x).channels != channels)
        x = conv_bn(g, x, "downsample.0", "downsample.1", channels, 1, stride);
    return striate_relu(g, striate_add(g, f, x));
}

striate_node *zoo_resnet(striate_graph *g, const char *name, striate_zoo_options o)
{
    const struct resnet *net = resnets;
    while (strcmp(net->name, name)) net++;
    striate_node *x = zoo_input(g, o, 224, 224, 3);
    x = striate_conv(
        g, x,
        (striate_conv_options){
            .name = "conv1", .filters = zoo_wide(o, 64), .kernel = 7, .stride = 2, .pad = 3, .no_bias = !net->bias });
    x = striate_relu(g, striate_batch_norm(g, x, (striate_norm_options){ .name = "bn1" }));
    x = striate_max_pool(g, x, (striate_window){ .size = 3, .stride = 2, .pad = 1 });
    for (int stage = 0; stage < 4; stage++)
        for (int i = 0; i < net->blocks[stage]; i++) {
            striate_scope(g, "layer%d.%d", stage + 1, i);
            x = block(g, x, net, zoo_wide(o, 64 << stage), stage && !i ? 2 : 1);
        }
    striate_scope(g, "%s", "");
    x = striate_global_avg_pool(g, x);
    return striate_dense(g, x, (striate_dense_options){ .name = "fc", .units = zoo_classes(o, 1000) });
}
