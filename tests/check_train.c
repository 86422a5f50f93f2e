// check_train.c - a training learns, is the same to the last byte however many threads compute, and when it must stop breaks nothing.
#include "trainings.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define OK(call)                                                                                                               \
    if (call) fail_msg("%s", striate_error())

// The parent opens last.safetensors as a model, and all its weights are numbers.
static void expect_good_model(const char *folder)
{
    striate_model *model = NULL;
    if (striate_model_open(&model, in(folder, "last.safetensors"))) fail_msg("%s", striate_error());
    striate_graph *graph = striate_model_graph(model);
    for (int i = 0; i < striate_parameter_count(graph); i++) {
        striate_parameter parameter;
        assert_int_equal(striate_parameter_at(&parameter, graph, i), STRIATE_OK);
        for (size_t j = 0; j < parameter.count; j++) assert_true(isfinite(parameter.values[j]));
    }
    striate_model_free(model);
}

static double first_weight(const char *path)
{
    striate_model *model = NULL;
    striate_parameter parameter;
    if (striate_model_open(&model, path)) fail_msg("%s", striate_error());
    assert_int_equal(striate_parameter_at(&parameter, striate_model_graph(model), 0), STRIATE_OK);
    double value = (double)parameter.values[0];
    striate_model_free(model);
    return value;
}

static void check_learns(void **state)
{
    (void)state;
    struct job job = { .training.out = straight() };
    assert_string_equal(report->sentence, "");
    assert_true(report->last.epoch == EPOCHS && report->last.step == STEPS && report->steps == STEPS);
    assert_true(report->last.val_top1 > 0.6 && report->last.val_top5 == 1);
    assert_true(report->last.images_per_second > 0);
    expect_tidy(job.training.out);
    expect_rows(job.training.out, EPOCHS);
    expect_text(in(job.training.out, "args.json"), "\"schedule\": \"cosine\"");
    struct bytes curve = slurp(in(job.training.out, "curve.png"));
    assert_true(curve.size > 100);
    free(curve.data);
    const char *html = in(job.training.out, "report.html");
    expect_text(html, "Epoch 5 of 5; best on validation");
    expect_text(html, "<h2>Confusion</h2>\n<img alt=\"Confusion\" src=\"data:image/png;base64,iVBORw0KGgo");
    expect_text(html, "<tr><td>schedule</td><td>&quot;cosine&quot;</td></tr>");
    expect_text(html, "</body></html>");
}

static void check_memorises(void **state)
{
    (void)state;
    struct job job = { .lenet = true, .no_validation = true, .images = 64, .training.epochs = 20 };
    expect(&job, STRIATE_OK, NULL);
    if (report->last.train_top1 < 1 || report->last.train_loss > 0.05)
        fail_msg("loss %g, top-1 %g", report->last.train_loss, report->last.train_top1);
}

// The last model is the best, then, and numbers that there are not are null.
static void check_without_validation(void **state)
{
    (void)state;
    struct job job = { .no_validation = true, .training.out = fresh("alone") };
    expect(&job, STRIATE_OK, NULL);
    assert_true(isnan(report->last.val_top1) && !report->last.best);
    expect_tidy(job.training.out);
    expect_rows(job.training.out, EPOCHS);
    expect_text(in(job.training.out, "metrics.jsonl"), "\"val_loss\": null, \"val_top1\": null, ");
    expect_text(in(job.training.out, "metrics.csv"), ",,,,");
    striate_model *best = NULL, *last = NULL;
    assert_int_equal(striate_model_open(&best, in(job.training.out, "model.safetensors")), STRIATE_OK);
    assert_int_equal(striate_model_open(&last, in(job.training.out, "last.safetensors")), STRIATE_OK);
    striate_parameter a, b;
    assert_int_equal(striate_parameter_at(&a, striate_model_graph(best), 0), STRIATE_OK);
    assert_int_equal(striate_parameter_at(&b, striate_model_graph(last), 0), STRIATE_OK);
    assert_memory_equal(a.values, b.values, a.count * sizeof(float));
    striate_model_free(best);
    striate_model_free(last);
}

// model.safetensors holds the average after the last step, which is computed here from the weights after every step.
static void check_average(void **state)
{
    (void)state;
    struct job job = { .no_validation = true, .training = { .out = fresh("average"), .ema_decay = 0.75f, .epochs = 2 } };
    expect(&job, STRIATE_OK, NULL);
    double average = 0;
    for (int step = 0; step <= 2 * STEPS / EPOCHS; step++) { // the average begins with the initial weights
        const char *last = in(job.training.out, "last.safetensors");
        if (step < 2 * STEPS / EPOCHS) {
            struct job until = job;
            until.training.out = fresh("until");
            until.stop_at = step;
            if (!step) until.kill_at = 1; // nothing but the beginning is saved
            expect(&until, step ? STRIATE_INTERRUPTED : -SIGKILL, NULL);
            last = in(until.training.out, "last.safetensors");
        }
        double value = first_weight(last);
        average = step ? average + 0.25 * (value - average) : value;
    }
    double saved = first_weight(in(job.training.out, "model.safetensors"));
    if (fabs(saved - average) > 1e-6) fail_msg("%g, not %g", saved, average);
    assert_true(fabs(saved - first_weight(in(job.training.out, "last.safetensors"))) > 1e-5);
}

static void check_threads(void **state)
{
    (void)state;
    static const char *const names[] = { "one", "two", "three" };
    const char *one = NULL;
    for (int i = 0; i < 3; i++) {
        struct job job = { .lenet = true, .images = 64, .threads = i + 1, .training = { .epochs = 2, .out = fresh(names[i]) } };
        expect(&job, STRIATE_OK, NULL);
        if (!one) one = job.training.out;
        expect_same_run(one, job.training.out);
    }
}

