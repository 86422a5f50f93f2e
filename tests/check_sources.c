// check_sources.c - the worked examples of the literature, number by number: how lectures and books explain convolution, pooling, their
// gradients and the sizes of famous networks. Where texts disagree the arithmetic decides.
#include "ops/op.h"
#include "striate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// ---- one op on one image of one channel ----

struct image {
    int h, w;
    float v[36];
};

// y = op(x); where dy is given, dx too, and dw of an op with weights. Weights are all in `w`, biases 0.
static struct image run(const char *name, void *options, struct image x, const float *w, const struct image *dy,
                        struct image *dx, float *dw)
{
    const struct op *op = op_find(name);
    struct image y = { 0 };
    struct tensor in = { x.v, 1, { x.h, x.w, 1, 1 }, 1 }, out = { y.v, 1, { 0 }, 1 }, din = in, dout = out;
    struct tensor *ins[] = { &in }, *dins[] = { &din };
    struct op_args a = { .k = kernels_pick(),
                         .options = options,
                         .ins = 1,
                         .in = ins,
                         .din = dins,
                         .add = &(bool){ false },
                         .slots = 1,
                         .train = true };
    struct op_plan plan = { 0 };
    if (op->shape(&a, &plan)) fail_msg("%s: %s", name, striate_error());
    float bias[1] = { 0 }, dbias[1];
    a.param[0] = (float *)(uintptr_t)w, a.param[1] = bias, a.dparam[0] = dw, a.dparam[1] = dbias;
    a.saved = malloc(plan.saved + 1), a.packed = malloc(plan.packed + 1), a.workspace = malloc(plan.workspace + 1);
    a.out = &out, a.dout = &dout;
    out.shape = dout.shape = plan.out;
    y.h = plan.out.h, y.w = plan.out.w;
    if (op->pack) op->pack(&a);
    op->forward(&a);
    if (dy) {
        dx->h = x.h, dx->w = x.w;
        din.data = dx->v;
        dout.data = (float *)(uintptr_t)dy->v;
        op->backward(&a);
    }
    free(a.saved), free(a.packed), free(a.workspace);
    return y;
}

static void assert_image(const struct image *got, const struct image *want)
{
    assert_int_equal(got->h, want->h);
    assert_int_equal(got->w, want->w);
    for (int i = 0; i < want->h * want->w; i++)
        if (fabsf(got->v[i] - want->v[i]) > 1e-4f) fail_msg("[%d]: got %g, not %g", i, (double)got->v[i], (double)want->v[i]);
}

static const struct image lecture = { 4, 4, { 1, 8, 4, 3, 7, 2, 1, 9, 6, 1, 2, 4, 8, 7, 6, 0 } };

static void max_pooling(void **state)
{
    (void)state;
    striate_window o = { .size = 2, .stride = 2 };
    struct image dx, residual = { 2, 2, { 7, 3, 1, 4 } }, y = run("max_pool", &o, lecture, NULL, &residual, &dx, NULL);
    assert_image(&y, &(struct image){ 2, 2, { 8, 9, 8, 6 } });
    assert_image(&dx, &(struct image){ 4, 4, { 0, 7, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1, 0, 4, 0 } });
}

// The upper left of a letter Z.
static void max_pooling_of_a_letter(void **state)
{
    (void)state;
    striate_window o = { .size = 2, .stride = 2 };
    struct image letter = { 6, 6, { 254, 255, 255, 253, 255, 250, 253, 250, 255, 253, 254, 255, 255, 188, 31,  0,   2,   0,
                                    250, 32,  0,   1,   0,   2,   255, 134, 3,   0,   3,   0,   253, 252, 255, 250, 178, 18 } };
    struct image y = run("max_pool", &o, letter, NULL, NULL, NULL, NULL);
    assert_image(&y, &(struct image){ 3, 3, { 255, 255, 255, 255, 31, 2, 255, 255, 178 } });
}

static void mean_pooling(void **state)
{
    (void)state;
    striate_window o = { .size = 2, .stride = 2 };
    struct image dx, residual = { 2, 2, { 8, 4, 16, 4 } }, y = run("avg_pool", &o, lecture, NULL, &residual, &dx, NULL);
    assert_image(&y, &(struct image){ 2, 2, { 4.5f, 4.25f, 5.5f, 3 } });
    assert_image(&dx, &(struct image){ 4, 4, { 2, 2, 1, 1, 2, 2, 1, 1, 4, 4, 1, 1, 4, 4, 1, 1 } });
}

