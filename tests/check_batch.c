// check_batch.c - batches: every image once and at its place, the same for any number of threads; resuming; failures; closing early.
#include "scratch.h"

#include "data/batch.h"

#include <unistd.h>

enum { COUNT = 103, SIDE = 3 };

// Images whose every pixel is their number and whose label is its last digit.
static striate_data *numbered(void)
{
    static uint8_t pixels[COUNT][SIDE * SIDE];
    int labels[COUNT];
    for (int i = 0; i < COUNT; i++) {
        memset(pixels[i], i, sizeof pixels[i]);
        labels[i] = i % 10;
    }
    striate_data *data;
    expect_ok(striate_data_from_memory(&data, pixels[0], labels, COUNT, SIDE, SIDE, 1, 10, NULL));
    return data;
}

static const striate_preprocessing plain = { .height = SIDE, .width = SIDE, .channels = 1, .range = 255 };

static struct batches *batches_of(const striate_data *data, int batch_size, int limit, bool shuffle, uint64_t seed)
{
    struct batches *batches;
    expect_ok(batches_open(&batches, &(struct batch_options){ data, &plain, batch_size, limit, shuffle, seed }));
    return batches;
}

// The numbers of an epoch's images in their order, checking every value and label; returns how many there are.
static int epoch_order(int order[COUNT], struct batches *batches, int batch_size, int images, int epoch, int first)
{
    struct batch batch;
    int count = first;
    expect_ok(batches_start(batches, epoch, first));
    for (;;) {
        expect_ok(batches_next(&batch, batches));
        if (!batch.images) break;
        assert_int_equal(batch.images, images - count < batch_size ? images - count : batch_size);
        for (int i = 0; i < batch.images; i++) {
            const float *x = batch.x + i * SIDE * SIDE;
            for (int v = 0; v < SIDE * SIDE; v++) assert_true(x[v] == x[0]);
            assert_int_equal(batch.labels[i], (int)x[0] % 10);
            order[count++] = (int)x[0];
        }
    }
    expect_ok(batches_next(&batch, batches)); // still over
    assert_int_equal(batch.images, 0);
    assert_int_equal(count, images);
    return count;
}

static void orders(void **state)
{
    (void)state;
    static const int sizes[] = { 1, 2, 10, 64, 102, 103, 500 };
    striate_data *data = numbered();
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int shuffle = 0; shuffle < 2; shuffle++) {
            int order[3][COUNT], seen[COUNT] = { 0 }, moved = 0;
            struct batches *batches = batches_of(data, sizes[s], 0, shuffle, 5);
            epoch_order(order[0], batches, sizes[s], COUNT, 1, 0);
            epoch_order(order[1], batches, sizes[s], COUNT, 2, 0);
            epoch_order(order[2], batches, sizes[s], COUNT, 1, 0);
            batches_close(batches);
            assert_memory_equal(order[0], order[2], sizeof order[0]);
            for (int i = 0; i < COUNT; i++) {
                seen[order[0][i]]++;
                if (!shuffle) assert_int_equal(order[0][i], i);
                moved += order[0][i] != order[1][i];
            }
            for (int i = 0; i < COUNT; i++) assert_int_equal(seen[i], 1);
            assert_true(shuffle ? moved > COUNT / 2 : moved == 0);
            batches = batches_of(data, 7, 0, shuffle, 5); // the order is the epoch's, whatever the batch size
            epoch_order(order[1], batches, 7, COUNT, 1, 0);
            assert_memory_equal(order[0], order[1], sizeof order[0]);
            batches_close(batches);
        }
    striate_data_close(data);
}

static void resumes(void **state)
{
    (void)state;
    striate_data *data = numbered();
    int whole[COUNT], rest[COUNT];
    struct batches *batches = batches_of(data, 10, 0, true, 9);
    epoch_order(whole, batches, 10, COUNT, 4, 0);
    for (int first = 0; first <= 100; first += 10) {
        memset(rest, 0, sizeof rest);
        epoch_order(rest, batches, 10, COUNT, 4, first);
        assert_memory_equal(rest + first, whole + first, sizeof(int) * (size_t)(COUNT - first));
    }
    epoch_order(rest, batches, 10, COUNT, 4, COUNT);
    expect_failure(batches_start(batches, 1, 5), STRIATE_BAD_ARGUMENT, "image 5", "10", NULL);
    expect_failure(batches_start(batches, 1, 110), STRIATE_BAD_ARGUMENT, "image 110", "103", NULL);
    batches_close(batches);
    batches = batches_of(data, 10, 25, true, 9); // the first 25 images alone
    epoch_order(rest, batches, 10, 25, 1, 0);
    for (int i = 0; i < 25; i++) assert_true(rest[i] < 25);
    batches_close(batches);
    striate_data_close(data);
}

