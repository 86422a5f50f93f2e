// check_augment.c - what augmentation does to pixels, against Pillow and against counts over many draws; that it is a function of seed, epoch
// and image alone.
#include "scratch.h"

#include "data/augment.h"
#include "data/batch.h"
#include "data/colour.h"
#include "data/warp.h"

#include <math.h>

enum { DRAWS = 2000 };

// ---- where it looks

static striate_image draw(const striate_image *image, const striate_preprocessing *how, striate_augmentation augmentation,
                          int index)
{
    striate_image changed = { 0 };
    expect_ok(striate_augment(&changed, image, how, &augmentation, 7, 3, index));
    assert_int_equal(changed.height, how->height);
    assert_int_equal(changed.width, how->width);
    assert_int_equal(changed.channels, image->channels);
    return changed;
}

// Every place of the crop comes up, each about as often; what is cut is what stood there, and beyond it nothing.
static void crops(void **state)
{
    (void)state;
    static const struct {
        int resize, crop, pad;
    } rows[] = { { 0, 8, 2 }, { 8, 6, 0 }, { 8, 6, 1 } }; // He's, AlexNet's, both
    uint8_t pixels[64];
    for (int i = 0; i < 64; i++) pixels[i] = (uint8_t)(16 * (i / 8) + i % 8 + 1);
    striate_image image = { pixels, 8, 8, 1 };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        int size = rows[r].crop, pad = rows[r].pad, places = 8 - size + 2 * pad + 1, seen[7][7] = { { 0 } };
        striate_preprocessing how = { .height = size, .width = size, .channels = 1, .resize = rows[r].resize };
        for (int n = 0; n < DRAWS; n++) {
            striate_image got = draw(&image, &how, (striate_augmentation){ .random_crop = 1, .crop_pad = pad }, n);
            int middle = got.pixels[size / 2 * size + size / 2] - 1;
            assert_true(middle >= 0);
            int top = middle / 16 - size / 2, left = middle % 16 - size / 2;
            for (int i = 0; i < size; i++)
                for (int j = 0; j < size; j++) {
                    int row = top + i, column = left + j, inside = row >= 0 && row < 8 && column >= 0 && column < 8;
                    assert_int_equal(got.pixels[i * size + j], inside ? 16 * row + column + 1 : 0);
                }
            assert_in_range(top + pad, 0, places - 1);
            assert_in_range(left + pad, 0, places - 1);
            seen[top + pad][left + pad]++;
            striate_image_free(&got);
        }
        double mean = (double)DRAWS / (places * places);
        for (int i = 0; i < places; i++)
            for (int j = 0; j < places; j++) assert_true(fabs(seen[i][j] - mean) < 5 * sqrt(mean));
    }
}

// The colour beyond the border is the one that becomes nothing.
static void border(void **state)
{
    (void)state;
    uint8_t white[3 * 16];
    memset(white, 255, sizeof white);
    striate_preprocessing how = { 4, 4, 3, .bgr = 1, .range = 2, .mean = { 0.2f, 1, 1.8f } };
    int seen = 0;
    for (int n = 0; n < 20; n++) {
        striate_image got = draw(&(striate_image){ white, 4, 4, 3 }, &how, (striate_augmentation){ .crop_pad = 4 }, n);
        for (int i = 0; i < 16; i++) {
            const uint8_t *p = got.pixels + 3 * i;
            bool beyond = p[0] == 229 && p[1] == 128 && p[2] == 26;
            assert_true(beyond || (p[0] == 255 && p[1] == 255 && p[2] == 255));
            seen += beyond;
        }
        striate_image_free(&got);
    }
    assert_in_range(seen, 215, 300); // 257 on average
}

static void flips(void **state)
{
    (void)state;
    uint8_t pixels[3 * 35];
    for (int i = 0; i < 105; i++) pixels[i] = (uint8_t)(i + 1);
    striate_image image = { pixels, 5, 7, 3 };
    striate_preprocessing how = { .height = 5, .width = 7, .channels = 3 };
    int flipped = 0;
    for (int n = 0; n < DRAWS; n++) {
        striate_image got = draw(&image, &how, (striate_augmentation){ .hflip = 1 }, n);
        int is = got.pixels[0] != 1;
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 7; j++)
                assert_memory_equal(got.pixels + 3 * (7 * i + j), pixels + 3 * (7 * i + (is ? 6 - j : j)), 3);
        flipped += is;
        striate_image_free(&got);
    }
    assert_true(abs(flipped - DRAWS / 2) < 5 * sqrt(DRAWS) / 2);
}

