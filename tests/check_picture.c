// check_picture.c - pictures are drawn, read back and looked at: sizes, colours, gaps, extremes; wrong arguments write nothing.
#include "striate.h"

#include "base/file.h"
#include "picture/font.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char picture[] = "check_picture.png";

static unsigned pixel(const striate_image *image, int x, int y)
{
    const uint8_t *p = image->pixels + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
    return (unsigned)(p[0] << 16 | p[1] << 8 | p[2]);
}

static int count_within(const striate_image *image, unsigned color, int left, int right)
{
    int found = 0;
    for (int y = 0; y < image->height; y++)
        for (int x = left; x < right; x++) found += pixel(image, x, y) == color;
    return found;
}

static int count_color(const striate_image *image, unsigned color)
{
    return count_within(image, color, 0, image->width);
}

// Reads the picture just drawn, and removes it. Its rim must be paper.
static striate_image look(void)
{
    striate_image image;
    assert_int_equal(striate_image_open(&image, picture), STRIATE_OK);
    assert_int_equal(image.channels, 3);
    for (int x = 0; x < image.width; x++) {
        assert_int_equal(pixel(&image, x, 0), PAPER);
        assert_int_equal(pixel(&image, x, image.height - 1), PAPER);
    }
    for (int y = 0; y < image.height; y++) {
        assert_int_equal(pixel(&image, 0, y), PAPER);
        assert_int_equal(pixel(&image, image.width - 1, y), PAPER);
    }
    unlink(picture);
    return image;
}

static void refused(striate_status status)
{
    assert_int_equal(status, STRIATE_BAD_ARGUMENT);
    assert_true(strlen(striate_error()) > 20);
    assert_false(file_exists(picture));
}

// ---- canvas and font

static double ink_of(const struct canvas *canvas) // in whole pixels of INK
{
    double sum = 0;
    for (int y = 0; y < canvas->image.height; y++)
        for (int x = 0; x < canvas->image.width; x++) sum += 255 - (pixel(&canvas->image, x, y) & 255);
    return sum / (255 - (INK & 255));
}

static void strokes_cover_their_area(void **state)
{
    (void)state;
    for (int turn = 0; turn < 48; turn++) {
        struct canvas canvas;
        assert_int_equal(canvas_new(&canvas, "", 200, 200), STRIATE_OK);
        double angle = turn * 0.1309, dx = 70 * cos(angle), dy = 70 * sin(angle);
        canvas_stroke(&canvas, 100.3 - dx, 99.6 - dy, 100.3 + dx, 99.6 + dy, 6);
        canvas_ink(&canvas, INK);
        double area = 140 * 6 + 3.14159 * 9, ink = ink_of(&canvas);
        assert_true(fabs(ink - area) < 0.02 * area);
        canvas_ink(&canvas, VERMILION); // the mask is empty again
        assert_true(fabs(ink_of(&canvas) - ink) < 1e-9);
        canvas_free(&canvas);
    }
}

static void drawing_outside_is_clipped(void **state)
{
    (void)state;
    static const double far[] = { -1e300, -1e9, -50, -0.5, 20, 40.5, 1e5, 1e300 };
    struct canvas canvas;
    assert_int_equal(canvas_new(&canvas, "", 41, 23), STRIATE_OK);
    uint8_t gray[6] = { 0, 50, 100, 150, 200, 250 };
    striate_image image = { gray, 2, 3, 1 };
    for (int i = 0; i < 4096; i++) {
        canvas_stroke(&canvas, far[i & 7], far[i >> 3 & 7], far[i >> 6 & 7], far[i >> 9 & 7], 5);
        canvas_ink(&canvas, BLUE);
    }
    for (int x = -60; x < 60; x += 7)
        for (int y = -60; y < 60; y += 7) {
            canvas_rectangle(&canvas, x, y, 30, 30, GREEN);
            canvas_image(&canvas, x, y, 30, 20, &image);
            font_draw(&canvas, (struct font){ .size = 20, .turn = x }, x, y, "Clip");
        }
    canvas_free(&canvas);
}

