// check_image.c - PNG and JPEG, good and bad; resizing; what a network sees of an image. Expected pixels of resized images and of JPEGs are
// Pillow's.
#include "scratch.h"

#include "base/file.h"
#include "data/image.h"
#include "data/resize.h"

#include <math.h>

static const struct good {
    const char *file;
    int height, width, channels, values;
    uint8_t first[12];
} good[] = {
    { "gray.png", 2, 4, 1, 8, { 0, 50, 100, 150, 200, 255, 30, 60 } },
    { "gray1.png", 2, 4, 1, 8, { 255, 0, 255, 0, 0, 255, 0, 255 } },
    { "gray4.png", 2, 4, 1, 8, { 0, 255, 85, 170, 17, 34, 51, 68 } },
    { "gray16.png", 2, 2, 1, 4, { 0x12, 255, 0, 0x80 } },
    { "gray-alpha.png", 1, 2, 1, 2, { 10, 255 } },
    { "gray-key.png", 1, 2, 1, 2, { 10, 255 } },
    { "rgb.png", 2, 2, 3, 12, { 255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30 } },
    { "rgb16.png", 1, 1, 3, 3, { 1, 128, 255 } },
    { "alpha.png", 1, 3, 3, 9, { 255, 0, 0, 255, 255, 255, 127, 177, 227 } },
    { "palette.png", 1, 4, 3, 12, { 1, 2, 3, 40, 50, 60, 70, 80, 90, 200, 210, 220 } },
    { "palette-clear.png", 1, 4, 3, 12, { 255, 255, 255, 147, 152, 157, 70, 80, 90, 200, 210, 220 } },
    { "interlaced.png", 3, 3, 1, 9, { 11, 12, 13, 21, 22, 23, 31, 32, 33 } },
    { "gray.jpg", 12, 16, 1, 6, { 0, 16, 32, 48, 65, 80 } },
    { "rgb.jpg", 10, 20, 3, 12, { 0, 3, 240, 6, 4, 237, 16, 4, 226, 29, 5, 215 } },
    { "progressive.jpg", 10, 20, 3, 12, { 0, 3, 240, 6, 4, 237, 16, 4, 226, 29, 5, 215 } },
    { "stray.jpg", 10, 20, 3, 6, { 0, 3, 240, 6, 4, 237 } },
    { "cmyk.jpg", 10, 20, 3, 12, { 0, 0, 255, 12, 0, 243, 24, 0, 231, 35, 0, 220 } },
};

static const struct bad {
    const char *file, *part;
} bad[] = {
    { "empty", "empty" },
    { "bmp", "begins with 42 4d, which is neither PNG nor JPEG" },
    { "magic-only.png", "not a whole PNG" },
    { "magic-only.jpg", "not a whole JPEG" },
    { "cut-header.png", "not a whole PNG" },
    { "cut-header.jpg", "not a whole JPEG" },
    { "header-only.png", "not a whole PNG" },
    { "truncated.png", "not a whole PNG" },
    { "truncated.jpg", "not a whole JPEG: Premature end" },
    { "checksum.png", "not a whole PNG" },
    { "text.png", "not a whole PNG" },
    { "scans.jpg", "more than 500 scans" },
    { "huge.png", "50000 x 50000 pixels; at most 89 million" },
    { "huge.jpg", "65500 x 65500 pixels; at most 89 million" },
    { "long.png", "100000 x 1 pixels; at most 89 million and 65535 on a side" },
};

static const char *corpus_image(const char *file)
{
    char name[64];
    snprintf(name, sizeof name, "image/%s", file);
    return corpus_path(name);
}

static void decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const struct good *g = &good[i];
        striate_image image, head;
        expect_ok(striate_image_open(&image, corpus_image(g->file)));
        assert_int_equal(image.height, g->height);
        assert_int_equal(image.width, g->width);
        assert_int_equal(image.channels, g->channels);
        for (int v = 0; v < g->values; v++)
            if (image.pixels[v] != g->first[v])
                fail_msg("%s: value %d is %d, not %d", g->file, v, image.pixels[v], g->first[v]);
        expect_ok(image_measure_file(&head, corpus_image(g->file)));
        assert_null(head.pixels);
        assert_int_equal(head.height, g->height);
        assert_int_equal(head.width, g->width);
        assert_int_equal(head.channels, g->channels);
        striate_image_free(&image);
        assert_null(image.pixels);
    }
}

