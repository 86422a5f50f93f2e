// squeezenet.c - SqueezeNet 1.0 and 1.1 (Iandola et al. 2016, table 1; 1.1 is the authors' later release with 2.4 times less work): fire modules
// and no fully connected layer. Tensor names are torchvision's.
//
//   1.0  224x224x3 - conv 7x7/2, 96 - max - fire2 3 4 - max - fire5 6 7 8 - max - fire9 - conv 1x1, 1000 - ReLU - global average
//   1.1  224x224x3 - conv 3x3/2, 64 - max - fire2 3 - max - fire4 5 - max - fire6 7 8 9 - conv 1x1, 1000 - ReLU - global average
#include "zoo/zoo.h"

#include <string.h>

// Fire modules 2 to 9 are the same in both: s1x1, then e1x1 and as many e3x3.
static const int fires[8][2] = { { 16, 64 },  { 16, 64 },  { 32, 128 }, { 32, 128 },
                                 { 48, 192 }, { 48, 192 }, { 64, 256 }, { 64, 256 } };

static const struct squeezenet {
    const char *name;
    int filters, kernel, pool_after[8];
} squeezenets[] = {
    { "squeezenet1_0", 96, 7, { 0, 0, 1, 0, 0, 0, 1, 0 } },
    { "squeezenet1_1", 64, 3, { 0, 1, 0, 1, 0, 0, 0, 0 } },
};

static striate_node *conv_relu(striate_graph *g, striate_node *x, striate_conv_options o)
{
    return striate_relu(g, striate_conv(g, x, o));
}

static striate_node *max_pool(striate_graph *g, striate_node *x)
{
    return striate_max_pool(g, x, (striate_window){ .size = 3, .stride = 2, .ceil = 1 });
}

static striate_node *fire(striate_graph *g, striate_node *x, int squeeze, int expand)
{
    x = conv_relu(g, x, (striate_conv_options){ .name = "squeeze", .filters = squeeze, .kernel = 1 });
    striate_node *ones = conv_relu(g, x, (striate_conv_options){ .name = "expand1x1", .filters = expand, .kernel = 1 });
    striate_node *threes =
        conv_relu(g, x, (striate_conv_options){ .name = "expand3x3", .filters = expand, .kernel = 3, .pad = 1 });
    return striate_concat(g, (striate_node *[]){ ones, threes }, 2);
}

striate_node *zoo_squeezenet(striate_graph *g, const char *name, striate_zoo_options o)
{
    const struct squeezenet *net = squeezenets;
    while (strcmp(net->name, name)) net++;
    striate_node *x = zoo_input(g, o, 224, 224, 3);
    x = conv_relu(g, x,
                  (striate_conv_options){
                      .name = "features.0", .filters = zoo_wide(o, net->filters), .kernel = net->kernel, .stride = 2 });
    x = max_pool(g, x);
    for (int i = 0, number = 3; i < 8; i++, number++) { // torchvision counts poolings too
        striate_scope(g, "features.%d", number);
        x = fire(g, x, zoo_wide(o, fires[i][0]), zoo_wide(o, fires[i][1]));
        number += net->pool_after[i];
        if (net->pool_after[i]) x = max_pool(g, x);
    }
    striate_scope(g, "%s", "");
    x = striate_dropout(g, x, (striate_dropout_options){ .rate = 0.5f });
    x = conv_relu(g, x,
                  (striate_conv_options){ .name = "classifier.1",
                                          .filters = zoo_classes(o, 1000),
                                          .kernel = 1,
                                          .init = STRIATE_INIT_GAUSSIAN,
                                          .init_std = 0.01f });
    return striate_global_avg_pool(g, x);
}
