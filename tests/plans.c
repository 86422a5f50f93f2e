// plans.c - see plans.h.
#include "plans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t draws;

int below(int n)
{
    uint32_t words[4];
    random_words((struct random_key){ .seed = 7, .use = RANDOM_AUGMENT }, draws++, words);
    return (int)(words[0] % (uint32_t)n);
}

enum { MOST = 24, SIDE = 5 };

striate_graph *random_graph(void)
{
    striate_graph *g;
    striate_node *maps[MOST + 1];
    int count = 0, ops = 3 + below(MOST - 8);
    assert_int_equal(striate_graph_new(&g), STRIATE_OK);
    maps[count++] = striate_input(g, SIDE, SIDE, 1 + below(4));
    for (int i = 0; i < ops; i++) {
        striate_node *x = maps[below(3) ? count - 1 : below(count)], *many[3] = { x, maps[below(count)], maps[below(count)] },
                     *y = NULL;
        switch (below(11)) {
        case 0:
            y = striate_conv(g, x, (striate_conv_options){ .filters = 1 + below(9), .kernel = 3, .pad = 1 });
            break;
        case 1:
            y = striate_conv(g, x, (striate_conv_options){ .filters = 1 + below(9), .kernel = 1, .no_bias = 1 });
            break;
        case 2:
            y = striate_max_pool(g, x, (striate_window){ .size = 3, .stride = 1, .pad = 1 });
            break;
        case 3:
            y = striate_avg_pool(g, x, (striate_window){ .size = 3, .stride = 1, .pad = 1 });
            break;
        case 4:
            y = striate_relu(g, x);
            break;
        case 5:
            y = below(2) ? striate_sigmoid(g, x) : striate_tanh(g, x);
            break;
        case 6:
            y = striate_dropout(g, x, (striate_dropout_options){ .rate = 0.3f });
            break;
        case 7:
            y = striate_batch_norm(g, x, (striate_norm_options){ 0 });
            break;
        case 8:
            y = striate_concat(g, many, 1 + below(3));
            break;
        case 9:
            y = striate_shortcut(g, x, (striate_shortcut_options){ .channels = striate_node_size(x).channels + below(4) });
            break;
        default:
            for (int j = 0; j < count && !y; j++)
                if (maps[j] != x && striate_node_size(maps[j]).channels == striate_node_size(x).channels)
                    y = striate_add(g, x, maps[j]);
            if (!y) y = striate_relu(g, x);
        }
        maps[count++] = y;
    }
    striate_node *x = below(3) ? maps[count - 1] : striate_concat(g, &maps[count - 2], 2), *y;
    bool flat = below(2);
    y = flat ? striate_relu(g, striate_flatten(g, x)) : striate_global_avg_pool(g, x);
    if (!flat && below(2)) y = striate_concat(g, (striate_node *[]){ y, striate_global_avg_pool(g, x) }, 2);
    striate_dense(g, y, (striate_dense_options){ .units = 3 });
    if (striate_graph_status(g)) fail_msg("%s", striate_error());
    assert_int_equal(striate_init_weights(g, 1), STRIATE_OK);
    for (size_t i = g->trained; i < g->total; i++) g->weights[i] += 0.1f * (float)below(9); // running means and variances
    return g;
}

void check_placement(const struct buffer *buffers, int count, size_t bytes, size_t bound)
{
    const struct buffer **used = malloc(((size_t)count + 1) * sizeof *used);
    size_t most = 0;
    int uses = 0;
    for (int i = 0; i < count; i++)
        if (buffers[i].bytes) used[uses++] = &buffers[i];
    for (int i = 0; i < uses; i++) {
        const struct buffer *a = used[i];
        size_t alive = 0;
        assert_true(a->offset + a->bytes <= bytes);
        for (int j = 0; j < uses; j++) {
            const struct buffer *b = used[j];
            if (a->first > b->last || b->first > a->last) continue;
            bool apart = a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset;
            if (i != j && !apart) fail_msg("buffers %d and %d overlap", (int)(a - buffers), (int)(b - buffers));
            if (b->first <= a->first) alive += b->bytes;
        }
        if (alive > most) most = alive;
    }
    free(used);
    assert_int_equal(bound, most);
    if (bytes < bound || bytes > bound + bound / 10) fail_msg("%zu bytes for %zu alive", bytes, bound);
}

struct result run(striate_graph *g, striate_plan_options options, int images, unsigned debug)
{
    striate_plan *plan;
    size_t values = shape_count(g->nodes[0]->plan.out);
    float *before = malloc(g->total * sizeof(float));
    options.seed = 3;
    assert_int_equal(plan_make(&plan, g, options, debug), STRIATE_OK);
    if (!debug) check_placement(plan->buffers, plan->buffer_count, plan->block_bytes, plan->bound);
    memcpy(before, g->weights, g->total * sizeof(float)); // running statistics move
    for (int pass = 0; pass < 2; pass++) {                // the second shows what the first left behind
        for (size_t i = 0; i < (size_t)images * values; i++)
            striate_plan_input(plan)[i] = random_normal((struct random_key){ .seed = 5 }, (uint32_t)i);
        for (int i = 0; i < images; i++) striate_plan_labels(plan)[i] = i % 3;
        memcpy(g->weights, before, g->total * sizeof(float));
        g->version++;
        striate_forward(plan, images, 11);
        if (options.train) striate_backward(plan);
    }
    size_t outputs = (size_t)images * (size_t)striate_plan_values(plan) * sizeof(float);
    struct result result = { .output = malloc(outputs),
                             .gradients = options.train ? malloc(g->trained * sizeof(float)) : NULL,
                             .weights = malloc(g->total * sizeof(float)),
                             .loss = striate_loss(plan),
                             .bytes = plan->block_bytes };
    for (int i = 0; i < plan->step_count; i++) result.again += plan->steps[i].phase == STRIATE_PHASE_RECOMPUTE;
    memcpy(result.output, striate_plan_output(plan), outputs);
    memcpy(result.weights, g->weights, g->total * sizeof(float));
    if (options.train) memcpy(result.gradients, plan->gradients, g->trained * sizeof(float));
    memcpy(g->weights, before, g->total * sizeof(float));
    free(before);
    striate_plan_free(plan);
    return result;
}

void result_free(struct result *result)
{
    free(result->output);
    free(result->gradients);
    free(result->weights);
}

static void expect_bits(const striate_graph *g, const char *what, const float *got, const float *want, size_t count)
{
    char *text;
    size_t i = 0;
    while (i < count && got[i] == want[i]) i++;
    if (i == count) return;
    assert_int_equal(striate_graph_to_text(&text, g), STRIATE_OK);
    fail_msg("%s %zu is %.9g, not %.9g, in the plan of\n%s", what, i, (double)got[i], (double)want[i], text);
}

void expect_equal(const striate_graph *g, const struct result *result, const struct result *want, int images, bool train)
{
    expect_bits(g, "output", result->output, want->output, (size_t)images * shape_count(graph_output(g)->plan.out));
    assert_true(result->loss == want->loss);
    expect_bits(g, "weight", result->weights, want->weights, g->total);
    if (train) expect_bits(g, "gradient", result->gradients, want->gradients, g->trained);
}