// A maximum that moves inside its window does not change the result; one that leaves it does.
static void pooling_is_invariant(void **state)
{
    (void)state;
    striate_window o = { .size = 3, .stride = 3 };
    struct image want = { 0 };
    for (int at = 0; at < 36; at++) {
        struct image x = { 6, 6, { 0 } };
        for (int i = 0; i < 36; i++) x.v[i] = (float)(i % 10);
        x.v[at] = 11;
        struct image y = run("max_pool", &o, x, NULL, NULL, NULL, NULL);
        int window = at / 18 * 2 + at % 6 / 3;
        if (at == 0) want = y;
        assert_int_equal(y.h * y.w, 4);
        assert_true(y.v[window] == 11);
        if (window == 0)
            assert_image(&y, &want);
        else
            assert_true(y.v[0] < 11);
    }
}

static void laplacian(void **state)
{
    (void)state;
    const float kernel[9] = { 0, 1, 0, 1, -4, 1, 0, 1, 0 };
    striate_conv_options o = { .filters = 1, .kernel = 3, .stride = 1, .dilation = 1, .groups = 1 };
    struct image edge = { 3, 3, { 188, 31, 0, 32, 0, 1, 134, 3, 0 } },
                 flat = { 3, 3, { 255, 255, 253, 255, 251, 255, 255, 255, 254 } };
    assert_true(run("conv", &o, edge, kernel, NULL, NULL, NULL).v[0] == 67);
    assert_true(run("conv", &o, flat, kernel, NULL, NULL, NULL).v[0] == 16);
}

// Moved, then convolved, is convolved, then moved.
static void convolution_is_equivariant(void **state)
{
    (void)state;
    const float kernel[9] = { 1, -2, 3, 5, 7, -4, 2, 6, -1 };
    striate_conv_options o = { .filters = 1, .kernel = 3, .stride = 1, .dilation = 1, .groups = 1 };
    struct image x = { 6, 6, { 0 } }, moved = x;
    for (int i = 0; i < 36; i++) x.v[i] = (float)(i * i % 17);
    for (int i = 0; i < 36; i++)
        if (i / 6 && i % 6 > 1) moved.v[i] = x.v[i - 6 - 2]; // a row down and two columns to the right
    struct image y = run("conv", &o, x, kernel, NULL, NULL, NULL), z = run("conv", &o, moved, kernel, NULL, NULL, NULL);
    for (int p = 1; p < 4; p++)
        for (int q = 2; q < 4; q++) assert_true(z.v[p * 4 + q] == y.v[(p - 1) * 4 + q - 2]);
}

// Minus its mean, a pattern answers to itself most.
static void templates_find_themselves(void **state)
{
    (void)state;
    const float pattern[9] = { 9, 1, 9, 1, 9, 1, 9, 9, 9 };
    float kernel[9], mean = 0;
    striate_conv_options o = { .filters = 1, .kernel = 3, .stride = 1, .dilation = 1, .groups = 1 };
    for (int i = 0; i < 9; i++) mean += pattern[i] / 9;
    for (int i = 0; i < 9; i++) kernel[i] = pattern[i] - mean;
    for (int at = 0; at < 16; at++) {
        struct image x = { 6, 6, { 0 } };
        for (int i = 0; i < 36; i++) x.v[i] = 9; // brighter than the pattern
        for (int i = 0; i < 9; i++) x.v[(at / 4 + i / 3) * 6 + at % 4 + i % 3] = pattern[i];
        struct image y = run("conv", &o, x, kernel, NULL, NULL, NULL);
        for (int i = 0; i < 16; i++) assert_true(i == at || y.v[i] < y.v[at]);
    }
}

// A dense layer is a convolution whose kernel is as large as its input.
static void dense_is_convolution(void **state)
{
    (void)state;
    struct image x = { 4, 5, { 0 } };
    float w[20];
    for (int i = 0; i < 20; i++) {
        x.v[i] = (float)(i * 7 % 11) - 3;
        w[i] = (float)(i * 5 % 13) - 6;
    }
    striate_conv_options conv = {
        .filters = 1, .kernel = 4, .kernel_h = 4, .kernel_w = 5, .stride = 1, .dilation = 1, .groups = 1
    };
    striate_dense_options dense = { .units = 1 };
    struct image y = run("conv", &conv, x, w, NULL, NULL, NULL), z = run("dense", &dense, x, w, NULL, NULL, NULL);
    assert_image(&y, &z);
    assert_int_equal(y.h * y.w, 1);
}

