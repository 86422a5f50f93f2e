// vgg.c - VGG (Simonyan and Zisserman 2014, table 1): nothing but 3x3 convolutions, columns A, B, D and E; _bn: with batch normalization after
// each. Tensor names are torchvision's.
//
//   224x224x3 - five stages of convs 3x3 with 64, 128, 256, 512, 512 filters, each with a max 2/2 behind - 4096 - 4096 - 1000
#include "zoo/zoo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct vgg {
    int layers, convs[5];
} vggs[] = {
    { 11, { 1, 1, 2, 2, 2 } }, // A
    { 13, { 2, 2, 2, 2, 2 } }, // B
    { 16, { 2, 2, 3, 3, 3 } }, // D
    { 19, { 2, 2, 4, 4, 4 } }, // E
};

striate_node *zoo_vgg(striate_graph *g, const char *name, striate_zoo_options o)
{
    static const int filters[5] = { 64, 128, 256, 512, 512 };
    const struct vgg *net = vggs;
    while (net->layers != atoi(name + strlen("vgg"))) net++;
    int bn = !!strstr(name, "_bn"), number = 0; // torchvision counts conv, batch norm, ReLU and pooling
    striate_node *x = zoo_input(g, o, 224, 224, 3);
    striate_scope(g, "features");
    for (int stage = 0; stage < 5; stage++) {
        for (int i = 0; i < net->convs[stage]; i++, number += 2 + bn) {
            char conv[12], norm[12];
            snprintf(conv, sizeof conv, "%d", number);
            snprintf(norm, sizeof norm, "%d", number + 1);
            x = striate_conv(
                g, x, (striate_conv_options){ .name = conv, .filters = zoo_wide(o, filters[stage]), .kernel = 3, .pad = 1 });
            if (bn) x = striate_batch_norm(g, x, (striate_norm_options){ .name = norm });
            x = striate_relu(g, x);
        }
        x = striate_max_pool(g, x, (striate_window){ .size = 2, .stride = 2 });
        number++;
    }
    striate_scope(g, "classifier");
    x = zoo_pool_to(g, x, 7);
    x = striate_relu(g, striate_dense(g, x, (striate_dense_options){ .name = "0", .units = zoo_wide(o, 4096) }));
    x = striate_dropout(g, x, (striate_dropout_options){ .rate = 0.5f });
    x = striate_relu(g, striate_dense(g, x, (striate_dense_options){ .name = "3", .units = zoo_wide(o, 4096) }));
    x = striate_dropout(g, x, (striate_dropout_options){ .rate = 0.5f });
    return striate_dense(g, x, (striate_dense_options){ .name = "6", .units = zoo_classes(o, 1000) });
}
