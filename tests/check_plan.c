// check_plan.c - the plan against itself: random graphs give the same bits with shared memory, with memory of their own, and with all dead
// memory filled with NaN; no two live values overlap; and hardly more memory is taken than is in use at once.
#include "base/clock.h"
#include "graph/plan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t draws;

static int below(int n) // the next random number of this test, 0..n-1
{
    uint32_t words[4];
    random_words((struct random_key){ .seed = 7, .use = RANDOM_AUGMENT }, draws++, words);
    return (int)(words[0] % (uint32_t)n);
}

enum { MOST = 24, SIDE = 5 };

// A graph of random ops on maps of SIDE x SIDE, some of them concatenated, added, flattened and read more than once.
static striate_graph *random_graph(void)
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
    return g;
}

// No two buffers overlap that are alive together, and the block is within a tenth of the most that is alive at one step.
static void check_placement(const struct buffer *buffers, int count, size_t bytes, size_t bound)
{
    size_t most = 0;
    for (int i = 0; i < count; i++) {
        const struct buffer *a = &buffers[i];
        size_t alive = 0;
        assert_true(a->offset + a->bytes <= bytes);
        for (int j = 0; j < count; j++) {
            const struct buffer *b = &buffers[j];
            bool together = a->first <= b->last && b->first <= a->last,
                 apart = a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset;
            assert_true(i == j || !together || apart || !a->bytes || !b->bytes);
            if (b->first <= a->first && a->first <= b->last) alive += b->bytes;
        }
        if (alive > most) most = alive;
    }
    assert_int_equal(bound, most);
    if (bytes < bound || bytes > bound + bound / 10) fail_msg("%zu bytes for %zu alive", bytes, bound);
}

struct result {
    float *output, *gradients;
    double loss;
};

static struct result run(striate_graph *g, int batch, int images, bool train, unsigned debug)
{
    striate_plan *plan;
    assert_int_equal(plan_make(&plan, g, (striate_plan_options){ .batch = batch, .train = train, .seed = 3 }, debug),
                     STRIATE_OK);
    if (!debug) check_placement(plan->buffers, plan->buffer_count, plan->block_bytes, plan->bound);
    size_t values = shape_count(g->nodes[0]->plan.out),
           outputs = (size_t)images * (size_t)striate_plan_values(plan) * sizeof(float);
    float *weights = malloc(g->total * sizeof(float));
    memcpy(weights, g->weights, g->total * sizeof(float)); // running statistics move
    struct result result = { .output = malloc(outputs), .gradients = train ? malloc(g->trained * sizeof(float)) : NULL };
    for (int pass = 0; pass < 2; pass++) { // the second shows what the first left behind
        for (size_t i = 0; i < (size_t)images * values; i++)
            striate_plan_input(plan)[i] = random_normal((struct random_key){ .seed = 5 }, (uint32_t)i);
        for (int i = 0; i < images; i++) striate_plan_labels(plan)[i] = i % 3;
        memcpy(g->weights, weights, g->total * sizeof(float));
        g->version++;
        striate_forward(plan, images, 11);
        if (train) striate_backward(plan);
    }
    memcpy(result.output, striate_plan_output(plan), outputs);
    result.loss = striate_loss(plan);
    if (train) memcpy(result.gradients, plan->gradients, g->trained * sizeof(float));
    memcpy(g->weights, weights, g->total * sizeof(float));
    free(weights);
    striate_plan_free(plan);
    return result;
}

static void fail_at(const striate_graph *g, unsigned debug, size_t gradient)
{
    char *text;
    assert_int_equal(striate_graph_to_text(&text, g), STRIATE_OK);
    fail_msg("with debug %u gradient %zu differs in the plan of\n%s", debug, gradient, text);
}

// What is fused rounds otherwise; values are about 1, but some cancel.
static void assert_near(const striate_graph *g, const float *a, const float *b, size_t count)
{
    float scale = 1;
    for (size_t i = 0; i < count; i++) scale = fmaxf(scale, fabsf(a[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= 1e-4f * scale)) fail_at(g, PLAN_UNFUSED, i);
}

static void compare(striate_graph *g, bool train)
{
    int batch = 1 + below(4), images = 1 + below(batch);
    struct result results[3];
    const unsigned debug[3] = { 0, PLAN_POISON, PLAN_UNSHARED };
    for (int i = 0; i < 3; i++) {
        results[i] = run(g, batch, images, train, debug[i]);
        assert_memory_equal(results[i].output, results[0].output, (size_t)images * 3 * sizeof(float));
        assert_true(results[i].loss == results[0].loss);
        for (size_t j = 0; train && j < g->trained; j++)
            if (results[i].gradients[j] != results[0].gradients[j]) fail_at(g, debug[i], j);
    }
    struct result unfused = run(g, batch, images, train, PLAN_UNFUSED);
    assert_near(g, unfused.output, results[0].output, (size_t)images * 3);
    if (train) assert_near(g, unfused.gradients, results[0].gradients, g->trained);
    free(unfused.output);
    free(unfused.gradients);
    for (int i = 0; i < 3; i++) {
        free(results[i].output);
        free(results[i].gradients);
    }
}

static void random_graphs(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        striate_graph *g = random_graph();
        compare(g, true);
        compare(g, false);
        striate_graph_free(g);
    }
}