static void refuses(void **state)
{
    (void)state;
    uint8_t untouched;
    striate_image image = { &untouched, 1, 2, 3 };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_failure(striate_image_open(&image, corpus_image(bad[i].file)), STRIATE_BAD_FILE, bad[i].file, bad[i].part, NULL);
        assert_ptr_equal(image.pixels, &untouched);
    }
    expect_failure(striate_image_open(&image, scratch_path("nowhere.png")), STRIATE_IO, "nowhere.png", "cannot open", NULL);
    expect_failure(striate_image_open(&image, scratch), STRIATE_IO, scratch, "is a folder", NULL);
    expect_failure(striate_image_decode(&image, "GIF89a", 6, "x.gif"), STRIATE_BAD_FILE, "x.gif", "neither PNG nor JPEG", NULL);
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    static const char *const files[] = { "rgb.png", "interlaced.png", "rgb.jpg", "progressive.jpg" };
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        struct bytes whole;
        expect_ok(file_read(&whole, corpus_image(files[f]), 1 << 20));
        size_t last = whole.size - (files[f][strlen(files[f]) - 1] == 'g' && strstr(files[f], ".png") ? 12 + 4 : 2);
        for (size_t size = 0; size < last; size++) {
            uint8_t *cut = malloc(size ? size : 1); // a block of its own, so that a read beyond it is seen
            assert_non_null(cut);
            memcpy(cut, whole.data, size);
            striate_image image = { 0 };
            striate_status status = striate_image_decode(&image, cut, size, files[f]);
            if (status != STRIATE_BAD_FILE) fail_msg("%s cut to %zu bytes: status %d", files[f], size, (int)status);
            free(cut);
        }
        free(whole.data);
    }
}

static void long_preface(void **state)
{
    (void)state;
    struct bytes jpeg;
    expect_ok(file_read(&jpeg, corpus_image("rgb.jpg"), 1 << 20));
    enum { COMMENTS = 3, COMMENT = 65535 };
    uint8_t *all = calloc(1, jpeg.size + COMMENTS * (COMMENT + 2));
    assert_non_null(all);
    memcpy(all, jpeg.data, 2);
    for (int i = 0; i < COMMENTS; i++) memcpy(all + 2 + i * (COMMENT + 2), "\xff\xfe\xff\xff", 4);
    memcpy(all + 2 + COMMENTS * (COMMENT + 2), jpeg.data + 2, jpeg.size - 2);
    striate_image image;
    expect_ok(image_measure_file(&image, scratch_write("preface.jpg", all, jpeg.size + COMMENTS * (COMMENT + 2))));
    assert_int_equal(image.width, 20);
    expect_failure(image_measure_file(&image, scratch_write("preface.jpg", all, COMMENTS * COMMENT)), STRIATE_BAD_FILE,
                   "preface.jpg: not a whole JPEG", NULL);
    free(all);
    free(jpeg.data);
}

