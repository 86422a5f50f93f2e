// check_packed.c - data sets in a few files: IDX, raw and gzipped, and CIFAR; every bad one with its sentence.
#include "scratch.h"

#include "base/file.h"
#include "data/cifar.h"
#include "data/gzip.h"

#include <unistd.h>

static const char *const idx_names[] = { "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                         "t10k-labels-idx1-ubyte" };

// An IDX file in bytes: rank 3 (count x 3 x 2, value i is i * 7) or rank 1 (label i is i % 10).
static size_t idx_bytes(uint8_t bytes[1024], int rank, int count)
{
    size_t size = 4 + 4 * (size_t)rank, values = (size_t)count * (rank == 3 ? 6 : 1);
    memset(bytes, 0, size);
    bytes[2] = 8;
    bytes[3] = (uint8_t)rank;
    bytes[7] = (uint8_t)count;
    if (rank == 3) bytes[11] = 3, bytes[15] = 2;
    for (size_t i = 0; i < values; i++) bytes[size + i] = (uint8_t)(rank == 3 ? i * 7 : i % 10);
    return size + values;
}

static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

// A gzip member of one stored block.
static size_t gzip_bytes(uint8_t *packed, const uint8_t *bytes, size_t size)
{
    static const uint8_t head[11] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1 };
    uint32_t crc = crc32_of(bytes, size);
    memcpy(packed, head, sizeof head);
    for (int i = 0; i < 4; i++) packed[11 + i] = (uint8_t)((i < 2 ? size : ~size) >> i % 2 * 8);
    memcpy(packed + 15, bytes, size);
    for (int i = 0; i < 4; i++) packed[15 + size + (size_t)i] = (uint8_t)(crc >> 8 * i);
    for (int i = 0; i < 4; i++) packed[19 + size + (size_t)i] = (uint8_t)(size >> 8 * i);
    return size + 23;
}

