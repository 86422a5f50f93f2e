// check_optim.c - optimizers against the formulas of their papers and of PyTorch's documentation, in double precision.
#include "base/random.h"
#include "graph/plan.h"
#include "graph/update.h"

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

static float noise(uint32_t place, uint32_t index)
{
    return random_normal((struct random_key){ .seed = 1, .place = place }, index);
}

// ---- rules, one weight at a time, as the documentation of torch.optim writes them ----

struct scalar {
    double w, a, b; // a, b: state, 0 at first
};

static double wd, momentum = 0.9, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, alpha = 0.9;
static bool nesterov;

static void sgd(struct scalar *p, double lr, int t, double g)
{
    g += wd * p->w;
    if (momentum != 0) {
        p->a = t > 1 ? momentum * p->a + g : g;
        g = nesterov ? g + momentum * p->a : p->a;
    }
    p->w -= lr * g;
}

static void adam_moments(struct scalar *p, double lr, int t, double g)
{
    p->a = beta1 * p->a + (1 - beta1) * g;
    p->b = beta2 * p->b + (1 - beta2) * g * g;
    double m = p->a / (1 - pow(beta1, t)), v = p->b / (1 - pow(beta2, t));
    p->w -= lr * m / (sqrt(v) + eps);
}

static void adam(struct scalar *p, double lr, int t, double g)
{
    adam_moments(p, lr, t, g + wd * p->w);
}

static void adamw(struct scalar *p, double lr, int t, double g)
{
    p->w -= lr * wd * p->w;
    adam_moments(p, lr, t, g);
}

static void rmsprop(struct scalar *p, double lr, int t, double g)
{
    (void)t;
    g += wd * p->w;
    p->a = alpha * p->a + (1 - alpha) * g * g;
    g /= sqrt(p->a) + eps;
    if (momentum > 0) g = p->b = momentum * p->b + g;
    p->w -= lr * g;
}

typedef void scalar_rule(struct scalar *p, double lr, int t, double g);

// Five steps at changing rates over a block of several pieces.
static void check_rules(void **state)
{
    (void)state;
    enum { MANY = 70001, STEPS = 5 };
    static const struct {
        scalar_rule *rule;
        striate_optimizer_options o;
        double eps, beta2;
    } rows[] = {
        { sgd, { .weight_decay = 0.01f } },
        { sgd, { .momentum = 0.9f } },
        { sgd, { .momentum = 0.9f, .weight_decay = 5e-4f } },
        { sgd, { .momentum = 0.9f, .weight_decay = 5e-4f, .nesterov = 1 } },
        { adam, { .rule = STRIATE_ADAM }, 1e-8, 0.999 },
        { adam, { .rule = STRIATE_ADAM, .weight_decay = 0.1f, .eps = 0.1f, .beta2 = 0.9f }, 0.1, 0.9 },
        { adamw, { .rule = STRIATE_ADAMW, .weight_decay = 0.1f }, 1e-8, 0.999 },
        { rmsprop, { .rule = STRIATE_RMSPROP, .momentum = 0.9f, .weight_decay = 4e-5f }, 1, 0 },
        { rmsprop, { .rule = STRIATE_RMSPROP, .eps = 1e-3f }, 1e-3, 0 },
    };
    float *w = malloc(4 * MANY * sizeof *w), *g = w + MANY;
    struct scalar *want = malloc(MANY * sizeof *want);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        wd = (double)rows[r].o.weight_decay, momentum = (double)rows[r].o.momentum, nesterov = rows[r].o.nesterov;
        eps = rows[r].eps, beta2 = rows[r].beta2;
        struct group group = { .end = MANY, .rate = 1, .decay = rows[r].o.weight_decay };
        struct optim optim = { .options = optim_complete(rows[r].o),
                               .rule = optim_rule((int)rows[r].o.rule),
                               .groups = &group,
                               .count = 1,
                               .state = { w + 2 * MANY, w + 3 * MANY } };
        for (int i = optim_states(&rows[r].o); i < RULE_STATES; i++) optim.state[i] = NULL;
        for (uint32_t i = 0; i < MANY; i++) {
            want[i] = (struct scalar){ (double)(w[i] = noise(0, i)), 0, 0 };
            w[2 * MANY + i] = w[3 * MANY + i] = 0;
        }
        assert_true(optim_cut(&optim));
        for (int t = 1; t <= STEPS; t++) {
            float rate = 0.05f / (float)t;
            for (uint32_t i = 0; i < MANY; i++) rows[r].rule(&want[i], (double)rate, t, (double)(g[i] = noise((uint32_t)t, i)));
            assert_true(optim_step(&optim, rate, 1, w, g));
        }
        for (uint32_t i = 0; i < MANY; i++) near((double)w[i], want[i].w, 3e-6);
        optim_release(&optim);
    }
    free(w);
    free(want);
}

