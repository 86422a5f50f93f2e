// preresnet.c - residual networks with pre-activation (He et al. 2016, "Identity Mappings in Deep Residual Networks", figure 4e and the appendix):
// BN and ReLU before each convolution, nothing but identity along the shortcuts, and a last BN and ReLU. The published form, with a block's
// stride on its first 1x1 (github.com/KaimingHe/resnet-1k-layers); _v15: on its 3x3.
//
//   cifar_preresnet164, 1001 (9n+2 layers)
//     32x32x3 - conv 3x3, 16 - n x [16, 16, 64] - n x [32, 32, 128], /2 - n x [64, 64, 256], /2 - BN - ReLU - global average - 10
//   preresnet50, 101, 152, 200
//     224x224x3 - conv 7x7/2, 64 - BN - ReLU - max 3/2 - four stages of bottlenecks with 64, 128, 256, 512 filters - BN - ReLU - average - 1000
#include "zoo/zoo.h"

#include <stdlib.h>
#include <string.h>

static const struct preresnet {
    int layers, stages, blocks[4], cifar;
} preresnets[] = {
    { 50, 4, { 3, 4, 6, 3 }, 0 },    { 101, 4, { 3, 4, 23, 3 }, 0 }, { 152, 4, { 3, 8, 36, 3 }, 0 },
    { 200, 4, { 3, 24, 36, 3 }, 0 }, { 164, 3, { 18, 18, 18 }, 1 },  { 1001, 3, { 111, 111, 111 }, 1 },
};

static striate_node *conv(striate_graph *g, striate_node *x, const char *name, int filters, int kernel, int stride)
{
    return striate_conv(
        g, x,
        (striate_conv_options){
            .name = name, .filters = filters, .kernel = kernel, .stride = stride, .pad = kernel / 2, .no_bias = 1 });
}

static striate_node *bn_relu(striate_graph *g, striate_node *x, const char *name)
{
    return striate_relu(g, striate_batch_norm(g, x, (striate_norm_options){ .name = name }));
}

// y = F(x) + x; where the shape changes the shortcut is a projection of what F reads.
static striate_node *bottleneck(striate_graph *g, striate_node *x, int filters, int stride, int v15)
{
    striate_node *a = bn_relu(g, x, "bn1");
    if (stride > 1 || striate_node_size(x).channels != 4 * filters) x = conv(g, a, "downsample", 4 * filters, 1, stride);
    striate_node *f = conv(g, a, "conv1", filters, 1, v15 ? 1 : stride);
    f = conv(g, bn_relu(g, f, "bn2"), "conv2", filters, 3, v15 ? stride : 1);
    f = conv(g, bn_relu(g, f, "bn3"), "conv3", 4 * filters, 1, 1);
    return striate_add(g, f, x);
}

striate_node *zoo_preresnet(striate_graph *g, const char *name, striate_zoo_options o)
{
    const struct preresnet *net = preresnets;
    while (net->layers != atoi(strpbrk(name, "0123456789"))) net++;
    int filters = net->cifar ? 16 : 64, v15 = !!strstr(name, "_v15");
    striate_node *x;
    if (net->cifar)
        x = conv(g, zoo_input(g, o, 32, 32, 3), "conv1", zoo_wide(o, 16), 3, 1);
    else {
        x = bn_relu(g, conv(g, zoo_input(g, o, 224, 224, 3), "conv1", zoo_wide(o, 64), 7, 2), "bn1");
        x = striate_max_pool(g, x, (striate_window){ .size = 3, .stride = 2, .pad = 1 });
    }
    for (int stage = 0; stage < net->stages; stage++)
        for (int i = 0; i < net->blocks[stage]; i++) {
            striate_scope(g, "layer%d.%d", stage + 1, i);
            x = bottleneck(g, x, zoo_wide(o, filters << stage), stage && !i ? 2 : 1, v15);
        }
    striate_scope(g, "%s", "");
    x = striate_global_avg_pool(g, bn_relu(g, x, "bn2"));
    return striate_dense(g, x, (striate_dense_options){ .name = "fc", .units = zoo_classes(o, net->cifar ? 10 : 1000) });
}