static void images_keep_pixels_and_means(void **state)
{
    (void)state;
    uint8_t pixels[8 * 8 * 3], small[4] = { 0, 80, 160, 240 };
    for (int i = 0; i < 192; i++) pixels[i] = (uint8_t)(i * 37);
    struct canvas canvas;
    assert_int_equal(canvas_new(&canvas, "", 16, 16), STRIATE_OK);
    canvas_image(&canvas, 0, 0, 16, 16, &(striate_image){ small, 2, 2, 1 });
    for (int y = 0; y < 16; y++)
        for (int x = 0; x < 16; x++) assert_int_equal(pixel(&canvas.image, x, y), small[y / 8 * 2 + x / 8] * 0x10101u);
    canvas_image(&canvas, 0, 0, 2, 2, &(striate_image){ pixels, 8, 8, 3 });
    for (int i = 0; i < 4; i++)
        for (int c = 0; c < 3; c++) {
            int sum = 0;
            for (int j = 0; j < 16; j++) sum += pixels[((i / 2 * 4 + j / 4) * 8 + i % 2 * 4 + j % 4) * 3 + c];
            int got = (int)(pixel(&canvas.image, i % 2, i / 2) >> (16 - 8 * c) & 255);
            assert_in_range(16 * got + 8, sum, sum + 16);
        }
    canvas_free(&canvas);
}

static void every_character_leaves_ink_in_its_place(void **state)
{
    (void)state;
    for (int c = 33; c < 256; c++) { // beyond ASCII: a byte that is no UTF-8, drawn as a box
        struct canvas canvas;
        assert_int_equal(canvas_new(&canvas, "", 200, 200), STRIATE_OK);
        struct font font = { .size = 70, .color = INK };
        char s[2] = { (char)c, 0 };
        double width = font_width(font, s);
        font_draw(&canvas, font, 60, 120, s);
        assert_true(ink_of(&canvas) > 30);
        assert_true(width > 10 && width < 90);
        assert_int_equal(count_within(&canvas.image, PAPER, 0, 50), 50 * 200);
        assert_int_equal(count_within(&canvas.image, PAPER, 66 + (int)width, 200), (200 - 66 - (int)width) * 200);
        canvas_free(&canvas);
    }
}

static void any_bytes_are_text(void **state)
{
    (void)state;
    struct canvas canvas;
    struct font font = { .size = 12 };
    assert_int_equal(canvas_new(&canvas, "", 300, 30), STRIATE_OK);
    assert_true(font_width(font, "\xC3\xA9") == font_width(font, "\xE2\x82\xAC")); // one box each
    assert_true(font_width(font, "\xC3\xA9") == font_width(font, "\xF0\x9F\x90\x9C"));
    assert_true(font_width(font, "\xC2\xB1") != font_width(font, "\xC2\xB7")); // these have glyphs
    unsigned random = 1;
    for (int i = 0; i < 2000; i++) {
        size_t length = (size_t)(i % 40);
        char *s = malloc(length + 1); // of the exact size, for the sanitizer
        for (size_t j = 0; j < length; j++) s[j] = (char)(1 + (random = random * 1103515245 + 12345) / 65536 % 255);
        s[length] = 0;
        font_draw_within(&canvas, font, 10, 20, i % 200, s);
        free(s);
    }
    canvas_free(&canvas);
}

static void long_text_is_cut(void **state)
{
    (void)state;
    char s[2000];
    memset(s, 'm', sizeof s);
    s[sizeof s - 1] = 0;
    for (int width = 60; width < 400; width += 17) {
        struct canvas canvas;
        assert_int_equal(canvas_new(&canvas, "", 500, 40), STRIATE_OK);
        font_draw_within(&canvas, (struct font){ .size = 20, .color = INK }, 10, 30, width, s);
        assert_int_equal(count_within(&canvas.image, PAPER, 12 + width, 500), (488 - width) * 40);
        assert_true(count_within(&canvas.image, PAPER, 0, 10 + width / 2) < (10 + width / 2) * 40);
        canvas_free(&canvas);
    }
}

// ---- curves

