// cifar_resnet.c - residual networks for CIFAR (He et al. 2015, 4.2): 6n+2 layers, three stages of n blocks with 16, 32 and 64 filters, and
// parameter-free shortcuts (option A). With _b, 1x1 projections where a shortcut changes shape (option B); plain: without shortcuts, as the
// paper's figure 6 compares. Tensor names as in PyTorch's CIFAR ResNets.
//
//   32x32x3 - conv 3x3, 16 - n x [16, 16] - n x [32, 32], /2 - n x [64, 64], /2 - global average - 10
#include "zoo/zoo.h"

#include <stdlib.h>
#include <string.h>

static striate_node *conv_bn(striate_graph *g, striate_node *x, const char *conv, const char *bn, int filters, int kernel,
                             int stride)
{
    x = striate_conv(
        g, x,
        (striate_conv_options){
            .name = conv, .filters = filters, .kernel = kernel, .stride = stride, .pad = kernel / 2, .no_bias = 1 });
    return striate_batch_norm(g, x, (striate_norm_options){ .name = bn });
}

// y = ReLU(F(x) + x), F = conv - BN - ReLU - conv - BN (figure 2).
static striate_node *block(striate_graph *g, striate_node *x, const char *name, int filters, int stride)
{
    striate_node *f = striate_relu(g, conv_bn(g, x, "conv1", "bn1", filters, 3, stride));
    f = conv_bn(g, f, "conv2", "bn2", filters, 3, 1);
    if (strstr(name, "plain")) return striate_relu(g, f);
    if (stride > 1 && strstr(name, "_b"))
        x = conv_bn(g, x, "shortcut.0", "shortcut.1", filters, 1, stride);
    else if (stride > 1)
        x = striate_shortcut(g, x, (striate_shortcut_options){ .channels = filters, .stride = stride });
    return striate_relu(g, striate_add(g, f, x));
}

striate_node *zoo_cifar_resnet(striate_graph *g, const char *name, striate_zoo_options o)
{
    int layers = atoi(strpbrk(name, "0123456789"));
    striate_node *x = zoo_input(g, o, 32, 32, 3);
    x = striate_relu(g, conv_bn(g, x, "conv1", "bn1", zoo_wide(o, 16), 3, 1));
    for (int stage = 0; stage < 3; stage++)
        for (int i = 0; i < (layers - 2) / 6; i++) {
            striate_scope(g, "layer%d.%d", stage + 1, i);
            x = block(g, x, name, zoo_wide(o, 16 << stage), stage && !i ? 2 : 1);
        }
    striate_scope(g, "%s", "");
    x = striate_global_avg_pool(g, x);
    return striate_dense(g, x, (striate_dense_options){ .name = "linear", .units = zoo_classes(o, 10) });
}