// Convolution here is correlation; the gradient of its input is the full convolution of the residual: zeros around it (and, with a
// stride, between its values), then correlated with the kernel turned by 180 degrees. That of the kernel correlates input and residual.
static void rotated_kernels(void **state)
{
    (void)state;
    for (int stride = 1; stride <= 2; stride++)
        for (int size = 2; size <= 3; size++) {
            striate_conv_options o = { .filters = 1, .kernel = size, .stride = stride, .dilation = 1, .groups = 1 };
            int outs = (5 - size) / stride + 1, spread = (outs - 1) * stride + 1, left = 5 - (spread + size - 1);
            float kernel[9] = { 1, -2, 3, 5, 7, -4, 2, 6, -1 }, turned[9], dw[9];
            struct image x = { 5, 5, { 0 } }, dy = { outs, outs, { 0 } }, dx, wide = { spread, spread, { 0 } };
            for (int i = 0; i < 25; i++) x.v[i] = (float)(i * 7 % 11) - 3;
            for (int i = 0; i < outs * outs; i++) {
                dy.v[i] = (float)(i * 5 % 7) - 2;
                wide.v[i / outs * stride * spread + i % outs * stride] = dy.v[i];
            }
            for (int i = 0; i < size * size; i++) turned[i] = kernel[size * size - 1 - i];
            struct image y = run("conv", &o, x, kernel, &dy, &dx, dw);
            assert_int_equal(y.h, outs);

            striate_conv_options full = {
                .filters = 1, .kernel = size, .stride = 1, .dilation = 1, .groups = 1, .pad = size - 1
            };
            full.pad_bottom = full.pad_right = left; // rows and columns that no window reached
            struct image want = run("conv", &full, wide, turned, NULL, NULL, NULL);
            assert_image(&dx, &want);
            for (int r = 0; r < size; r++)
                for (int s = 0; s < size; s++) {
                    float sum = 0;
                    for (int p = 0; p < outs; p++)
                        for (int q = 0; q < outs; q++) sum += dy.v[p * outs + q] * x.v[(p * stride + r) * 5 + q * stride + s];
                    assert_true(fabsf(dw[r * size + s] - sum) < 1e-4f);
                }
        }
}

static void softmax_of_scores(void **state)
{
    (void)state;
    float x[5] = { 1, 2, 3, 4, 1 }, moved[5], y[5], z[5], sum = 0;
    for (int i = 0; i < 5; i++) moved[i] = x[i] + 100;
    kernels_pick()->softmax(1, 5, x, 5, y, 5);
    kernels_pick()->softmax(1, 5, moved, 5, z, 5);
    for (int i = 0; i < 5; i++) {
        sum += y[i];
        assert_true(fabsf(y[i] - z[i]) < 1e-6f); // only differences of scores count
    }
    assert_true(fabsf(sum - 1) < 1e-6f); // k outputs are k classes: there is no class beside them
    assert_true(fabs(y[3] / y[2] - exp(1)) < 1e-5);
}

// ---- sizes and costs of networks, as text ----

static striate_layer *layers_of(const char *text, int *count)
{
    striate_graph *graph = NULL;
    striate_layer *layers = NULL;
    if (striate_graph_from_text(&graph, text, strlen(text), "text") || striate_layers(&layers, count, graph))
        fail_msg("%s", striate_error());
    // The names belong to the graph, and are not used.
    striate_graph_free(graph);
    return layers;
}