static void curves_show_lines_and_gaps(void **state)
{
    (void)state;
    double x[100], y[100], z[100];
    for (int i = 0; i < 100; i++) {
        x[i] = i;
        y[i] = i < 40 || i >= 60 ? sin(i * 0.1) : NAN;
        z[i] = 0.9;
    }
    striate_series series[] = { { "gap", x, y, 100, 0 }, { "constant", x, z, 100, 1 } };
    assert_int_equal(striate_draw_curves(picture, "Title", "x", "left", "right", series, 2), STRIATE_OK);
    striate_image image = look();
    assert_int_equal(image.width, 1600);
    assert_int_equal(image.height, 1000);
    assert_true(count_within(&image, BLUE, 200, 600) > 1000);
    assert_true(count_within(&image, BLUE, 1000, 1400) > 1000);
    assert_int_equal(count_within(&image, BLUE, 750, 850), 0);
    assert_true(count_within(&image, VERMILION, 750, 850) >= 3 * 100); // a level line is not torn
    assert_true(count_color(&image, HAIRLINE) > 5 * 1000);
    striate_image_free(&image);
}

static void curves_bear_any_numbers(void **state)
{
    (void)state;
    static const double extreme[] = { 0,    -0.0, 1,     -1,    1e308,  -1e308,   1e-308, 5e-324, NAN,     INFINITY,
                                      1e15, 1e-9, 1e6,   -3e-7, 123456, 0.999999, 1 / 3., 2e9,    -2e100,  1e15 + 1,
                                      7,    7,    1e-15, 1e300, 0.05,   1e299,    1e-300, -5,     99999.5, 1e7 };
    enum { EXTREMES = sizeof extreme / sizeof *extreme };
    for (int i = 0; i < EXTREMES; i++)
        for (int j = i; j < EXTREMES; j += 13) {
            double x[2] = { extreme[j], extreme[(i * 7 + j) % EXTREMES] }, y[2] = { extreme[i], extreme[j] };
            striate_series series[] = { { "a", x, y, 2, i & 1 }, { NULL, y, x, 1 + (i & 1), j & 1 } };
            assert_int_equal(striate_draw_curves(picture, NULL, NULL, "y", NULL, series, 2), STRIATE_OK);
        }
    striate_image image = look();
    striate_image_free(&image);
}

static void curves_bear_any_count(void **state)
{
    (void)state;
    enum { POINTS = 1000000 };
    double *x = malloc(POINTS * sizeof *x), *y = malloc(POINTS * sizeof *y);
    for (int i = 0; i < POINTS; i++) {
        x[i] = i;
        y[i] = (i * 2654435761u) % 1000;
    }
    striate_series series[64];
    for (int i = 0; i < 64; i++)
        series[i] = (striate_series){ "a rather long label of a series", x, y, i ? i - 1 : POINTS, i % 3 == 0 };
    for (int count = 0; count <= 64; count += 16) {
        assert_int_equal(striate_draw_curves(picture, "Title", "x", "y", "z", series, count), STRIATE_OK);
        striate_image image = look();
        assert_true(count_color(&image, PAPER) > 100000);
        striate_image_free(&image);
    }
    refused(striate_draw_curves(picture, "Title", "x", "y", "z", series, 65));
    free(x);
    free(y);
}

static void curves_refuse_wrong_arguments(void **state)
{
    (void)state;
    double x[1] = { 1 };
    refused(striate_draw_curves(NULL, "", "", "", "", NULL, 0));
    refused(striate_draw_curves(picture, "", "", "", "", NULL, 1));
    refused(striate_draw_curves(picture, "", "", "", "", NULL, -1));
    refused(striate_draw_curves(picture, "", "", "", "", &(striate_series){ "a", x, NULL, 1, 0 }, 1));
    refused(striate_draw_curves(picture, "", "", "", "", &(striate_series){ "a", NULL, x, 1, 0 }, 1));
    refused(striate_draw_curves(picture, "", "", "", "", &(striate_series){ "a", x, x, -1, 0 }, 1));
    assert_int_equal(striate_draw_curves("no/such/folder/a.png", "", "", "", "", NULL, 0), STRIATE_IO);
}