static void saves(void **state)
{
    (void)state;
    static const int sizes[][3] = { { 1, 1, 1 }, { 1, 1, 3 }, { 7, 5, 1 }, { 33, 65, 3 }, { 1, 300, 3 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t pixels[33 * 65 * 3];
        striate_image image = { pixels, sizes[i][0], sizes[i][1], sizes[i][2] }, back;
        size_t size = (size_t)(image.height * image.width * image.channels);
        for (size_t p = 0; p < size; p++) pixels[p] = (uint8_t)(p * p * 31 + p * 7);
        expect_ok(striate_image_save_png(&image, scratch_path("saved.png")));
        expect_ok(striate_image_open(&back, scratch_path("saved.png")));
        assert_int_equal(back.channels, image.channels);
        assert_int_equal(back.height, image.height);
        assert_memory_equal(back.pixels, pixels, size);
        striate_image_free(&back);
    }
    uint8_t pixel[4] = { 0 };
    const char *nowhere = "/nowhere/at/all.png";
    expect_failure(striate_image_save_png(&(striate_image){ pixel, 1, 1, 1 }, nowhere), STRIATE_IO, nowhere, NULL);
    expect_failure(striate_image_save_png(&(striate_image){ pixel, 1, 1, 4 }, "x.png"), STRIATE_BAD_ARGUMENT, "x.png", "4",
                   NULL);
    expect_failure(striate_image_save_png(&(striate_image){ NULL, 1, 1, 1 }, "x.png"), STRIATE_BAD_ARGUMENT, "x.png", NULL);
}

static uint8_t step[] = { 10, 200, 30, 40, 50, 60, 70, 80, 90, 100, 110, 255 }; // 3 rows of 4

// One image in Exif's eight orientations, by the tag of either byte order.
static void stands_upright(void **state)
{
    (void)state;
    striate_image first, image, header;
    expect_ok(striate_image_open(&first, corpus_image("upright-1.jpg")));
    for (int way = 2; way <= 8; way++) {
        char name[32];
        snprintf(name, sizeof name, "upright-%d.jpg", way);
        expect_ok(striate_image_open(&image, corpus_image(name)));
        expect_ok(image_measure_file(&header, corpus_image(name)));
        assert_true(image.height == first.height && image.width == first.width && image.channels == first.channels);
        assert_true(header.height == first.height && header.width == first.width);
        for (int i = 0; i < 16 * 24 * 3; i++) assert_in_range(image.pixels[i] + 6, first.pixels[i], first.pixels[i] + 12);
        striate_image_free(&image);
    }
    striate_image_free(&first);
}

static void decodes_smaller(void **state)
{
    (void)state;
    static const struct {
        int least_h, least_w, height, width;
    } rows[] = { { 0, 0, 16, 24 }, { 9, 12, 16, 24 }, { 8, 13, 16, 24 }, { 8, 12, 8, 12 },
                 { 5, 5, 8, 12 },  { 4, 6, 4, 6 },    { 2, 3, 2, 3 },    { 1, 1, 2, 3 } };
    static const char *const names[] = { "upright-1.jpg", "upright-6.jpg" };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        const char *path = corpus_image(names[i % 2]);
        int height = rows[i / 2].height, width = rows[i / 2].width, by = 16 / height;
        striate_image whole, image;
        expect_ok(striate_image_open(&whole, path));
        expect_ok(image_open(&image, path, (struct image_least){ rows[i / 2].least_h, rows[i / 2].least_w }));
        assert_true(image.height == height && image.width == width);
        for (int v = 0; v < height * width * 3; v++) { // each pixel is near the mean of those it stands for
            int row = v / 3 / width, column = v / 3 % width, sum = 0;
            for (int n = 0; n < by * by; n++)
                sum += whole.pixels[((row * by + n / by) * 24 + column * by + n % by) * 3 + v % 3];
            assert_in_range(image.pixels[v] + 12, sum / by / by, sum / by / by + 24);
        }
        striate_image_free(&whole);
        striate_image_free(&image);
    }
}

static void resize(uint8_t *out, const striate_image *image, struct resize to)
{
    struct view view = view_of(image);
    expect_ok(resize_bilinear(out, (ptrdiff_t)to.width * image->channels, &view, &to));
}