// The last layer of a network.
static striate_layer last_of(const char *text)
{
    int count;
    striate_layer *layers = layers_of(text, &count), last = layers[count - 1];
    free(layers);
    return last;
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        int input;
        const char *op;
        int output;
    } table[] = {
        { 227, "conv x filters=1 kernel=11 stride=4", 55 },       // AlexNet as its sizes want it
        { 224, "conv x filters=1 kernel=11 stride=4", 54 },       // as its figure is labelled
        { 224, "conv x filters=1 kernel=11 stride=4 pad=2", 55 }, // as torchvision has it
        { 55, "max_pool x size=3 stride=2", 27 },                 // its overlapping pools
        { 27, "max_pool x size=3 stride=2", 13 },
        { 13, "max_pool x size=3 stride=2", 6 },
        { 13, "conv x filters=1 kernel=3 pad=1", 13 },            // 13 + 2 - 3 + 1
        { 5, "conv x filters=1 kernel=3", 3 },                    // valid: m - p + 1
        { 5, "conv x filters=1 kernel=3 pad=2", 7 },              // full: m + p - 1
        { 224, "conv x filters=1 kernel=7 stride=2 pad=3", 112 }, // ResNet's conv1
        { 112, "max_pool x size=3 stride=2 pad=1", 56 },          // and its pool
        { 112, "max_pool x size=3 stride=2", 55 },                // GoogLeNet's pool, floored
        { 112, "max_pool x size=3 stride=2 ceil=1", 56 },         // as Caffe rounds
        { 14, "avg_pool x size=5 stride=3", 4 },                  // its side heads
        { 991, "max_pool x size=2 stride=2 ceil=1", 496 },        // edges filled with zeros
        { 991, "max_pool x size=2 stride=2", 495 },               // or ignored
        { 32, "conv x filters=1 kernel=5", 28 },                  // LeNet-5's C1
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[256];
        snprintf(text, sizeof text, "x = input height=%d width=%d channels=1\ny = %s\n", table[i].input, table[i].input,
                 table[i].op);
        striate_layer last = last_of(text);
        if (last.size.height != table[i].output || last.size.width != table[i].output)
            fail_msg("%d, %s: %d, not %d", table[i].input, table[i].op, last.size.height, table[i].output);
    }
}

// Sparse connections and shared weights.
static void connections(void **state)
{
    (void)state;
    striate_layer small = last_of("x = input height=4 width=4 channels=1\ny = conv x filters=1 kernel=2 no_bias=1\n");
    striate_layer small_full = last_of("x = input height=4 width=4 channels=1\ny = dense x units=9 no_bias=1\n");
    assert_int_equal(small.connections, 36);
    assert_int_equal(small_full.connections, 144);
    assert_int_equal(small.parameters, 4);

    striate_layer large = last_of("x = input height=256 width=256 channels=1\ny = conv x filters=1 kernel=2 no_bias=1\n");
    int64_t values = (int64_t)large.size.height * large.size.width;
    assert_int_equal(values, 65025);
    assert_true(65536 * values == 4261478400);
    assert_int_equal(large.connections, 260100);
    assert_int_equal(large.parameters, 4);

    striate_layer field = last_of("x = input height=1000 width=1000 channels=1\ny = conv x filters=1 kernel=10\n");
    assert_int_equal(field.size.height, 991);
    assert_int_equal(field.macs, 98208100);
    assert_int_equal(field.connections, 98208100 + 991 * 991); // and a bias each
    assert_int_equal(field.parameters, 101);
    striate_layer full = last_of("x = input height=1000 width=1000 channels=1\ny = dense x units=1000\n");
    assert_int_equal(full.macs, 1000000000);
    assert_int_equal(full.parameters, 1000000000 + 1000);
}

