// check_pretrain.c - layers that learn without labels: the probabilities of a tiny Boltzmann machine against all its states, bars that become
// filters, digits that a neocognitron knows wherever they are, and the same bits on any number of threads.
#include "guard.h"
#include "kernels/kernels.h"
#include "graph/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK(call)                                                                                                               \
    if (call) fail_msg("%s", striate_error())

static uint64_t state = 88172645463325252u;

static uint32_t draw(void) // xorshift64
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static float draw_value(void)
{
    return (float)draw() / 1073741824.0f - 2;
}

static striate_model *model_of(const char *text)
{
    striate_graph *graph;
    striate_model *model;
    OK(striate_graph_from_text(&graph, text, strlen(text), "test"));
    striate_preprocessing how = { .height = 18, .width = 18, .channels = 1, .std = { 0.25f } };
    OK(striate_model_new(&model, graph, &how, NULL));
    return model;
}

// ---- probabilities ----

// A machine of 4x4 visible units and one group of 3x3 hidden ones in blocks of 2x2, 1x2, 2x1 and 1x1: their chances, given the visible
// units, from the energies of all 90 states that are allowed, E = -sum h (b + w v).
static void chances_of_all_states(void **unused)
{
    (void)unused;
    enum { SEEN = 4, KERNEL = 2, SIDE = 3, BLOCKS = 4 };
    static const int of[BLOCKS][5] = { { 4, 0, 1, 3, 4 }, { 2, 2, 5 }, { 2, 6, 7 }, { 1, 8 } }; // units of each block
    float v[SEEN * SEEN], w[KERNEL * KERNEL], b = draw_value(), got[SIDE * SIDE], on[BLOCKS];
    double input[SIDE * SIDE] = { 0 }, chance[SIDE * SIDE] = { 0 }, some[BLOCKS] = { 0 }, all = 0;
    for (int i = 0; i < SEEN * SEEN; i++) v[i] = draw_value();
    for (int i = 0; i < KERNEL * KERNEL; i++) w[i] = draw_value();
    for (int i = 0; i < SIDE * SIDE; i++) {
        input[i] = (double)b;
        for (int j = 0; j < KERNEL * KERNEL; j++)
            input[i] += (double)w[j] * (double)v[(i / SIDE + j / KERNEL) * SEEN + i % SIDE + j % KERNEL];
    }
    for (int s = 0; s < 5 * 3 * 3 * 2; s++) {
        const int chosen[BLOCKS] = { s % 5, s / 5 % 3, s / 15 % 3, s / 45 }; // 0: none
        double energy = 0;
        for (int i = 0; i < BLOCKS; i++) energy -= chosen[i] ? input[of[i][chosen[i]]] : 0;
        for (int i = 0; i < BLOCKS; i++) {
            if (chosen[i]) chance[of[i][chosen[i]]] += exp(-energy);
            if (chosen[i]) some[i] += exp(-energy);
        }
        all += exp(-energy);
    }
    striate_graph *graph;
    striate_plan *plan;
    OK(striate_graph_new(&graph));
    striate_node *x =
        striate_conv(graph, striate_input(graph, SEEN, SEEN, 1), (striate_conv_options){ .filters = 1, .kernel = KERNEL });
    striate_prob_max_pool(graph, x, (striate_window){ .size = 2 });
    OK(striate_init_weights(graph, 1));
    for (int i = 0; i < 2; i++) {
        striate_parameter p;
        OK(striate_parameter_at(&p, graph, i));
        memcpy(p.values, i ? &b : w, p.count * sizeof(float));
    }
    OK(striate_compile(&plan, graph, (striate_plan_options){ 0 }));
    memcpy(striate_plan_input(plan), v, sizeof v);
    striate_forward(plan, 1, 0);
    memcpy(on, striate_plan_output(plan), sizeof on);
    for (int i = 0; i < BLOCKS; i++) assert_true(fabs((double)on[i] - some[i] / all) < 1e-6);
    for (int isa = 0; kernels_at(isa); isa++) {
        struct pool s = { .h = SIDE, .w = SIDE, .c = 1, .p = 2, .q = 2, .size_h = 2, .size_w = 2 };
        float in[SIDE * SIDE];
        for (int i = 0; i < SIDE * SIDE; i++) in[i] = (float)input[i];
        kernels_at(isa)->block_units(&s, 0, 2, in, 1, NULL, 0, got, 1, false);
        for (int i = 0; i < SIDE * SIDE; i++) assert_true(fabs((double)got[i] - chance[i] / all) < 1e-6);
    }
    striate_plan_free(plan);
    striate_graph_free(graph);
}

