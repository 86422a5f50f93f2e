// check_plan.c - the plan against itself: random graphs give the same bits with shared memory, with memory of their own, with all dead memory
// filled with NaN, and with nothing computed twice; no two live values overlap; and hardly more memory is taken than is in use at once.
#include "plans.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// What is fused rounds otherwise; values are about 1, but some cancel.
static void expect_near(const float *a, const float *b, size_t count)
{
    float scale = 1;
    for (size_t i = 0; i < count; i++) scale = fmaxf(scale, fabsf(a[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= 1e-4f * scale)) fail_msg("value %zu differs: %g unfused, %g fused", i, a[i], b[i]);
}

static void compare(striate_graph *g, bool train)
{
    int batch = 1 + below(4), images = 1 + below(batch);
    striate_plan_options options = { .batch = batch, .train = train };
    const unsigned debug[] = { PLAN_POISON, PLAN_UNSHARED, PLAN_KEPT };
    struct result fused = run(g, options, images, 0), unfused = run(g, options, images, PLAN_UNFUSED);
    for (int i = 0; i < 3; i++) {
        struct result result = run(g, options, images, debug[i]);
        expect_equal(g, &result, &fused, images, train);
        result_free(&result);
    }
    expect_near(unfused.output, fused.output, (size_t)images * 3);
    if (train) expect_near(unfused.gradients, fused.gradients, g->trained);
    result_free(&unfused);
    result_free(&fused);
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

// Two batch norms of one convolution, whose running means differ.
static void shared_statistics(void **state)
{
    (void)state;
    striate_graph *g;
    assert_int_equal(striate_graph_new(&g), STRIATE_OK);
    striate_node *x = striate_conv(g, striate_input(g, 6, 6, 2), (striate_conv_options){ .filters = 8, .kernel = 3 }), *y[2];
    for (int i = 0; i < 2; i++) y[i] = striate_relu(g, striate_batch_norm(g, x, (striate_norm_options){ 0 }));
    striate_dense(g, striate_concat(g, y, 2), (striate_dense_options){ .units = 3 });
    assert_int_equal(striate_init_weights(g, 1), STRIATE_OK);
    for (size_t i = g->trained; i < g->total; i++) g->weights[i] += 0.1f * (float)below(9);
    compare(g, true);
    compare(g, false);
    striate_graph_free(g);
}

// A batch norm and a ReLU behind a concat become part of the layers that it takes, where these do nothing else: then nothing runs behind it.
static void through_concat(void **state)
{
    (void)state;
    for (int taken = 0; taken < 2; taken++) { // 1: the second branch has a ReLU of its own
        striate_graph *g;
        assert_int_equal(striate_graph_new(&g), STRIATE_OK);
        striate_node *x = striate_input(g, 6, 6, 2), *y[3];
        for (int i = 0; i < 3; i++)
            y[i] = striate_conv(g, x,
                                (striate_conv_options){ .filters = 4 + i, .kernel = 2 * i + 1, .pad = i, .no_bias = i == 1 });
        if (taken) y[1] = striate_relu(g, y[1]);
        x = striate_relu(g, striate_batch_norm(g, striate_concat(g, y, 3), (striate_norm_options){ 0 }));
        striate_dense(g, x, (striate_dense_options){ .units = 3 });
        assert_int_equal(striate_init_weights(g, 1), STRIATE_OK);
        for (size_t i = 0; i < g->total; i++) g->weights[i] += 0.1f * (float)(1 + below(9));
        compare(g, true);
        compare(g, false);
        striate_plan *plan;
        assert_int_equal(striate_compile(&plan, g, (striate_plan_options){ .batch = 1 }), STRIATE_OK);
        int norms = 0;
        for (int i = 0; i < striate_plan_node_count(plan); i++)
            norms += !strcmp(striate_plan_node_at(plan, i).op, "batch_norm");
        assert_int_equal(norms, taken);
        striate_plan_free(plan);
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
    for (int step = 0; step < plan->step_count; step++) {
        const struct op_args *a = &plan->args[step];
        int node = plan->steps[step].node;
        struct op_plan asked = { 0 };
        assert_int_equal(plan->nodes[node]->op->shape(a, &asked), STRIATE_OK);
        if (plan->steps[step].phase == STRIATE_PHASE_BACKWARD) {
            if (plan->backward[node]) assert_true(bytes_at(plan, a->workspace, step) >= asked.workspace);
            continue;
        }
        assert_true(bytes_at(plan, a->saved, step) >= asked.saved);
        assert_true(bytes_at(plan, a->packed, step) >= asked.packed);
        assert_true(bytes_at(plan, a->workspace, step) >= asked.workspace - asked.backward_only);
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
        assert_int_equal(place_bound(&bound, buffers, count), STRIATE_OK);
        assert_int_equal(place_buffers(&bytes, bound, buffers, count), STRIATE_OK);
        check_placement(buffers, count, bytes, bound);
    }
}

// Every network of the zoo, also the largest.
static void zoo(void **state)
{
    (void)state;
    for (const striate_zoo_entry *entry = striate_zoo(); entry->name; entry++)
        for (int i = 0; i < 4; i++) {
            striate_graph *g;
            striate_plan *plan, *same;
            striate_plan_options options = { .batch = i & 1 ? 32 : 1, .train = i / 2 };
            assert_int_equal(striate_graph_from_zoo(&g, entry->name, (striate_zoo_options){ 0 }), STRIATE_OK);
            assert_int_equal(striate_forecast(&plan, g, options), STRIATE_OK);
            assert_null(g->weights);
            check_placement(plan->buffers, plan->buffer_count, plan->block_bytes, plan->bound);
            if (i == 3) {
                assert_int_equal(striate_forecast(&same, g, options), STRIATE_OK);
                for (int j = 0; j < plan->buffer_count; j++) assert_int_equal(plan->buffers[j].offset, same->buffers[j].offset);
                striate_plan_free(same);
            }
            striate_plan_free(plan);
            striate_graph_free(g);
        }
}

// A plan smooths the labels of its own loss, and of those in the graph that do not do so themselves.
static void smoothing(void **state)
{
    (void)state;
    static const struct {
        const char *loss;
        float smoothing;
    } rows[] = { { "l = cross_entropy fc smoothing=0.25\n", 0 },
                 { "", 0.25f },
                 { "l = cross_entropy fc\n", 0.25f },
                 { "l = cross_entropy fc smoothing=0.25\n", 0.5f },
                 { "", 0 } };
    double losses[5];
    for (int i = 0; i < 5; i++) {
        char text[256];
        striate_graph *g = NULL;
        snprintf(text, sizeof text, "x = input height=2 width=2 channels=3\nfc = dense x units=5\n%s", rows[i].loss);
        assert_int_equal(striate_graph_from_text(&g, text, strlen(text), "text"), STRIATE_OK);
        assert_int_equal(striate_init_weights(g, 3), STRIATE_OK);
        striate_plan_options options = { .batch = 2, .train = 1, .label_smoothing = rows[i].smoothing };
        striate_plan *plan = NULL;
        assert_int_equal(striate_compile(&plan, g, options), STRIATE_OK);
        for (int j = 0; j < 24; j++) striate_plan_input(plan)[j] = (float)(j % 7) - 3;
        striate_plan_labels(plan)[1] = 4;
        striate_forward(plan, 2, 0);
        losses[i] = striate_loss(plan);
        options.label_smoothing = 1.5f;
        striate_plan *none = NULL;
        assert_int_equal(striate_compile(&none, g, options), STRIATE_BAD_ARGUMENT);
        striate_plan_free(plan);
        striate_graph_free(g);
    }
    for (int i = 1; i < 4; i++) assert_true(losses[i] == losses[0]);
    assert_true(fabs(losses[4] - losses[0]) > 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(random_graphs), cmocka_unit_test(shared_statistics),
                                        cmocka_unit_test(sharing),       cmocka_unit_test(scratch_is_for_the_whole_batch),
                                        cmocka_unit_test(placement),     cmocka_unit_test(zoo),
                                        cmocka_unit_test(smoothing),     cmocka_unit_test(through_concat) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
