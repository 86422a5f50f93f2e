// check_bad.c - images that cannot be read, in training and evaluation: named and counted, left out only where that was asked for; and data
// whose classes stand in another order than the model's.
#include "scratch.h"

#include "base/random.h"

#include <stdbool.h>
#include <unistd.h>

enum { COUNT = 400, SIDE = 6 };

static const char network[] = "data = input height=6 width=6 channels=1\nfc = dense data units=2\n";

static striate_model *new_model(const char *const *names)
{
    striate_graph *graph;
    striate_model *model;
    striate_preprocessing how = { SIDE, SIDE, 1, .mean = { 0.3f } };
    expect_ok(striate_graph_from_text(&graph, network, sizeof network - 1, "bad.net"));
    expect_ok(striate_init_weights(graph, 3));
    expect_ok(striate_model_new(&model, graph, &how, names));
    return model;
}

static const char *file_of(int image)
{
    char name[64];
    snprintf(name, sizeof name, "set/%s/%03d.png", image % 2 ? "dog" : "cat", image);
    return scratch_path(name);
}

// Bright and dark images in two folders.
static void write_set(void)
{
    for (int n = 0; n < COUNT; n++) {
        uint8_t pixels[SIDE * SIDE];
        for (uint32_t i = 0; i < SIDE * SIDE; i++)
            pixels[i] = (uint8_t)(100 * random_uniform((struct random_key){ 1, (uint64_t)n, 0, 0 }, i) + 100 * (n % 2));
        expect_ok(striate_image_save_png(&(striate_image){ pixels, SIDE, SIDE, 1 }, file_of(n)));
    }
}

struct told {
    char lines[4096];
    int calls, bad_at_last;
    double waiting;
};

static void on_bad(void *user, const char *sentences)
{
    struct told *told = user;
    size_t used = strlen(told->lines);
    snprintf(told->lines + used, sizeof told->lines - used, "%s\n", sentences);
    told->calls++;
}

static int on_step(void *user, const striate_training_step *step)
{
    struct told *told = user;
    told->bad_at_last = step->bad;
    assert_true(step->waiting >= 0 && step->waiting <= 1);
    assert_true(step->prepared_per_second > 0);
    return 0;
}

static striate_status train(struct told *told, striate_data *data, int skip, int batch, const char *out)
{
    striate_model *model = new_model((const char *const[]){ "cat", "dog" });
    striate_training t = { .epochs = 2,
                           .batch_size = batch,
                           .learning_rate = 0.1f,
                           .seed = 1,
                           .skip_bad = skip,
                           .on_bad = on_bad,
                           .on_step = on_step,
                           .user = told,
                           .out = out,
                           .overwrite = 1 };
    *told = (struct told){ "" };
    striate_status status = striate_train(model, data, data, &t);
    striate_model_free(model);
    return status;
}