// Every number of channels on every instruction set, between forbidden pages; large inputs leave nothing but certainty.
static void blocks_of_any_width(void **unused)
{
    (void)unused;
    enum { H = 5, W = 4, SIZE = 3, P = 2, Q = 2 };
    for (int c = 1; c <= 37; c++)
        for (int isa = 0; kernels_at(isa); isa++) {
            const struct kernels *k = kernels_at(isa);
            struct guarded x = guard_floats((size_t)(H * W * c)), p = guard_floats((size_t)(H * W * c)),
                           y = guard_floats((size_t)(P * Q * c));
            struct pool s = { .h = H, .w = W, .c = c, .p = P, .q = Q, .size_h = SIZE, .size_w = SIZE };
            for (int i = 0; i < H * W * c; i++) x.data[i] = i % 5 ? draw_value() : 100 * draw_value();
            k->block_on(&s, 0, P, x.data, c, y.data, c);
            k->block_units(&s, 0, P, x.data, c, NULL, 0, p.data, c, false);
            for (int i = 0; i < P * Q * c; i++) {
                double sum = 0, most = 0;
                for (int pass = 0; pass < 2; pass++)
                    for (int j = 0; j < SIZE * SIZE; j++) {
                        int row = i / c / Q * SIZE + j / SIZE, column = i / c % Q * SIZE + j % SIZE,
                            at = (row * W + column) * c + i % c;
                        if (row >= H || column >= W) continue;
                        if (pass)
                            sum += exp((double)x.data[at] - most);
                        else
                            most = fmax(most, (double)x.data[at]);
                    }
                double all = sum + exp(-most);
                assert_true(fabs((double)y.data[i] - sum / all) < 1e-6);
                for (int j = 0; j < SIZE * SIZE; j++) {
                    int row = i / c / Q * SIZE + j / SIZE, column = i / c % Q * SIZE + j % SIZE,
                        at = (row * W + column) * c + i % c;
                    if (row < H && column < W)
                        assert_true(fabs((double)p.data[at] - exp((double)x.data[at] - most) / all) < 1e-6);
                }
            }
            assert_true(guard_whole(&x) && guard_whole(&p) && guard_whole(&y));
            guard_free(&x), guard_free(&p), guard_free(&y);
        }
}

// ---- bars ----

enum { BAR_SIDE = 18, BAR_IMAGES = 60 };

// Each image has one bar across, upright or level.
static striate_data *bars(void)
{
    static uint8_t pixels[BAR_IMAGES][BAR_SIDE * BAR_SIDE];
    int labels[BAR_IMAGES];
    memset(pixels, 0, sizeof pixels);
    for (int n = 0; n < BAR_IMAGES; n++) {
        int place = 1 + (int)(draw() % (BAR_SIDE - 2));
        labels[n] = n % 2;
        for (int i = 0; i < BAR_SIDE; i++) pixels[n][n % 2 ? i * BAR_SIDE + place : place * BAR_SIDE + i] = 255;
    }
    striate_data *data;
    OK(striate_data_from_memory(&data, &pixels[0][0], labels, BAR_IMAGES, BAR_SIDE, BAR_SIDE, 1, 2, NULL));
    return data;
}

static const char bar_network[] = "data = input height=18 width=18 channels=1\n"
                                  "rbm = conv data filters=4 kernel=5 init=gaussian\n"
                                  "pool = prob_max_pool rbm\n"
                                  "rbm2 = conv pool filters=3 kernel=3 init=gaussian\n"
                                  "pool2 = prob_max_pool rbm2\n"
                                  "out = dense pool2 units=2\n";

struct errors {
    double first, last[2]; // of layer 1's first epoch, and of each layer's last
    int epochs, stop_after;
};

static int note_error(void *user, const striate_pretraining_step *step)
{
    struct errors *e = user;
    if (step->image < step->images) return STRIATE_GO_ON;
    if (!e->epochs++) e->first = step->error;
    e->last[!strcmp(step->layer, "rbm2")] = step->error;
    return e->epochs == e->stop_after ? STRIATE_STOP : STRIATE_GO_ON;
}

static const striate_pretraining bar_training = { .epochs = 30, .learning_rate = 0.1f, .sparsity = 0.03f, .seed = 7 };

