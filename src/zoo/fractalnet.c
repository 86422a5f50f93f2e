// fractalnet.c - FractalNet (Larsson et al. 2016, figure 1): columns of 2^(C-1), ..., 2, 1 convolutions side by side, whose outputs are averaged
// wherever they meet, and no residual connections. With dropout and drop path as the paper trains it. Every convolution is 3x3 with BN and ReLU;
// pooling comes before a block's last join, as in the authors' generator, which gives 33.7 million parameters. Its Caffe files also have biases, and
// batch norm without weights: fractalnet_20_released. The 38.6 million that are quoted are fractalnet_20_doubling's: there a 1x1 convolution brings
// the channels up before a block. The widths of 40 layers were not published: fractalnet_40 has those of 20.
//
//   32x32x3 - five blocks with 64, 128, 256, 512, 512 filters, each with a max 2/2 before its last join - 10
#include "zoo/zoo.h"

#include <string.h>

enum { MOST = 4 };

static striate_node *conv(striate_graph *g, striate_node *x, int filters, float rate, int released)
{
    x = striate_conv(
        g, x,
        (striate_conv_options){
            .name = "conv", .filters = filters, .kernel = 3, .pad = 1, .no_bias = !released, .init = STRIATE_INIT_XAVIER });
    if (rate > 0) x = striate_dropout(g, x, (striate_dropout_options){ .rate = rate });
    return striate_relu(g, striate_batch_norm(g, x, (striate_norm_options){ .name = "bn", .no_affine = released }));
}

// Column 0 is the longest; column c has a convolution wherever the longest has had 2^c more.
static striate_node *block(striate_graph *g, striate_node *x, int number, int columns, int filters, float rate, int released)
{
    striate_node *at[MOST] = { x, x, x, x };
    int longest = 1 << (columns - 1);
    for (int step = 1; step <= longest; step++) {
        int ran = 0;
        for (; ran < columns && step % (1 << ran) == 0; ran++) {
            striate_scope(g, "block%d.column%d.%d", number, ran, (step >> ran) - 1);
            at[ran] = conv(g, at[ran], filters, rate, released);
            if (step == longest) at[ran] = striate_max_pool(g, at[ran], (striate_window){ .size = 2, .stride = 2 });
        }
        if (ran == 1) continue;
        striate_node *join =
            striate_average(g, at, ran, (striate_average_options){ .drop = 0.15f, .global = 0.5f, .columns = columns });
        for (int c = 0; c < ran; c++) at[c] = join;
    }
    return at[0];
}

striate_node *zoo_fractalnet(striate_graph *g, const char *name, striate_zoo_options o)
{
    static const int filters[5] = { 64, 128, 256, 512, 512 };
    int columns = strstr(name, "_40") ? 4 : 3, released = strstr(name, "_released") != NULL;
    striate_node *x = zoo_input(g, o, 32, 32, 3);
    for (int i = 0; i < 5; i++) {
        int wide = zoo_wide(o, filters[i]);
        striate_scope(g, "block%d", i + 1);
        if (strstr(name, "_doubling") && wide != striate_node_size(x).channels)
            x = striate_conv(g, x, (striate_conv_options){ .name = "up", .filters = wide, .kernel = 1, .no_bias = 1 });
        x = block(g, x, i + 1, columns, wide, 0.1f * (float)i, released);
    }
    striate_scope(g, "%s", "");
    return striate_dense(g, zoo_pool_to(g, x, 1),
                         (striate_dense_options){ .name = "fc", .units = zoo_classes(o, 10), .init = STRIATE_INIT_XAVIER });
}