static void the_same_call_gives_the_same_bytes(void **state)
{
    (void)state;
    double x[] = { 1, 2, 3 }, y[] = { 3, 1, 2 };
    struct bytes first, second;
    striate_series series = { "a", x, y, 3, 0 };
    assert_int_equal(striate_draw_curves(picture, "Title", "x", "y", NULL, &series, 1), STRIATE_OK);
    assert_int_equal(file_read(&first, picture, 1 << 24), STRIATE_OK);
    assert_int_equal(striate_draw_curves(picture, "Title", "x", "y", NULL, &series, 1), STRIATE_OK);
    assert_int_equal(file_read(&second, picture, 1 << 24), STRIATE_OK);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    free(first.data);
    free(second.data);
    unlink(picture);
}

// ---- confusion

static void confusion_colours_are_shares_of_rows(void **state)
{
    (void)state;
    int matrix[] = { 8, 2, 0, /**/ 50, 50, 0, /**/ 1, 0, 3 }; // shares 0.8 0.2; 0.5 0.5; 0.25 0.75
    const char *names[] = { "cat", "dog", "a class with a name that is much longer than there is room for it" };
    assert_int_equal(striate_draw_confusion(picture, "Title", matrix, names, 3), STRIATE_OK);
    striate_image image = look();
    int cell = 150 * 150;
    assert_true(count_color(&image, color_mix(MIST, BLUE, 0.8)) > cell);
    assert_true(count_color(&image, color_mix(MIST, BLUE, 0.5)) > cell);
    assert_true(count_color(&image, color_mix(MIST, BLUE, 0.75)) > cell);
    assert_true(count_color(&image, color_mix(MIST, VERMILION, sqrt(0.2))) > cell);
    assert_true(count_color(&image, color_mix(MIST, VERMILION, sqrt(0.5))) > cell);
    assert_true(count_color(&image, color_mix(MIST, VERMILION, 0.5)) > cell);
    assert_true(count_color(&image, MIST) > 3 * cell);
    striate_image_free(&image);
}

static void confusion_bears_any_number_of_classes(void **state)
{
    (void)state;
    static const int classes[] = { 1, 2, 3, 5, 10, 17, 40, 41, 100, 101, 365, 1000 };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        int n = classes[i];
        int *matrix = calloc((size_t)n * (size_t)n, sizeof *matrix);
        for (int k = 0; k < n; k++) matrix[k * n + k] = n == 17 ? 2147483647 : k; // class 0 has no images
        assert_int_equal(striate_draw_confusion(picture, n % 2 ? "Title" : NULL, matrix, NULL, n), STRIATE_OK);
        striate_image image = look();
        assert_true(image.width < 2600 && image.height < 2600);
        assert_true(n == 1 || count_color(&image, BLUE) >= n - 1);
        striate_image_free(&image);
        free(matrix);
    }
}

static void confusion_refuses_wrong_arguments(void **state)
{
    (void)state;
    int matrix[] = { 1, 2, -3, 4 };
    refused(striate_draw_confusion(NULL, "", matrix, NULL, 1));
    refused(striate_draw_confusion(picture, "", NULL, NULL, 2));
    refused(striate_draw_confusion(picture, "", matrix, NULL, 0));
    refused(striate_draw_confusion(picture, "", matrix, NULL, -5));
    refused(striate_draw_confusion(picture, "", matrix, NULL, 1 << 30));
    refused(striate_draw_confusion(picture, "", matrix, NULL, 2));
    assert_non_null(strstr(striate_error(), "row 1, column 0"));
}

// ---- sheets