static void resizes(void **state)
{
    (void)state;
    static const struct {
        int height, width;
        uint8_t want[24];
    } rows[] = {
        { 2, 2, { 80, 64, 82, 134 } },
        { 3, 8, { 10, 58, 153, 158, 73, 33, 38, 40, 50, 53, 58, 63, 68, 73, 78, 80, 90, 93, 98, 103, 108, 146, 219, 255 } },
        { 5, 3, { 67, 115, 37, 61, 95, 53, 53, 65, 77, 77, 89, 158, 93, 105, 212 } },
        { 1, 1, { 88 } },
        { 3, 4, { 10, 200, 30, 40, 50, 60, 70, 80, 90, 100, 110, 255 } },
    };
    striate_image image = { step, 3, 4, 1 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int h = rows[i].height, w = rows[i].width;
        uint8_t out[24], window[24];
        resize(out, &image, (struct resize){ h, w, 0, 0, h, w });
        assert_memory_equal(out, rows[i].want, (size_t)(h * w));
        // every window of it is the same as cutting afterwards
        for (int top = 0; top < h; top++)
            for (int left = 0; left < w; left++) {
                resize(window, &image, (struct resize){ h, w, top, left, h - top, w - left });
                for (int p = top; p < h; p++)
                    assert_memory_equal(window + (p - top) * (w - left), out + p * w + left, (size_t)(w - left));
            }
    }
    uint8_t gray[9 * 5], colour[9 * 5 * 3], small[6], small_colour[18]; // channels do not mix
    for (int i = 0; i < 45; i++)
        for (int c = 0; c < 3; c++) colour[3 * i + c] = (uint8_t)((gray[i] = (uint8_t)(i * i * 7)) / (c + 1));
    struct resize to = { 2, 3, 0, 0, 2, 3 };
    resize(small, &(striate_image){ gray, 9, 5, 1 }, to);
    resize(small_colour, &(striate_image){ colour, 9, 5, 3 }, to);
    for (int i = 0; i < 6; i++) assert_int_equal(small_colour[3 * i], small[i]);
}

