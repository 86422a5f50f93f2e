// alexnet.c - AlexNet, and the networks that followed it closely.
#include "zoo/zoo.h"

static striate_node *conv_relu(striate_graph *g, striate_node *x, striate_conv_options o)
{
    return striate_relu(g, striate_conv(g, x, o));
}

static striate_node *max_pool(striate_graph *g, striate_node *x)
{
    return striate_max_pool(g, x, (striate_window){ .size = 3, .stride = 2 });
}

// One tower (Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks"), with dropout before the dense layers.
// Tensor names are torchvision's.
//
//   224x224x3 - conv 11x11/4, 64 - max 3/2 - conv 5x5, 192 - max 3/2 - convs 3x3, 384, 256, 256 - max 3/2 - 4096 - 4096 - 1000
striate_node *zoo_alexnet_torchvision(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    striate_node *x = zoo_input(g, o, 224, 224, 3);
    x = conv_relu(g, x, (striate_conv_options){ .name = "features.0", .filters = 64, .kernel = 11, .stride = 4, .pad = 2 });
    x = max_pool(g, x);
    x = conv_relu(g, x, (striate_conv_options){ .name = "features.3", .filters = 192, .kernel = 5, .pad = 2 });
    x = max_pool(g, x);
    x = conv_relu(g, x, (striate_conv_options){ .name = "features.6", .filters = 384, .kernel = 3, .pad = 1 });
    x = conv_relu(g, x, (striate_conv_options){ .name = "features.8", .filters = 256, .kernel = 3, .pad = 1 });
    x = conv_relu(g, x, (striate_conv_options){ .name = "features.10", .filters = 256, .kernel = 3, .pad = 1 });
    x = zoo_pool_to(g, max_pool(g, x), 6);
    x = striate_dropout(g, x, (striate_dropout_options){ .rate = 0.5f });
    x = striate_relu(g, striate_dense(g, x, (striate_dense_options){ .name = "classifier.1", .units = 4096 }));
    x = striate_dropout(g, x, (striate_dropout_options){ .rate = 0.5f });
    x = striate_relu(g, striate_dense(g, x, (striate_dense_options){ .name = "classifier.4", .units = 4096 }));
    return striate_dense(g, x, (striate_dense_options){ .name = "classifier.6", .units = zoo_classes(o, 1000) });
}