// Values by hand: w = 1, g = 2 both times, a rate of 0.1.
static void check_by_hand(void **state)
{
    (void)state;
    static const struct {
        striate_optimizer_options o;
        double w[2];
    } rows[] = {
        { { 0 }, { 0.8, 0.6 } },
        { { .weight_decay = 0.1f }, { 0.79, 0.5821 } },
        { { .momentum = 0.5f }, { 0.8, 0.5 } },
        { { .momentum = 0.5f, .weight_decay = 0.1f }, { 0.79, 0.4771 } },
        { { .momentum = 0.5f, .weight_decay = 0.1f, .nesterov = 1 }, { 0.685, 0.322225 } },
        { { .rule = STRIATE_ADAM }, { 0.9, 0.8 } },                            // m and v are exact from the first step on
        { { .rule = STRIATE_ADAMW, .weight_decay = 0.5f }, { 0.85, 0.7075 } }, // 0.85 - 0.05 * 0.85 - 0.1
        { { .rule = STRIATE_RMSPROP }, { 0.8774851773, 0.7706350013 } },       // 0.2 / (sqrt(0.4) + 1), / (sqrt(0.76) + 1)
        { { .clip_norm = 1 }, { 0.9, 0.8 } },
        { { .clip_value = 0.5f }, { 0.95, 0.9 } },
        { { .clip_norm = 4 }, { 0.8, 0.6 } },
        { { .rule = STRIATE_LARS, .trust = 0.5f }, { 0.95, 0.9025 } }, // 0.1 * 0.5 * |w|
        { { .rule = STRIATE_LARS, .trust = 0.5f, .momentum = 0.5f }, { 0.95, 0.8775 } },
        { { .rule = STRIATE_LARS, .trust = 0.5f, .weight_decay = 1 }, { 0.95, 0.9025 } }, // the decay is in both
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        float w = 1, g = 2, a = 0, b = 0;
        struct group group = { .end = 1, .rate = 1, .decay = rows[r].o.weight_decay, .adapt = rows[r].o.rule == STRIATE_LARS };
        struct optim optim = { .options = optim_complete(rows[r].o),
                               .rule = optim_rule((int)rows[r].o.rule),
                               .groups = &group,
                               .count = 1,
                               .state = { &a, &b } };
        if (optim_states(&rows[r].o) < 2) optim.state[1] = NULL;
        assert_true(optim_cut(&optim));
        for (int i = 0; i < 2; i++) {
            assert_true(optim_step(&optim, 0.1f, 1, &w, &g));
            near((double)w, rows[r].w[i], 3e-7);
        }
        optim_release(&optim);
    }
}

