// check_crops.c - centre crops and ten crops, against crops cut by hand, one after the other.
#include "scratch.h"

#include <math.h>
#include <stdbool.h>

enum { SIDE = 6, RESIZE = 8, CLASSES = 4, COUNT = 13, VALUES = SIDE * SIDE * 3 };

static const char network[] = "data = input height=6 width=6 channels=3\n"
                              "conv = conv data filters=5 kernel=3\n"
                              "relu = relu conv\n"
                              "fc = dense relu units=4\n";

static striate_model *new_model(int resize, const char *end)
{
    char text[512];
    striate_graph *graph;
    striate_model *model;
    striate_preprocessing how = { SIDE, SIDE, 3, .resize = resize, .mean = { 0.3f, 0.5f, 0.4f }, .std = { 0.5f, 0.2f, 0.3f } };
    int length = snprintf(text, sizeof text, "%s%s", network, end);
    expect_ok(striate_graph_from_text(&graph, text, (size_t)length, "crops.net"));
    expect_ok(striate_init_weights(graph, 3));
    expect_ok(striate_model_new(&model, graph, &how, NULL));
    return model;
}

static uint8_t pixels[COUNT][11 * 16 * 3];

static striate_data *new_data(void)
{
    int labels[COUNT];
    for (int n = 0; n < COUNT; n++) {
        for (int i = 0; i < 11 * 16 * 3; i++) pixels[n][i] = (uint8_t)(i * i / (n + 3) + 31 * n);
        labels[n] = n % CLASSES;
    }
    striate_data *data;
    expect_ok(striate_data_from_memory(&data, pixels[0], labels, COUNT, 11, 16, 3, CLASSES, NULL));
    return data;
}

// The outputs for one crop of the image brought to full_h x full_w, mirrored or not.
static void outputs_of(float *outputs, striate_model *model, const striate_image *image, int full_h, int full_w, int top,
                       int left, bool mirror)
{
    striate_preprocessing how = *striate_model_preprocessing(model);
    float full[32 * 32 * 3], *x;
    striate_plan *plan;
    how.height = full_h, how.width = full_w, how.resize = 0;
    expect_ok(striate_preprocess(full, image, &how));
    expect_ok(striate_compile(&plan, striate_model_graph(model), (striate_plan_options){ .batch = 1 }));
    x = striate_plan_input(plan);
    for (int i = 0; i < VALUES; i++) {
        int row = top + i / (3 * SIDE), column = i / 3 % SIDE;
        x[i] = full[(row * full_w + left + (mirror ? SIDE - 1 - column : column)) * 3 + i % 3];
    }
    striate_forward(plan, 1, 0);
    memcpy(outputs, striate_plan_output(plan), CLASSES * sizeof *outputs);
    striate_plan_free(plan);
}

// The mean of the probabilities of ten crops.
static void ten_of(double mean[CLASSES], striate_model *model, const striate_image *image, bool probabilities)
{
    static const int places[][2] = { { 1, 2 }, { 0, 0 }, { 0, 5 }, { 2, 0 }, { 2, 5 } }; // in 8 x 11
    for (int c = 0; c < CLASSES; c++) mean[c] = 0;
    for (int i = 0; i < 10; i++) {
        float y[CLASSES];
        double sum = 0;
        outputs_of(y, model, image, RESIZE, 11, places[i / 2][0], places[i / 2][1], i % 2);
        for (int c = 0; c < CLASSES; c++) sum += exp((double)y[c]);
        for (int c = 0; c < CLASSES; c++) mean[c] += (probabilities ? (double)y[c] : exp((double)y[c]) / sum) / 10;
    }
}

static void ten(void **state)
{
    (void)state;
    striate_data *data = new_data();
    for (int softmax = 0; softmax < 2; softmax++) {
        striate_model *model = new_model(RESIZE, softmax ? "prob = softmax fc\n" : "");
        striate_evaluation *e;
        striate_model_crops(model, STRIATE_CROPS_TEN);
        for (int batch = 1; batch <= 128; batch *= 2) {
            expect_ok(striate_evaluate(&e, model, data, (striate_evaluate_options){ .batch_size = batch }));
            assert_int_equal(e->images, COUNT);
            for (int n = 0; n < COUNT && batch == 32; n++) {
                striate_image image = { pixels[n], 11, 16, 3 };
                striate_prediction best[CLASSES];
                double mean[CLASSES];
                float logits[CLASSES];
                ten_of(mean, model, &image, softmax);
                expect_ok(striate_predict(best, CLASSES, model, &image));
                expect_ok(striate_logits(logits, model, &image));
                for (int c = 0; c < CLASSES; c++) {
                    double want = softmax ? mean[c] : log(mean[c]);
                    assert_true(fabs(logits[c] - want) < 1e-4);
                    assert_true(fabs(e->logits[n * CLASSES + c] - want) < 1e-4);
                    assert_true(fabs(best[c].probability - mean[best[c].label]) < 1e-4);
                }
            }
            striate_evaluation_free(e);
        }
        striate_model_free(model);
    }
    striate_data_close(data);
}

static void centre(void **state)
{
    (void)state;
    striate_data *data = new_data();
    static const struct {
        int resize, full_h, full_w, top, left;
    } rows[] = { { RESIZE, 8, 11, 1, 2 }, { 0, 7, 10, 0, 2 } }; // 8/7 of 6 is 7; halves go to the even side, as in torchvision
    for (int r = 0; r < 2; r++) {
        striate_model *model = new_model(rows[r].resize, "");
        striate_image image = { pixels[2], 11, 16, 3 };
        float got[CLASSES], plain[CLASSES], want[CLASSES];
        expect_ok(striate_logits(plain, model, &image));
        striate_model_crops(model, STRIATE_CROPS_CENTER);
        expect_ok(striate_logits(got, model, &image));
        outputs_of(want, model, &image, rows[r].full_h, rows[r].full_w, rows[r].top, rows[r].left, false);
        for (int c = 0; c < CLASSES; c++) assert_true(fabsf(got[c] - want[c]) < 1e-4f);
        assert_int_equal(memcmp(got, plain, sizeof got) == 0, rows[r].resize != 0);
        striate_model_crops(model, STRIATE_CROPS_MODEL);
        expect_ok(striate_logits(got, model, &image));
        assert_memory_equal(got, plain, sizeof got);
        striate_model_free(model);
    }
    striate_data_close(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(ten), cmocka_unit_test(centre) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