// Of an image whose red tells the row and green the column, the box can be read back.
static void resized_crops(void **state)
{
    (void)state;
    enum { H = 120, W = 160, OUT = 16 };
    static uint8_t pixels[H * W * 3];
    for (int i = 0; i < H; i++)
        for (int j = 0; j < W; j++) memcpy(pixels + 3 * (W * i + j), (uint8_t[]){ (uint8_t)i, (uint8_t)j, 0 }, 3);
    striate_image image = { pixels, H, W, 3 };
    striate_preprocessing how = { .height = OUT, .width = OUT, .channels = 3 };
    double least = 1, most = 0, sum = 0, thin = 9, wide = 0;
    for (int n = 0; n < DRAWS; n++) {
        striate_image got = draw(&image, &how, (striate_augmentation){ .random_resized_crop = 0.08f }, n);
        const uint8_t *first = got.pixels + 3 * (OUT + 1), *last = got.pixels + 3 * (OUT * (OUT - 2) + OUT - 2);
        double h = (last[0] - first[0]) * OUT / (OUT - 3.0), w = (last[1] - first[1]) * OUT / (OUT - 3.0); // to +-1
        double share = h * w / (H * W), ratio = w / h;
        least = fmin(least, share), most = fmax(most, share), sum += share;
        thin = fmin(thin, ratio), wide = fmax(wide, ratio);
        striate_image_free(&got);
    }
    assert_true(least > 0.06 && least < 0.12 && most > 0.85 && most < 1.03);
    assert_true(thin > 0.68 && thin < 0.8 && wide > 1.28 && wide < 1.5);
    // large boxes seldom fit, so less than 0.54; a simulation of the draws gives 0.437
    if (fabs(sum / DRAWS - 0.437) > 0.02) fail_msg("boxes have %g of the area on average", sum / DRAWS);

    // nothing fits into a strip but its middle
    static uint8_t strip[10 * 200];
    for (int i = 0; i < 2000; i++) strip[i] = (uint8_t)(i % 200);
    how = (striate_preprocessing){ .height = 10, .width = 13, .channels = 1 };
    striate_image got =
        draw(&(striate_image){ strip, 10, 200, 1 }, &how, (striate_augmentation){ .random_resized_crop = 1 }, 0);
    for (int i = 0; i < 130; i++) assert_int_equal(got.pixels[i], 93 + i % 13);
    striate_image_free(&got);
}

// ---- colours: expected values are Pillow 13's, which cuts off where we round

static const uint8_t sample[60] = { 11,  60,  255, 48,  73,  244, 85,  112, 233, 122, 177, 222, 159, 68,  211,
                                    196, 185, 200, 233, 128, 189, 14,  97,  178, 51,  92,  167, 88,  113, 156,
                                    125, 160, 145, 162, 33,  134, 199, 132, 123, 236, 57,  112, 17,  208, 101,
                                    54,  185, 90,  91,  188, 79,  128, 217, 68,  165, 72,  57,  202, 153, 46 };

static void expect_pixels(const char *what, const striate_image *image, const uint8_t *want, int within)
{
    for (int i = 0; i < image->height * image->width * image->channels; i++)
        if (abs(image->pixels[i] - want[i]) > within)
            fail_msg("%s: value %d is %d, not %d", what, i, image->pixels[i], want[i]);
}