// AlexNet's weights, layer by layer, without biases; in two groups as it was trained.
static void alexnet_weights(void **state)
{
    (void)state;
    static const struct {
        const char *layer;
        int64_t weights;
    } table[] = {
        { "x = input height=227 width=227 channels=3\ny = conv x filters=96 kernel=11 stride=4 no_bias=1\n", 34848 },
        { "x = input height=27 width=27 channels=96\ny = conv x filters=256 kernel=5 pad=2 no_bias=1\n", 614400 },
        { "x = input height=27 width=27 channels=96\ny = conv x filters=256 kernel=5 pad=2 groups=2 no_bias=1\n", 307200 },
        { "x = input height=13 width=13 channels=256\ny = conv x filters=384 kernel=3 pad=1 no_bias=1\n", 884736 },
        { "x = input height=13 width=13 channels=384\ny = conv x filters=384 kernel=3 pad=1 no_bias=1\n", 1327104 },
        { "x = input height=13 width=13 channels=384\ny = conv x filters=256 kernel=3 pad=1 groups=2 no_bias=1\n", 442368 },
        { "x = input height=6 width=6 channels=256\ny = dense x units=4096 no_bias=1\n", 37748736 },
        { "x = input height=1 width=1 channels=4096\ny = dense x units=4096 no_bias=1\n", 16777216 },
        { "x = input height=1 width=1 channels=4096\ny = dense x units=1000 no_bias=1\n", 4096000 },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(last_of(table[i].layer).parameters, table[i].weights);
}

static int64_t all_macs(const char *text, striate_size *size)
{
    int count;
    int64_t macs = 0;
    striate_layer *layers = layers_of(text, &count);
    for (int i = 0; i < count; i++) macs += layers[i].macs;
    *size = layers[count - 1].size;
    free(layers);
    return macs;
}

// An Inception module on 28x28x256, naive and with 1x1 convolutions that reduce first.
static void inception(void **state)
{
    (void)state;
    striate_size size;
    int64_t naive = all_macs("x = input height=28 width=28 channels=256\n"
                             "a = conv x filters=128 kernel=1\n"
                             "b = conv x filters=192 kernel=3 pad=1\n"
                             "c = conv x filters=96 kernel=5 pad=2\n"
                             "d = max_pool x size=3 stride=1 pad=1\n"
                             "y = concat a b c d\n",
                             &size);
    assert_int_equal(naive, 854196224);
    assert_int_equal(size.channels, 672);
    int64_t reduced = all_macs("x = input height=28 width=28 channels=256\n"
                               "a = conv x filters=128 kernel=1\n"
                               "b1 = conv x filters=64 kernel=1\n"
                               "b2 = conv b1 filters=192 kernel=3 pad=1\n"
                               "c1 = conv x filters=64 kernel=1\n"
                               "c2 = conv c1 filters=96 kernel=5 pad=2\n"
                               "d1 = max_pool x size=3 stride=1 pad=1\n"
                               "d2 = conv d1 filters=64 kernel=1\n"
                               "y = concat a b2 c2 d2\n",
                               &size);
    assert_int_equal(reduced, 271351808);
    assert_int_equal(size.channels, 480);
    assert_int_equal(size.height, 28);
}

// Two 3x3 convolutions see 5x5 pixels, three see 7x7 (VGG); pooling lets the next layer see more.
static void receptive_fields(void **state)
{
    (void)state;
    int count;
    striate_layer *layers = layers_of("x = input height=32 width=32 channels=1\n"
                                      "a = conv x filters=1 kernel=3 pad=1\n"
                                      "b = conv a filters=1 kernel=3 pad=1\n"
                                      "c = conv b filters=1 kernel=3 pad=1\n"
                                      "d = max_pool c size=2 stride=2\n"
                                      "e = conv d filters=1 kernel=3 pad=1\n"
                                      "f = flatten e\n",
                                      &count);
    const int want[] = { 1, 3, 5, 7, 8, 12, 42 };
    for (int i = 0; i < 7; i++) assert_int_equal(layers[i].receptive_h, want[i]);
    assert_int_equal(layers[4].stride_h, 2);
    free(layers);
}

// ---- small networks that learn ----

struct learner {
    striate_graph *graph;
    striate_plan *plan;
};

static void must(striate_status status)
{
    if (status) fail_msg("%s", striate_error());
}

// Trains on all of x[count][values] at once.
static struct learner learn(const char *text, uint64_t seed, const float *x, const int *labels, int count, int values,
                            int steps, float rate)
{
    struct learner l = { 0 };
    striate_optimizer *sgd = NULL;
    must(striate_graph_from_text(&l.graph, text, strlen(text), "text"));
    must(striate_init_weights(l.graph, seed));
    must(striate_compile(&l.plan, l.graph, (striate_plan_options){ .batch = count, .train = 1 }));
    must(striate_optimizer_new(&sgd, l.graph, (striate_optimizer_options){ .momentum = 0.9f }));
    memcpy(striate_plan_input(l.plan), x, (size_t)count * (size_t)values * sizeof *x);
    memcpy(striate_plan_labels(l.plan), labels, (size_t)count * sizeof *labels);
    for (int step = 0; step < steps; step++) {
        striate_forward(l.plan, count, (uint64_t)step);
        striate_backward(l.plan);
        must(striate_update(sgd, l.plan, rate));
    }
    striate_forward(l.plan, count, (uint64_t)steps);
    striate_optimizer_free(sgd);
    return l;
}

static void learner_free(struct learner *l)
{
    striate_plan_free(l->plan);
    striate_graph_free(l->graph);
}

static int right_answers(const struct learner *l, const int *labels, int count)
{
    int right = 0, values = striate_plan_values(l->plan);
    const float *y = striate_plan_output(l->plan);
    for (int i = 0; i < count; i++, y += values) {
        int best = 0;
        for (int j = 1; j < values; j++) best = y[j] > y[best] ? j : best;
        right += best == labels[i];
    }
    return right;
}

// One layer cannot tell exclusive or, a hidden one can.
static void exclusive_or(void **state)
{
    (void)state;
    const float x[8] = { 0, 0, 0, 1, 1, 0, 1, 1 };
    const int labels[4] = { 0, 1, 1, 0 };
    struct learner line = learn("x = input height=1 width=1 channels=2\ny = dense x units=2\n", 1, x, labels, 4, 2, 1000, 0.1f);
    assert_true(right_answers(&line, labels, 4) < 4);
    assert_true(striate_loss(line.plan) > 0.6);
    learner_free(&line);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct learner bent = learn("x = input height=1 width=1 channels=2\n"
                                    "h = dense x units=8\n"
                                    "t = tanh h\n"
                                    "y = dense t units=2\n",
                                    seed, x, labels, 4, 2, 1000, 0.1f);
        assert_int_equal(right_answers(&bent, labels, 4), 4);
        assert_true(striate_loss(bent.plan) < 0.05);
        learner_free(&bent);
    }
}

