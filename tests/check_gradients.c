// check_gradients.c - whole networks of convolutions against central differences, in double precision: every weight, by Winograd wherever it
// can and as the library chooses.
#include "graph/plan.h"
#include "ops/linear.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { BATCH = 3, IMAGES = 2, H = 9, W = 10, CHANNELS = 2, CLASSES = 3, CONVOLUTIONS = 4 };
static const double STEP = 1e-6, ABSOLUTE = 1e-7, RELATIVE = 1e-4;

// Chains of convolutions; where the size stays, what comes out lies beside what went in.
static const struct network {
    striate_conv_options conv[CONVOLUTIONS];
    bool refused[CONVOLUTIONS]; // by Winograd
} networks[] = {
    { { { .filters = 3, .kernel = 3, .pad = 1 },
        { .filters = 2, .kernel = 5, .pad = 2 },
        { .filters = 4, .kernel = 3 },
        { .filters = 3, .kernel = 5, .pad = 2, .no_bias = 1 } },
      { false } },
    { { { .filters = 3, .kernel = 5, .pad = 2 },
        { .filters = 5, .kernel = 3, .pad = 1, .no_bias = 1 },
        { .filters = 2, .kernel = 3, .pad_top = 2, .pad_right = 1 },
        { .filters = 3, .kernel = 5, .pad = 1, .pad_bottom = 2 } },
      { false } },
    { { { .filters = 4, .kernel = 3, .pad = 1 },
        { .filters = 3, .kernel = 3, .pad = 1, .stride = 2 },
        { .filters = 2, .kernel = 5, .pad = 2, .stride_w = 2 },
        { .filters = 3, .kernel = 3, .pad = 2 } },
      { false, true, true, false } },
    { { { .filters = 4, .kernel = 3, .pad = 2, .dilation = 2 },
        { .filters = 6, .kernel = 3, .pad = 1, .groups = 6 },
        { .filters = 4, .kernel_h = 3, .kernel_w = 1, .pad_top = 1, .pad_bottom = 1 },
        { .filters = 2, .kernel = 5, .pad = 4 } },
      { true, false, true, false } },
};

static striate_graph *graph_of(const struct network *network, striate_node *convolutions[CONVOLUTIONS])
{
    striate_graph *g;
    assert_int_equal(striate_graph_new(&g), STRIATE_OK);
    striate_node *x = striate_input(g, H, W, CHANNELS);
    for (int i = 0; i < CONVOLUTIONS; i++) {
        striate_size before = striate_node_size(x);
        convolutions[i] = striate_conv(g, x, network->conv[i]);
        striate_node *y = striate_tanh(g, convolutions[i]);
        striate_size after = striate_node_size(y);
        bool same = before.height == after.height && before.width == after.width;
        x = same ? striate_concat(g, (striate_node *[]){ x, y }, 2) : y;
    }
    striate_dense(g, x, (striate_dense_options){ .units = CLASSES });
    if (striate_graph_status(g)) fail_msg("%s", striate_error());
    assert_int_equal(striate_init_weights(g, 5), STRIATE_OK);
    return g;
}

static double loss_of(striate_plan *plan)
{
    striate_forward(plan, IMAGES, 1);
    return striate_loss(plan);
}

static bool is_trained(const striate_graph *g, size_t weight)
{
    for (int i = 0; i < g->param_count; i++)
        if (weight >= g->params[i].offset && weight < g->params[i].offset + g->params[i].count) return !g->params[i].frozen;
    return false; // between two parameters
}

// The gradient of every weight of a plan against the loss on either side.
static void check_weights(striate_plan *plan, striate_graph *g, int number)
{
    for (uint32_t i = 0; i < BATCH * H * W * CHANNELS; i++)
        striate_plan_input(plan)[i] = random_normal((struct random_key){ .seed = 9 }, i);
    for (int i = 0; i < BATCH; i++) striate_plan_labels(plan)[i] = i % CLASSES;
    loss_of(plan);
    striate_backward(plan);
    for (size_t i = 0; i < g->trained; i++) {
        if (!is_trained(g, i)) continue;
        double keep = g->weights[i], got = plan->gradients[i];
        g->weights[i] = keep + STEP;
        double up = loss_of(plan);
        g->weights[i] = keep - STEP;
        double want = (up - loss_of(plan)) / (2 * STEP);
        g->weights[i] = keep;
        if (!(fabs(got - want) <= ABSOLUTE + RELATIVE * fabs(want)))
            fail_msg("network %d, weight %zu: the gradient is %.9g, the difference %.9g", number, i, got, want);
    }
}

static void check_network(int number, unsigned debug)
{
    const struct network *network = &networks[number];
    striate_node *convolutions[CONVOLUTIONS];
    striate_graph *g = graph_of(network, convolutions);
    striate_plan *plan;
    assert_int_equal(plan_make(&plan, g, (striate_plan_options){ .batch = BATCH, .train = 1 }, debug), STRIATE_OK);
    for (int i = 0, c = 0; i < plan->count && c < CONVOLUTIONS && debug; i++) {
        if (plan->nodes[i] != convolutions[c]) continue;
        struct op_plan node = { 0 };
        assert_int_equal(plan->nodes[i]->op->shape(&plan->args[i], &node), STRIATE_OK);
        for (int d = 0; d < DIRECTIONS; d++) {
            bool winograd = !strcmp(node.algorithm[d], "winograd");
            if (network->refused[c] || network->conv[c].kernel == 3) assert_int_equal(winograd, !network->refused[c]);
            if (d == FORWARD) assert_int_equal(winograd, !network->refused[c]);
        }
        c++;
    }
    check_weights(plan, g, number);
    striate_plan_free(plan);
    striate_graph_free(g);
}