static const char *in(const char *folder, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_idx(const char *folder, int train, int test, bool packed)
{
    for (int i = 0; i < 4; i++) {
        uint8_t bytes[1024], gz[1100];
        size_t size = idx_bytes(bytes, i % 2 ? 1 : 3, i < 2 ? train : test);
        char name[64];
        snprintf(name, sizeof name, "%s%s", idx_names[i], packed ? ".gz" : "");
        if ((i < 2 ? train : test) == 0) continue;
        if (packed)
            scratch_write(in(folder, name), gz, gzip_bytes(gz, bytes, size));
        else
            scratch_write(in(folder, name), bytes, size);
    }
}

static void idx_sets(void **state)
{
    (void)state;
    write_idx("idx", 12, 5, false);
    write_idx("idx-gz", 12, 5, true);
    write_idx("my-Fashion-set", 12, 0, false);
    static const char *const folders[] = { "idx", "idx-gz" };
    for (int i = 0; i < 2; i++) {
        striate_data *data = opens(folders[i], STRIATE_SPLIT_TRAIN), *test = opens(folders[i], STRIATE_SPLIT_TEST);
        striate_data_info info = striate_data_about(data);
        assert_string_equal(info.format, "idx");
        assert_true(info.images == 12 && info.classes == 10 && info.has_test == 1);
        assert_true(info.height == 3 && info.width == 2 && info.channels == 1);
        assert_true(info.min_height == 3 && info.max_height == 3 && info.min_width == 2 && info.max_width == 2);
        assert_string_equal(info.class_names[9], "9");
        assert_int_equal(striate_data_about(test).images, 5);
        assert_int_equal(striate_data_label(data, 11), 1);
        assert_int_equal(striate_data_label(data, 12), -1);
        assert_string_equal(striate_data_name(test, 4), i ? "t10k-images-idx3-ubyte.gz[4]" : "t10k-images-idx3-ubyte[4]");
        assert_string_equal(striate_data_name(test, 5), "");
        striate_image image;
        expect_ok(striate_data_image(&image, data, 7));
        for (int v = 0; v < 6; v++) assert_int_equal(image.pixels[v], (7 * 6 + v) * 7 % 256);
        striate_image_free(&image);
        expect_failure(striate_data_image(&image, data, -1), STRIATE_BAD_ARGUMENT, "image -1", NULL);
        striate_data_close(data);
        striate_data_close(test);
    }
    striate_data *fashion = opens("my-Fashion-set", STRIATE_SPLIT_TRAIN);
    assert_string_equal(striate_data_about(fashion).class_names[9], "Ankle boot");
    assert_int_equal(striate_data_about(fashion).has_test, 0);
    striate_data_close(fashion);
    fails("my-Fashion-set", STRIATE_SPLIT_TEST, STRIATE_IO, "t10k-images-idx3-ubyte is not there", "test split");
}

static void bad_idx(void **state)
{
    (void)state;
    uint8_t bytes[1024] = { 0 }, gz[1100];
    size_t images = idx_bytes(bytes, 3, 12);
    static const struct {
        int file, at, value, cut; // the byte set, and the bytes cut (or, if negative, added)
        const char *part, *part2;
    } rows[] = {
        { 0, 0, 0, 9999, "train-images-idx3-ubyte", ": empty" },
        { 1, 0, 0, 9999, "train-labels-idx1-ubyte", ": empty" },
        { 0, 0, 0, 80, "truncated: 8 bytes", "16" },
        { 0, 0, 0, 1, "truncated: its header announces 72 bytes", "71 follow" },
        { 1, 0, 0, 3, "truncated: its header announces 12 bytes", "9 follow" },
        { 0, 0, 0, -1, "too long: 1 bytes after the 72", "" },
        { 1, 0, 0, -2, "too long: 2 bytes after the 12", "" },
        { 0, 3, 1, 0, "begins with 00 00 08 01, where an IDX file of images begins with 00 00 08 03", "" },
        { 1, 2, 9, 0, "begins with 00 00 09 01, where an IDX file of labels begins with 00 00 08 01", "" },
        { 0, 7, 0, 0, "byte 4: dimension 1 is 0", "" },
        { 0, 15, 0, 0, "byte 12: dimension 3 is 0", "" },
        { 0, 4, 0xff, 0, "dimension 1 is 4278190092", "" },
        { 0, 8, 0x7f, 0, "dimension 2 is 2130706435", "" },
        { 1, 8, 200, 0, "byte 8: label 200 of image 0; the 10 classes are 0 to 9", "" },
        { 1, 19, 10, 0, "byte 19: label 10 of image 11", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t size = idx_bytes(bytes, rows[i].file ? 1 : 3, 12);
        if (rows[i].at) bytes[rows[i].at] = (uint8_t)rows[i].value;
        size = rows[i].cut > (int)size ? 0 : size - (size_t)rows[i].cut;
        for (int packed = 0; packed < 2; packed++) {
            const char *folder = packed ? "bad-idx-gz" : "bad-idx";
            char name[64];
            write_idx(folder, 12, 0, packed);
            snprintf(name, sizeof name, "%s%s", idx_names[rows[i].file], packed ? ".gz" : "");
            if (packed)
                scratch_write(in(folder, name), gz, gzip_bytes(gz, bytes, size));
            else
                scratch_write(in(folder, name), bytes, size);
            fails(folder, STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, rows[i].part, rows[i].part2);
        }
    }
    write_idx("bad-idx", 12, 0, false);
    scratch_write("bad-idx/train-labels-idx1-ubyte", bytes, idx_bytes(bytes, 1, 11));
    fails("bad-idx", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, "train-labels-idx1-ubyte: 11 labels, but ",
          "train-images-idx3-ubyte has 12 images");
    unlink(scratch_path("bad-idx/train-labels-idx1-ubyte"));
    fails("bad-idx", STRIATE_SPLIT_TRAIN, STRIATE_IO, "train-labels-idx1-ubyte is not there", "training split");

    // gzip itself: damaged, cut anywhere, with something after it
    idx_bytes(bytes, 3, 12);
    size_t size = gzip_bytes(gz, bytes, images);
    write_idx("bad-gz", 12, 0, true);
    for (size_t cut = 3; cut < size; cut += 7) {
        scratch_write("bad-gz/train-images-idx3-ubyte.gz", gz, cut);
        fails("bad-gz", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, "train-images-idx3-ubyte.gz: truncated", "gzip");
    }
    gz[40]++; // the checksum no longer fits
    scratch_write("bad-gz/train-images-idx3-ubyte.gz", gz, size);
    fails("bad-gz", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, "train-images-idx3-ubyte.gz: damaged: gzip at byte", "");
    gz[40]--;
    memset(gz + size, 0x55, 20);
    scratch_write("bad-gz/train-images-idx3-ubyte.gz", gz, size + 20);
    fails("bad-gz", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, "train-images-idx3-ubyte.gz: damaged: gzip at byte", "");
}

static void gzip_members(void **state)
{
    (void)state;
    uint8_t bytes[300], gz[2000];
    for (int i = 0; i < 300; i++) bytes[i] = (uint8_t)(i * i);
    size_t size = gzip_bytes(gz, bytes, 300);
    size += gzip_bytes(gz + size, bytes, 200);
    size += gzip_bytes(gz + size, bytes, 0);
    size += gzip_bytes(gz + size, bytes, 7);
    struct bytes file = { gz, size }, whole;
    expect_ok(gzip_inflate(&whole, &file, 507, "x.gz"));
    assert_int_equal(whole.size, 507);
    assert_memory_equal(whole.data, bytes, 300);
    assert_memory_equal(whole.data + 300, bytes, 200);
    assert_memory_equal(whole.data + 500, bytes, 7);
    free(whole.data);
    for (size_t cap = 0; cap < 507; cap += 13)
        expect_failure(gzip_inflate(&whole, &file, cap, "x.gz"), STRIATE_BAD_FILE, "x.gz", "unpacks to more than", NULL);
}

// A batch of records whose label is first % classes, ... and whose value (plane c, pixel p) is image + 40 c + p.
static uint8_t *cifar_bytes(size_t *size, int coarse, int first, int count, int classes)
{
    size_t record = CIFAR_IMAGE + 1 + (size_t)coarse;
    uint8_t *bytes = calloc(1, *size = record * (size_t)count);
    assert_non_null(bytes);
    for (int i = 0; i < count; i++) {
        uint8_t *at = bytes + (size_t)i * record;
        if (coarse) *at++ = (uint8_t)(i % 20);
        *at++ = (uint8_t)((first + i) % classes);
        for (int v = 0; v < CIFAR_IMAGE; v++) at[v] = (uint8_t)(first + i + 40 * (v / CIFAR_PLANE) + v % CIFAR_PLANE);
    }
    return bytes;
}

static void write_cifar(const char *folder, const struct cifar *cifar, int count)
{
    for (int i = 0; i < 6; i++) {
        const char *name = i < 5 ? cifar->train[i] : cifar->test[0];
        size_t size;
        if (!name || (i && i < 5 && !cifar->train[i])) continue;
        uint8_t *bytes = cifar_bytes(&size, cifar->coarse > 0, i * count, count, cifar->classes);
        scratch_write(in(folder, name), bytes, size);
        free(bytes);
    }
}

static void cifar_sets(void **state)
{
    (void)state;
    write_cifar("cifar10", &cifar_10, 4);
    write_cifar("cifar100", &cifar_100, 105);
    striate_data *data = opens("cifar10", STRIATE_SPLIT_TRAIN), *test = opens("cifar10", STRIATE_SPLIT_TEST);
    striate_data_info info = striate_data_about(data);
    assert_string_equal(info.format, "cifar10");
    assert_true(info.images == 20 && info.classes == 10 && info.has_test && info.height == 32 && info.width == 32);
    assert_int_equal(info.channels, 3);
    assert_string_equal(info.class_names[0], "airplane");
    assert_string_equal(info.class_names[9], "truck");
    assert_string_equal(striate_data_name(data, 7), "data_batch_2.bin[3]");
    assert_string_equal(striate_data_name(test, 0), "test_batch.bin[0]");
    assert_int_equal(striate_data_label(data, 17), 7);
    striate_image image;
    expect_ok(striate_data_image(&image, data, 17));
    for (int v = 0; v < CIFAR_IMAGE; v++) assert_int_equal(image.pixels[v], (17 + 40 * (v % 3) + v / 3) % 256);
    striate_image_free(&image);
    striate_data_close(data);
    striate_data_close(test);

    data = opens("cifar100", STRIATE_SPLIT_TRAIN);
    info = striate_data_about(data);
    assert_string_equal(info.format, "cifar100");
    assert_true(info.images == 105 && info.classes == 100);
    assert_string_equal(info.class_names[99], "worm");
    assert_int_equal(striate_data_label(data, 101), 1);
    striate_data_close(data);

    scratch_write("cifar10/batches.meta.txt", "a\nb\nc\r\nd\ne\nf\ng\nh\ni\nj\n\n", 22);
    data = opens("cifar10", STRIATE_SPLIT_TEST);
    assert_string_equal(striate_data_about(data).class_names[2], "c");
    striate_data_close(data);
    scratch_write("cifar10/batches.meta.txt", "a\nb\n", 4);
    fails("cifar10", STRIATE_SPLIT_TEST, STRIATE_BAD_FILE, "batches.meta.txt: 2 class names", "10 classes");
}

static void bad_cifar(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = cifar_bytes(&size, 0, 0, 4, 10);
    write_cifar("bad-cifar", &cifar_10, 4);
    static const struct {
        int cut;
        const char *part;
    } rows[] = {
        { 1, "data_batch_3.bin: 12291 bytes, which is no multiple of a record's 3073" },
        { 9999, "data_batch_3.bin: 2293 bytes, which is no multiple" },
        { 12292, "data_batch_3.bin: empty" },
        { 3073, "data_batch_3.bin: 3 images, but data_batch_1.bin has 4" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scratch_write("bad-cifar/data_batch_3.bin", bytes, size - (size_t)rows[i].cut);
        fails("bad-cifar", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, rows[i].part, "get it again");
    }
    bytes[2 * 3073] = 10;
    scratch_write("bad-cifar/data_batch_3.bin", bytes, size);
    fails("bad-cifar", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, "data_batch_3.bin: byte 6146: label 10 of image 2", "0 to 9");
    unlink(scratch_path("bad-cifar/data_batch_3.bin"));
    fails("bad-cifar", STRIATE_SPLIT_TRAIN, STRIATE_IO, "data_batch_3.bin: cannot open", "");
    unlink(scratch_path("bad-cifar/test_batch.bin"));
    fails("bad-cifar", STRIATE_SPLIT_TEST, STRIATE_IO, "test_batch.bin: cannot open", "");
    free(bytes);
    bytes = cifar_bytes(&size, 1, 0, 2, 100);
    bytes[3074] = 20;
    scratch_write("bad-cifar100/test.bin", bytes, size);
    fails("bad-cifar100", STRIATE_SPLIT_TEST, STRIATE_BAD_FILE, "test.bin: byte 3074: coarse label 20 of image 1", "");
    bytes[3074] = 0, bytes[3075] = 100;
    scratch_write("bad-cifar100/test.bin", bytes, size);
    fails("bad-cifar100", STRIATE_SPLIT_TEST, STRIATE_BAD_FILE, "test.bin: byte 3075: label 100 of image 1", "0 to 99");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_sets),   cmocka_unit_test(bad_idx),   cmocka_unit_test(gzip_members),
        cmocka_unit_test(cifar_sets), cmocka_unit_test(bad_cifar),
    };
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