// Eight patterns through three hidden units: the units find a code of their own, a different one for each pattern.
static void autoencoder(void **state)
{
    (void)state;
    float x[64] = { 0 };
    int labels[8];
    for (int i = 0; i < 8; i++) x[i * 8 + i] = 1, labels[i] = i;
    const char *encoder = "x = input height=1 width=1 channels=8\nh = dense x units=3\ns = sigmoid h\n";
    char text[256];
    snprintf(text, sizeof text, "%sy = dense s units=8\n", encoder);
    struct learner l = learn(text, 1, x, labels, 8, 8, 3000, 0.3f);
    assert_int_equal(right_answers(&l, labels, 8), 8);
    assert_true(striate_loss(l.plan) < 0.1);

    struct learner half = { 0 };
    must(striate_graph_from_text(&half.graph, encoder, strlen(encoder), "text"));
    must(striate_compile(&half.plan, half.graph, (striate_plan_options){ .batch = 8 }));
    for (int i = 0; i < 2; i++) {
        striate_parameter from, to;
        must(striate_parameter_at(&from, l.graph, i));
        must(striate_parameter_at(&to, half.graph, i));
        memcpy(to.values, from.values, from.count * sizeof *from.values);
    }
    memcpy(striate_plan_input(half.plan), x, sizeof x);
    striate_forward(half.plan, 8, 0);
    const float *code = striate_plan_output(half.plan);
    assert_int_equal(striate_plan_values(half.plan), 3);
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < i; j++) {
            float apart = 0;
            for (int unit = 0; unit < 3; unit++) apart = fmaxf(apart, fabsf(code[i * 3 + unit] - code[j * 3 + unit]));
            assert_true(apart > 0.25f);
        }
    learner_free(&half);
    learner_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_pooling),
        cmocka_unit_test(max_pooling_of_a_letter),
        cmocka_unit_test(convolution_is_equivariant),
        cmocka_unit_test(templates_find_themselves),
        cmocka_unit_test(dense_is_convolution),
        cmocka_unit_test(mean_pooling),
        cmocka_unit_test(pooling_is_invariant),
        cmocka_unit_test(laplacian),
        cmocka_unit_test(rotated_kernels),
        cmocka_unit_test(softmax_of_scores),
        cmocka_unit_test(sizes),
        cmocka_unit_test(connections),
        cmocka_unit_test(alexnet_weights),
        cmocka_unit_test(inception),
        cmocka_unit_test(receptive_fields),
        cmocka_unit_test(exclusive_or),
        cmocka_unit_test(autoencoder),
    };
    return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