static void check_finite(void **state)
{
    (void)state;
    enum { MANY = 200000 };
    float *x = calloc(MANY, sizeof *x), w[MANY / 1000] = { 0 };
    assert_true(optim_finite(x, MANY));
    for (size_t i = 0; i < MANY; i += 65535) {
        x[i] = NAN;
        assert_false(optim_finite(x, MANY));
        x[i] = 0;
    }
    for (int clip = 0; clip < 2; clip++) {
        struct group group = { .end = MANY / 1000, .rate = 1 };
        struct optim optim = { .options = { .clip_norm = (float)clip }, .rule = &optim_sgd, .groups = &group, .count = 1 };
        assert_true(optim_cut(&optim));
        x[7] = INFINITY;
        x[3] = 1;
        assert_false(optim_step(&optim, 0.1f, 1, w, x));
        assert_true(w[3] == 0 && optim.steps == 0);
        optim_release(&optim);
    }
    free(x);
}

// ---- the update of a graph ----

struct net {
    striate_graph *graph;
    striate_plan *plan;
    striate_optimizer *optimizer;
};

static struct net make_net(striate_optimizer_options options)
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
    if (striate_optimizer_new(&net.optimizer, g, options)) fail_msg("%s", striate_error());
    for (int i = 0; i < 5 * 4 * 4 * 2; i++) striate_plan_input(net.plan)[i] = noise(3, (uint32_t)i);
    for (int i = 0; i < 5; i++) striate_plan_labels(net.plan)[i] = i % 3;
    return net;
}

static void free_net(struct net net)
{
    striate_optimizer_free(net.optimizer);
    striate_plan_free(net.plan);
    striate_graph_free(net.graph);
}

static void pass(struct net *net, uint64_t step)
{
    striate_forward(net->plan, 5, step);
    striate_backward(net->plan);
}

