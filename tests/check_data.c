// check_data.c - data sets: image folders and every bad one with its sentence, sets in memory, parts, statistics; real sets where they are
// at hand.
#include "scratch.h"

#include "base/file.h"

#include <math.h>
#include <unistd.h>

#ifdef STRIATE_TEST_DATA
static const char *const real = STRIATE_TEST_DATA;
#else
static const char *const real = "";
#endif

// A PNG of one value in every pixel.
static void write_png(const char *name, int height, int width, int channels, int value)
{
    uint8_t pixels[1024];
    memset(pixels, value, sizeof pixels);
    expect_ok(striate_image_save_png(&(striate_image){ pixels, height, width, channels }, scratch_path(name)));
}

static void copy_corpus(const char *from, const char *to)
{
    struct bytes file;
    expect_ok(file_read(&file, corpus_path(from), 1 << 20));
    scratch_write(to, file.data, file.size);
    free(file.data);
}

static void folder_sets(void **state)
{
    (void)state;
    write_png("plain/zebra/2.png", 4, 6, 1, 20);
    write_png("plain/zebra/10.png", 4, 6, 1, 10);
    write_png("plain/Ant/x.PNG", 5, 6, 3, 30);
    copy_corpus("image/rgb.jpg", "plain/Ant/a.JPEG");
    write_png("plain/.hidden/x.png", 4, 6, 1, 0);
    scratch_write("plain/zebra/.thumb.png", "", 0);
    scratch_write("plain/zebra/notes.txt", "", 0);
    scratch_write("plain/readme.txt", "", 0);
    write_png("plain/zebra/more.png/deeper.png", 4, 6, 1, 0); // folders are not entered
    assert_int_equal(symlink("loop.png", scratch_path("plain/.loop")), 0);
    assert_int_equal(symlink(".", scratch_path("plain/zebra/circle")), 0);
    for (int split = 0; split < 2; split++) {
        striate_data *data = opens("plain", (striate_split)split);
        striate_data_info info = striate_data_about(data);
        assert_string_equal(info.format, "folder");
        assert_true(info.images == 4 && info.classes == 2 && !info.has_test && info.channels == 3);
        assert_true(info.height == 0 && info.width == 0);
        assert_true(info.min_height == 4 && info.max_height == 10 && info.min_width == 6 && info.max_width == 20);
        assert_string_equal(info.class_names[0], "Ant");
        assert_string_equal(info.class_names[1], "zebra");
        assert_string_equal(striate_data_name(data, 0), scratch_path("plain/Ant/a.JPEG"));
        assert_string_equal(striate_data_name(data, 2), scratch_path("plain/zebra/10.png"));
        assert_int_equal(striate_data_label(data, 1), 0);
        assert_int_equal(striate_data_label(data, 3), 1);
        striate_image image;
        expect_ok(striate_data_image(&image, data, 3));
        assert_true(image.height == 4 && image.width == 6 && image.channels == 1 && image.pixels[23] == 20);
        striate_image_free(&image);
        striate_data_close(data);
    }
    // a split, whose training part has a class called train and whose validation part lacks one
    write_png("parted/train/train/1.png", 4, 4, 1, 0);
    write_png("parted/train/bus/1.png", 4, 4, 1, 0);
    write_png("parted/train/bus/2.png", 4, 4, 1, 0);
    write_png("parted/test/train/1.png", 4, 4, 1, 0);
    striate_data *data = opens("parted", STRIATE_SPLIT_TRAIN);
    assert_true(striate_data_about(data).images == 3 && striate_data_about(data).has_test &&
                striate_data_about(data).height == 4);
    striate_data_close(data);
    data = opens("parted", STRIATE_SPLIT_TEST);
    assert_true(striate_data_about(data).images == 1 && striate_data_about(data).classes == 2 &&
                striate_data_label(data, 0) == 1);
    striate_data_close(data);
    write_png("parted/val/bus/1.png", 4, 4, 1, 0); // val comes before test
    data = opens("parted", STRIATE_SPLIT_TEST);
    assert_int_equal(striate_data_label(data, 0), 0);
    striate_data_close(data);
    data = opens("parted/train", STRIATE_SPLIT_TRAIN); // train here is a class
    assert_int_equal(striate_data_about(data).images, 3);
    striate_data_close(data);
}

