// wrn.c - wide residual networks (Zagoruyko and Komodakis 2016, table 1): wrn_N_k has N = 6n+4 layers and k times the filters, in blocks B(3,3)
// with pre-activation. _dropout: with 0.3 between a block's convolutions (figure 1d). Published: 36.5, 11.0 and 8.9 million parameters.
//
//   32x32x3 - conv 3x3, 16 - n x [16k, 16k] - n x [32k, 32k], /2 - n x [64k, 64k], /2 - BN - ReLU - global average - 10
#include "zoo/zoo.h"

#include <stdio.h>
#include <string.h>

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

static striate_node *block(striate_graph *g, striate_node *x, int filters, int stride, int dropout)
{
    striate_node *a = bn_relu(g, x, "bn1");
    striate_node *f = bn_relu(g, conv(g, a, "conv1", filters, 3, stride), "bn2");
    if (dropout) f = striate_dropout(g, f, (striate_dropout_options){ .rate = 0.3f });
    if (striate_node_size(x).channels != filters) x = conv(g, a, "downsample", filters, 1, stride);
    return striate_add(g, conv(g, f, "conv2", filters, 3, 1), x);
}

striate_node *zoo_wrn(striate_graph *g, const char *name, striate_zoo_options o)
{
    int layers = 0, k = 0;
    sscanf(name, "wrn_%d_%d", &layers, &k);
    striate_node *x = conv(g, zoo_input(g, o, 32, 32, 3), "conv1", zoo_wide(o, 16), 3, 1);
    for (int stage = 0; stage < 3; stage++)
        for (int i = 0; i < (layers - 4) / 6; i++) {
            striate_scope(g, "layer%d.%d", stage + 1, i);
            x = block(g, x, zoo_wide(o, k * 16 << stage), stage && !i ? 2 : 1, !!strstr(name, "_dropout"));
        }
    striate_scope(g, "%s", "");
    x = striate_global_avg_pool(g, bn_relu(g, x, "bn1"));
    return striate_dense(g, x, (striate_dense_options){ .name = "fc", .units = zoo_classes(o, 10) });
}
