// zfnet.c - ZFNet (Zeiler and Fergus 2013, figure 3): AlexNet with a smaller, denser first layer, in one tower. zfnet_wide: the paper's larger
// maps, 512, 1024 and 512 in layers 3 to 5 (table 3). Contrast is normalized across maps, as in AlexNet, after ReLU and before pooling.
//
//   224x224x3 - conv 7x7/2, 96 - LRN - max 3/2 - conv 5x5/2, 256 - LRN - max 3/2 - convs 3x3, 384, 384, 256 - max 3/2 - 4096 - 4096 - 1000
#include "zoo/zoo.h"

#include <string.h>

static striate_node *conv(striate_graph *g, striate_node *x, const char *name, int filters, int kernel, int stride, int pad)
{
    return striate_relu(
        g,
        striate_conv(
            g, x, (striate_conv_options){ .name = name, .filters = filters, .kernel = kernel, .stride = stride, .pad = pad }));
}

static striate_node *max_pool(striate_graph *g, striate_node *x)
{
    return striate_max_pool(g, x, (striate_window){ .size = 3, .stride = 2, .ceil = 1 });
}

static striate_node *normalize(striate_graph *g, striate_node *x)
{
    return striate_lrn(g, x, (striate_lrn_options){ .size = 5, .alpha = 5e-4f, .beta = 0.75f, .k = 2 });
}

static striate_node *dense(striate_graph *g, striate_node *x, const char *name, int units)
{
    x = striate_relu(g, striate_dense(g, x, (striate_dense_options){ .name = name, .units = units }));
    return striate_dropout(g, x, (striate_dropout_options){ .rate = 0.5f });
}

striate_node *zoo_zfnet(striate_graph *g, const char *name, striate_zoo_options o)
{
    static const int filters[2][3] = { { 384, 384, 256 }, { 512, 1024, 512 } };
    const int *f = filters[!strcmp(name, "zfnet_wide")];
    striate_node *x = conv(g, zoo_input(g, o, 224, 224, 3), "conv1", zoo_wide(o, 96), 7, 2, 1);
    x = max_pool(g, normalize(g, x));
    x = conv(g, x, "conv2", zoo_wide(o, 256), 5, 2, 0);
    x = max_pool(g, normalize(g, x));
    x = conv(g, x, "conv3", zoo_wide(o, f[0]), 3, 1, 1);
    x = conv(g, x, "conv4", zoo_wide(o, f[1]), 3, 1, 1);
    x = conv(g, x, "conv5", zoo_wide(o, f[2]), 3, 1, 1);
    x = dense(g, max_pool(g, x), "fc6", zoo_wide(o, 4096));
    x = dense(g, x, "fc7", zoo_wide(o, 4096));
    return striate_dense(g, x, (striate_dense_options){ .name = "fc8", .units = zoo_classes(o, 1000) });
}