static double norm_of(const float *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

// Decay by kind, rates by name, clipping by the norm of all of it, LARS by the norms of each tensor: all against one weight at a time.
static void check_groups(void **state)
{
    (void)state;
    for (int lars = 0; lars < 2; lars++) {
        striate_optimizer_options o = { .rule = lars ? STRIATE_LARS : STRIATE_SGD,
                                        .momentum = 0.9f,
                                        .weight_decay = 0.3f,
                                        .norm_weight_decay = -1,
                                        .bias_weight_decay = 0.2f,
                                        .clip_norm = 0.05f,
                                        .trust = 0.01f,
                                        .lr_scale = "norm.*=0.5,*.bias=0.25,conv.weight=2" };
        struct net net = make_net(o);
        const striate_graph *graph = net.graph;
        struct scalar *want = calloc(graph->trained, sizeof *want);
        for (size_t i = 0; i < graph->trained; i++) want[i].w = (double)graph->weights[i];
        for (int t = 1; t <= 5; t++) {
            pass(&net, (uint64_t)t);
            double norm = norm_of(net.plan->gradients, graph->trained), clip = norm > 0.05 ? 0.05 / norm : 1;
            assert_true(clip < 1);
            for (int p = 0; p < graph->param_count; p++) {
                const struct param *param = &graph->params[p];
                if (param->as.kind == PARAM_STATE) continue;
                bool bias = strstr(param->name, "bias"), of_norm = !strncmp(param->name, "norm", 4);
                double scale = of_norm ? 0.5 : bias ? 0.25 : !strcmp(param->name, "conv.weight") ? 2 : 1, trust = 1;
                double decay = bias ? 0.2 : of_norm ? 0 : 0.3;
                double w_norm = norm_of(graph->weights + param->offset, param->count),
                       g_norm = clip * norm_of(net.plan->gradients + param->offset, param->count);
                if (lars && !bias && !of_norm) trust = 0.01 * w_norm / (g_norm + decay * w_norm);
                for (size_t i = param->offset; i < param->offset + param->count; i++) {
                    double g = clip * (double)net.plan->gradients[i] + decay * want[i].w, rate = 0.05 * scale * trust;
                    want[i].a = 0.9 * want[i].a + (lars ? rate : 1) * g;
                    want[i].w -= (lars ? 1 : rate) * want[i].a;
                }
            }
            if (striate_update(net.optimizer, net.plan, 0.05f)) fail_msg("%s", striate_error());
        }
        for (size_t i = 0; i < graph->trained; i++) near((double)graph->weights[i], want[i].w, 1e-5);
        free(want);
        free_net(net);
    }
}

// The images of several batches count as those of one, whatever the batches' sizes; without batch norm, which sees batches.
static void check_accumulate(void **state)
{
    (void)state;
    static const char text[] =
        "data = input height=4 width=4 channels=2\nconv = conv data filters=3 kernel=3\nfc = dense conv units=3\n";
    float weights[2][64];
    for (int parts = 0; parts < 2; parts++) {
        struct net net = { 0 };
        striate_optimizer_options o = { .momentum = 0.9f, .clip_norm = 0.1f, .accumulate = parts };
        assert_int_equal(striate_graph_from_text(&net.graph, text, strlen(text), "text"), STRIATE_OK);
        assert_int_equal(striate_init_weights(net.graph, 7), STRIATE_OK);
        assert_int_equal(striate_compile(&net.plan, net.graph, (striate_plan_options){ .batch = 7, .train = 1 }), STRIATE_OK);
        assert_int_equal(striate_optimizer_new(&net.optimizer, net.graph, o), STRIATE_OK);
        if (!parts) assert_int_equal(striate_accumulate(net.optimizer, net.plan), STRIATE_BAD_ARGUMENT);
        for (int t = 0; t < 3; t++)
            for (int image = 0, images; image < 7; image += images) {
                images = parts ? 3 - (image == 6) * 2 : 7; // 3, 3, 1
                for (int i = 0; i < images * 32; i++) striate_plan_input(net.plan)[i] = noise(3, (uint32_t)(image * 32 + i));
                for (int i = 0; i < images; i++) striate_plan_labels(net.plan)[i] = (image + i) % 3;
                striate_forward(net.plan, images, 0);
                striate_backward(net.plan);
                bool last = image + images == 7;
                if (last ? striate_update(net.optimizer, net.plan, 0.1f) : striate_accumulate(net.optimizer, net.plan))
                    fail_msg("%s", striate_error());
            }
        assert_true(net.graph->trained >= 64);
        memcpy(weights[parts], net.graph->weights, sizeof *weights);
        free_net(net);
    }
    for (int i = 0; i < 64; i++) near((double)weights[1][i], (double)weights[0][i], 1e-6);
}

// The same bits however many threads share the work.
static void check_threads(void **state)
{
    (void)state;
    for (int rule = 0; optim_rule(rule); rule++) {
        float *first = NULL;
        for (int threads = 1; threads <= 3; threads++) {
            striate_graph *graph = NULL;
            striate_optimizer *optimizer = NULL;
            striate_plan *plan = NULL;
            static const char text[] = "x = input height=1 width=1 channels=400\nfc = dense x units=500\n";
            striate_threads(threads);
            assert_int_equal(striate_graph_from_text(&graph, text, strlen(text), "text"), STRIATE_OK);
            assert_int_equal(striate_init_weights(graph, 7), STRIATE_OK);
            assert_int_equal(striate_compile(&plan, graph, (striate_plan_options){ .train = 1 }), STRIATE_OK);
            striate_optimizer_options o = {
                .rule = (striate_rule)rule, .momentum = 0.9f, .weight_decay = 1e-4f, .clip_norm = 1
            };
            assert_int_equal(striate_optimizer_new(&optimizer, graph, o), STRIATE_OK);
            striate_forward(plan, 1, 0);
            for (uint32_t i = 0; i < graph->trained; i++) plan->gradients[i] = noise(9, i);
            for (int t = 0; t < 3; t++) assert_int_equal(striate_update(optimizer, plan, 0.1f), STRIATE_OK);
            size_t bytes = graph->trained * sizeof *first;
            if (!first) first = memcpy(malloc(bytes), graph->weights, bytes);
            assert_memory_equal(first, graph->weights, bytes);
            striate_optimizer_free(optimizer);
            striate_plan_free(plan);
            striate_graph_free(graph);
        }
        free(first);
    }
    striate_threads(1);
}

// What is not finite is named, and neither weights nor state change.
static void check_diverged(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct net net =
            make_net((striate_optimizer_options){ .momentum = 0.9f, .weight_decay = 0.01f, .clip_norm = kind % 3 });
        striate_graph *g = net.graph;
        striate_forward(net.plan, 5, 1);
        striate_backward(net.plan);
        assert_int_equal(striate_update(net.optimizer, net.plan, 0.05f), STRIATE_OK);
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
        memcpy(v, net.optimizer->optim.state[0], bytes);
        assert_int_equal(striate_update(net.optimizer, net.plan, 0.05f), STRIATE_DIVERGED);
        static const char *const names[] = { "output of conv ", "output of fc ", "gradient of conv.weight ",
                                             "gradient of fc.weight " };
        if (!strstr(striate_error(), names[kind])) fail_msg("%s", striate_error());
        assert_memory_equal(w, g->weights, bytes);
        assert_memory_equal(v, net.optimizer->optim.state[0], bytes);
        free(w);
        free(v);
        free_net(net);
    }
}

