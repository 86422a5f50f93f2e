// check_lr_find.c - the loss against the learning rate: the points are those of training by hand, the weights come back to the bit, and the
// suggestion is a rate that learns.
#include "base/random.h"
#include "graph/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK(call)                                                                                                               \
    do                                                                                                                         \
        if (call) fail_msg("%s", striate_error());                                                                             \
    while (0)

enum { IMAGES = 50, SIDE = 6, CLASSES = 3, BATCH = 8 };

// Class c is a bright row.
static striate_data *make_data(void)
{
    uint8_t pixels[IMAGES * SIDE * SIDE];
    int labels[IMAGES];
    for (int i = 0; i < IMAGES; i++) {
        labels[i] = i % CLASSES;
        for (int j = 0; j < SIDE * SIDE; j++)
            pixels[i * SIDE * SIDE + j] =
                (uint8_t)(50 * (j / SIDE == 2 * labels[i]) +
                          50 * random_uniform((struct random_key){ .seed = 3 }, (uint32_t)(i * 36 + j)));
    }
    striate_data *data = NULL;
    OK(striate_data_from_memory(&data, pixels, labels, IMAGES, SIDE, SIDE, 1, CLASSES, NULL));
    return data;
}

static striate_model *make_model(void)
{
    static const char text[] =
        "data = input height=6 width=6 channels=1\nconv = conv data filters=4 kernel=3\nnorm = batch_norm conv\n"
        "relu = relu norm\nfc = dense relu units=3\n";
    striate_graph *graph = NULL;
    striate_model *model = NULL;
    OK(striate_graph_from_text(&graph, text, strlen(text), "net"));
    OK(striate_init_weights(graph, 5));
    OK(striate_model_new(&model, graph, &(striate_preprocessing){ .height = SIDE, .width = SIDE, .channels = 1 }, NULL));
    return model;
}

// On the data, after a training at this rate; infinite where it diverged.
static double loss_after(striate_model *model, const striate_data *data, const striate_training *training, double rate)
{
    striate_training how = *training;
    striate_evaluation *evaluation = NULL;
    how.learning_rate = (float)rate;
    striate_status status = striate_train(model, data, NULL, &how);
    if (status == STRIATE_DIVERGED) return INFINITY;
    OK(status);
    OK(striate_evaluate(&evaluation, model, data, (striate_evaluate_options){ 0 }));
    double loss = evaluation->loss;
    striate_evaluation_free(evaluation);
    return loss;
}

static void check_curve(void **state)
{
    (void)state;
    striate_data *data = make_data();
    striate_model *model = make_model();
    striate_graph *graph = striate_model_graph(model);
    size_t bytes = graph->total * sizeof(float);
    float *before = memcpy(malloc(bytes), graph->weights, bytes);
    striate_training how = {
        .batch_size = BATCH, .optimizer.momentum = 0.9f, .seed = 4, .schedule = STRIATE_SCHEDULE_COSINE, .warmup_epochs = 3
    };
    striate_lr_curve *curve = NULL, *again = NULL;
    OK(striate_lr_find(&curve, model, data, &how, (striate_lr_options){ .low = 1e-5f, .high = 1e3f, .steps = 60 }));
    assert_memory_equal(before, graph->weights, bytes);
    assert_true(curve->count > 20 && curve->count <= 60);
    assert_true(curve->suggestion > 1e-5 && curve->suggestion < 10);
    double mean = 0;
    for (int i = 0; i < curve->count; i++) {
        assert_true(fabs(curve->rates[i] / (1e-5 * pow(1e8, i / 59.0)) - 1) < 1e-5);
        mean = 0.9 * mean + 0.1 * curve->losses[i];
        assert_true(fabs(curve->smooth[i] - mean / (1 - pow(0.9, i + 1))) < 1e-9);
    }
    OK(striate_lr_find(&again, model, data, &how, (striate_lr_options){ .low = 1e-5f, .high = 1e3f, .steps = 60 }));
    assert_true(again->count == curve->count && again->suggestion == curve->suggestion);
    assert_memory_equal(again->losses, curve->losses, (size_t)curve->count * sizeof(double));

    // The first loss is that of the weights as they are, whatever the rate.
    striate_lr_curve *other = NULL;
    OK(striate_lr_find(&other, model, data, &how, (striate_lr_options){ .low = 0.1f, .high = 1, .steps = 10 }));
    assert_true(other->losses[0] == curve->losses[0] && other->losses[5] != curve->losses[5]);

    // Of three rates, a hundred apart, the one that it suggests learns most.
    how.schedule = STRIATE_SCHEDULE_CONSTANT;
    how.warmup_epochs = 0;
    how.epochs = 4;
    double losses[3];
    for (int i = 0; i < 3; i++) losses[i] = loss_after(model, data, &how, curve->suggestion * pow(100, i - 1));
    if (!(losses[1] < losses[0] && losses[1] < losses[2]))
        fail_msg("losses %g, %g, %g around a rate of %g", losses[0], losses[1], losses[2], curve->suggestion);
    free(curve), free(again), free(other), free(before);
    striate_model_free(model);
    striate_data_close(data);
}

