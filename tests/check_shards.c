// check_shards.c - sets in tar shards and in CSV lists: packed and read back, and what is refused. Damaged tars are made here, byte by byte.
#include "scratch.h"

#include "data/tar.h"

#include <unistd.h>

enum { COUNT = 30, SIDE = 12, WIDTH = 16 };

static striate_data *new_data(int channels)
{
    static uint8_t pixels[COUNT * SIDE * WIDTH * 3];
    int labels[COUNT], values = SIDE * WIDTH * channels;
    for (int n = 0; n < COUNT; n++) {
        for (int i = 0; i < values; i++) pixels[n * values + i] = (uint8_t)(n * i + i * i / 9);
        labels[n] = n % 3;
    }
    striate_data *data;
    expect_ok(striate_data_from_memory(&data, pixels, labels, COUNT, SIDE, WIDTH, channels, 3,
                                       (const char *const[]){ "a bee", "an ant", "a wasp" }));
    return data;
}

static void expect_same(const striate_data *a, const striate_data *b)
{
    striate_data_info x = striate_data_about(a), y = striate_data_about(b);
    assert_int_equal(x.images, y.images);
    assert_int_equal(x.classes, y.classes);
    for (int c = 0; c < x.classes; c++) assert_string_equal(x.class_names[c], y.class_names[c]);
    for (int i = 0; i < x.images; i++) {
        striate_image p, q;
        assert_int_equal(striate_data_label(a, i), striate_data_label(b, i));
        expect_ok(striate_data_image(&p, a, i));
        expect_ok(striate_data_image(&q, b, i));
        assert_true(p.height == q.height && p.width == q.width && p.channels == q.channels);
        assert_memory_equal(p.pixels, q.pixels, (size_t)p.height * (size_t)p.width * (size_t)p.channels);
        striate_image_free(&p);
        striate_image_free(&q);
    }
}

static void packs(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        striate_data *data = new_data(channels), *train, *test, *again, *one;
        char folder[32], path[64];
        snprintf(folder, sizeof folder, "shards%d", channels);
        expect_ok(striate_data_pack(data, scratch_path(folder), (striate_pack_options){ .shard_bytes = 20000 }));
        expect_ok(striate_data_pack(data, scratch_path(folder), (striate_pack_options){ .prefix = "val" }));
        train = opens(folder, STRIATE_SPLIT_TRAIN);
        test = opens(folder, STRIATE_SPLIT_TEST);
        assert_int_equal(striate_data_about(train).has_test, 1);
        assert_string_equal(striate_data_about(train).format, "shards");
        assert_int_equal(striate_data_about(train).width, WIDTH);
        expect_same(data, train);
        expect_same(data, test);
        snprintf(path, sizeof path, "%s/train-000001.tar", folder); // 20,000 bytes held them not all
        one = opens(path, STRIATE_SPLIT_TRAIN);
        assert_in_range(striate_data_about(one).images, 1, COUNT - 1);
        assert_non_null(strstr(striate_data_name(one, 0), "train-000001.tar[000000"));
        striate_data_close(one);

        striate_data *part; // packed again, from a part of it, the files stay the same
        expect_ok(striate_data_part(&part, train, 0, COUNT, 0));
        expect_ok(striate_data_pack(part, scratch_path("again"), (striate_pack_options){ .shard_bytes = 20000 }));
        again = opens("again", STRIATE_SPLIT_TRAIN);
        expect_same(data, again);
        assert_int_equal(striate_data_about(again).has_test, 0);
        striate_data_close(again);
        striate_data_close(part);

        expect_ok(striate_data_pack(data, scratch_path("small"), (striate_pack_options){ .resize = 6, .quality = 100 }));
        again = opens("small", STRIATE_SPLIT_TRAIN);
        assert_true(striate_data_about(again).height == 6 && striate_data_about(again).width == 8);
        for (int i = 0; i < COUNT; i++) {
            striate_image whole, small;
            expect_ok(striate_data_image(&whole, data, i));
            expect_ok(striate_data_image(&small, again, i));
            float x[6 * 8 * 3];
            expect_ok(striate_preprocess(x, &whole, &(striate_preprocessing){ 6, 8, channels, .range = 255 }));
            double off = 0;
            for (int v = 0; v < 48 * channels; v++) off += abs(small.pixels[v] - (int)x[v]) / (48.0 * channels);
            assert_true(off < 2);
            striate_image_free(&whole);
            striate_image_free(&small);
        }
        striate_data_close(again);
        striate_data_close(train);
        striate_data_close(test);
        striate_data_close(data);
        unlink(scratch_path("again/train-000000.tar"));
        unlink(scratch_path("again/train-000001.tar"));
    }
    striate_data *data = new_data(1);
    expect_failure(striate_data_pack(data, scratch_path("x"), (striate_pack_options){ .quality = 101 }), STRIATE_BAD_ARGUMENT,
                   "quality", NULL);
    expect_failure(striate_data_pack(data, scratch_path("x"), (striate_pack_options){ .prefix = "../x" }), STRIATE_BAD_ARGUMENT,
                   "../x", NULL);
    striate_data_close(data);
}

