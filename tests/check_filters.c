// check_filters.c - kernels by formula, weights that are not trained, and connection tables: what comes out of them, in files and in text.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <striate.h>

static void ok(striate_status status)
{
    if (status) fail_msg("%s", striate_error());
}

// A network of one convolution, its weights begun; its output for one image.
struct net {
    striate_graph *graph;
    striate_parameter weight;
};

static struct net net_of(int h, int w, int c, striate_conv_options options)
{
    struct net net;
    ok(striate_graph_new(&net.graph));
    striate_conv(net.graph, striate_input(net.graph, h, w, c), options);
    ok(striate_init_weights(net.graph, 3));
    ok(striate_parameter_at(&net.weight, net.graph, 0));
    return net;
}

static void run(float *y, const struct net *net, const float *x, size_t count)
{
    striate_plan *plan;
    ok(striate_compile(&plan, net->graph, (striate_plan_options){ .exact = 1 }));
    memcpy(striate_plan_input(plan), x, count * sizeof *x);
    striate_forward(plan, 1, 0);
    memcpy(y, striate_plan_output(plan), (size_t)striate_plan_values(plan) * sizeof *y);
    striate_plan_free(plan);
}

static void assert_values(const float *got, const float *want, int count)
{
    for (int i = 0; i < count; i++)
        if (!(fabsf(got[i] - want[i]) < 1e-5f)) fail_msg("[%d] is %g, not %g", i, (double)got[i], (double)want[i]);
}

static void derivatives(void **state)
{
    (void)state;
    static const float sobel[18] = { -1, 0, 1, -2, 0, 2, -1, 0, 1, -1, -2, -1, 0, 0, 0, 1, 2, 1 },
                       prewitt[18] = { -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, -1, -1, 0, 0, 0, 1, 1, 1 };
    struct net s = net_of(8, 8, 1, (striate_conv_options){ .filters = 2, .kernel = 3, .init = STRIATE_INIT_SOBEL }),
               p = net_of(8, 8, 1, (striate_conv_options){ .filters = 2, .kernel = 3, .init = STRIATE_INIT_PREWITT }),
               colour = net_of(8, 8, 3, (striate_conv_options){ .filters = 1, .kernel = 3, .init = STRIATE_INIT_SOBEL });
    assert_values(s.weight.values, sobel, 18);
    assert_values(p.weight.values, prewitt, 18);
    for (int i = 0; i < 27; i++) assert_true(fabsf(colour.weight.values[i] - sobel[i / 3] / 3) < 1e-6f);
    striate_graph_free(s.graph), striate_graph_free(p.graph), striate_graph_free(colour.graph);
}

// Two patches of a letter, and what the kernel makes of them by hand.
static void laplacian(void **state)
{
    (void)state;
    static const float edge[9] = { 188, 31, 0, 32, 0, 1, 134, 3, 0 }, flat[9] = { 255, 255, 253, 255, 251, 255, 255, 255, 254 };
    struct net net = net_of(3, 3, 1, (striate_conv_options){ .filters = 1, .kernel = 3, .init = STRIATE_INIT_LAPLACIAN });
    float y;
    run(&y, &net, edge, 9);
    assert_values(&y, &(float){ 67 }, 1);
    run(&y, &net, flat, 9);
    assert_values(&y, &(float){ 16 }, 1);
    striate_graph_free(net.graph);
    ok(striate_graph_new(&net.graph));
    striate_conv(net.graph, striate_input(net.graph, 9, 9, 1), (striate_conv_options){ .filters = 1, .kernel = 5, .init = 5 });
    assert_int_equal(striate_graph_status(net.graph), STRIATE_BAD_NETWORK);
    assert_non_null(strstr(striate_error(), "a kernel of 3x3, not 5x5"));
    striate_graph_free(net.graph);
}