static void sheets_frame_marked_tiles(void **state)
{
    (void)state;
    uint8_t pixels[28 * 28];
    for (int i = 0; i < 28 * 28; i++) pixels[i] = i % 28 < 14 ? 10 : 200;
    striate_image image = { pixels, 28, 28, 1 };
    for (int mark = -1; mark <= 1; mark++) {
        striate_tile tile = { &image, NULL, NULL, mark };
        assert_int_equal(striate_draw_sheet(picture, NULL, &tile, 1, 4), STRIATE_OK);
        striate_image sheet = look();
        int hidden = mark ? 600 : 0; // under the badge
        assert_int_equal(count_color(&sheet, 0x0A0A0A), 28 * 14 * 64);
        assert_in_range(count_color(&sheet, 0xC8C8C8), 28 * 14 * 64 - hidden, 28 * 14 * 64);
        assert_int_equal(count_color(&sheet, GREEN) > 4 * 224 * 5, mark == 1);
        assert_int_equal(count_color(&sheet, VERMILION) > 4 * 224 * 5, mark == -1);
        assert_int_equal(count_color(&sheet, GREEN) == 0, mark != 1);
        striate_image_free(&sheet);
    }
}

static void sheets_bear_any_images(void **state)
{
    (void)state;
    static const int sides[] = { 1, 2, 28, 32, 64, 65, 320, 321, 3000 };
    enum { SIDES = sizeof sides / sizeof *sides };
    uint8_t *pixels = calloc(3000 * 3000, 3);
    striate_image images[SIDES * SIDES];
    striate_tile tiles[SIDES * SIDES];
    char caption[1000];
    memset(caption, 'W', sizeof caption);
    caption[sizeof caption - 1] = 0;
    for (int i = 0; i < SIDES * SIDES; i++) {
        images[i] = (striate_image){ pixels, sides[i / SIDES], sides[i % SIDES], i % 2 ? 1 : 3 };
        tiles[i] = (striate_tile){ &images[i], i % 3 ? caption : NULL, i % 4 ? caption : NULL, i % 3 - 1 };
    }
    for (int count = 1; count < SIDES * SIDES; count *= 3) {
        assert_int_equal(striate_draw_sheet(picture, caption, tiles, count, 1 + count / 4), STRIATE_OK);
        striate_image sheet = look();
        assert_true(count_color(&sheet, 0) > 0);
        striate_image_free(&sheet);
    }
    free(pixels);
}

static void sheets_refuse_wrong_arguments(void **state)
{
    (void)state;
    uint8_t pixels[4] = { 0 };
    striate_image good = { pixels, 2, 2, 1 },
                  bad[] = { { NULL, 2, 2, 1 }, { pixels, 0, 2, 1 }, { pixels, 2, -1, 1 }, { pixels, 1, 1, 4 } };
    striate_tile tile = { &good, NULL, NULL, 0 };
    refused(striate_draw_sheet(NULL, NULL, &tile, 1, 1));
    refused(striate_draw_sheet(picture, NULL, NULL, 1, 1));
    refused(striate_draw_sheet(picture, NULL, &tile, 0, 1));
    refused(striate_draw_sheet(picture, NULL, &tile, 1, 0));
    refused(striate_draw_sheet(picture, NULL, &(striate_tile){ 0 }, 1, 1));
    for (int i = 0; i < 4; i++) refused(striate_draw_sheet(picture, NULL, &(striate_tile){ &bad[i], "a", NULL, 0 }, 1, 1));
    striate_tile *many = calloc(10000, sizeof *many);
    for (int i = 0; i < 10000; i++) many[i].image = &good;
    refused(striate_draw_sheet(picture, NULL, many, 10000, 100)); // too large a picture
    free(many);
}

// ---- filters

static striate_graph *network(int channels)
{
    striate_graph *graph;
    assert_int_equal(striate_graph_new(&graph), STRIATE_OK);
    striate_node *x = striate_input(graph, 12, 12, channels);
    x = striate_conv(graph, x, (striate_conv_options){ .name = "conv1", .filters = 6, .kernel_h = 5, .kernel_w = 3 });
    x = striate_conv(graph, x, (striate_conv_options){ .name = "conv2", .filters = 200, .kernel = 1 });
    striate_dense(graph, x, (striate_dense_options){ .name = "fc", .units = 10 });
    assert_int_equal(striate_graph_status(graph), STRIATE_OK);
    return graph;
}

