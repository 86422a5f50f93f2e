// check_published.c - networks trained elsewhere must say here what they said there: their published weights, and what PyTorch computed from them.
#include "base/file.h"
#include "base/value.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "striate.h"

#ifndef STRIATE_TEST_DATA
#define STRIATE_TEST_DATA "/nowhere"
#endif
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||                       \
    __has_feature(thread_sanitizer)
enum { LIMIT = 256 }; // images of real data: sanitized code is slow
#else
enum { LIMIT = 10000 };
#endif

#define OK(call)                                                                                                               \
    do {                                                                                                                       \
        if ((call)) fail_msg(#call ": %s", striate_error());                                                                   \
    } while (0)

static striate_model *model_with(const char *weights, const char *zoo, const striate_preprocessing *how)
{
    char *path = file_join(STRIATE_TEST_DATA "/weights", weights);
    striate_graph *graph;
    striate_model *model;
    OK(striate_graph_from_zoo(&graph, zoo, (striate_zoo_options){ .height = how->height, .width = how->width }));
    OK(striate_load_weights(graph, path));
    OK(striate_model_new(&model, graph, how, NULL));
    free(path);
    return model;
}

static struct value *read_golden(const char *name)
{
    char *path = file_join(STRIATE_TEST_DATA "/golden", name);
    struct bytes json;
    struct value *root;
    OK(file_read(&json, path, 1 << 20));
    OK(value_parse(&root, (const char *)json.data, json.size, path));
    free(json.data);
    free(path);
    return root;
}

static int integer_at(const struct value *array, size_t index)
{
    int64_t integer;
    assert_true(value_integer(value_at(array, index), &integer));
    return (int)integer;
}

static double farthest(const float *logits, const struct value *wanted, int classes)
{
    double worst = 0, want;
    assert_int_equal(value_size(wanted), classes);
    for (int c = 0; c < classes; c++) {
        assert_true(value_number(value_at(wanted, (size_t)c), &want));
        worst = fmax(worst, fabs(want - logits[c]));
    }
    return worst;
}

// ---- data sets: the first 16 logits, and how many of 10,000 are right ----

static void check_set(striate_model *model, const char *golden, const striate_data *data, double within, int correct_within)
{
    struct value *root = read_golden(golden);
    striate_evaluation *e;
    OK(striate_evaluate(&e, model, data, (striate_evaluate_options){ .limit = LIMIT }));
    double worst = 0;
    for (int i = 0; i < 16; i++) {
        assert_int_equal(striate_data_label(data, i), integer_at(value_get(root, "labels"), (size_t)i));
        worst = fmax(worst, farthest(e->logits + i * 10, value_at(value_get(root, "logits"), (size_t)i), 10));
    }
    int64_t correct;
    assert_true(value_integer(value_get(root, "test_correct_of_10000"), &correct));
    printf("# %s: %d of %d right (%lld), logits off by %.2g, %.1f s\n", golden, e->correct, e->images, (long long)correct,
           worst, e->seconds);
    assert_true(worst < within);
    assert_int_equal(e->images, LIMIT);
    if (LIMIT == 10000) assert_true(abs(e->correct - (int)correct) <= correct_within);
    striate_evaluation_free(e);
    striate_model_free(model);
    value_free(root);
}

static void scores_caffes_lenet(void **state)
{
    (void)state;
    if (!file_is_folder(STRIATE_TEST_DATA "/mnist") || !file_is_folder(STRIATE_TEST_DATA "/weights")) skip();
    striate_data *data;
    OK(striate_data_open(&data, STRIATE_TEST_DATA "/mnist", STRIATE_SPLIT_TEST));
    striate_preprocessing how = { 28, 28, 1, .std = { 1.003921569f } }; // byte / 256
    check_set(model_with("lenet_iter_10000.safetensors", "lenet", &how), "lenet.json", data, 1e-4, 0);
    striate_data_close(data);
}

static void scores_resnet20(void **state)
{
    (void)state;
    static const char packed[] = STRIATE_TEST_DATA "/cifar10/test_batch.bin.xz";
    if (!file_exists(packed) || system("xz --version > /dev/null 2>&1")) skip();
    char command[512], folder[] = "/tmp/check_published.XXXXXX", unpacked[64];
    assert_non_null(mkdtemp(folder));
    snprintf(unpacked, sizeof unpacked, "%s/test_batch.bin", folder);
    snprintf(command, sizeof command, "xz -dc '%s' > '%s'", packed, unpacked);
    assert_int_equal(system(command), 0);
    striate_data *data;
    OK(striate_data_open(&data, folder, STRIATE_SPLIT_TEST));
    striate_preprocessing how = { 32, 32, 3, .mean = { 0.485f, 0.456f, 0.406f }, .std = { 0.229f, 0.224f, 0.225f } };
    check_set(model_with("resnet20-12fca82f.safetensors", "cifar_resnet20", &how), "resnet20-12fca82f.json", data, 1e-3, 3);
    striate_data_close(data);
    unlink(unpacked);
    rmdir(folder);
}

// ---- photographs: all logits ----

static const striate_preprocessing caffes = { 227, 227, 3, .resize = 256, .bgr = 1, .range = 255, .mean = { 104, 117, 123 } };

// FNV-1a of the pixels that are left of each photograph when Pillow has decoded and resized it, and the middle of it is cut.
static const uint32_t pillows[] = { 0x3dec0151, 0x04abc64d, 0xe75623fe, 0x40256b70, 0x050d181b,
                                    0x38cea4c9, 0xeb2acb07, 0x83965da4, 0x21ead97c, 0xe13221e8 };

static uint32_t hash_of_pixels(const striate_image *image)
{
    enum { VALUES = 227 * 227 * 3 };
    float *x = malloc(VALUES * sizeof *x);
    assert_non_null(x);
    OK(striate_preprocess(x, image, &(striate_preprocessing){ 227, 227, 3, .resize = 256, .range = 255 }));
    uint32_t hash = 2166136261u;
    for (int i = 0; i < VALUES; i++) hash = (hash ^ (uint32_t)lrintf(x[i])) * 16777619u;
    free(x);
    return hash;
}

static double check_photograph(striate_model *model, const striate_image *image, const struct value *wanted)
{
    const struct value *best = value_get(wanted, "top5"), *values = value_get(wanted, "top5_logits");
    float logits[1000];
    double first, second;
    striate_prediction guess[5];
    OK(striate_logits(logits, model, image));
    OK(striate_predict(guess, 5, model, image));
    assert_true(value_number(value_at(values, 0), &first));
    assert_true(value_number(value_at(values, 1), &second));
    if (first - second > 0.2) assert_int_equal(guess[0].label, integer_at(best, 0));
    for (int i = 0; i < 5; i++) {
        size_t at = 0;
        while (at < 5 && integer_at(best, at) != guess[i].label) at++;
        if (at == 5) fail_msg("class %d is not among the best five", guess[i].label);
    }
    return farthest(logits, value_get(wanted, "logits"), 1000);
}

// Another JPEG library may round otherwise; from Pillow's pixels logits are PyTorch's.
static void names_what_photographs_show(void **state)
{
    (void)state;
    if (!file_exists(STRIATE_TEST_DATA "/golden/squeezenet1_1_caffe.json")) skip();
    struct value *root = read_golden("squeezenet1_1_caffe.json");
    const struct value *images = value_get(root, "images");
    striate_model *model = model_with("squeezenet1.1-caffe-fp16.safetensors", "squeezenet1_1", &caffes);
    assert_int_equal(value_size(images), 10);
    for (int exact = 0; exact < 2; exact++) {
        int same = 0;
        double worst[2] = { 0, 0 }; // from other pixels, from the same
        striate_model_exact(model, exact);
        for (size_t i = 0; i < 10; i++) {
            const struct value *wanted = value_at(images, i);
            char *path = file_join(STRIATE_TEST_DATA "/photos", file_base(value_string(value_get(wanted, "file"))));
            striate_image image;
            OK(striate_image_open(&image, path));
            bool is_same = hash_of_pixels(&image) == pillows[i];
            worst[is_same] = fmax(worst[is_same], check_photograph(model, &image, wanted));
            same += is_same;
            striate_image_free(&image);
            free(path);
        }
        printf("# squeezenet1_1%s: pixels of %d photographs are Pillow's, logits off by %.2g; of the others %.2g\n",
               exact ? ", exact" : "", same, worst[1], worst[0]);
        assert_true(worst[0] < 0.1 && worst[1] < 1e-3);
    }
    striate_model_free(model);
    value_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_caffes_lenet),
        cmocka_unit_test(scores_resnet20),
        cmocka_unit_test(names_what_photographs_show),
    };
    return cmocka_run_group_tests_name("published", tests, NULL, NULL);
}