static void closes_early(void **state)
{
    (void)state;
    striate_data *data = numbered();
    struct batch batch;
    for (int taken = -1; taken < 11; taken++) {
        struct batches *batches = batches_of(data, 10, 0, true, 1);
        if (taken < 0) { // not even begun
            expect_ok(batches_next(&batch, batches));
            assert_int_equal(batch.images, 0);
        } else
            expect_ok(batches_start(batches, 0, 0));
        for (int i = 0; i < taken; i++) expect_ok(batches_next(&batch, batches));
        if (taken > 5) expect_ok(batches_start(batches, 1, 20)); // and a new epoch in the midst of one
        batches_close(batches);
    }
    batches_close(NULL);
    striate_data_close(data);
}

static void wrong_options(void **state)
{
    (void)state;
    striate_data *data = numbered();
    struct batches *batches = NULL;
    striate_preprocessing wrong = { .height = 0 };
    expect_failure(batches_open(&batches, &(struct batch_options){ .data = data, .preprocessing = &plain }),
                   STRIATE_BAD_ARGUMENT, "0 images", NULL);
    expect_failure(batches_open(&batches, &(struct batch_options){ .data = data, .preprocessing = &wrong, .batch_size = 1 }),
                   STRIATE_BAD_ARGUMENT, "0 x 0", NULL);
    assert_null(batches);
    striate_data_close(data);
}

// Image files, which several threads decode.
static striate_data *folder_of(int count)
{
    for (int i = 0; i < count; i++) {
        uint8_t pixels[12 * 9];
        char name[64];
        memset(pixels, i, sizeof pixels);
        snprintf(name, sizeof name, "files/%d/%03d.png", i % 10, i);
        expect_ok(striate_image_save_png(&(striate_image){ pixels, 9 + i % 4, 9, 1 }, scratch_path(name)));
    }
    return opens("files", STRIATE_SPLIT_TRAIN);
}

static void files(void **state)
{
    (void)state;
    striate_data *data = folder_of(COUNT);
    int order[2][COUNT];
    for (int threads = 1; threads <= 5; threads += 2) {
        striate_threads(threads);
        struct batches *batches = batches_of(data, 16, 0, true, 3);
        for (int epoch = 0; epoch < 5; epoch++) epoch_order(order[threads > 1], batches, 16, COUNT, epoch, 0);
        assert_memory_equal(order[0], order[threads > 1], sizeof order[0]);
        batches_close(batches);
    }

    // two files are damaged: the first of them in the epoch's order fails its batch, whichever thread was first
    static const char *const damaged[] = { "files/3/043.png", "files/7/047.png" };
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(scratch_path(damaged[i]), "r+b");
        assert_non_null(file);
        assert_int_equal(ftruncate(fileno(file), 50), 0);
        fclose(file);
    }
    int number[2] = { 0 };
    for (int i = 0; i < COUNT; i++)
        for (int d = 0; d < 2; d++)
            if (order[0][i] == 43 + 4 * d) number[d] = i;
    int first = number[0] < number[1] ? 0 : 1;
    striate_preprocessing how = plain;
    struct batches *batches;
    struct batch batch;
    for (int threads = 1; threads <= 3; threads++) {
        striate_threads(threads);
        expect_ok(batches_open(&batches, &(struct batch_options){ data, &how, COUNT, 0, true, 3 }));
        expect_ok(batches_start(batches, 4, 0));
        for (int again = 0; again < 2; again++)
            expect_failure(batches_next(&batch, batches), STRIATE_BAD_FILE, damaged[first], "not a whole PNG", NULL);
        batches_close(batches);
    }
    expect_ok(batches_open(&batches, &(struct batch_options){ data, &how, 1, 0, true, 3 }));
    expect_ok(batches_start(batches, 4, 0)); // one by one: what comes before is delivered
    for (int i = 0; i < number[first]; i++) expect_ok(batches_next(&batch, batches));
    expect_failure(batches_next(&batch, batches), STRIATE_BAD_FILE, damaged[first], NULL);
    expect_ok(batches_start(batches, 4, 0)); // and again after a failure
    expect_ok(batches_next(&batch, batches));
    batches_close(batches);
    striate_data_close(data);
    striate_threads(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders),        cmocka_unit_test(resumes), cmocka_unit_test(closes_early),
        cmocka_unit_test(wrong_options), cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