static void colours(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*change)(striate_image *image, float factor);
        float factor;
        uint8_t want[60];
    } rows[] = {
        { "brightness", colour_brightness, 1.4f, { 15,  84,  255, 67,  102, 255, 119, 156, 255, 170, 247, 255, 222, 95,  255,
                                                   255, 255, 255, 255, 179, 255, 19,  135, 249, 71,  128, 233, 123, 158, 218,
                                                   175, 224, 203, 226, 46,  187, 255, 184, 172, 255, 79,  156, 23,  255, 141,
                                                   75,  255, 126, 127, 255, 110, 179, 255, 95,  231, 100, 79,  255, 214, 64 } },
        { "contrast", colour_contrast, 0.4f, { 80,  100, 178, 95,  105, 173, 110, 121, 169, 125, 147, 165, 139, 103, 160,
                                               154, 150, 156, 169, 127, 151, 81,  115, 147, 96,  113, 143, 111, 121, 138,
                                               126, 140, 134, 141, 89,  129, 155, 129, 125, 170, 99,  121, 83,  159, 116,
                                               97,  150, 112, 112, 151, 107, 127, 163, 103, 142, 105, 99,  157, 137, 94 } },
        { "contrast", colour_contrast, 1.7f, { 0,   13,  255, 0,   35,  255, 55,  101, 255, 118, 212, 255, 181, 26,  255,
                                               244, 225, 251, 255, 128, 232, 0,   76,  213, 0,   67,  195, 60,  103, 176,
                                               123, 183, 157, 186, 0,   138, 249, 135, 120, 255, 8,   101, 0,   255, 82,
                                               2,   225, 64,  65,  230, 45,  128, 255, 26,  191, 33,  8,   254, 171, 0 } },
        { "saturation", colour_saturation, 1.8f, { 0,   53,  255, 18,  63,  255, 58,  107, 255, 86,  185, 255, 196, 32,  255,
                                                   200, 181, 208, 255, 97,  207, 0,   109, 255, 21,  95,  230, 70,  115, 192,
                                                   106, 169, 142, 225, 0,   174, 237, 116, 100, 255, 9,   108, 0,   255, 70,
                                                   0,   225, 54,  46,  220, 24,  92,  252, 0,   218, 51,  24,  239, 151, 0 } },
    };
    uint8_t pixels[60];
    striate_image image = { pixels, 4, 5, 3 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memcpy(pixels, sample, sizeof sample);
        rows[i].change(&image, 1);
        expect_pixels(rows[i].name, &image, sample, 0);
        rows[i].change(&image, rows[i].factor);
        expect_pixels(rows[i].name, &image, rows[i].want, 1);
    }
    static const uint8_t sharp[] = { 11,  60,  255, 48,  73,  244, 85,  112, 233, 122, 177, 222, 159, 68,  211,
                                     196, 185, 200, 255, 134, 189, 0,   96,  178, 31,  83,  167, 88,  113, 156,
                                     125, 160, 145, 172, 0,   134, 218, 138, 123, 255, 33,  112, 17,  208, 101,
                                     54,  185, 90,  91,  188, 79,  128, 217, 68,  165, 72,  57,  202, 153, 46 };
    static const uint8_t poster[] = { 0,   48,  240, 48,  64,  240, 80,  112, 224, 112, 176, 208, 144, 64,  208,
                                      192, 176, 192, 224, 128, 176, 0,   96,  176, 48,  80,  160, 80,  112, 144,
                                      112, 160, 144, 160, 32,  128, 192, 128, 112, 224, 48,  112, 16,  208, 96,
                                      48,  176, 80,  80,  176, 64,  128, 208, 64,  160, 64,  48,  192, 144, 32 };
    static const uint8_t solar[] = {
        11, 60,  0,  48, 73,  11, 85, 112, 22,  122, 78,  33,  96,  68, 44, 59,  70, 55,  22,  127,
        66, 14,  97, 77, 51,  92, 88, 88,  113, 99,  125, 95,  110, 93, 33, 121, 56, 123, 123, 19,
        57, 112, 17, 47, 101, 54, 70, 90,  91,  67,  79,  127, 38,  68, 90, 72,  57, 53,  102, 46
    };
    static const uint8_t stretched[] = { 0,   37,  255, 41,  55,  241, 83,  109, 228, 125, 199, 214, 167, 48,  201,
                                         209, 210, 187, 251, 131, 174, 3,   88,  161, 45,  81,  147, 87,  110, 134,
                                         129, 176, 120, 171, 0,   107, 213, 137, 93,  254, 33,  80,  6,   242, 67,
                                         48,  210, 53,  90,  214, 40,  132, 255, 26,  174, 54,  13,  216, 166, 0 };
    memcpy(pixels, sample, sizeof sample);
    expect_ok(colour_sharpness(&image, 1.5f));
    expect_pixels("sharpness", &image, sharp, 1);
    memcpy(pixels, sample, sizeof sample);
    colour_posterize(&image, 4);
    expect_pixels("posterize", &image, poster, 0);
    memcpy(pixels, sample, sizeof sample);
    colour_solarize(&image, 128);
    expect_pixels("solarize", &image, solar, 0);
    memcpy(pixels, sample, sizeof sample);
    colour_autocontrast(&image);
    expect_pixels("autocontrast", &image, stretched, 1);
}