// Each of a bank of Gabor kernels answers most to waves that run its way, and none to plain gray.
static void gabor(void **state)
{
    (void)state;
    enum { FILTERS = 6, SIDE = 11 };
    struct net net =
        net_of(SIDE, SIDE, 1, (striate_conv_options){ .filters = FILTERS, .kernel = SIDE, .init = STRIATE_INIT_GABOR });
    float x[SIDE * SIDE], y[FILTERS];
    for (int k = 0; k <= FILTERS; k++) {
        double turn = 3.14159265358979 * k / FILTERS;
        for (int i = 0; i < SIDE * SIDE; i++) {
            double across = (i % SIDE - SIDE / 2) * cos(turn) + (i / SIDE - SIDE / 2) * sin(turn);
            x[i] = k < FILTERS ? (float)cos(2 * 3.14159265358979 * across / (SIDE / 2.0)) : 0.5f;
        }
        run(y, &net, x, SIDE * SIDE);
        for (int j = 0; j < FILTERS; j++)
            if (k == FILTERS)
                assert_true(fabsf(y[j]) < 1e-5f);
            else if (j != k)
                assert_true(y[k] > 1.5f * y[j]);
    }
    striate_graph_free(net.graph);
}

static void gaussian_pooling(void **state)
{
    (void)state;
    striate_graph *g;
    ok(striate_graph_new(&g));
    striate_node *x = striate_input(g, 8, 8, 2);
    striate_node *y = striate_gaussian_pool(g, x, (striate_window){ .size = 4, .stride = 2 });
    assert_int_equal(striate_node_size(y).height, 3);
    assert_int_equal(striate_node_size(y).channels, 2);
    ok(striate_init_weights(g, 1));
    float image[128], out[18];
    for (int i = 0; i < 128; i++) image[i] = i % 2 ? 3 : -5;
    run(out, &(struct net){ g }, image, 128);
    for (int i = 0; i < 18; i++) assert_true(fabsf(out[i] - (i % 2 ? 3 : -5)) < 1e-5f);
    striate_parameter w;
    ok(striate_parameter_at(&w, g, 0));
    assert_true(w.values[5] > w.values[1] && w.values[1] > w.values[0]); // the middle weighs most
    assert_true(fabsf(w.values[0] / w.values[5] - expf(-2)) < 1e-5f);    // (1.5^2 - 0.5^2) by the diagonal
    striate_graph_free(g);
}

static void frozen_weights_stay(void **state)
{
    (void)state;
    for (int init = STRIATE_INIT_HE; init <= STRIATE_INIT_BLUR; init++) {
        striate_graph *g;
        striate_plan *plan;
        striate_optimizer *sgd;
        striate_parameter frozen, other;
        ok(striate_graph_new(&g));
        striate_node *x = striate_input(g, 6, 6, 2);
        x = striate_conv(g, x, (striate_conv_options){ .filters = 2, .kernel = 3, .init = init, .frozen = 1 });
        striate_dense(g, x, (striate_dense_options){ .units = 3 });
        ok(striate_init_weights(g, 3));
        ok(striate_parameter_at(&frozen, g, 0));
        ok(striate_parameter_at(&other, g, 2));
        ok(striate_compile(&plan, g, (striate_plan_options){ .batch = 2, .train = 1 }));
        ok(striate_optimizer_new(&sgd, g, (striate_optimizer_options){ .momentum = 0.9f, .weight_decay = 0.1f }));
        float before[36], moved = other.values[0];
        memcpy(before, frozen.values, sizeof before);
        assert_true(before[0] != before[2] || before[2] != before[4] || init == STRIATE_INIT_LAPLACIAN);
        for (int i = 0; i < 144; i++) striate_plan_input(plan)[i] = (float)(i % 7);
        striate_plan_labels(plan)[0] = 1, striate_plan_labels(plan)[1] = 2;
        striate_forward(plan, 2, 0);
        striate_backward(plan);
        ok(striate_update(sgd, plan, 0.1f));
        assert_memory_equal(frozen.values, before, sizeof before);
        assert_true(other.values[0] != moved);
        assert_false(frozen.trained);
        assert_null(striate_plan_gradient(plan, 0));
        striate_optimizer_free(sgd);
        striate_plan_free(plan);
        striate_graph_free(g);
    }
}

static const char lecun_table[] =
    "0+1+2,1+2+3,2+3+4,3+4+5,0+4+5,0+1+5,0+1+2+3,1+2+3+4,2+3+4+5,0+3+4+5,0+1+4+5,0+1+2+5,0+1+3+4,1+2+4+5,0+2+3+5,0+1+2+3+4+5";