// ---- tars by hand

static uint8_t tar[1 << 16];
static size_t tar_size;

static void finish_header(uint8_t *header)
{
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < TAR_BLOCK; i++) sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

static uint8_t *add(const char *name, char kind, const void *bytes, size_t size)
{
    uint8_t *header = tar + tar_size;
    tar_header(header, name, size);
    header[156] = (uint8_t)kind;
    finish_header(header);
    memcpy(header + TAR_BLOCK, bytes, size);
    tar_size += TAR_BLOCK + size + tar_padding(size);
    return header;
}

static uint8_t png[4096];
static size_t png_size;

static void begin(void)
{
    memset(tar, 0, sizeof tar);
    tar_size = 0;
    if (png_size) return;
    uint8_t pixels[4] = { 1, 2, 3, 4 };
    expect_ok(striate_image_save_png(&(striate_image){ pixels, 2, 2, 1 }, scratch_path("tiny.png")));
    FILE *file = fopen(scratch_path("tiny.png"), "rb");
    assert_non_null(file);
    png_size = fread(png, 1, sizeof png, file);
    fclose(file);
}

static void add_sample(const char *key, const char *label)
{
    char name[120];
    snprintf(name, sizeof name, "%s.png", key);
    add(name, '0', png, png_size);
    snprintf(name, sizeof name, "%s.cls", key);
    add(name, '0', label, strlen(label));
}

static void expect_refused(size_t size, const char *part, const char *part2)
{
    scratch_write("bad/train-0.tar", tar, size);
    fails("bad", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, part, part2);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char kind;
        const char *part;
    } rows[] = { { "../up.png", '0', "'../up.png', which leads out" },
                 { "a/../../b.png", '0', "leads out" },
                 { "/etc/passwd", '0', "'/etc/passwd', which leads out" },
                 { "a/..", '5', "leads out" },
                 { "soft.png", '2', "'soft.png' is a link" },
                 { "hard.png", '1', "'hard.png' is a link" },
                 { "device", '3', "is a link or a device" },
                 { "pipe", '6', "is a link or a device" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        add_sample("0", "0");
        add(rows[i].name, rows[i].kind, "", 0);
        add_sample("1", "1");
        expect_refused(tar_size + 1024, rows[i].part, "refused as a whole");
    }
    begin();
    add_sample("0", "0");
    add_sample("1", "1");
    size_t whole = tar_size;
    expect_refused(whole - 600, "truncated within a header", NULL);
    expect_refused(530, "truncated: byte 0", "get it again");
    tar[100] ^= 1;
    expect_refused(whole, "byte 0: no tar header", NULL);
    tar[100] ^= 1;
    uint8_t *header = tar;
    memcpy(header + 124, "77777777777", 11); // eight gigabytes
    finish_header(header);
    expect_refused(whole, "truncated: byte 0: a member of 8589934591 bytes", NULL);

    begin();
    add_sample("0", "0");
    add("1.png", '0', png, png_size);
    expect_refused(tar_size + 1024, "no class, a member ending in .cls, beside '1.png'", NULL);
    begin();
    add_sample("0", "0");
    add("1.cls", '0', "1", 1);
    expect_refused(tar_size + 1024, "'1.cls' is the class of no image", NULL);
    begin();
    add_sample("0", "0");
    add_sample("1", "-1");
    expect_refused(tar_size + 1024, "train-0.tar[1.cls]: '-1' is no class", NULL);
    begin();
    add_sample("0", "1234567890123456");
    expect_refused(tar_size + 1024, "[0.cls]: 16 bytes", NULL);
    begin();
    add("0.png", '0', png, png_size);
    add("0.jpg", '0', png, png_size);
    expect_refused(tar_size + 1024, "two images of one sample", NULL);
    begin();
    add_sample("0", "0");
    add("1.png", '0', "no image", 8);
    add("1.cls", '0', "1", 1);
    expect_refused(tar_size + 1024, "train-0.tar[1.png]: begins with", NULL);
    begin();
    add_sample("0", "0");
    expect_refused(tar_size + 1024, "one class only", NULL);
    scratch_write("bad/classes.txt", "one\n", 4);
    begin();
    add_sample("0", "0");
    add_sample("1", "1");
    expect_refused(tar_size + 1024, "names 1 classes, but the shards have class 1", NULL);
}