// Larger ones, whose pixels are the upper bytes of multiples of 2654435761: FNV-1a of what Pillow 9.4 makes of them.
static void resizes_as_pillow(void **state)
{
    (void)state;
    static const struct {
        int height, width, channels, to_height, to_width;
        uint32_t hash;
    } rows[] = {
        { 64, 48, 3, 32, 32, 0x62d25e91 },     { 57, 83, 3, 224, 31, 0x0299559c },    { 300, 200, 1, 7, 150, 0x765a450e },
        { 500, 375, 3, 256, 256, 0x81d3a6ed }, { 375, 500, 3, 299, 398, 0x9fd2fc50 }, { 31, 33, 1, 300, 301, 0x98b6668e },
        { 640, 3, 3, 17, 9, 0x39eff9ef },      { 1000, 750, 1, 1, 1, 0x850b939f },    { 333, 250, 3, 224, 250, 0x9af71225 },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        int values = rows[r].height * rows[r].width * rows[r].channels, h = rows[r].to_height, w = rows[r].to_width;
        uint8_t *pixels = malloc((size_t)values), *out = malloc((size_t)(h * w * rows[r].channels));
        assert_true(pixels && out);
        for (int i = 0; i < values; i++) pixels[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
        striate_image image = { pixels, rows[r].height, rows[r].width, rows[r].channels };
        resize(out, &image, (struct resize){ h, w, 0, 0, h, w });
        uint32_t hash = 2166136261u;
        for (int i = 0; i < h * w * rows[r].channels; i++) hash = (hash ^ out[i]) * 16777619u;
        assert_int_equal(hash, rows[r].hash);
        free(pixels);
        free(out);
    }
}

static void preprocesses(void **state)
{
    (void)state;
    striate_image gray = { step, 3, 4, 1 };
    float x[64];
    striate_preprocessing how = { .height = 3, .width = 4, .channels = 1 };
    expect_ok(striate_preprocess(x, &gray, &how));
    for (int i = 0; i < 12; i++) assert_true(x[i] == (float)(step[i] / 255.0));
    how.range = 255, how.mean[0] = 100, how.std[0] = 50;
    expect_ok(striate_preprocess(x, &gray, &how));
    for (int i = 0; i < 12; i++) assert_true(fabs(x[i] - (step[i] - 100) / 50.0) < 1e-6);

    // gray for a network that sees colour, in its own order
    how = (striate_preprocessing){ .height = 3, .width = 4, .channels = 3, .range = 255, .mean = { 1, 2, 3 }, .bgr = 1 };
    expect_ok(striate_preprocess(x, &gray, &how));
    for (int i = 0; i < 36; i++) assert_true(x[i] == step[i / 3] - (float)(i % 3 + 1));

    uint8_t pixels[] = { 255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30 };
    striate_image colour = { pixels, 2, 2, 3 };
    how = (striate_preprocessing){ .height = 2, .width = 2, .channels = 3, .range = 255, .mean = { 1, 2, 3 }, .bgr = 1 };
    expect_ok(striate_preprocess(x, &colour, &how));
    for (int i = 0; i < 12; i++) assert_true(x[i] == pixels[i / 3 * 3 + 2 - i % 3] - (float)(i % 3 + 1));
    how = (striate_preprocessing){ .height = 2, .width = 2, .channels = 1, .range = 255 };
    expect_ok(striate_preprocess(x, &colour, &how));
    static const float luma[] = { 76, 150, 29, 18 };
    for (int i = 0; i < 4; i++) assert_true(x[i] == luma[i]);
}

static void crops(void **state)
{
    (void)state;
    // An image whose value tells its place: 6 rows of 9. The shorter side stays 6, the crop lies in the middle.
    uint8_t pixels[54];
    for (int i = 0; i < 54; i++) pixels[i] = (uint8_t)(i / 9 * 10 + i % 9);
    striate_image image = { pixels, 6, 9, 1 };
    float x[54];
    static const int rows[][4] = {
        { 6, 6, 0, 2 }, { 4, 4, 1, 2 }, { 5, 8, 0, 0 }, { 3, 3, 2, 3 }, { 1, 1, 2, 4 }
    }; // h w top left
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int *r = rows[i];
        expect_ok(striate_preprocess(x, &image, &(striate_preprocessing){ r[0], r[1], 1, .resize = 6, .range = 255 }));
        for (int p = 0; p < r[0]; p++)
            for (int q = 0; q < r[1]; q++) assert_true(x[p * r[1] + q] == (float)((r[2] + p) * 10 + r[3] + q));
    }
    // shorter side 4: 4 x 6, of which a 4 x 4 from column 1 on
    uint8_t full[24];
    resize(full, &image, (struct resize){ 4, 6, 0, 0, 4, 6 });
    expect_ok(striate_preprocess(x, &image, &(striate_preprocessing){ 4, 4, 1, .resize = 4, .range = 255 }));
    for (int i = 0; i < 16; i++) assert_true(x[i] == full[i / 4 * 6 + i % 4 + 1]);

    expect_failure(striate_preprocess(x, &image, &(striate_preprocessing){ 5, 10, 1, .resize = 6 }), STRIATE_BAD_FILE, "9 x 6",
                   "no crop of 10 x 5", NULL);
    expect_failure(striate_preprocess(x, &image, &(striate_preprocessing){ 8, 8, 1, .resize = 6 }), STRIATE_BAD_ARGUMENT,
                   "resize 6", NULL);
    expect_failure(striate_preprocess(x, &image, &(striate_preprocessing){ .height = 0, .width = 8, .channels = 1 }),
                   STRIATE_BAD_ARGUMENT, "8 x 0", NULL);
    expect_failure(striate_preprocess(x, &image, &(striate_preprocessing){ .height = 8, .width = 8, .channels = 2 }),
                   STRIATE_BAD_ARGUMENT, "2 channels", NULL);
    expect_failure(striate_preprocess(x, &image, &(striate_preprocessing){ 8, 8, 1, .std = { NAN } }), STRIATE_BAD_ARGUMENT,
                   "finite", NULL);
    expect_failure(striate_preprocess(x, &image, &(striate_preprocessing){ 8, 5, 1, .pad = 3 }), STRIATE_BAD_ARGUMENT,
                   "a border of 3 leaves nothing of an input of 5 x 8", NULL);
    expect_failure(striate_preprocess(x, &image, &(striate_preprocessing){ 8, 8, 1, .pad = -1 }), STRIATE_BAD_ARGUMENT,
                   "border", NULL);
    expect_failure(striate_preprocess(x, &(striate_image){ NULL, 1, 1, 1 },
                                      &(striate_preprocessing){ .height = 1, .width = 1, .channels = 1 }),
                   STRIATE_BAD_ARGUMENT, "pixels", NULL);
}