// The share of a filter's energy in its strongest line of that direction.
static double line_share(const float *w, int upright)
{
    double all = 0, most = 0;
    for (int line = 0; line < 5; line++) {
        double energy = 0;
        for (int i = 0; i < 5; i++) {
            double value = (double)w[upright ? i * 5 + line : line * 5 + i];
            energy += value * value;
        }
        most = fmax(most, energy);
        all += energy;
    }
    return most / all;
}

static void bars_become_filters(void **unused)
{
    (void)unused;
    striate_data *data = bars();
    striate_model *model = model_of(bar_network);
    struct errors errors = { 0 };
    striate_pretraining how = bar_training;
    how.on_step = note_error;
    how.user = &errors;
    OK(striate_pretrain(model, data, &how));
    assert_int_equal(errors.epochs, 60);
    if (errors.last[0] > 0.5 * errors.first) fail_msg("the error went from %g to %g", errors.first, errors.last[0]);
    striate_parameter w;
    OK(striate_parameter_at(&w, striate_model_graph(model), 0));
    int found[2] = { 0 };
    for (int k = 0; k < 4; k++)
        for (int upright = 0; upright < 2; upright++) found[upright] += line_share(w.values + 25 * k, upright) > 0.6;
    if (!found[0] || !found[1]) fail_msg("%d filters are level bars, %d upright ones", found[0], found[1]);
    striate_model_free(model);
    striate_data_close(data);
}

// All weights after a training, on so many threads.
static float *weights_after(int threads, const striate_data *data, size_t *count)
{
    striate_model *model = model_of(bar_network);
    striate_pretraining how = bar_training;
    how.epochs = 2;
    how.batch_size = 7;
    striate_threads(threads);
    OK(striate_pretrain(model, data, &how));
    striate_threads(0);
    striate_graph *graph = striate_model_graph(model);
    float *weights = malloc(graph->total * sizeof *weights);
    memcpy(weights, graph->weights, graph->total * sizeof *weights);
    *count = graph->total;
    striate_model_free(model);
    return weights;
}

static void same_bits_on_any_threads(void **unused)
{
    (void)unused;
    striate_data *data = bars();
    size_t count;
    float *one = weights_after(1, data, &count);
    for (int threads = 2; threads <= 3; threads++) {
        float *more = weights_after(threads, data, &count);
        assert_memory_equal(one, more, count * sizeof *one);
        free(more);
    }
    free(one);
    striate_data_close(data);
}