static void networks_as_chosen(void **state)
{
    (void)state;
    for (int i = 0; i < (int)(sizeof networks / sizeof *networks); i++) check_network(i, 0);
}

static void networks_by_winograd(void **state)
{
    (void)state;
    if (!algorithm_find("winograd")) skip();
    for (int i = 0; i < (int)(sizeof networks / sizeof *networks); i++) check_network(i, PLAN_WINOGRAD);
}

// A node may read a value through more than one of its inputs.
static void values_read_twice(void **state)
{
    striate_graph *g;
    striate_plan *plan;
    (void)state;
    assert_int_equal(striate_graph_new(&g), STRIATE_OK);
    striate_node *x = striate_conv(g, striate_input(g, H, W, CHANNELS), (striate_conv_options){ .filters = 2, .kernel = 3 });
    striate_node *y = striate_tanh(g, striate_add(g, x, x));
    y = striate_average(g, (striate_node *[]){ y, y, striate_mul(g, y, y) }, 3, (striate_average_options){ 0 });
    y = striate_average(g, (striate_node *[]){ y, y, y }, 3, (striate_average_options){ 0 });
    y = striate_gate(g, striate_sigmoid(g, y), striate_scaled_add(g, y, y, (striate_scaled_add_options){ .scale = 0.5f }), y);
    y = striate_concat(g, (striate_node *[]){ y, y }, 2);
    striate_dense(g, striate_concat(g, (striate_node *[]){ y, y }, 2), (striate_dense_options){ .units = CLASSES });
    assert_int_equal(striate_init_weights(g, 5), STRIATE_OK);
    assert_int_equal(striate_compile(&plan, g, (striate_plan_options){ .batch = BATCH, .train = 1 }), STRIATE_OK);
    check_weights(plan, g, -1);
    striate_plan_free(plan);
    striate_graph_free(g);
}

// Frozen parameters take no gradient and let it pass; nothing runs backward below the lowest trained one; and a frozen batch norm normalizes
// by its running statistics, which stay.
static void frozen(void **state)
{
    (void)state;
    static const struct {
        const char *globs;
        int backward; // nodes that run backward
    } rows[] = { { NULL, 12 },   { "", 12 },    { "conv1.*", 11 },      { "norm1.*,norm2.*", 12 }, { "conv1.*,norm1.*", 9 },
                 { "*2.*", 12 }, { "*1.*", 9 }, { "conv*.weight", 12 }, { "[cn]o*", 2 },           { "fc.*", 12 } };
    for (int unfused = 0; unfused < 2; unfused++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            striate_graph *g;
            striate_plan *plan;
            assert_int_equal(striate_graph_new(&g), STRIATE_OK);
            striate_conv_options conv = { .name = "conv1", .filters = 3, .kernel = 3, .pad = 1 };
            striate_node *x = striate_conv(g, striate_input(g, H, W, CHANNELS), conv);
            x = striate_relu(g, striate_batch_norm(g, x, (striate_norm_options){ .name = "norm1" }));
            conv.name = "conv2";
            striate_node *y = striate_batch_norm(g, striate_conv(g, x, conv), (striate_norm_options){ .name = "norm2" });
            y = striate_relu(g, striate_add(g, x, y));
            conv.name = "conv3";
            y = striate_relu(g, striate_batch_norm(g, striate_conv(g, y, conv), (striate_norm_options){ .name = "norm3" }));
            striate_dense(g, y, (striate_dense_options){ .name = "fc", .units = CLASSES });
            assert_int_equal(striate_init_weights(g, 5), STRIATE_OK);
            for (size_t i = g->trained; i < g->total; i++) g->weights[i] = 1 + 0.1 * (double)(i % 5);
            assert_int_equal(striate_freeze(g, rows[r].globs), STRIATE_OK);
            striate_plan_options options = { .batch = BATCH, .train = 1 };
            assert_int_equal(plan_make(&plan, g, options, unfused ? PLAN_UNFUSED : 0), STRIATE_OK);
            check_weights(plan, g, (int)r);
            for (int p = 0; p < g->param_count; p++) {
                const struct param *param = &g->params[p];
                assert_true((striate_plan_gradient(plan, p) != NULL) == (param->as.kind != PARAM_STATE && !param->frozen));
                if (param->as.kind != PARAM_STATE) continue;
                bool fixed = graph_is_fixed(param->node);
                for (size_t i = param->offset; i < param->offset + param->count; i++)
                    assert_true((g->weights[i] == 1 + 0.1 * (double)(i % 5)) == fixed);
            }
            int backward = 0;
            for (int i = 0; i < plan->count; i++) backward += plan->backward[i];
            if (unfused && backward != rows[r].backward)
                fail_msg("%s: %d nodes run backward", rows[r].globs, backward);
            striate_plan_free(plan);
            striate_graph_free(g);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(networks_as_chosen), cmocka_unit_test(networks_by_winograd),
                                        cmocka_unit_test(values_read_twice), cmocka_unit_test(frozen) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
