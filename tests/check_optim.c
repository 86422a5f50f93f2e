// check_optim.c - learning rates and updates against values computed by hand, and against PyTorch's documented rule in double.
#include "graph/plan.h"
#include "graph/update.h"
#include "optim/schedule.h"
#include "optim/sgd.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * (1 + fabs(want)))) fail_msg("%.9g, want %.9g", got, want);
}

// ---- schedules ----

// 4 epochs of 5 steps, so T = 20.
static void check_schedules(void **state)
{
    (void)state;
    static const struct {
        striate_training t;
        struct {
            int64_t step;
            double rate;
        } want[5];
    } rows[] = {
        { { .learning_rate = 0.1f }, { { 0, 0.1 }, { 7, 0.1 }, { 19, 0.1 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_STEP, .step_epochs = 2, .gamma = 0.5f },
          { { 0, 0.1 }, { 9, 0.1 }, { 10, 0.05 }, { 19, 0.05 }, { 20, 0.025 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_MULTISTEP, .milestones = { 1, 3 }, .gamma = 0.1f },
          { { 4, 0.1 }, { 5, 0.01 }, { 14, 0.01 }, { 15, 0.001 }, { 19, 0.001 } } },
        { { .learning_rate = 0.01f, .schedule = STRIATE_SCHEDULE_INV, .gamma = 0.0001f, .power = 0.75f },
          { { 0, 0.01 }, { 10000, 0.00594603557501 }, { 30000, 0.00353553390593 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_COSINE },
          { { 0, 0.1 }, { 5, 0.0853553390593 }, { 10, 0.05 }, { 15, 0.0146446609407 }, { 19, 0.000615582970243 } } },
        { { .learning_rate = 0.1f, .warmup_epochs = 2 }, { { 0, 0.01 }, { 4, 0.05 }, { 9, 0.1 }, { 10, 0.1 } } },
        { { .learning_rate = 0.1f, .warmup_epochs = 0.5f }, { { 0, 0.04 }, { 1, 0.08 }, { 2, 0.1 }, { 3, 0.1 } } },
        { { .learning_rate = 0.1f, .schedule = STRIATE_SCHEDULE_COSINE, .warmup_epochs = 2 },
          { { 0, 0.01 }, { 5, 0.6 * 0.0853553390593 }, { 10, 0.05 } } },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (int i = 0; i < 5 && rows[r].want[i].rate > 0; i++) {
            striate_training t = rows[r].t;
            t.epochs = 4;
            near(schedule_rate(&t, rows[r].want[i].step, 5), rows[r].want[i].rate, 1e-7);
        }
}

// ---- the rule ----

static void check_by_hand(void **state)
{
    (void)state;
    static const struct {
        striate_sgd_options options;
        double w[2]; // after one step and after two; g = 2 both times, from w = 1 with a rate of 0.1
    } rows[] = {
        { { 0, 0, 0 }, { 0.8, 0.6 } },           { { 0, 0.1f, 0 }, { 0.79, 0.5821 } },       { { 0.5f, 0, 0 }, { 0.8, 0.5 } },
        { { 0.5f, 0.1f, 0 }, { 0.79, 0.4771 } }, { { 0.5f, 0.1f, 1 }, { 0.685, 0.322225 } },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        float w = 1, g = 2, v = 0;
        for (int i = 0; i < 2; i++) {
            sgd_step(rows[r].options, 0.1f, 1, &w, &g, &v);
            near(w, rows[r].w[i], 1e-7);
        }
    }
}

// PyTorch's torch.optim.SGD as its documentation writes it, dampening 0.
static void torch_sgd(striate_sgd_options o, double rate, int t, double *w, double g, double *b)
{
    if (o.weight_decay != 0) g += (double)o.weight_decay * *w;
    if (o.momentum != 0) {
        *b = t > 1 ? (double)o.momentum * *b + g : g;
        g = o.nesterov ? g + (double)o.momentum * *b : *b;
    }
    *w -= rate * g;
}

static float noise(uint32_t place, uint32_t index)
{
    return random_normal((struct random_key){ .seed = 1, .place = place }, index);
}

static void check_kernels(void **state)
{
    (void)state;
    enum { MOST = 67, MARGIN = 4, STEPS = 4 };
    static const striate_sgd_options options[] = {
        { 0, 0, 0 }, { 0.9f, 0, 0 }, { 0.9f, 5e-4f, 0 }, { 0.9f, 5e-4f, 1 }, { 0, 0.1f, 0 }
    };
    const struct kernels *k;
    for (int isa = 0; (k = kernels_at(isa)); isa++)
        for (size_t o = 0; o < sizeof options / sizeof *options; o++)
            for (size_t n = 0; n <= MOST; n++) {
                float w[MOST + 2 * MARGIN], v[MOST + 2 * MARGIN], g[MOST + 2 * MARGIN];
                double want_w[MOST], want_b[MOST];
                for (size_t i = 0; i < n + 2 * MARGIN; i++) w[i] = noise(0, (uint32_t)i), v[i] = 0;
                for (size_t i = 0; i < n; i++) want_w[i] = (double)w[i + MARGIN], want_b[i] = 0;
                for (int t = 1; t <= STEPS; t++) {
                    for (size_t i = 0; i < n; i++) {
                        g[i + MARGIN] = noise((uint32_t)t, (uint32_t)i);
                        torch_sgd(options[o], 0.05, t, &want_w[i], (double)g[i + MARGIN], &want_b[i]);
                    }
                    k->sgd(n, w + MARGIN, g + MARGIN, v + MARGIN, 0.05f, options[o].momentum, options[o].weight_decay,
                           options[o].nesterov);
                }
                for (size_t i = 0; i < n; i++) near((double)w[i + MARGIN], want_w[i], 2e-6);
                for (size_t i = 0; i < MARGIN; i++) {
                    assert_true(w[i] == noise(0, (uint32_t)i) && v[i] == 0);
                    size_t end = n + MARGIN + i;
                    assert_true(w[end] == noise(0, (uint32_t)end) && v[end] == 0);
                }
            }
}

static void check_finite(void **state)
{
    (void)state;
    static const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
    static const float good[] = { 0, -0.0f, 3.4028235e38f, -3.4028235e38f, 1e-45f };
    enum { MOST = 67 };
    const struct kernels *k;
    for (int isa = 0; (k = kernels_at(isa)); isa++)
        for (size_t n = 0; n <= MOST; n++) {
            float x[MOST + 1];
            for (size_t i = 0; i < n; i++) x[i] = good[i % 5];
            x[n] = NAN; // beyond the end
            assert_true(k->all_finite(n, x));
            for (size_t i = 0; i < n; i++) {
                x[i] = bad[i % 4];
                assert_false(k->all_finite(n, x));
                x[i] = good[i % 5];
            }
        }
    enum { MANY = 200000 };
    float *x = calloc(MANY, sizeof *x);
    assert_true(sgd_finite(x, MANY));
    for (size_t i = 0; i < MANY; i += 65535) {
        x[i] = NAN;
        assert_false(sgd_finite(x, MANY));
        x[i] = 0;
    }
    free(x);
}

// The same bits however many threads share the work.
static void check_threads(void **state)
{
    (void)state;
    enum { MANY = 300000 };
    float *w = malloc(3 * MANY * sizeof *w), *g = malloc(MANY * sizeof *g), *v = malloc(MANY * sizeof *v);
    for (uint32_t i = 0; i < MANY; i++) g[i] = noise(9, i);
    for (int threads = 1; threads <= 3; threads++) {
        float *mine = w + (threads - 1) * MANY;
        for (int i = 0; i < MANY; i++) mine[i] = v[i] = 0.5f;
        striate_threads(threads);
        for (int t = 0; t < 3; t++) sgd_step((striate_sgd_options){ 0.9f, 1e-4f, 1 }, 0.1f, MANY, mine, g, v);
    }
    striate_threads(1);
    assert_memory_equal(w, w + MANY, MANY * sizeof *w);
    assert_memory_equal(w, w + 2 * MANY, MANY * sizeof *w);
    free(w);
    free(g);
    free(v);
}

// ---- the update of a graph ----

struct net {
    striate_graph *graph;
    striate_plan *plan;
    striate_optimizer *sgd;
};

static struct net make_net(striate_sgd_options options)
{
    struct net net = { 0 };
    assert_int_equal(striate_graph_new(&net.graph), STRIATE_OK);
    striate_graph *g = net.graph;
    striate_node *x = striate_input(g, 4, 4, 2);
    x = striate_conv(g, x, (striate_conv_options){ .name = "conv", .filters = 3, .kernel = 3 });
    x = striate_batch_norm(g, x, (striate_norm_options){ .name = "norm" });
    striate_dense(g, x, (striate_dense_options){ .name = "fc", .units = 3 });
    assert_int_equal(striate_init_weights(g, 7), STRIATE_OK);
    assert_int_equal(striate_compile(&net.plan, g, (striate_plan_options){ .batch = 5, .train = 1 }), STRIATE_OK);
    assert_int_equal(striate_sgd_new(&net.sgd, g, options), STRIATE_OK);
    for (int i = 0; i < 5 * 4 * 4 * 2; i++) striate_plan_input(net.plan)[i] = noise(3, (uint32_t)i);
    for (int i = 0; i < 5; i++) striate_plan_labels(net.plan)[i] = i % 3;
    return net;
}

static void free_net(struct net net)
{
    striate_optimizer_free(net.sgd);
    striate_plan_free(net.plan);
    striate_graph_free(net.graph);
}

static void check_update(void **state)
{
    (void)state;
    striate_sgd_options options = { 0.9f, 0.01f, 1 };
    struct net net = make_net(options);
    size_t count = net.graph->trained;
    double *w = malloc(count * sizeof *w), *b = calloc(count, sizeof *b);
    for (size_t i = 0; i < count; i++) w[i] = (double)net.graph->weights[i];
    for (int t = 1; t <= 5; t++) {
        striate_forward(net.plan, 5, (uint64_t)t);
        striate_backward(net.plan);
        for (size_t i = 0; i < count; i++) torch_sgd(options, 0.05, t, &w[i], (double)net.plan->gradients[i], &b[i]);
        uint64_t version = net.graph->version;
        assert_int_equal(striate_update(net.sgd, net.plan, 0.05f), STRIATE_OK);
        assert_true(net.graph->version != version);
    }
    for (size_t i = 0; i < count; i++) near((double)net.graph->weights[i], w[i], 1e-5);
    free(w);
    free(b);
    free_net(net);
}

// What is not finite is named, and neither weights nor velocity change.
static void check_diverged(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct net net = make_net((striate_sgd_options){ 0.9f, 0.01f, 0 });
        striate_graph *g = net.graph;
        striate_forward(net.plan, 5, 1);
        striate_backward(net.plan);
        assert_int_equal(striate_update(net.sgd, net.plan, 0.05f), STRIATE_OK);
        int index = 0;
        while (strcmp(g->params[index].name, kind % 2 ? "fc.weight" : "conv.weight")) index++;
        size_t at = g->params[index].offset + g->params[index].count - 1;
        if (kind < 2) g->weights[at] = NAN;
        striate_forward(net.plan, 5, 2);
        striate_backward(net.plan);
        if (kind >= 2) net.plan->gradients[at] = INFINITY;
        size_t bytes = g->trained * sizeof(float);
        float *w = malloc(bytes), *v = malloc(bytes);
        memcpy(w, g->weights, bytes);
        memcpy(v, net.sgd->velocity, bytes);
        assert_int_equal(striate_update(net.sgd, net.plan, 0.05f), STRIATE_DIVERGED);
        static const char *const names[] = { "output of conv ", "output of fc ", "gradient of conv.weight ",
                                             "gradient of fc.weight " };
        if (!strstr(striate_error(), names[kind])) fail_msg("%s", striate_error());
        assert_memory_equal(w, g->weights, bytes);
        assert_memory_equal(v, net.sgd->velocity, bytes);
        free(w);
        free(v);
        free_net(net);
    }
}

static void check_bad_options(void **state)
{
    (void)state;
    static const striate_sgd_options bad[] = { { -0.1f, 0, 0 }, { 1.5f, 0, 0 },     { NAN, 0, 0 },
                                               { 0, -1, 0 },    { 0, INFINITY, 0 }, { 0, 0, 1 } };
    struct net net = make_net((striate_sgd_options){ 0 });
    striate_optimizer *none = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(striate_sgd_new(&none, net.graph, bad[i]), STRIATE_BAD_ARGUMENT);
    assert_null(none);
    assert_int_equal(striate_update(net.sgd, net.plan, NAN), STRIATE_BAD_ARGUMENT);
    struct net other = make_net((striate_sgd_options){ 0 });
    assert_int_equal(striate_update(net.sgd, other.plan, 0.1f), STRIATE_BAD_ARGUMENT);
    striate_plan *inference = NULL;
    assert_int_equal(striate_compile(&inference, net.graph, (striate_plan_options){ 0 }), STRIATE_OK);
    assert_int_equal(striate_update(net.sgd, inference, 0.1f), STRIATE_BAD_ARGUMENT);
    striate_plan_free(inference);
    free_net(other);
    free_net(net);
    striate_optimizer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_schedules), cmocka_unit_test(check_by_hand),     cmocka_unit_test(check_kernels),
        cmocka_unit_test(check_finite),    cmocka_unit_test(check_threads),     cmocka_unit_test(check_update),
        cmocka_unit_test(check_diverged),  cmocka_unit_test(check_bad_options),
    };
    return cmocka_run_group_tests_name("optim", tests, NULL, NULL);
}
