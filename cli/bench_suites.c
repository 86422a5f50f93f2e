// bench_suites.c - networks whose convolutions are measured, drawn as their papers draw them. What costs no multiply-adds is left out where
// it does not change a shape.
#include "bench.h"

// ---- pieces

// A convolution of kernel h x w, "same" padding unless it has a stride or is `valid`.
struct link {
    int filters, h, w, stride, valid;
};

static striate_node *chain(striate_graph *g, striate_node *x, const struct link *links)
{
    for (; links->filters; links++) {
        int pad = !links->stride && !links->valid;
        x = striate_conv(g, x,
                         (striate_conv_options){ .filters = links->filters,
                                                 .kernel_h = links->h,
                                                 .kernel_w = links->w,
                                                 .stride = links->stride,
                                                 .pad_top = pad * (links->h / 2),
                                                 .pad_bottom = pad * (links->h / 2),
                                                 .pad_left = pad * (links->w / 2),
                                                 .pad_right = pad * (links->w / 2),
                                                 .no_bias = 1 });
    }
    return x;
}
#define CHAIN(g, x, ...) chain(g, x, (const struct link[]){ __VA_ARGS__, { 0 } })
#define CONCAT(g, ...)                                                                                                         \
    striate_concat(g, (striate_node *[]){ __VA_ARGS__ }, sizeof((striate_node *[]){ __VA_ARGS__ }) / sizeof(striate_node *))

static striate_node *conv(striate_graph *g, striate_node *x, int filters, int kernel, int stride, int pad, int groups)
{
    return striate_conv(
        g, x, (striate_conv_options){ .filters = filters, .kernel = kernel, .stride = stride, .pad = pad, .groups = groups });
}

static striate_node *conv_bn(striate_graph *g, striate_node *x, int filters, int kernel, int stride)
{
    return striate_conv(
        g, x,
        (striate_conv_options){ .filters = filters, .kernel = kernel, .stride = stride, .pad = kernel / 2, .no_bias = 1 });
}

static striate_node *max_pool(striate_graph *g, striate_node *x, int size, int stride, int pad)
{
    return striate_max_pool(g, x, (striate_window){ .size = size, .stride = stride, .pad = pad });
}

static striate_node *dense(striate_graph *g, striate_node *x, int units)
{
    return striate_dense(g, x, (striate_dense_options){ .units = units });
}

// ---- Krizhevsky et al. 2012: a tower per GPU, which are groups here

static striate_node *alexnet(striate_graph *g)
{
    striate_node *x = striate_input(g, 227, 227, 3);
    x = max_pool(g, conv(g, x, 96, 11, 4, 0, 1), 3, 2, 0);
    x = max_pool(g, conv(g, x, 256, 5, 1, 2, 2), 3, 2, 0);
    x = conv(g, x, 384, 3, 1, 1, 1);
    x = conv(g, x, 384, 3, 1, 1, 2);
    x = max_pool(g, conv(g, x, 256, 3, 1, 1, 2), 3, 2, 0);
    return dense(g, dense(g, dense(g, x, 4096), 4096), 1000);
}

// ---- Simonyan and Zisserman 2014, table 1, D

static striate_node *vgg16(striate_graph *g)
{
    static const int convs[] = { 2, 2, 3, 3, 3 }, filters[] = { 64, 128, 256, 512, 512 };
    striate_node *x = striate_input(g, 224, 224, 3);
    for (int stage = 0; stage < 5; stage++) {
        for (int i = 0; i < convs[stage]; i++) x = conv(g, x, filters[stage], 3, 1, 1, 1);
        x = max_pool(g, x, 2, 2, 0);
    }
    return dense(g, dense(g, dense(g, x, 4096), 4096), 1000);
}

// ---- Szegedy et al. 2015, table 1, without the auxiliary classifiers

static striate_node *googlenet(striate_graph *g)
{
    static const struct module {
        int ones, reduce3, threes, reduce5, fives, pool;
        bool ends; // a stage: a pooling layer follows
    } modules[] = {
        { 64, 96, 128, 16, 32, 32, false },    { 128, 128, 192, 32, 96, 64, true },    { 192, 96, 208, 16, 48, 64, false },
        { 160, 112, 224, 24, 64, 64, false },  { 128, 128, 256, 24, 64, 64, false },   { 112, 144, 288, 32, 64, 64, false },
        { 256, 160, 320, 32, 128, 128, true }, { 256, 160, 320, 32, 128, 128, false }, { 384, 192, 384, 48, 128, 128, false },
    };
    static const striate_window halve = { .size = 3, .stride = 2, .ceil = 1 };
    striate_node *x = striate_input(g, 224, 224, 3);
    x = striate_max_pool(g, conv(g, x, 64, 7, 2, 3, 1), halve);
    x = striate_max_pool(g, conv(g, conv(g, x, 64, 1, 1, 0, 1), 192, 3, 1, 1, 1), halve);
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        const struct module *m = &modules[i];
        x = CONCAT(g, conv(g, x, m->ones, 1, 1, 0, 1), conv(g, conv(g, x, m->reduce3, 1, 1, 0, 1), m->threes, 3, 1, 1, 1),
                   conv(g, conv(g, x, m->reduce5, 1, 1, 0, 1), m->fives, 5, 1, 2, 1),
                   conv(g, max_pool(g, x, 3, 1, 1), m->pool, 1, 1, 0, 1));
        if (m->ends) x = striate_max_pool(g, x, halve);
    }
    return dense(g, striate_global_avg_pool(g, x), 1000);
}

// ---- He et al. 2015, table 1; where a bottleneck has a stride, its 3x3 has it, as in torchvision

