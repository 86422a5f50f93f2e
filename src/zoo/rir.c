// rir.c - Resnet in Resnet (Targ et al. 2016, figure 2 and 18-layer + wide RiR): a residual stream with shortcuts and a transient one without, which
// each layer mixes. Stride 2 is on the second layer of a block, shortcuts are free of parameters. 9.47 million parameters. The authors published no
// code, and ports differ: rir_biases gives convolutions biases, 7,786 in all; rir_projected is pytorchcv's, with stride 2 on the first layer, 1x1
// convolutions where a shortcut changes shape, no shortcut around blocks and no ReLU at the end, 9.49 million parameters.
//
//   r' = ReLU(BN(conv(r) + conv(t) + shortcut(r))),  t' = ReLU(BN(conv(r) + conv(t)))
//   32x32x3 - conv 3x3, 48 to each stream - 2 blocks of 48 - 3 of 96, /2 - 3 of 192, /2 - both streams - conv 1x1, 10 - BN - ReLU - average
#include "zoo/zoo.h"

#include <string.h>

struct kind {
    int projected, biases;
};

struct streams {
    striate_node *residual, *transient;
};

static striate_node *conv(striate_graph *g, striate_node *x, const char *name, int filters, int kernel, int stride,
                          struct kind kind)
{
    return striate_conv(
        g, x,
        (striate_conv_options){
            .name = name, .filters = filters, .kernel = kernel, .stride = stride, .pad = kernel / 2, .no_bias = !kind.biases });
}

static striate_node *bn(striate_graph *g, striate_node *x, const char *name)
{
    return striate_batch_norm(g, x, (striate_norm_options){ .name = name });
}

static striate_node *bn_relu(striate_graph *g, striate_node *x, const char *name)
{
    return striate_relu(g, bn(g, x, name));
}

static striate_node *shortcut(striate_graph *g, striate_node *x, int filters, int stride, struct kind kind)
{
    if (stride == 1 && striate_node_size(x).channels == filters) return x;
    if (kind.projected) return conv(g, x, "identity", filters, 1, stride, kind);
    return striate_shortcut(g, x, (striate_shortcut_options){ .channels = filters, .stride = stride });
}

static struct streams layer(striate_graph *g, struct streams x, int filters, int stride, struct kind kind)
{
    striate_node *r = conv(g, x.residual, "residual", filters, 3, stride, kind);
    r = striate_add(g, r, conv(g, x.transient, "transient_to_residual", filters, 3, stride, kind));
    r = striate_add(g, r, shortcut(g, x.residual, filters, stride, kind));
    striate_node *t = conv(g, x.residual, "residual_to_transient", filters, 3, stride, kind);
    t = striate_add(g, t, conv(g, x.transient, "transient", filters, 3, stride, kind));
    return (struct streams){ bn_relu(g, r, "residual_bn"), bn_relu(g, t, "transient_bn") };
}

striate_node *zoo_rir(striate_graph *g, const char *name, striate_zoo_options o)
{
    static const int blocks[8] = { 48, 48, 96, 96, 96, 192, 192, 192 };
    struct kind kind = { .projected = !strcmp(name, "rir_projected"), .biases = !strcmp(name, "rir_biases") };
    striate_node *image = zoo_input(g, o, 32, 32, 3);
    struct streams x = { bn_relu(g, conv(g, image, "conv1_residual", zoo_wide(o, 48), 3, 1, kind), "bn1_residual"),
                         bn_relu(g, conv(g, image, "conv1_transient", zoo_wide(o, 48), 3, 1, kind), "bn1_transient") };
    for (int i = 0; i < 8; i++) {
        int filters = zoo_wide(o, blocks[i]), stride = i && blocks[i] > blocks[i - 1] ? 2 : 1;
        striate_node *before = x.residual;
        striate_scope(g, "rir%d.0", i + 1);
        x = layer(g, x, filters, kind.projected ? stride : 1, kind);
        striate_scope(g, "rir%d.1", i + 1);
        x = layer(g, x, filters, kind.projected ? 1 : stride, kind);
        if (!kind.projected) x.residual = striate_add(g, x.residual, shortcut(g, before, filters, stride, kind));
    }
    striate_scope(g, "%s", "");
    striate_node *both = striate_concat(g, (striate_node *[]){ x.residual, x.transient }, 2);
    striate_node *scores = bn(g, conv(g, both, "conv2", zoo_classes(o, 10), 1, 1, kind), "bn2");
    return striate_global_avg_pool(g, kind.projected ? scores : striate_relu(g, scores));
}