static void stops_and_refuses(void **unused)
{
    (void)unused;
    striate_data *data = bars();
    striate_model *model = model_of(bar_network);
    struct errors errors = { .stop_after = 2 };
    striate_pretraining how = bar_training;
    how.on_step = note_error;
    how.user = &errors;
    assert_int_equal(striate_pretrain(model, data, &how), STRIATE_INTERRUPTED);
    assert_int_equal(errors.epochs, 2);
    how = bar_training;
    how.learning_rate = 1e30f;
    assert_int_equal(striate_pretrain(model, data, &how), STRIATE_DIVERGED);
    assert_non_null(strstr(striate_error(), "rbm.weight"));
    striate_model_free(model);
    static const struct {
        const char *text, *sentence;
    } refused[] = {
        { "data = input height=18 width=18 channels=1\nout = dense data units=2\n", "neither prob_max_pool nor s_cells" },
        { "data = input height=18 width=18 channels=1\nc = conv data filters=2 kernel=3 stride=2\np = prob_max_pool c\n"
          "out = dense p units=2\n",
          "c: a layer learns without labels as a plain convolution alone" },
        { "data = input height=18 width=18 channels=1\nc = conv data filters=2 kernel=3 no_bias=1\np = prob_max_pool c\n"
          "out = dense p units=2\n",
          "needs biases" },
        { "data = input height=18 width=18 channels=1\np = prob_max_pool data\nout = dense p units=2\n", "not input" },
        { "data = input height=18 width=18 channels=1\ne = conv data filters=2 kernel=3 no_bias=1\n"
          "q = conv data filters=1 kernel=5 pad=1 no_bias=1\ns = s_cells e q\nout = dense s units=2\n",
          "S cells learn between" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        model = model_of(refused[i].text);
        how = bar_training;
        how.epochs = 1;
        assert_int_equal(striate_pretrain(model, data, &how), STRIATE_BAD_NETWORK);
        if (!strstr(striate_error(), refused[i].sentence)) fail_msg("%s", striate_error());
        striate_model_free(model);
    }
    striate_data_close(data);
}

// ---- digits ----

enum { DIGITS = 5, DIGIT_SIDE = 16, ROWS = 10, COLUMNS = 8 };
static const char *const digits[DIGITS][ROWS] = {
    { "..####..", ".#....#.", "#......#", "#......#", "#......#", "#......#", "#......#", "#......#", ".#....#.", "..####.." },
    { "...#....", "..##....", ".#.#....", "...#....", "...#....", "...#....", "...#....", "...#....", "...#....", "...#...." },
    { ".#####..", "#.....#.", "......#.", "......#.", ".....#..", "....#...", "...#....", "..#.....", ".#......", "#######." },
    { ".#####..", "#.....#.", "......#.", "......#.", "..####..", "......#.", "......#.", "......#.", "#.....#.", ".#####.." },
    { ".....#..", "....##..", "...#.#..", "..#..#..", ".#...#..", "#....#..", "#######.", ".....#..", ".....#..", ".....#.." },
};

// A digit, moved; taller by a row in its middle (taller 1), or shorter by one (-1).
static void paint_digit(uint8_t *pixels, int digit, int down, int right, int taller)
{
    memset(pixels, 0, DIGIT_SIDE * DIGIT_SIDE);
    for (int row = 0; row < ROWS + taller; row++)
        for (int column = 0; column < COLUMNS; column++) {
            int from = row < ROWS / 2 ? row : row - taller;
            if (digits[digit][from][column] == '#') pixels[(3 + down + row) * DIGIT_SIDE + 4 + right + column] = 255;
        }
}

// How many of a digit's pictures are told right: those within `reach` pixels of where it was learned.
static int count_right(striate_model *model, int digit, int reach, int taller)
{
    int right = 0, side = 2 * reach + 1;
    uint8_t pixels[DIGIT_SIDE * DIGIT_SIDE];
    for (int i = 0; i < side * side; i++) {
        striate_prediction best;
        paint_digit(pixels, digit, i / side - reach, i % side - reach, taller);
        OK(striate_predict(&best, 1, model, &(striate_image){ pixels, DIGIT_SIDE, DIGIT_SIDE, 1 }));
        right += best.label == digit;
    }
    return right;
}

// The paper's simulation: five patterns, over and over, here or there.
static void digits_are_known_wherever_they_are(void **unused)
{
    (void)unused;
    uint8_t pixels[DIGITS][DIGIT_SIDE * DIGIT_SIDE];
    const int labels[DIGITS] = { 0, 1, 2, 3, 4 };
    for (int i = 0; i < DIGITS; i++) paint_digit(pixels[i], i, 0, 0, 0);
    striate_data *data;
    OK(striate_data_from_memory(&data, &pixels[0][0], labels, DIGITS, DIGIT_SIDE, DIGIT_SIDE, 1, DIGITS, NULL));
    striate_graph *graph;
    striate_model *model;
    OK(striate_graph_from_zoo(&graph, "neocognitron", (striate_zoo_options){ 0 }));
    OK(striate_model_new(&model, graph, &(striate_preprocessing){ .height = DIGIT_SIDE, .width = DIGIT_SIDE, .channels = 1 },
                         NULL));
    striate_pretraining how = { .images = 50, .seed = 1, .augmentation.crop_pad = 2 };
    OK(striate_pretrain(model, data, &how));
    striate_parameter names;
    OK(striate_parameter_at(&names, graph, striate_parameter_count(graph) - 1));
    for (int i = 0; i < DIGITS; i++) { // each has a plane of its own
        float planes = 0;
        for (int k = 0; k < 24; k++) planes += names.values[i * 24 + k];
        if (planes < 1) fail_msg("no plane answers to %d", i);
    }
    int near = 0, far = 0, bent = 0;
    for (int i = 0; i < DIGITS; i++) {
        assert_int_equal(count_right(model, i, 0, 0), 1);
        near += count_right(model, i, 1, 0);
        far += count_right(model, i, 2, 0);
        bent += count_right(model, i, 1, 1) + count_right(model, i, 1, -1);
    }
    print_message("# of 45 moved by a pixel %d are known, of 125 by two %d, of 90 taller or shorter ones %d\n", near, far,
                  bent);
    assert_true(near == 45 && far >= 119 && bent >= 81);
    striate_model_free(model);
    striate_data_close(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chances_of_all_states), cmocka_unit_test(blocks_of_any_width),
        cmocka_unit_test(bars_become_filters),   cmocka_unit_test(same_bits_on_any_threads),
        cmocka_unit_test(stops_and_refuses),     cmocka_unit_test(digits_are_known_wherever_they_are),
    };
    return cmocka_run_group_tests_name("pretrain", tests, NULL, NULL);
}