// LeCun et al. 1998, table I: C3 of LeNet-5 has 60 kernels and 1,516 parameters.
static void connection_tables(void **state)
{
    (void)state;
    static const char *const wrong[] = { "0,1,2",    "0,1,6,3", "0,1+1,2,3", "0,1,2,3,4",
                                         "0,1,2,3+", "0,,2,3",  "0,2+1,2,3", "a,1,2,3" };
    striate_graph *g, *again;
    striate_layer *layers;
    char *text, *second;
    int count;
    char own[sizeof lecun_table];
    memcpy(own, lecun_table, sizeof lecun_table);
    ok(striate_graph_new(&g));
    striate_conv(g, striate_input(g, 14, 14, 6),
                 (striate_conv_options){ .name = "C3", .filters = 16, .kernel = 5, .table = own });
    memset(own, 'x', sizeof own - 1); // the graph has a copy
    ok(striate_graph_to_text(&text, g));
    assert_non_null(strstr(text, lecun_table));
    ok(striate_graph_from_text(&again, text, strlen(text), "c3.net"));
    ok(striate_graph_to_text(&second, again));
    assert_string_equal(text, second);
    ok(striate_layers(&layers, &count, again));
    assert_int_equal(layers[1].parameters, 1516);
    assert_int_equal(layers[1].macs, 150000);
    striate_parameter w;
    ok(striate_parameter_at(&w, again, 0));
    assert_int_equal(w.dims[0], 60);
    assert_int_equal(w.dims[1], 1);
    free(layers), free(text), free(second);
    striate_graph_free(g), striate_graph_free(again);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ok(striate_graph_new(&g));
        striate_conv(g, striate_input(g, 8, 8, 6), (striate_conv_options){ .filters = 4, .kernel = 3, .table = wrong[i] });
        if (!striate_graph_status(g)) fail_msg("'%s' is taken", wrong[i]);
        assert_non_null(strstr(striate_error(), "channels 0 to 5, rising"));
        striate_graph_free(g);
    }
}

// LeNet-5 (LeCun et al. 1998, II.B) has 60,000 trained parameters; the codes of its outputs are told apart by many pixels; and its loss teaches.
static void lenet5(void **state)
{
    (void)state;
    enum { IMAGES = 10, STEPS = 60, PIXELS = 84 };
    striate_graph *g;
    striate_plan *plan;
    striate_optimizer *sgd;
    striate_layer *layers;
    int count, right = 0;
    ok(striate_graph_new(&g));
    striate_node *x = striate_input(g, 32, 32, 1);
    x = striate_conv(g, x, (striate_conv_options){ .name = "C1", .filters = 6, .kernel = 5, .init = STRIATE_INIT_XAVIER });
    x = striate_subsample(g, striate_scaled_tanh(g, x), (striate_window){ .name = "S2", .size = 2, .stride = 2 });
    x = striate_conv(g, striate_scaled_tanh(g, x),
                     (striate_conv_options){ .name = "C3", .filters = 16, .kernel = 5, .init = 1, .table = lecun_table });
    x = striate_subsample(g, striate_scaled_tanh(g, x), (striate_window){ .name = "S4", .size = 2, .stride = 2 });
    x = striate_conv(g, striate_scaled_tanh(g, x),
                     (striate_conv_options){ .name = "C5", .filters = 120, .kernel = 5, .init = STRIATE_INIT_XAVIER });
    x = striate_dense(g, striate_scaled_tanh(g, x),
                      (striate_dense_options){ .name = "F6", .units = PIXELS, .init = STRIATE_INIT_XAVIER });
    x = striate_rbf(g, striate_scaled_tanh(g, x), (striate_rbf_options){ .name = "RBF", .units = 10 });
    striate_rbf_loss(g, x, (striate_rbf_loss_options){ 0 });
    ok(striate_init_weights(g, 1));
    ok(striate_layers(&layers, &count, g));
    int64_t parameters = 0, macs = 0;
    for (int i = 0; i < count; i++) parameters += layers[i].parameters, macs += layers[i].macs;
    assert_int_equal(parameters, 60000);
    assert_int_equal(macs, 326520);
    free(layers);

    striate_parameter codes;
    ok(striate_parameter_at(&codes, g, striate_parameter_count(g) - 1));
    assert_false(codes.trained);
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < i; j++) {
            int apart = 0;
            for (int p = 0; p < PIXELS; p++) apart += codes.values[i * PIXELS + p] != codes.values[j * PIXELS + p];
            if (apart < 9) fail_msg("%d and %d differ in %d pixels", i, j, apart);
        }

    ok(striate_compile(&plan, g, (striate_plan_options){ .batch = IMAGES, .train = 1 }));
    ok(striate_optimizer_new(&sgd, g, (striate_optimizer_options){ .momentum = 0.9f }));
    double first = 0, last = 0;
    for (int step = 0; step < STEPS; step++) {
        for (int n = 0; n < IMAGES; n++) {
            striate_plan_labels(plan)[n] = n;
            for (int i = 0; i < 1024; i++) // stripes of ten widths and slopes
                striate_plan_input(plan)[n * 1024 + i] = (i / 32 * (n % 3) + i % 32 * (n + 1)) % 16 < 8 ? -0.1f : 1.175f;
        }
        striate_forward(plan, IMAGES, (uint64_t)step);
        last = striate_loss(plan);
        if (!step) first = last;
        striate_backward(plan);
        ok(striate_update(sgd, plan, 0.0005f));
    }
    for (int n = 0; n < IMAGES; n++) {
        const float *y = striate_plan_output(plan) + n * 10;
        int best = 0;
        for (int k = 1; k < 10; k++) best = y[k] > y[best] ? k : best;
        right += best == n;
    }
    assert_int_equal(right, IMAGES);
    assert_true(last < first / 4);
    striate_optimizer_free(sgd);
    striate_plan_free(plan);
    striate_graph_free(g);
}