// Rates that are too low to learn anything: whatever the batches and the noise of their losses, nothing is suggested.
static void check_noise(void **state)
{
    (void)state;
    striate_data *data = make_data();
    striate_model *model = make_model();
    for (int batch = 1; batch < IMAGES; batch += 7)
        for (uint64_t seed = 0; seed < 20; seed++) {
            striate_training how = { .batch_size = batch, .seed = seed };
            striate_lr_curve *curve = NULL;
            OK(striate_lr_find(&curve, model, data, &how, (striate_lr_options){ .low = 1e-12f, .high = 1e-8f, .steps = 60 }));
            if (curve->suggestion != 0) fail_msg("batch %d, seed %d: %g", batch, (int)seed, curve->suggestion);
            free(curve);
        }
    striate_model_free(model);
    striate_data_close(data);
}

static int stop_at_five(void *user, const striate_training_step *step)
{
    (void)user;
    return step->image == 5 ? STRIATE_STOP : STRIATE_GO_ON;
}

static void check_stops(void **state)
{
    (void)state;
    striate_data *data = make_data();
    striate_model *model = make_model();
    striate_graph *graph = striate_model_graph(model);
    size_t bytes = graph->total * sizeof(float);
    float *before = memcpy(malloc(bytes), graph->weights, bytes);
    static const striate_lr_options bad[] = { { .low = -1 }, { .low = 2, .high = 1 }, { .high = INFINITY }, { .steps = 9 } };
    striate_lr_curve *curve = NULL;
    striate_training how = { .batch_size = BATCH };
    for (int i = 0; i < 4; i++) assert_int_equal(striate_lr_find(&curve, model, data, &how, bad[i]), STRIATE_BAD_ARGUMENT);
    how.on_step = stop_at_five;
    assert_int_equal(striate_lr_find(&curve, model, data, &how, (striate_lr_options){ 0 }), STRIATE_INTERRUPTED);
    assert_null(curve);
    assert_memory_equal(before, graph->weights, bytes);

    how.on_step = NULL; // rates beyond all measure end the curve, and are no failure
    OK(striate_lr_find(&curve, model, data, &how, (striate_lr_options){ .low = 1e-3f, .high = 1e30f, .steps = 40 }));
    assert_true(curve->count < 40);
    assert_memory_equal(before, graph->weights, bytes);
    free(curve);
    free(before);
    striate_model_free(model);
    striate_data_close(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(check_curve), cmocka_unit_test(check_noise),
                                        cmocka_unit_test(check_stops) };
    return cmocka_run_group_tests_name("lr_find", tests, NULL, NULL);
}