// A black border around what the rest of the preprocessing makes.
static void borders(void **state)
{
    (void)state;
    enum { H = 6, W = 9 };
    uint8_t pixels[H * W * 3];
    for (int i = 0; i < H * W * 3; i++) pixels[i] = (uint8_t)(i * 7 + 1);
    for (int channels = 1; channels <= 3; channels += 2)
        for (int resize = 0; resize <= 5; resize += 5) {
            striate_image image = { pixels, H, W, channels };
            striate_preprocessing bare = { .height = resize ? 5 : H,
                                           .width = resize ? 5 : W,
                                           .channels = channels,
                                           .resize = resize,
                                           .bgr = 1,
                                           .range = 255,
                                           .mean = { 1, 2, 3 } },
                                  how = bare;
            float x[(H + 4) * (W + 4) * 3], want[H * W * 3];
            how.height += 2 * (how.pad = 2);
            how.width += 2 * how.pad;
            expect_ok(striate_preprocess(x, &image, &how));
            expect_ok(striate_preprocess(want, &image, &bare));
            for (int p = 0; p < how.height; p++)
                for (int q = 0; q < how.width; q++)
                    for (int c = 0; c < channels; c++) {
                        bool within = p >= 2 && p < how.height - 2 && q >= 2 && q < how.width - 2;
                        float value = within ? want[((p - 2) * bare.width + q - 2) * channels + c] : -(float)(c + 1);
                        assert_true(x[(p * how.width + q) * channels + c] == value);
                    }
        }
}

// As thin as an image may be, to and from the width of a line.
static void extremes(void **state)
{
    (void)state;
    uint8_t *pixels = malloc(IMAGE_SIDE);
    float *x = malloc(224 * 224 * sizeof *x);
    assert_true(pixels && x);
    memset(pixels, 77, IMAGE_SIDE);
    striate_image tall = { pixels, IMAGE_SIDE, 1, 1 }, wide = { pixels, 1, IMAGE_SIDE, 1 };
    static const int resizes_to[] = { 0, 256 };
    for (int i = 0; i < 2; i++) {
        striate_preprocessing how = { 224, 224, 1, .resize = resizes_to[i], .range = 255 };
        expect_ok(striate_preprocess(x, &tall, &how));
        for (int p = 0; p < 224 * 224; p++) assert_true(x[p] == 77);
        memset(x, 0, 224 * 224 * sizeof *x);
        expect_ok(striate_preprocess(x, &wide, &how));
        for (int p = 0; p < 224 * 224; p++) assert_true(x[p] == 77);
    }
    free(pixels);
    free(x);
}

#ifdef STRIATE_TEST_DATA
static const char *const data = STRIATE_TEST_DATA;
#else
static const char *const data = "";
#endif

static void photographs(void **state)
{
    (void)state;
    // files, and the sum of the pixels of their 224 x 224 crops, shorter side 256, as Pillow makes them
    static const struct {
        const char *file;
        int channels;
        double sum;
    } rows[] = {
        { "photos/n01440764_tench.JPEG", 3, 17191737 },
        { "photos/n02391049_zebra.JPEG", 3, 15351183 },
        { "hymenoptera/val/ants/8124241_36b290d372.jpg", 3, 19195656 },
    };
    float *x = malloc(224 * 224 * 3 * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", data, rows[i].file);
        if (!file_exists(path)) {
            free(x);
            print_message("SKIP: no %s\n", rows[i].file);
            skip();
        }
        striate_image image;
        expect_ok(striate_image_open(&image, path));
        assert_int_equal(image.channels, rows[i].channels);
        expect_ok(striate_preprocess(x, &image, &(striate_preprocessing){ 224, 224, 3, .resize = 256, .range = 255 }));
        double sum = 0;
        for (int p = 0; p < 224 * 224 * 3; p++) sum += x[p];
        assert_true(fabs(sum - rows[i].sum) < 1e-4 * rows[i].sum); // another JPEG library may round otherwise
        striate_image_free(&image);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),         cmocka_unit_test(refuses),      cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(saves),           cmocka_unit_test(long_preface), cmocka_unit_test(stands_upright),
        cmocka_unit_test(decodes_smaller), cmocka_unit_test(resizes),      cmocka_unit_test(resizes_as_pillow),
        cmocka_unit_test(crops),           cmocka_unit_test(borders),      cmocka_unit_test(preprocesses),
        cmocka_unit_test(extremes),        cmocka_unit_test(photographs),
    };
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