static void check_diverged(void **state)
{
    (void)state;
    static const struct {
        float rate;
        const char *words;
    } rows[] = { { 1e30f, "training diverged: the " }, { FLT_MAX, "training diverged: " } };
    for (int i = 0; i < 2; i++) {
        struct job job = { .training = { .learning_rate = rows[i].rate, .save_steps = 1, .out = fresh("diverged") } };
        expect(&job, STRIATE_DIVERGED, rows[i].words);
        const char *const names[] = { "conv", "norm", "fc" };
        bool named = false;
        for (int n = 0; n < 3; n++) named |= strstr(report->sentence, names[n]) != NULL;
        if (!named) fail_msg("%s", report->sentence);
        assert_true(report->steps < STEPS);
        expect_good_model(job.training.out);
        expect_tidy(job.training.out);
    }
}

static void check_full_disk(void **state)
{
    (void)state;
    struct job whole = { .stop_at = 12, .training.out = fresh("disk") };
    expect(&whole, STRIATE_INTERRUPTED, NULL);
    struct bytes before = slurp(in(whole.training.out, "last.safetensors"));
    whole.stop_at = 0;
    whole.training.resume = 1;
    static const long limits[] = { 1, 300, 1000, 3000 };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct job job = { .disk = limits[i], .training.out = fresh("full") };
        expect(&job, STRIATE_IO, "cannot write: File too large");
        expect_tidy(job.training.out);
        assert_false(file_exists(in(job.training.out, "last.safetensors")));
        job.disk = 0;
        expect(&job, STRIATE_OK, NULL); // once there is room
        expect_same_run(straight(), job.training.out);
        job = whole;
        job.disk = limits[i];
        expect(&job, STRIATE_IO, "cannot write: File too large");
        expect_tidy(job.training.out);
        struct bytes after = slurp(in(job.training.out, "last.safetensors"));
        assert_true(before.size == after.size && !memcmp(before.data, after.data, after.size));
        free(after.data);
    }
    free(before.data);
    expect(&whole, STRIATE_OK, NULL);
    expect_same_run(straight(), whole.training.out);
}

static void check_read_only(void **state)
{
    (void)state;
    const char *closed = fresh("closed");
    assert_int_equal(mkdir(closed, 0555), 0);
    struct job job = { .no_rights = true, .training.out = in(closed, "run") };
    expect(&job, STRIATE_IO, "cannot make this folder");
    job.training.out = closed;
    expect(&job, STRIATE_IO, "cannot write: Permission denied");
    expect_tidy(closed);

    job = (struct job){ .stop_at = 3, .training.out = fresh("run") };
    expect(&job, STRIATE_INTERRUPTED, NULL);
    chmod(job.training.out, 0555);
    job.stop_at = 0;
    job.no_rights = true;
    job.training.resume = 1;
    expect(&job, STRIATE_IO, "cannot write: Permission denied");
    expect_tidy(job.training.out);
    chmod(job.training.out, 0755);
    job.no_rights = false;
    expect(&job, STRIATE_OK, NULL);
    expect_same_run(straight(), job.training.out);
}

static void check_rival(void **state)
{
    (void)state;
    const char *out = fresh("rival");
    struct job job = { .rival = true, .training.out = in(out, "deep/er") }; // a folder whose parents are made, too
    expect(&job, STRIATE_OK, NULL);
    expect_same_run(straight(), job.training.out);
}

// LeNet-5 as published on digits in a border of two pixels, for an epoch of 6,000.
static void check_lenet5(void **state)
{
    (void)state;
    if (!file_is_folder(STRIATE_TEST_DATA "/mnist")) skip();
    striate_data *all, *some, *test, *few;
    striate_graph *graph;
    striate_model *model;
    striate_evaluation *e;
    striate_preprocessing how = { 32, 32, 1, .pad = 2, .mean = { 0.1f / 1.275f }, .std = { 1 / 1.275f } }; // -0.1 to 1.175
    striate_training training = {
        .epochs = 1, .batch_size = 16, .learning_rate = 0.002f, .optimizer.momentum = 0.9f, .schedule = STRIATE_SCHEDULE_COSINE
    };
    OK(striate_data_open(&all, STRIATE_TEST_DATA "/mnist", STRIATE_SPLIT_TRAIN));
    OK(striate_data_open(&test, STRIATE_TEST_DATA "/mnist", STRIATE_SPLIT_TEST));
    OK(striate_data_part(&some, all, 0, 6000, 1));
    OK(striate_data_part(&few, test, 0, 1000, 1));
    OK(striate_graph_from_zoo(&graph, "lenet5", (striate_zoo_options){ 0 }));
    OK(striate_model_new(&model, graph, &how, NULL));
    OK(striate_train(model, some, NULL, &training));
    OK(striate_evaluate(&e, model, few, (striate_evaluate_options){ 0 }));
    assert_true(e->correct > 900);
    striate_evaluation_free(e);
    striate_model_free(model);
    striate_data_close(few);
    striate_data_close(some);
    striate_data_close(test);
    striate_data_close(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_learns),    cmocka_unit_test(check_memorises), cmocka_unit_test(check_without_validation),
        cmocka_unit_test(check_threads),   cmocka_unit_test(check_average),   cmocka_unit_test(check_diverged),
        cmocka_unit_test(check_full_disk), cmocka_unit_test(check_read_only), cmocka_unit_test(check_rival),
        cmocka_unit_test(check_lenet5),
    };
    return cmocka_run_group_tests_name("train", tests, trainings_begin, trainings_end);
}