static void filters_show_signs(void **state)
{
    (void)state;
    striate_graph *graph = network(1);
    striate_parameter p;
    assert_int_equal(striate_parameter_at(&p, graph, 0), STRIATE_OK);
    assert_string_equal(p.name, "conv1.weight");
    for (size_t i = 0; i < p.count; i++) p.values[i] = (float)(i / 15) * (i % 15 < 3 ? 1.0f : i % 15 < 6 ? -0.5f : 0.0f);
    p.values[p.count - 1] = NAN; // drawn as zero
    assert_int_equal(striate_draw_filters(picture, graph, "conv1"), STRIATE_OK);
    striate_image image = look();
    int pixels = 32 * 32; // of a weight; filter 0 is all zero
    assert_in_range(count_color(&image, VERMILION), 5 * 3 * pixels, 5 * 3 * pixels + 1000);
    assert_in_range(count_color(&image, color_mix(PAPER, BLUE, 0.5)), 5 * 3 * pixels, 5 * 3 * pixels + 100);
    striate_image_free(&image);
    assert_int_equal(striate_draw_filters(picture, graph, "conv2"), STRIATE_OK);
    image = look();
    striate_image_free(&image);
    striate_graph_free(graph);
}

static void filters_show_colours(void **state)
{
    (void)state;
    striate_graph *graph = network(3);
    striate_parameter p;
    assert_int_equal(striate_parameter_at(&p, graph, 0), STRIATE_OK);
    for (size_t i = 0; i < p.count; i++) p.values[i] = i % 3 == 0 ? 7.0f : i % 3 == 1 ? 0.0f : -7.0f;
    assert_int_equal(striate_draw_filters(picture, graph, "conv1"), STRIATE_OK);
    striate_image image = look();
    assert_int_equal(count_color(&image, 0xFF7F00), 6 * 15 * 32 * 32);
    striate_image_free(&image);
    striate_graph_free(graph);
}

static void filters_refuse_wrong_arguments(void **state)
{
    (void)state;
    striate_graph *graph = network(1), *empty;
    refused(striate_draw_filters(NULL, graph, "conv1"));
    refused(striate_draw_filters(picture, NULL, "conv1"));
    refused(striate_draw_filters(picture, graph, NULL));
    static const char *const wrong[] = { "", "conv", "conv11", "conv1.weight", "fc", "input" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        refused(striate_draw_filters(picture, graph, wrong[i]));
        assert_non_null(strstr(striate_error(), "conv1, conv2"));
    }
    striate_graph_free(graph);
    assert_int_equal(striate_graph_new(&empty), STRIATE_OK);
    striate_input(empty, 2, 2, 1);
    refused(striate_draw_filters(picture, empty, "conv1"));
    striate_graph_free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strokes_cover_their_area),
        cmocka_unit_test(drawing_outside_is_clipped),
        cmocka_unit_test(images_keep_pixels_and_means),
        cmocka_unit_test(every_character_leaves_ink_in_its_place),
        cmocka_unit_test(any_bytes_are_text),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(curves_show_lines_and_gaps),
        cmocka_unit_test(curves_bear_any_numbers),
        cmocka_unit_test(curves_bear_any_count),
        cmocka_unit_test(curves_refuse_wrong_arguments),
        cmocka_unit_test(the_same_call_gives_the_same_bytes),
        cmocka_unit_test(confusion_colours_are_shares_of_rows),
        cmocka_unit_test(confusion_bears_any_number_of_classes),
        cmocka_unit_test(confusion_refuses_wrong_arguments),
        cmocka_unit_test(sheets_frame_marked_tiles),
        cmocka_unit_test(sheets_bear_any_images),
        cmocka_unit_test(sheets_refuse_wrong_arguments),
        cmocka_unit_test(filters_show_signs),
        cmocka_unit_test(filters_show_colours),
        cmocka_unit_test(filters_refuse_wrong_arguments),
    };
    uint8_t dot = 0;
    if (striate_image_save_png(&(striate_image){ &dot, 1, 1, 1 }, picture) == STRIATE_UNSUPPORTED) {
        puts("1..0 # SKIP this build writes no PNG");
        return 77;
    }
    unlink(picture);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