static void check_bad_options(void **state)
{
    (void)state;
    static const struct {
        striate_optimizer_options o;
        const char *words;
    } bad[] = {
        { { .momentum = -0.1f }, "momentum is -0.1" },
        { { .momentum = 1.5f }, "momentum is 1.5" },
        { { .momentum = NAN }, "momentum is" },
        { { .weight_decay = -1 }, "weight_decay is -1" },
        { { .weight_decay = INFINITY }, "weight_decay is inf" },
        { { .nesterov = 1 }, "needs a momentum" },
        { { .rule = STRIATE_ADAM, .nesterov = 1, .momentum = 0.9f }, "one of sgd" },
        { { .rule = (striate_rule)9 }, "no optimizer 9" },
        { { .beta1 = 1 }, "beta1 is 1" },
        { { .clip_norm = -1 }, "clip_norm is -1" },
        { { .lr_scale = "conv.*=0.1,conf.*=2" },
          "'conf.*' is the first to match no parameter of this network; one is called conv." },
        { { .lr_scale = "conv.*=x" }, "'x' is no factor" },
        { { .lr_scale = "conv.*" }, "'' is no factor" },
        { { .lr_scale = "*=-1" }, "'-1' is no factor" },
    };
    struct net net = make_net((striate_optimizer_options){ 0 });
    striate_optimizer *none = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(striate_optimizer_new(&none, net.graph, bad[i].o), STRIATE_BAD_ARGUMENT);
        if (!strstr(striate_error(), bad[i].words)) fail_msg("%s", striate_error());
    }
    assert_null(none);
    assert_int_equal(striate_update(net.optimizer, net.plan, NAN), STRIATE_BAD_ARGUMENT);
    struct net other = make_net((striate_optimizer_options){ 0 });
    assert_int_equal(striate_update(net.optimizer, other.plan, 0.1f), STRIATE_BAD_ARGUMENT);
    striate_plan *inference = NULL;
    assert_int_equal(striate_compile(&inference, net.graph, (striate_plan_options){ 0 }), STRIATE_OK);
    assert_int_equal(striate_update(net.optimizer, inference, 0.1f), STRIATE_BAD_ARGUMENT);
    striate_plan_free(inference);
    free_net(other);
    free_net(net);
    striate_optimizer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_rules),    cmocka_unit_test(check_by_hand),     cmocka_unit_test(check_finite),
        cmocka_unit_test(check_groups),   cmocka_unit_test(check_accumulate),  cmocka_unit_test(check_threads),
        cmocka_unit_test(check_diverged), cmocka_unit_test(check_bad_options),
    };
    return cmocka_run_group_tests_name("optim", tests, NULL, NULL);
}
