// nin.c - Network in Network (Lin et al. 2013): multilayer perceptrons as convolution kernels, which are 1x1 convolutions ("cccp") behind each
// convolution, and as many last maps as classes, whose means are the scores: no dense layer. Tensor names are those of the authors' Caffe files.
//
//   nin_cifar     32x32x3 - 5x5, 192; 160; 96 - max 3/2 - 5x5, 192; 192; 192 - average 3/2 - 3x3, 192; 192; 10 - global average
//   nin_imagenet  224x224x3 - 11x11/4, 96; 96; 96 - max 3/2 - 5x5, 256; 256; 256 - max 3/2 - 3x3, 384; 384; 384 - max 3/2
//                 - 3x3, 1024; 1024; 1000 - global average
#include "zoo/zoo.h"

#include <string.h>

// A convolution and the two 1x1 behind it: filters of all three, 0: one per class.
static const struct mlpconv {
    const char *names[3];
    int kernel, stride, pad, filters[3];
} cifar[] = { { { "conv1", "cccp1", "cccp2" }, 5, 1, 2, { 192, 160, 96 } },
              { { "conv2", "cccp3", "cccp4" }, 5, 1, 2, { 192, 192, 192 } },
              { { "conv3", "cccp5", "cccp6" }, 3, 1, 1, { 192, 192, 0 } } },
  imagenet[] = { { { "conv1", "cccp1", "cccp2" }, 11, 4, 0, { 96, 96, 96 } },
                 { { "conv2", "cccp3", "cccp4" }, 5, 1, 2, { 256, 256, 256 } },
                 { { "conv3", "cccp5", "cccp6" }, 3, 1, 1, { 384, 384, 384 } },
                 { { "conv4-1024", "cccp7-1024", "cccp8-1024" }, 3, 1, 1, { 1024, 1024, 0 } } };

static striate_node *mlpconv(striate_graph *g, striate_node *x, const struct mlpconv *m, striate_zoo_options o, int classes)
{
    for (int i = 0; i < 3; i++) {
        striate_conv_options conv = { .name = m->names[i], .kernel = 1 };
        conv.filters = m->filters[i] ? zoo_wide(o, m->filters[i]) : classes;
        if (i == 0) conv.kernel = m->kernel, conv.stride = m->stride, conv.pad = m->pad;
        x = striate_relu(g, striate_conv(g, x, conv));
    }
    return x;
}

striate_node *zoo_nin_cifar(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    striate_window half = { .size = 3, .stride = 2, .ceil = 1 };
    striate_node *x = mlpconv(g, zoo_input(g, o, 32, 32, 3), &cifar[0], o, 0);
    x = striate_dropout(g, striate_max_pool(g, x, half), (striate_dropout_options){ 0 });
    x = mlpconv(g, x, &cifar[1], o, 0);
    x = striate_dropout(g, striate_avg_pool(g, x, half), (striate_dropout_options){ 0 });
    return striate_global_avg_pool(g, mlpconv(g, x, &cifar[2], o, zoo_classes(o, 10)));
}

striate_node *zoo_nin_imagenet(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    striate_node *x = zoo_input(g, o, 224, 224, 3);
    for (int i = 0; i < 3; i++)
        x = striate_max_pool(g, mlpconv(g, x, &imagenet[i], o, 0), (striate_window){ .size = 3, .stride = 2, .ceil = 1 });
    x = striate_dropout(g, x, (striate_dropout_options){ 0 });
    return striate_global_avg_pool(g, mlpconv(g, x, &imagenet[3], o, zoo_classes(o, 1000)));
}