static void leaves_out(void **state)
{
    (void)state;
    struct told told, again;
    write_set();
    const char *broken = file_of(7);
    assert_int_equal(truncate(broken, 60), 0);       // the header is whole
    scratch_write("set/cat/300.png", "no image", 8); // not even that

    striate_data *data = NULL;
    expect_failure(striate_data_open(&data, scratch_path("set"), STRIATE_SPLIT_TRAIN), STRIATE_BAD_FILE, "set/cat/300.png",
                   NULL);
    expect_ok(striate_data_open_with(&data, scratch_path("set"), STRIATE_SPLIT_TRAIN, (striate_data_options){ .keep_bad = 1 }));
    assert_int_equal(striate_data_about(data).images, COUNT);
    assert_int_equal(striate_data_about(data).height, SIDE);

    float mean[3], std[3]; // of the others
    expect_ok(striate_data_statistics(mean, std, data));
    assert_true(mean[0] > 0 && mean[0] < 1 && std[0] > 0 && std[0] < 1);
    expect_failure(train(&told, data, 0, 32, NULL), STRIATE_BAD_FILE, "set/", ".png", NULL);
    assert_int_equal(told.calls, 0);
    for (int threads = 1; threads <= 3; threads++) {
        char out[64];
        snprintf(out, sizeof out, "run%d", threads);
        striate_threads(threads);
        expect_ok(train(&told, data, 1, 32, scratch_path(out)));
        assert_int_equal(told.bad_at_last, 2); // of the last epoch
        int lines = 0;                         // two epochs, each with a validation on the same files
        for (const char *at = told.lines; (at = strchr(at, '\n')); at++) lines++;
        assert_int_equal(lines, 8);
        assert_non_null(strstr(told.lines, "set/cat/300.png: begins with"));
        assert_non_null(strstr(told.lines, "set/dog/007.png: not a whole PNG"));
    }
    char command[512]; // the same bits for any number of threads
    snprintf(command, sizeof command, "cmp -s %s/run1/last.safetensors %s/run3/last.safetensors", scratch, scratch);
    assert_int_equal(system(command), 0);
    expect_failure(train(&again, data, 1, 1, NULL), STRIATE_BAD_FILE, "none of 1 images can be read", NULL);

    for (int n = 20; n < 26; n += 2) assert_int_equal(truncate(file_of(n), 60), 0); // five of 400
    expect_failure(train(&told, data, 1, 32, NULL), STRIATE_BAD_FILE, "5 of", "more than 1 %", ".png", NULL);

    // evaluation: predictions keep their places
    striate_model *model = new_model(NULL);
    striate_evaluation *e = NULL;
    expect_failure(striate_evaluate(&e, model, data, (striate_evaluate_options){ 0 }), STRIATE_BAD_FILE, ".png", NULL);
    expect_ok(
        striate_evaluate(&e, model, data, (striate_evaluate_options){ .batch_size = 32, .on_bad = on_bad, .user = &again }));
    assert_int_equal(e->images, COUNT - 5);
    int sum = 0;
    for (int c = 0; c < 4; c++) sum += e->confusion[c];
    assert_int_equal(sum, COUNT - 5);
    for (int i = 0; i < COUNT; i++) {
        const char *name = strrchr(striate_data_name(data, i), '/') + 1;
        bool bad = !strcmp(name, "300.png") || !strcmp(name, "007.png") ||
                   (!strncmp(name, "02", 2) && name[2] < '6' && name[2] % 2 == 0);
        assert_int_equal(e->predictions[i] < 0, bad);
        if (bad) continue;
        float logits[2];
        striate_image image;
        expect_ok(striate_data_image(&image, data, i));
        expect_ok(striate_logits(logits, model, &image));
        for (int c = 0; c < 2; c++)
            assert_true(logits[c] - e->logits[2 * i + c] < 1e-4f && logits[c] - e->logits[2 * i + c] > -1e-4f);
        striate_image_free(&image);
    }
    striate_evaluation_free(e);
    striate_model_free(model);
    striate_data_close(data);
    striate_threads(0);
}

static void keeps_classes_apart(void **state)
{
    (void)state;
    static const char *const orders[][2] = {
        { "cat", "dog" }, { "dog", "cat" }, { "0", "1" }, { "bird", "cat" }, { "cat", "bird" }
    };
    static const int fine[] = { 1, 0, 1, 0, 1 };
    uint8_t pixels[4][SIDE * SIDE] = { { 0 } };
    striate_data *data;
    expect_ok(striate_data_from_memory(&data, pixels[0], (int[]){ 0, 1, 0, 1 }, 4, SIDE, SIDE, 1, 2, orders[0]));
    for (int i = 0; i < 5; i++) {
        striate_model *model = new_model(orders[i]);
        striate_evaluation *e = NULL;
        striate_status status = striate_evaluate(&e, model, data, (striate_evaluate_options){ 0 });
        striate_training t = { .epochs = 1 };
        if (fine[i]) {
            expect_ok(status);
        } else {
            char theirs[64];
            snprintf(theirs, sizeof theirs, "the model has %s, %s;", orders[i][0], orders[i][1]);
            expect_failure(status, STRIATE_BAD_FILE, "another order", "the data has cat, dog;", theirs, NULL);
            expect_failure(striate_train(model, data, NULL, &t), STRIATE_BAD_FILE, "another order", theirs, NULL);
        }
        striate_evaluation_free(e);
        striate_model_free(model);
    }
    striate_data_close(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(leaves_out), cmocka_unit_test(keeps_classes_apart) };
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