static void equalizes(void **state)
{
    (void)state;
    static uint8_t pixels[1200 * 3];
    for (int i = 0; i < 1200; i++) {
        int rgb[] = { i * i * 7 % 97 + 60, i * 37 % 230, i * i % 40 + 200 };
        for (int c = 0; c < 3; c++) pixels[3 * i + c] = (uint8_t)rgb[c];
    }
    colour_equalize(&(striate_image){ pixels, 30, 40, 3 });
    static const uint8_t begin[] = { 0, 0, 0, 10, 48, 15, 78, 97, 75, 201, 145, 105, 34, 193, 165, 250, 241, 240 };
    assert_memory_equal(pixels, begin, sizeof begin);
    int sum[3] = { 0 };
    for (int i = 0; i < 3600; i++) sum[i % 3] += pixels[i];
    assert_true(sum[0] == 172950 && sum[1] == 175401 && sum[2] == 153900);
}

static void hues(void **state)
{
    (void)state;
    static const struct {
        uint8_t from[3];
        float turn;
        uint8_t to[3];
    } rows[] = {
        // by Python's colorsys
        { { 200, 30, 90 }, 0.1f, { 200, 72, 30 } },  { { 200, 30, 90 }, -0.37f, { 30, 127, 200 } },
        { { 10, 240, 33 }, 0.5f, { 240, 10, 217 } }, { { 7, 9, 250 }, 0.25f, { 250, 7, 131 } },
        { { 80, 80, 80 }, 0.3f, { 80, 80, 80 } },    { { 12, 200, 99 }, 0, { 12, 200, 99 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t pixel[3];
        memcpy(pixel, rows[i].from, 3);
        striate_image image = { pixel, 1, 1, 3 };
        colour_hue(&image, rows[i].turn);
        expect_pixels("hue", &image, rows[i].to, 1);
    }
}

static void turns(void **state)
{
    (void)state;
    uint8_t pixels[25], before[25];
    for (int i = 0; i < 25; i++) before[i] = (uint8_t)(i * 9 + 1);
    striate_image image = { pixels, 5, 5, 1 };
    for (int quarters = 0; quarters < 4; quarters++) { // counter-clockwise
        memcpy(pixels, before, 25);
        struct warp warp = warp_rotation(90.0 * quarters, 5, 5);
        expect_ok(warp_image(&image, &warp, &(uint8_t){ 0 }));
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 5; j++) {
                int row = i, column = j;
                for (int q = 0; q < quarters; q++) {
                    int old = row;
                    row = column, column = 4 - old;
                }
                assert_int_equal(pixels[5 * i + j], before[5 * row + column]);
            }
    }
    // half a pixel to the side: the mean of two, and of the last and what lies beyond
    memcpy(pixels, before, 25);
    expect_ok(warp_image(&image, &(struct warp){ 1, 0, 0.5, 0, 1, 0 }, &(uint8_t){ 101 }));
    for (int i = 0; i < 25; i++) {
        int right = i % 5 == 4 ? 101 : before[i + 1];
        assert_int_equal(pixels[i], (before[i] + right + 1) / 2);
    }
    static uint8_t flat[3 * 400];
    memset(flat, 50, sizeof flat); // turned, only corners change
    striate_preprocessing how = { 20, 20, 3, .mean = { 1, 1, 1 } };
    int corners = 0;
    for (int n = 0; n < 100; n++) {
        striate_image got = draw(&(striate_image){ flat, 20, 20, 3 }, &how, (striate_augmentation){ .rotation = 30 }, n);
        assert_int_equal(got.pixels[3 * (10 * 20 + 10)], 50);
        corners += got.pixels[0] > 50;
        striate_image_free(&got);
    }
    assert_in_range(corners, 60, 100);
}

// ---- draws

static void erases(void **state)
{
    (void)state;
    static uint8_t white[40 * 40];
    memset(white, 255, sizeof white);
    striate_image image = { white, 40, 40, 1 };
    striate_preprocessing how = { .height = 40, .width = 40, .channels = 1 };
    int erased = 0;
    for (int n = 0; n < DRAWS; n++) {
        striate_image got = draw(&image, &how, (striate_augmentation){ .random_erasing = 0.25f }, n);
        int count = 0, top = 40, bottom = -1, left = 40, right = -1;
        for (int i = 0; i < 1600; i++) {
            if (got.pixels[i]) continue;
            count++;
            top = top < i / 40 ? top : i / 40, bottom = i / 40;
            left = left < i % 40 ? left : i % 40, right = right > i % 40 ? right : i % 40;
        }
        if (count) {
            assert_int_equal(count, (bottom - top + 1) * (right - left + 1)); // one rectangle
            assert_in_range(count, 24, 560);
        }
        erased += count > 0;
        striate_image_free(&got);
    }
    assert_true(abs(erased - DRAWS / 4) < 5 * sqrt(DRAWS * 0.25 * 0.75));
}

// How far an augmentation moves the mean of a gray that is far from black and white.
static void strength(striate_augmentation augmentation, double most, double deviation)
{
    static uint8_t gray[3 * 64];
    for (int i = 0; i < 192; i++) gray[i] = (uint8_t)(i % 2 ? 90 : 110);
    striate_preprocessing how = { .height = 8, .width = 8, .channels = 3 };
    double squares = 0;
    for (int n = 0; n < DRAWS; n++) {
        striate_image got = draw(&(striate_image){ gray, 8, 8, 3 }, &how, augmentation, n);
        double mean = 0;
        for (int i = 0; i < 192; i++) mean += got.pixels[i] / 192.0;
        if (fabs(mean - 100) > most) fail_msg("moved by %g", mean - 100);
        squares += (mean - 100) * (mean - 100);
        striate_image_free(&got);
    }
    double got = sqrt(squares / DRAWS);
    if (fabs(got - deviation) > 0.1 * deviation + 0.3) fail_msg("deviation %g, not %g", got, deviation);
}

static void strengths(void **state)
{
    (void)state;
    strength((striate_augmentation){ .color_jitter = { 0.4f } }, 41, 40 / sqrt(3));
    strength((striate_augmentation){ .color_jitter = { 0, 0.4f } }, 1, 0);
    // the first component: 0.2175 of 255 along (0.5675, 0.5808, 0.5836), of which the mean of the three is 0.5773
    strength((striate_augmentation){ .color_pca = 0.1f }, 20, 255 * 0.1 * 0.2175 * 0.5773);
}

// The same for the same seed, epoch and image, else not; and each kind of change is drawn apart.
static void repeats(void **state)
{
    (void)state;
    enum { SIDE = 24 };
    static uint8_t pixels[3 * SIDE * SIDE];
    for (int i = 0; i < 3 * SIDE * SIDE; i++) pixels[i] = (uint8_t)(i * i / 7);
    striate_image image = { pixels, SIDE, SIDE, 3 };
    striate_preprocessing how = { .height = SIDE, .width = SIDE, .channels = 3 };
    striate_augmentation all = { .crop_pad = 4,
                                 .hflip = 1,
                                 .rand_augment = 2,
                                 .color_jitter = { 0.4f, 0.4f, 0.4f, 0.1f },
                                 .rotation = 10,
                                 .color_pca = 0.1f,
                                 .random_erasing = 0.5f };
    striate_image first = { 0 }, got = { 0 };
    expect_ok(striate_augment(&first, &image, &how, &all, 7, 0, 0));
    for (int kind = 0; kind < 5; kind++) { // as before; another seed, epoch, image; a seed that differs in its upper half
        static const uint64_t seeds[] = { 7, 8, 7, 7, 7 + (1ull << 32) };
        expect_ok(striate_augment(&got, &image, &how, &all, seeds[kind], kind == 2, kind == 3));
        assert_int_equal(memcmp(got.pixels, first.pixels, sizeof pixels) == 0, kind == 0);
        striate_image_free(&got);
    }
    striate_image_free(&first);
    for (int n = 0; n < 20; n++) {
        striate_image alone = draw(&image, &how, (striate_augmentation){ .hflip = 1 }, n);
        striate_image beside = draw(&image, &how, (striate_augmentation){ .hflip = 1, .random_erasing = 1e-6f }, n);
        assert_memory_equal(alone.pixels, beside.pixels, sizeof pixels);
        striate_image_free(&alone);
        striate_image_free(&beside);
    }
}

// Batches hold what striate_augment says, in any order, on any number of threads, from any place of the epoch.
static void batches_agree(void **state)
{
    (void)state;
    enum { COUNT = 50, SIDE = 8, BORDERED = SIDE + 4, VALUES = BORDERED * BORDERED * 3 };
    static uint8_t pixels[COUNT][SIDE * SIDE * 3];
    int labels[COUNT];
    for (int n = 0; n < COUNT; n++) {
        for (int i = 0; i < SIDE * SIDE * 3; i++) pixels[n][i] = (uint8_t)(n * i + i * i / 3);
        labels[n] = n;
    }
    striate_data *data;
    expect_ok(striate_data_from_memory(&data, pixels[0], labels, COUNT, SIDE, SIDE, 3, COUNT, NULL));
    striate_preprocessing how = { BORDERED, BORDERED, 3, .pad = 2, .mean = { 0.4f, 0.5f, 0.6f }, .std = { 2, 2, 2 } };
    striate_augmentation augmentation = { .crop_pad = 2, .hflip = 1, .rand_augment = 1, .random_erasing = 0.5f };
    struct batches *batches;
    expect_ok(batches_open(&batches, &(struct batch_options){ data, &how, 16, 0, true, 9, &augmentation }));
    for (int epoch = 0; epoch < 6; epoch++) {
        struct batch batch;
        int count = epoch % 3 * 16;
        striate_threads(1 + epoch % 4);
        expect_ok(batches_start(batches, epoch, count));
        for (expect_ok(batches_next(&batch, batches)); batch.images; expect_ok(batches_next(&batch, batches)))
            for (int i = 0; i < batch.images; i++, count++) {
                float want[VALUES];
                int index = batch.labels[i];
                striate_image changed, image = { pixels[index], SIDE, SIDE, 3 };
                expect_ok(striate_augment(&changed, &image, &how, &augmentation, 9, epoch, index));
                assert_true(changed.height == SIDE && changed.width == SIDE);
                expect_ok(striate_preprocess(want, &changed, &how));
                assert_memory_equal(batch.x + (size_t)i * VALUES, want, sizeof want);
                striate_image_free(&changed);
            }
        assert_int_equal(count, COUNT);
    }
    batches_close(batches);
    striate_data_close(data);
    striate_threads(0);
}

// Every image is a mean of itself and the one before, or has a box of it, and its share is as much of it; over many batches the shares are
// as Beta's.
static void mixes(void **state)
{
    (void)state;
    enum { COUNT = 6, SIDE = 8, VALUES = SIDE * SIDE, EPOCHS = 600 };
    static uint8_t pixels[COUNT][VALUES];
    int labels[COUNT];
    for (int n = 0; n < COUNT; n++) memset(pixels[n], 40 * n, VALUES), labels[n] = n;
    striate_data *data;
    expect_ok(striate_data_from_memory(&data, pixels[0], labels, COUNT, SIDE, SIDE, 1, COUNT, NULL));
    striate_preprocessing how = { .height = SIDE, .width = SIDE, .channels = 1, .range = 255 };
    for (int kind = 0; kind < 3; kind++) { // mixup, cutmix, both
        striate_augmentation augmentation = { .mixup_alpha = kind == 1 ? 0 : 0.5f, .cutmix_alpha = kind ? 1 : 0 };
        struct batches *batches;
        expect_ok(batches_open(&batches, &(struct batch_options){ data, &how, 4, 0, true, 9, &augmentation }));
        double sum = 0, squares = 0;
        int boxes = 0, count = 0;
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            struct batch batch;
            expect_ok(batches_start(batches, epoch, 0));
            for (expect_ok(batches_next(&batch, batches)); batch.images; expect_ok(batches_next(&batch, batches))) {
                bool cut = false;
                assert_true(batch.share >= 0 && batch.share <= 1);
                for (int i = 0; i < batch.images; i++) {
                    const float *x = batch.x + (size_t)i * VALUES;
                    float own = 40.0f * (float)batch.labels[i], other = 40.0f * (float)batch.second[i], mean = 0;
                    assert_int_equal(batch.second[i], batch.labels[i ? i - 1 : batch.images - 1]);
                    for (int v = 0; v < VALUES; v++) mean += x[v] / VALUES, cut |= x[v] != x[0];
                    for (int v = 0; v < VALUES; v++) assert_true(!cut || x[v] == own || x[v] == other);
                    assert_true(fabsf(mean - batch.share * own - (1 - batch.share) * other) < 1e-3f);
                }
                boxes += cut;
                sum += (double)batch.share, squares += (double)batch.share * (double)batch.share, count++;
            }
        }
        assert_int_equal(count, 2 * EPOCHS);
        double mean = sum / count, variance = squares / count - mean * mean;
        if (kind == 0) assert_true(fabs(mean - 0.5) < 0.05 && fabs(variance - 0.125) < 0.02); // 1 / (4 (2 alpha + 1))
        if (kind == 0) assert_int_equal(boxes, 0);
        if (kind == 1) assert_true(boxes > 0.7 * count && mean > 0.5);
        if (kind == 2) assert_true(boxes > 0.35 * count && boxes < 0.55 * count);
        batches_close(batches);
    }
    striate_data_close(data);
}