static void bad_folders(void **state)
{
    (void)state;
    fails("nowhere", STRIATE_SPLIT_TRAIN, STRIATE_IO, "no such folder", "");
    scratch_write("file", "", 0);
    fails("file", STRIATE_SPLIT_TRAIN, STRIATE_IO, "a file; give the folder", "");
    scratch_write("nothing/notes.txt", "", 0);
    fails("nothing", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, "neither tar shards, nor IDX", "CIFAR");
    write_png("loose/1.png", 4, 4, 1, 0);
    fails("loose", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, "no class folders", "folder of its own");
    write_png("single/cat/1.png", 4, 4, 1, 0);
    fails("single", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, "one class folder only, cat", "two");
    scratch_write("single/dog/notes.txt", "", 0);
    fails("single", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, "single/dog: a class without PNG or JPEG files", "remove");
    write_png("strange/train/a/1.png", 4, 4, 1, 0);
    write_png("strange/train/b/1.png", 4, 4, 1, 0);
    write_png("strange/val/c/1.png", 4, 4, 1, 0);
    fails("strange", STRIATE_SPLIT_TEST, STRIATE_BAD_FILE, "strange/val/c: a class that the training split lacks", "");
    write_png("half/val/a/1.png", 4, 4, 1, 0);
    write_png("half/val/b/1.png", 4, 4, 1, 0);
    fails("half", STRIATE_SPLIT_TRAIN, STRIATE_IO, "no train folder beside val", "");
    striate_data_close(opens("half", STRIATE_SPLIT_TEST));

    static const struct {
        const char *corpus, *name, *part;
    } rows[] = {
        { "image/bmp", "broken/b/2.png", "neither PNG nor JPEG" },
        { "image/empty", "broken/b/2.jpg", "empty" },
        { "image/cut-header.png", "broken/b/2.png", "not a whole PNG" },
        { "image/cut-header.jpg", "broken/b/2.jpeg", "not a whole JPEG" },
        { "image/huge.png", "broken/b/2.png", "50000 x 50000" },
        { "image/huge.jpg", "broken/b/2.jpg", "65500 x 65500" },
    };
    write_png("broken/a/1.png", 4, 4, 1, 0);
    write_png("broken/b/1.png", 4, 4, 1, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        copy_corpus(rows[i].corpus, rows[i].name);
        fails("broken", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, rows[i].name, rows[i].part);
        unlink(scratch_path(rows[i].name));
    }
    assert_int_equal(symlink("3.png", scratch_path("broken/b/3.png")), 0); // a link to itself
    fails("broken", STRIATE_SPLIT_TRAIN, STRIATE_IO, "broken/b/3.png: cannot open", "");
    unlink(scratch_path("broken/b/3.png"));
    copy_corpus("image/truncated.jpg", "broken/b/2.jpg"); // its header is whole
    striate_data *data = opens("broken", STRIATE_SPLIT_TRAIN);
    striate_image image;
    float mean[3], std[3];
    expect_failure(striate_data_image(&image, data, 2), STRIATE_BAD_FILE, "broken/b/2.jpg: not a whole JPEG: Premature end",
                   NULL);
    expect_failure(striate_data_statistics(mean, std, data), STRIATE_BAD_FILE, "broken/b/2.jpg", "Premature end", NULL);
    striate_data_close(data);
}

