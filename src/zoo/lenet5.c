// lenet5.c - LeNet-5 (LeCun et al. 1998, II.B and figure 2): trainable subsampling, maps of C3 that read some of S2's (table I), scaled tanh, and
// an output of distances to pictures of the digits. 60,000 parameters, 340,908 connections. lenet5_softmax ends in 10 dense units: 60,850;
// lenet5_plain also has means for subsampling and lets every map of C3 read all of S2, as most copies: 61,706.
//
//   32x32x1 - C1 5x5, 6 - S2 /2 - C3 5x5, 16 - S4 /2 - C5 5x5, 120 - F6 84 - RBF 10
#include "zoo/zoo.h"

#include <stdio.h>
#include <string.h>

enum { S2 = 6, C3 = 16 };

// Table I: which maps of S2 each of C3 reads.
static const char *const table[C3] = { "012",  "123",  "234",  "345",  "045",  "015",  "0123", "1234",
                                       "2345", "0345", "0145", "0125", "0134", "1245", "0235", "012345" };

// The same for other numbers of maps, each of which stands for one of the paper's; one that would read nothing reads one.
static const char *connections(char *text, size_t room, int inputs, int filters)
{
    size_t at = 0;
    for (int f = 0; f < filters; f++) {
        const char *row = table[(long)f * C3 / filters];
        int read = 0;
        for (int c = 0; c < inputs && at + 16 < room; c++)
            if (strchr(row, '0' + (int)((long)c * S2 / inputs)))
                at += (size_t)snprintf(text + at, room - at, "%s%d", read++ ? "+" : f ? "," : "", c);
        if (!read && at + 16 < room) at += (size_t)snprintf(text + at, room - at, "%s%d", f ? "," : "", f % inputs);
    }
    return text;
}

static striate_node *conv(striate_graph *g, striate_node *x, const char *name, int filters, const char *connected)
{
    return striate_scaled_tanh(
        g, striate_conv(g, x,
                        (striate_conv_options){
                            .name = name, .filters = filters, .kernel = 5, .init = STRIATE_INIT_XAVIER, .table = connected }));
}

static striate_node *subsample(striate_graph *g, striate_node *x, const char *name, int plain)
{
    striate_window half = { .name = name, .size = 2, .stride = 2 };
    return plain ? striate_avg_pool(g, x, half) : striate_scaled_tanh(g, striate_subsample(g, x, half));
}

striate_node *zoo_lenet5(striate_graph *g, const char *name, striate_zoo_options o)
{
    char text[1 << 16];
    int plain = !strcmp(name, "lenet5_plain"), c1 = zoo_wide(o, 6), c3 = zoo_wide(o, C3), f6 = zoo_wide(o, 84);
    int classes = zoo_classes(o, 10);
    striate_node *x = conv(g, zoo_input(g, o, 32, 32, 1), "C1", c1, NULL);
    x = subsample(g, x, "S2", plain);
    x = conv(g, x, "C3", c3, plain ? NULL : connections(text, sizeof text, c1, c3));
    x = subsample(g, x, "S4", plain);
    x = conv(g, x, "C5", zoo_wide(o, 120), NULL);
    x = striate_dense(g, x, (striate_dense_options){ .name = "F6", .units = f6, .init = STRIATE_INIT_XAVIER });
    x = striate_scaled_tanh(g, x);
    if (strcmp(name, "lenet5"))
        return striate_dense(g, x, (striate_dense_options){ .name = "output", .units = classes, .init = STRIATE_INIT_XAVIER });
    x = striate_rbf(g, x, (striate_rbf_options){ .name = "RBF", .units = classes, .codes = f6 != 84 || classes != 10 });
    striate_rbf_loss(g, x, (striate_rbf_loss_options){ .name = "loss" });
    return x;
}