static striate_node *resnet(striate_graph *g, const int blocks[4], bool bottleneck)
{
    striate_node *x = striate_input(g, 224, 224, 3);
    x = max_pool(g, conv_bn(g, x, 64, 7, 2), 3, 2, 1);
    for (int stage = 0; stage < 4; stage++)
        for (int i = 0; i < blocks[stage]; i++) {
            int width = 64 << stage, out = bottleneck ? 4 * width : width, stride = stage && !i ? 2 : 1;
            striate_node *f = bottleneck ? conv_bn(g, x, width, 1, 1) : x;
            f = conv_bn(g, f, width, 3, stride);
            f = conv_bn(g, f, out, bottleneck ? 1 : 3, 1);
            if (striate_node_size(x).channels != out) x = conv_bn(g, x, out, 1, stride);
            x = striate_add(g, f, x);
        }
    return dense(g, striate_global_avg_pool(g, x), 1000);
}

static striate_node *resnet18(striate_graph *g)
{
    return resnet(g, (const int[]){ 2, 2, 2, 2 }, false);
}

static striate_node *resnet50(striate_graph *g)
{
    return resnet(g, (const int[]){ 3, 4, 6, 3 }, true);
}

// ---- Huang et al. 2016, table 1: growth 32, bottlenecks of 4 x 32, compression 1/2

static striate_node *densenet121(striate_graph *g)
{
    static const int layers[] = { 6, 12, 24, 16 };
    striate_node *x = striate_input(g, 224, 224, 3);
    x = max_pool(g, conv_bn(g, x, 64, 7, 2), 3, 2, 1);
    for (int block = 0; block < 4; block++) {
        if (block) {
            x = conv_bn(g, x, striate_node_size(x).channels / 2, 1, 1);
            x = striate_avg_pool(g, x, (striate_window){ .size = 2, .stride = 2 });
        }
        for (int i = 0; i < layers[block]; i++) x = CONCAT(g, x, conv_bn(g, conv_bn(g, x, 128, 1, 1), 32, 3, 1));
    }
    return dense(g, striate_global_avg_pool(g, x), 1000);
}

// ---- Szegedy et al. 2015, Rethinking the Inception Architecture, as released (torchvision's inception_v3), without the auxiliary classifier

static striate_node *pooled(striate_graph *g, striate_node *x, int filters)
{
    x = striate_avg_pool(g, x, (striate_window){ .size = 3, .stride = 1, .pad = 1 });
    return CHAIN(g, x, { filters, 1, 1 });
}

static striate_node *inception_e(striate_graph *g, striate_node *x)
{
    striate_node *a = CHAIN(g, x, { 384, 1, 1 }), *b = CHAIN(g, x, { 448, 1, 1 }, { 384, 3, 3 });
    return CONCAT(g, CHAIN(g, x, { 320, 1, 1 }), CHAIN(g, a, { 384, 1, 3 }), CHAIN(g, a, { 384, 3, 1 }),
                  CHAIN(g, b, { 384, 1, 3 }), CHAIN(g, b, { 384, 3, 1 }), pooled(g, x, 192));
}

static striate_node *inception_v3(striate_graph *g)
{
    static const int pools[] = { 32, 64, 64 }, sevens[] = { 128, 160, 160, 192 };
    striate_node *x = striate_input(g, 299, 299, 3);
    x = max_pool(g, CHAIN(g, x, { 32, 3, 3, 2 }, { 32, 3, 3, .valid = 1 }, { 64, 3, 3 }), 3, 2, 0);
    x = max_pool(g, CHAIN(g, x, { 80, 1, 1 }, { 192, 3, 3, .valid = 1 }), 3, 2, 0);
    for (int i = 0; i < 3; i++)
        x = CONCAT(g, CHAIN(g, x, { 64, 1, 1 }), CHAIN(g, x, { 48, 1, 1 }, { 64, 5, 5 }),
                   CHAIN(g, x, { 64, 1, 1 }, { 96, 3, 3 }, { 96, 3, 3 }), pooled(g, x, pools[i]));
    x = CONCAT(g, CHAIN(g, x, { 384, 3, 3, 2 }), CHAIN(g, x, { 64, 1, 1 }, { 96, 3, 3 }, { 96, 3, 3, 2 }),
               max_pool(g, x, 3, 2, 0));
    for (int i = 0; i < 4; i++) {
        int c = sevens[i];
        x = CONCAT(g, CHAIN(g, x, { 192, 1, 1 }), CHAIN(g, x, { c, 1, 1 }, { c, 1, 7 }, { 192, 7, 1 }),
                   CHAIN(g, x, { c, 1, 1 }, { c, 7, 1 }, { c, 1, 7 }, { c, 7, 1 }, { 192, 1, 7 }), pooled(g, x, 192));
    }
    x = CONCAT(g, CHAIN(g, x, { 192, 1, 1 }, { 320, 3, 3, 2 }),
               CHAIN(g, x, { 192, 1, 1 }, { 192, 1, 7 }, { 192, 7, 1 }, { 192, 3, 3, 2 }), max_pool(g, x, 3, 2, 0));
    x = inception_e(g, inception_e(g, x));
    return dense(g, striate_global_avg_pool(g, x), 1000);
}

const struct bench_suite bench_suites[] = {
    { "lenet", NULL, true },
    { "alexnet", alexnet, false },
    { "vgg16", vgg16, false },
    { "googlenet", googlenet, false },
    { "resnet18", resnet18, false },
    { "resnet50", resnet50, false },
    { "densenet121", densenet121, false },
    { "inception_v3", inception_v3, false },
    { 0 },
};