static void memory_and_parts(void **state)
{
    (void)state;
    enum { COUNT = 50, VALUES = 2 * 3 * 3 };
    uint8_t pixels[COUNT * VALUES];
    int labels[COUNT];
    static const char *const names[] = { "no", "yes" };
    for (int i = 0; i < COUNT * VALUES; i++) pixels[i] = (uint8_t)(i / VALUES);
    for (int i = 0; i < COUNT; i++) labels[i] = i % 2;
    striate_data *data, *part, *again;
    expect_ok(striate_data_from_memory(&data, pixels, labels, COUNT, 2, 3, 3, 2, names));
    memset(pixels, 0, sizeof pixels); // it was copied
    assert_string_equal(striate_data_about(data).format, "memory");
    assert_string_equal(striate_data_about(data).class_names[1], "yes");
    assert_string_equal(striate_data_name(data, 12), "memory[12]");

    expect_ok(striate_data_part(&part, data, 10, 5, 0));
    assert_int_equal(striate_data_about(part).images, 5);
    assert_string_equal(striate_data_name(part, 4), "memory[14]");
    assert_int_equal(striate_data_label(part, 3), 1);
    expect_ok(striate_data_part(&again, part, 2, 3, 0)); // a part of a part
    assert_string_equal(striate_data_name(again, 0), "memory[12]");
    striate_image image;
    expect_ok(striate_data_image(&image, again, 2));
    assert_int_equal(image.pixels[VALUES - 1], 14);
    striate_image_free(&image);
    striate_data_close(again);
    striate_data_close(part);

    int seen[COUNT] = { 0 }, moved = 0; // two parts of one shuffle share nothing and make the whole
    for (int first = 0; first < COUNT; first += 25) {
        expect_ok(striate_data_part(&part, data, first, 25, 7));
        expect_ok(striate_data_part(&again, data, first, 25, 7));
        for (int i = 0; i < 25; i++) {
            assert_string_equal(striate_data_name(part, i), striate_data_name(again, i));
            int index = atoi(striate_data_name(part, i) + 7);
            assert_int_equal(striate_data_label(part, i), index % 2);
            moved += index != first + i;
            seen[index]++;
        }
        striate_data_close(part);
        striate_data_close(again);
    }
    for (int i = 0; i < COUNT; i++) assert_int_equal(seen[i], 1);
    assert_true(moved > 25);
    expect_failure(striate_data_part(&part, data, 40, 11, 0), STRIATE_BAD_ARGUMENT, "11 images from image 40", "50", NULL);
    striate_data_close(data);

    labels[3] = 2;
    expect_failure(striate_data_from_memory(&data, pixels, labels, COUNT, 2, 3, 3, 2, NULL), STRIATE_BAD_ARGUMENT,
                   "label 2 of image 3", "0 to 1", NULL);
    expect_failure(striate_data_from_memory(&data, pixels, labels, 0, 2, 3, 3, 2, NULL), STRIATE_BAD_ARGUMENT, "0 images",
                   NULL);
    expect_failure(striate_data_from_memory(&data, pixels, labels, 1, 2, 3, 2, 2, NULL), STRIATE_BAD_ARGUMENT, "2 channels",
                   NULL);
    striate_data_close(NULL);
}

static void statistics(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    uint8_t *pixels = malloc(COUNT * 12);
    int *labels = calloc(COUNT, sizeof *labels);
    assert_true(pixels && labels);
    double sum[3] = { 0 }, squares[3] = { 0 };
    for (int i = 0; i < COUNT * 12; i++) {
        double value = pixels[i] = (uint8_t)(i * i / 7 * (i % 3 + 1) % 256);
        sum[i % 3] += value / 255;
        squares[i % 3] += value * value / 255 / 255;
    }
    striate_data *data;
    float mean[3], std[3];
    expect_ok(striate_data_from_memory(&data, pixels, labels, COUNT, 2, 2, 3, 1, NULL));
    expect_ok(striate_data_statistics(mean, std, data));
    for (int c = 0; c < 3; c++) {
        double m = sum[c] / (COUNT * 4);
        assert_true(fabs(mean[c] - m) < 1e-6 && fabs(std[c] - sqrt(squares[c] / (COUNT * 4) - m * m)) < 1e-6);
    }
    striate_data_close(data);
    expect_ok(striate_data_from_memory(&data, pixels, labels, COUNT, 2, 2, 1, 1, NULL));
    expect_ok(striate_data_statistics(mean, std, data));
    assert_true(mean[0] == mean[2] && std[0] == std[1] && std[0] > 0);
    striate_data_close(data);
    free(pixels);
    free(labels);
}