// The answer to a wave of so many cycles per pixel along the rows.
static double answer(const float *w, int size, double cycles)
{
    double sum = 0;
    for (int i = 0; i < size * size; i++) sum += (double)w[i] * cos(6.283185307179586 * cycles * (i % size - size / 2));
    return sum;
}

static void even_spectra(void **state)
{
    (void)state;
    enum { SIZE = 13 };
    struct net whiten = net_of(20, 20, 1, (striate_conv_options){ .filters = 1, .kernel = SIZE, .init = STRIATE_INIT_WHITEN }),
               decay = net_of(8, 8, 2, (striate_conv_options){ .filters = 1, .kernel = 5, .init = STRIATE_INIT_DECAY });
    const float *w = whiten.weight.values;
    assert_true(fabs(answer(w, SIZE, 0)) < 1e-5);
    for (double f = 0.1; f < 0.3; f += 0.05) { // as f exp(-(f / 0.4)^4), but for what so small a kernel cannot do
        double want = f / 0.2 * exp(pow(0.5, 4) - pow(f / 0.4, 4)), got = answer(w, SIZE, f) / answer(w, SIZE, 0.2);
        if (fabs(got - want) > 0.1) fail_msg("at %g it is %g, not %g", f, got, want);
    }
    assert_true(answer(w, SIZE, 0.5) < 0.5 * answer(w, SIZE, 0.3));
    const float *d = decay.weight.values;
    double sum = 0;
    for (int i = 0; i < 50; i++) sum += (double)d[i];
    assert_true(fabs(sum - 1) < 1e-6);
    assert_true(fabsf(d[22] - 0.9f * d[24]) < 1e-7f && fabsf(d[4] - 0.81f * d[24]) < 1e-7f && d[24] == d[25]);
    striate_graph_free(whiten.graph), striate_graph_free(decay.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivatives),      cmocka_unit_test(laplacian),           cmocka_unit_test(gabor),
        cmocka_unit_test(gaussian_pooling), cmocka_unit_test(frozen_weights_stay), cmocka_unit_test(connection_tables),
        cmocka_unit_test(lenet5),           cmocka_unit_test(even_spectra),
    };
    return cmocka_run_group_tests_name("filters", tests, NULL, NULL);
}