// The channels of a concat's inputs are slices of its memory, in place ops cost nothing, and a plan for inference needs less than one for
// training.
static void sharing(void **state)
{
    (void)state;
    striate_graph *g;
    assert_int_equal(striate_graph_new(&g), STRIATE_OK);
    striate_node *x = striate_input(g, 8, 8, 4), *branch[2];
    for (int i = 0; i < 2; i++)
        branch[i] = striate_relu(g, striate_conv(g, x, (striate_conv_options){ .filters = 8 << i, .kernel = 1 }));
    x = striate_concat(g, branch, 2);
    striate_conv(g, x, (striate_conv_options){ .filters = 3, .kernel = 8 });
    striate_plan *plan;
    for (int train = 0; train < 2; train++) {
        assert_int_equal(striate_compile(&plan, g, (striate_plan_options){ .batch = 2, .train = train }), STRIATE_OK);
        const struct op_args *conv = &plan->args[1], *second = &plan->args[2], *concat = &plan->args[3];
        assert_true(conv->fused && conv->fused->relu);
        assert_ptr_equal(conv->out->data, concat->out->data);
        assert_int_equal(conv->out->ld, 24);
        assert_ptr_equal(second->out->data, concat->out->data + 8);
        if (train) assert_ptr_equal(second->dout->data, concat->dout->data + 8);
        striate_plan_free(plan);
    }
    striate_graph_free(g);
}

static size_t bytes_at(const striate_plan *plan, const void *place, int step)
{
    size_t most = 0, offset = (size_t)((const char *)place - plan->block);
    for (int i = 0; i < plan->buffer_count; i++) {
        const struct buffer *b = &plan->buffers[i];
        if (b->offset == offset && b->first <= step && step <= b->last && b->bytes > most) most = b->bytes;
    }
    return most;
}

// What a node asks for when the batch is known is what it has got.
static void scratch_is_for_the_whole_batch(void **state)
{
    (void)state;
    striate_graph *g;
    assert_int_equal(striate_graph_new(&g), STRIATE_OK);
    striate_node *x = striate_conv(g, striate_input(g, 28, 28, 8), (striate_conv_options){ .filters = 16, .kernel = 3 });
    x = striate_batch_norm(g, striate_max_pool(g, x, (striate_window){ .size = 2 }), (striate_norm_options){ 0 });
    striate_dense(g, striate_dropout(g, x, (striate_dropout_options){ 0 }), (striate_dense_options){ .units = 3 });
    assert_int_equal(striate_init_weights(g, 1), STRIATE_OK);
    striate_plan *plan;
    assert_int_equal(striate_compile(&plan, g, (striate_plan_options){ .batch = 64, .train = 1 }), STRIATE_OK);
    for (int i = 0; i < plan->count; i++) {
        const struct op_args *a = &plan->args[i];
        struct op_plan asked = { 0 };
        int back = 2 * plan->count - 1 - i;
        assert_int_equal(plan->nodes[i]->op->shape(a, &asked), STRIATE_OK);
        assert_true(bytes_at(plan, a->saved, i) >= asked.saved);
        assert_true(bytes_at(plan, a->packed, i) >= asked.packed);
        assert_true(bytes_at(plan, a->workspace, i) >= asked.workspace - asked.backward_only);
        if (plan->backward[i]) assert_true(bytes_at(plan, plan->backward_workspace[i], back) >= asked.workspace);
    }
    striate_plan_free(plan);
    striate_graph_free(g);
}

static void placement(void **state)
{
    (void)state;
    for (int round = 0; round < 1000; round++) {
        struct buffer buffers[40];
        size_t bytes, bound;
        int count = below(41);
        for (int i = 0; i < count; i++) {
            int first = below(30);
            buffers[i] = (struct buffer){ .bytes = 64 * (size_t)below(100), .first = first, .last = first + below(10) };
        }
        assert_int_equal(place_buffers(&bytes, &bound, buffers, count), STRIATE_OK);
        check_placement(buffers, count, bytes, bound);
    }
}

// Every network of the zoo, also the largest, and in little time.
static void zoo(void **state)
{
    (void)state;
    for (const striate_zoo_entry *entry = striate_zoo(); entry->name; entry++)
        for (int i = 0; i < 4; i++) {
            striate_graph *g;
            striate_plan *plan, *same;
            striate_plan_options options = { .batch = i & 1 ? 32 : 1, .train = i / 2 };
            assert_int_equal(striate_graph_from_zoo(&g, entry->name, (striate_zoo_options){ 0 }), STRIATE_OK);
            double start = clock_seconds();
            assert_int_equal(striate_forecast(&plan, g, options), STRIATE_OK);
            double seconds = clock_seconds() - start;
            if (seconds > 5) fail_msg("%s: compiled in %g s", entry->name, seconds);
            assert_null(g->weights);
            check_placement(plan->buffers, plan->buffer_count, plan->block_bytes, plan->bound);
            assert_int_equal(striate_forecast(&same, g, options), STRIATE_OK);
            for (int j = 0; j < plan->buffer_count; j++) assert_int_equal(plan->buffers[j].offset, same->buffers[j].offset);
            striate_plan_free(plan);
            striate_plan_free(same);
            striate_graph_free(g);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(random_graphs), cmocka_unit_test(sharing),
                                        cmocka_unit_test(scratch_is_for_the_whole_batch), cmocka_unit_test(placement),
                                        cmocka_unit_test(zoo) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