static striate_data *real_set(const char *root, const char *folder, const char *file, striate_split split)
{
    char path[1024], probe[1100];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    snprintf(probe, sizeof probe, "%s/%s", path, file);
    if (!file_exists(probe)) {
        print_message("SKIP: no %s/%s\n", folder, file);
        skip();
    }
    striate_data *data;
    expect_ok(striate_data_open(&data, path, split));
    return data;
}

// One image's sum, all images' mean and the classes' counts are those of the published sets.
static void check_real(striate_data *data, int images, int per_class, double mean, double std)
{
    striate_data_info info = striate_data_about(data);
    float means[3], stds[3];
    int counts[10] = { 0 };
    assert_int_equal(info.images, images);
    assert_int_equal(info.classes, 10);
    for (int i = 0; i < images; i++) counts[striate_data_label(data, i)]++;
    for (int c = 0; c < 10 && per_class; c++) assert_int_equal(counts[c], per_class);
    expect_ok(striate_data_statistics(means, stds, data));
    assert_true(fabs(means[0] - mean) < 5e-5 && fabs(stds[0] - std) < 5e-5);
    striate_data_close(data);
}

static void real_mnist(void **state)
{
    (void)state;
    check_real(real_set(real, "mnist", "train-images-idx3-ubyte.gz", STRIATE_SPLIT_TRAIN), 60000, 0, 0.1307, 0.3081);
    check_real(real_set(real, "mnist", "t10k-images-idx3-ubyte.gz", STRIATE_SPLIT_TEST), 10000, 0, 0.1325, 0.3105);
}

static void real_fashion(void **state)
{
    (void)state;
    const char *root = "/usr/share/datasets", *file = "train-images-idx3-ubyte.gz";
    striate_data *data = real_set(root, "fashion-mnist", file, STRIATE_SPLIT_TRAIN);
    assert_string_equal(striate_data_about(data).class_names[0], "T-shirt/top");
    check_real(data, 60000, 6000, 0.2860, 0.3530);
}

static void real_cifar(void **state)
{
    (void)state;
    check_real(real_set(real, "cifar10", "data_batch_1.bin", STRIATE_SPLIT_TRAIN), 50000, 5000, 0.4914, 0.2470);
    check_real(real_set(real, "cifar10", "test_batch.bin", STRIATE_SPLIT_TEST), 10000, 1000, 0.4942, 0.2467);
}

static void real_folder(void **state)
{
    (void)state;
    static const int counts[] = { 123, 121, 70, 83 };
    for (int split = 0; split < 2; split++) {
        striate_data *data = real_set(real, "hymenoptera", "train", (striate_split)split);
        striate_data_info info = striate_data_about(data);
        int ants = 0;
        for (int i = 0; i < info.images; i++) ants += striate_data_label(data, i) == 0;
        assert_int_equal(ants, counts[2 * split]);
        assert_int_equal(info.images - ants, counts[2 * split + 1]);
        assert_string_equal(info.class_names[1], "bees");
        assert_true(info.has_test && info.channels == 3 && info.min_height > 0 && info.max_height >= info.min_height);
        striate_data_close(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_sets),      cmocka_unit_test(bad_folders), cmocka_unit_test(statistics),
        cmocka_unit_test(memory_and_parts), cmocka_unit_test(real_mnist),  cmocka_unit_test(real_fashion),
        cmocka_unit_test(real_cifar),       cmocka_unit_test(real_folder),
    };
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