static void wrong_options(void **state)
{
    (void)state;
    static const struct {
        striate_augmentation augmentation;
        const char *part, *part2;
    } rows[] = {
        { { .crop_pad = -1 }, "crop_pad is -1", "0 and 4096" },
        { { .random_resized_crop = 1.5f }, "random_resized_crop is 1.5", "0 and 1" },
        { { .color_jitter = { 0, 0, 0, 0.6f } }, "hue", "0.5" },
        { { .rotation = NAN }, "rotation", "180" },
        { { .rand_magnitude = 31 }, "rand_magnitude is 31", "30" },
        { { .mixup_alpha = 9 }, "mixup_alpha is 9", "8" },
        { { .random_erasing = 2 }, "random_erasing is 2", "1" },
        { { .random_resized_crop = 0.1f, .crop_pad = 4 }, "random_resized_crop", "crop_pad" },
        { { .random_crop = 1 }, "no room", "resize above 4" },
    };
    uint8_t pixels[16] = { 0 };
    striate_image image = { pixels, 4, 4, 1 }, changed = { 0 };
    striate_preprocessing how = { .height = 4, .width = 4, .channels = 1 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_failure(striate_augment(&changed, &image, &how, &rows[i].augmentation, 1, 0, 0), STRIATE_BAD_ARGUMENT,
                       rows[i].part, rows[i].part2, NULL);
    how.resize = 8;
    how.width = 9;
    expect_failure(striate_augment(&changed, &image, &how, &(striate_augmentation){ .random_crop = 1 }, 1, 0, 0),
                   STRIATE_BAD_FILE, "no crop of 9 x 4", NULL);
    assert_null(changed.pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crops),   cmocka_unit_test(border),        cmocka_unit_test(flips),   cmocka_unit_test(resized_crops),
        cmocka_unit_test(colours), cmocka_unit_test(equalizes),     cmocka_unit_test(hues),    cmocka_unit_test(turns),
        cmocka_unit_test(erases),  cmocka_unit_test(strengths),     cmocka_unit_test(repeats), cmocka_unit_test(batches_agree),
        cmocka_unit_test(mixes),   cmocka_unit_test(wrong_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