static void reads_what_others_write(void **state)
{
    (void)state;
    char name[300], record[400], sized[512];
    begin();
    add("PaxHeader", 'g', "19 comment=anything\n", 20); // pax: of the whole file,
    memset(name, 'p', 200);
    strcpy(name + 200, ".png");
    snprintf(record, sizeof record, " path=%s\n", name);
    snprintf(sized, sizeof sized, "%d%s", (int)strlen(record) + 3,
             record); // ... of one member, with a name too long for a header
    add("PaxHeader", 'x', sized, strlen(sized));
    add("short.png", '0', png, png_size);
    strcpy(name + 200, ".cls");
    add("././@LongLink", 'L', name, strlen(name) + 1); // GNU's way
    add("short.cls", '0', "1\n", 2);
    add("folder", '5', "", 0);
    add_sample("folder/key", "0");
    add("folder/key.json", '0', "{}", 2);
    add("README", '0', "?", 1);
    scratch_write("others/train.tar", tar, tar_size); // without the two blocks at the end
    striate_data *data = opens("others", STRIATE_SPLIT_TRAIN);
    striate_data_info about = striate_data_about(data);
    assert_true(about.images == 2 && about.classes == 2 && about.height == 2 && about.channels == 1);
    assert_string_equal(about.class_names[1], "1");
    assert_int_equal(striate_data_label(data, 0), 1);
    assert_int_equal(striate_data_label(data, 1), 0);
    assert_non_null(strstr(striate_data_name(data, 1), "train.tar[folder/key.png]"));
    striate_data_close(data);
}

// ---- lists

static void write_list(const char *text)
{
    scratch_write("list/images.csv", text, strlen(text));
}

static void lists(void **state)
{
    (void)state;
    begin();
    static const char *const files[] = { "list/a.png", "list/b, with a comma.png", "list/deep/c \"quoted\".png" };
    for (int i = 0; i < 3; i++) scratch_write(files[i], png, png_size);
    write_list("\xef\xbb\xbfpath,label,split\r\na.png,10,train\r\n\"b, with a comma.png\",9,val\r\n\r\n"
               "\"deep/c \"\"quoted\"\".png\",2,train");
    striate_data *train = opens("list/images.csv", STRIATE_SPLIT_TRAIN), *test = opens("list/images.csv", STRIATE_SPLIT_TEST);
    striate_data_info about = striate_data_about(train);
    assert_true(about.images == 2 && about.classes == 3 && about.has_test && striate_data_about(test).images == 1);
    assert_string_equal(about.class_names[0], "2"); // by their values
    assert_string_equal(about.class_names[2], "10");
    assert_int_equal(striate_data_label(train, 0), 2);
    assert_int_equal(striate_data_label(train, 1), 0);
    assert_int_equal(striate_data_label(test, 0), 1);
    assert_non_null(strstr(striate_data_name(train, 1), "list/deep/c \"quoted\".png"));
    striate_data_close(train);
    striate_data_close(test);

    static const struct {
        const char *text, *part, *part2;
    } rows[] = {
        { "", "images.csv", "no image in the list" },
        { "a.png,1\n", "line 1", "path,label" },
        { "path,label\na.png,x\nz.png,y\n", "images.csv, line 3: ", "z.png: no such file" },
        { "path,label\nu.png,x\na.png,y\nv.png,x\n\nw.png,y\n",
          "line 2: ", "u.png: no such file; 2 more missing, of lines 4, 6" },
        { "path,label\na.png,x\na.png\n", "line 3: not 2 fields", NULL },
        { "path,label\na.png,x,train\n", "line 2: not 2 fields", NULL },
        { "path,label\n\"a.png,x\n", "line 2: not 2 fields", NULL },
        { "path,label\n\"a\".png,x\n", "line 2: not 2 fields", NULL },
        { "path,label\n,x\n", "line 2", NULL },
        { "path,label,split\na.png,x,training\n", "line 2: split 'training'", "train, val or test" },
        { "path,label\n", "no image in the list", NULL },
        { "path,label\na.png,x\n", "one class only, x", NULL },
        { "path,label,split\na.png,x,val\na.png,y,test\n", "training needs some", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_list(rows[i].text);
        fails("list/images.csv", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, rows[i].part, rows[i].part2);
    }
    scratch_write("list/images.csv", "path,label\n\0", 12);
    fails("list/images.csv", STRIATE_SPLIT_TRAIN, STRIATE_BAD_FILE, "no text", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(packs), cmocka_unit_test(refuses),
                                        cmocka_unit_test(reads_what_others_write), cmocka_unit_test(lists) };
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
