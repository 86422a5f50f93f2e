// check_resume.c - a training that is killed or stopped at any step and resumed ends in the same bytes as one that nothing disturbed, and what
// cannot be resumed exactly is refused.
#include "trainings.h"

#include "base/random.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void check_killed(void **state)
{
    (void)state;
    const char *want = straight();
    int order[STEPS];
    random_order((struct random_key){ .seed = 5 }, order, STEPS);
    for (int i = 0; i < 20; i++) {
        struct job job = { .kill_at = order[i] + 1,
                           .threads = 1 + i % 3,
                           .training = { .out = fresh("killed"), .save_steps = i % 2 ? 1 + i % 4 : 0 } };
        expect(&job, -SIGKILL, NULL);
        job.kill_at = 0;
        job.training.resume = 1;
        expect(&job, STRIATE_OK, NULL);
        expect_same_run(want, job.training.out);
        expect_rows(job.training.out, EPOCHS);
        expect_tidy(job.training.out);
    }
}

// The state of every optimizer is part of the checkpoint, and a step of several batches is whole in it or not there.
static void check_optimizers(void **state)
{
    (void)state;
    for (int rule = STRIATE_SGD; rule <= STRIATE_LARS; rule++) {
        struct job job = { .training = { .out = fresh("whole"), .accumulate = 1 + rule % 3, .epochs = 3 } };
        job.training.optimizer = (striate_optimizer_options){
            .rule = (striate_rule)rule, .norm_weight_decay = -1, .clip_norm = 0.1f, .lr_scale = "fc.*=2"
        };
        expect(&job, STRIATE_OK, NULL);
        struct job killed = job;
        killed.kill_at = 4;
        killed.training.out = fresh("killed");
        killed.training.save_steps = 1;
        expect(&killed, -SIGKILL, NULL);
        killed.kill_at = 0;
        killed.training.resume = 1;
        expect(&killed, STRIATE_OK, NULL);
        expect_same_run(job.training.out, killed.training.out);
    }
}

// So are the average of weights, what a plateau has been so far, and how long nothing got better.
static void check_schedules(void **state)
{
    (void)state;
    static const striate_training rows[] = {
        { .schedule = STRIATE_SCHEDULE_ONE_CYCLE, .ema_decay = 0.9f, .label_smoothing = 0.1f, .warmup_epochs = 0.5f },
        { .schedule = STRIATE_SCHEDULE_PLATEAU, .plateau_epochs = 1, .gamma = 0.5f, .learning_rate = 1e-7f, .patience = 4 },
        { .schedule = STRIATE_SCHEDULE_POLY, .ema_decay = 0.5f, .accumulate = 2 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct job job = { .training = rows[i] };
        job.training.out = fresh("whole");
        if (i == 1) job.training.epochs = 12;
        expect(&job, STRIATE_OK, NULL);
        int64_t steps = report->last.step;
        if (i == 1 && (report->last.epoch >= 12 || report->last.learning_rate > 0.6e-7))
            fail_msg("epoch %d, rate %g", report->last.epoch, report->last.learning_rate);
        for (int64_t at = 2; at < steps; at += 5) {
            struct job killed = job;
            killed.kill_at = at;
            killed.training.out = fresh("killed");
            killed.training.save_steps = at % 2 ? 1 : 0;
            expect(&killed, -SIGKILL, NULL);
            killed.kill_at = 0;
            killed.training.resume = 1;
            expect(&killed, STRIATE_OK, NULL);
            expect_same_run(job.training.out, killed.training.out);
        }
    }
}

// Killed at any moment, also while it writes, again and again until it gets through.
static void check_killed_anywhere(void **state)
{
    (void)state;
    struct job job = { .training = { .out = fresh("anywhere"), .save_steps = 1 } };
    int status = -1, kills = 0;
    while (status < 0) {
        job.training.resume = file_exists(in(job.training.out, "last.safetensors"));
        pid_t child = training_start(&job);
        usleep(10000 + 7000 * (useconds_t)kills);
        kill(child, SIGKILL);
        status = training_finish(child);
        kills += status < 0;
    }
    assert_int_equal(status, STRIATE_OK);
    assert_true(kills > 0);
    expect_same_run(straight(), job.training.out);
    expect_rows(job.training.out, EPOCHS);
    expect_tidy(job.training.out);
}

static void check_interrupted(void **state)
{
    (void)state;
    static const int64_t stops[] = { 1, 4, 5, 12, STEPS };
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        struct job job = { .stop_at = stops[i], .training.out = fresh("interrupted") };
        expect(&job, STRIATE_INTERRUPTED, "stopped on request after step");
        assert_true(report->steps == stops[i]);
        expect_tidy(job.training.out);
        job.stop_at = 0;
        job.training.resume = 1;
        job.training.recompute = i % 2; // changes no bit
        expect(&job, STRIATE_OK, NULL);
        expect_same_run(straight(), job.training.out);
        expect_rows(job.training.out, EPOCHS);
    }
}

// What is drawn for an image does not depend on when, or by which thread.
static void check_augmented(void **state)
{
    (void)state;
    static const striate_augmentation augmentation = {
        .crop_pad = 2, .hflip = 1, .rand_augment = 1, .random_erasing = 0.5f, .mixup_alpha = 0.2f, .cutmix_alpha = 1
    };
    struct job whole = { .training = { .out = fresh("augmented"), .augmentation = augmentation } };
    expect(&whole, STRIATE_OK, NULL);
    assert_false(same(in(straight(), "last.safetensors"), in(whole.training.out, "last.safetensors")));
    for (int i = 0; i < 4; i++) {
        struct job job = { .kill_at = 3 + 6 * i,
                           .threads = 1 + i,
                           .training = { .out = fresh("augmented, killed"), .save_steps = 2, .augmentation = augmentation } };
        expect(&job, -SIGKILL, NULL);
        job.kill_at = 0;
        job.training.resume = 1;
        job.training.augmentation.crop_pad = 3;
        expect(&job, STRIATE_BAD_ARGUMENT, "was trained with crop_pad 2, not 3");
        job.training.augmentation.crop_pad = 2;
        expect(&job, STRIATE_OK, NULL);
        expect_same_run(whole.training.out, job.training.out);
    }
}

// All of it at once, in a run that is killed in the middle of every epoch and goes on with another number of threads.
static void check_everything(void **state)
{
    (void)state;
    static const int64_t kills[] = { 2, 3, 8, 14, 19 };
    static const struct {
        striate_augmentation augmentation;
        const char *freeze, *note;
    } rows[] = {
        { { .random_crop = 1, .crop_pad = 1, .hflip = 1, .mixup_alpha = 0.4f, .cutmix_alpha = 1 }, NULL, "" },
        { { 0 }, "conv.*,norm.*", "frozen up to pool" }, // what it makes of images is computed anew after each kill
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct job whole = { .resize = 11,
                             .training = { .epochs = 4,
                                           .batch_size = 8,
                                           .accumulate = 2,
                                           .schedule = STRIATE_SCHEDULE_ONE_CYCLE,
                                           .warmup_epochs = 0.5f,
                                           .label_smoothing = 0.1f,
                                           .ema_decay = 0.9f,
                                           .optimizer = { .clip_norm = 1, .lr_scale = "fc.*=2" },
                                           .augmentation = rows[i].augmentation,
                                           .freeze = rows[i].freeze,
                                           .weights = in(straight(), "model.safetensors") } };
        struct job killed = whole;
        whole.training.out = fresh("whole");
        expect(&whole, STRIATE_OK, NULL);
        assert_int_equal(report->steps, 20);
        assert_non_null(strstr(report->note, rows[i].note));
        killed.training.out = fresh("killed");
        killed.training.save_steps = 1;
        for (size_t k = 0; k < sizeof kills / sizeof *kills; k++) {
            killed.kill_at = kills[k];
            killed.threads = 1 + (int)(i + k) % 3;
            expect(&killed, -SIGKILL, NULL);
            char progress[64];
            snprintf(progress, sizeof progress, "\"progress.step\":\"%d\"", (int)kills[k] - 1);
            expect_text(in(killed.training.out, "last.safetensors"), progress);
            killed.training.resume = 1;
        }
        killed.kill_at = 0;
        expect(&killed, STRIATE_OK, NULL);
        assert_int_equal(report->steps, 20);
        expect_same_run(whole.training.out, killed.training.out);
        expect_tidy(killed.training.out);
    }
}

// A snapshot changes nothing but what a resume begins with.
static void check_snapshot(void **state)
{
    (void)state;
    struct job job = { .snapshot_at = 8, .kill_at = 9, .training.out = fresh("snapshot") };
    expect(&job, -SIGKILL, NULL);
    striate_model *model = NULL;
    expect_text(in(job.training.out, "last.safetensors"), "\"progress.step\":\"8\"");
    assert_int_equal(striate_model_open(&model, in(job.training.out, "last.safetensors")), STRIATE_OK);
    striate_model_free(model);
    job.kill_at = 0;
    job.training.resume = 1;
    expect(&job, STRIATE_OK, NULL);
    expect_same_run(straight(), job.training.out);
}

// The checkpoints of the last epochs are kept, each as good as last.safetensors was.
static void check_kept(void **state)
{
    (void)state;
    struct job job = { .kill_at = 18, .training = { .out = fresh("kept"), .keep = 2 } };
    expect(&job, -SIGKILL, NULL);
    job.kill_at = 0;
    job.training.resume = 1;
    expect(&job, STRIATE_OK, NULL);
    expect_same_run(straight(), job.training.out);
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        char name[32];
        snprintf(name, sizeof name, "epoch-%d.safetensors", epoch);
        assert_int_equal(file_exists(in(job.training.out, name)), epoch > EPOCHS - 2);
    }
    struct bytes kept = slurp(in(job.training.out, "epoch-4.safetensors"));
    put(in(job.training.out, "last.safetensors"), kept.data, kept.size);
    free(kept.data);
    expect(&job, STRIATE_OK, NULL);
    assert_int_equal(report->steps, STEPS);
    expect_same_run(straight(), job.training.out);
    struct job again = { .stop_at = 1, .training = { .out = job.training.out, .overwrite = 1 } };
    expect(&again, STRIATE_INTERRUPTED, NULL);
    assert_false(file_exists(in(job.training.out, "epoch-5.safetensors")));
}

// Where training diverges it goes back to what was saved, at half the rate, as often as is allowed.
static void check_rollback(void **state)
{
    (void)state;
    static const char deep[] =
        "data = input height=8 width=8 channels=1\na = dense data units=16\nb = dense a units=16\nc = dense b units=3\n";
    struct job job = { .network = deep,
                       .training = { .out = fresh("rollback"), .learning_rate = 1e6f, .epochs = 1, .rollbacks = 30 } };
    expect(&job, STRIATE_OK, NULL);
    int needed = report->notes;
    if (needed < 2 || !strstr(report->note, "training diverged: ") || !strstr(report->note, "at half the rate, try "))
        fail_msg("%d notes, the last: %s", needed, report->note);
    expect_text(in(job.training.out, "last.safetensors"), "progress.rollbacks");
    job.training.out = fresh("too few");
    job.training.rollbacks = needed - 1;
    expect(&job, STRIATE_DIVERGED, "training diverged");
    assert_int_equal(report->notes, needed - 1);
    job.training.out = NULL;
    expect(&job, STRIATE_BAD_ARGUMENT, "rollbacks need a run folder");
}

static void check_finished(void **state)
{
    (void)state;
    struct job job = { .training.out = fresh("finished") };
    expect(&job, STRIATE_OK, NULL);
    expect(&job, STRIATE_BAD_ARGUMENT, "there is a training in this folder already");
    job.training.resume = 1;
    expect(&job, STRIATE_OK, NULL);
    assert_int_equal(report->steps, 0);
    expect_same_run(straight(), job.training.out);
    expect_rows(job.training.out, EPOCHS);
    struct job again = { .stop_at = 1, .training = { .out = job.training.out, .overwrite = 1 } };
    expect(&again, STRIATE_INTERRUPTED, NULL);
    expect_rows(job.training.out, 0);
    assert_false(file_exists(in(job.training.out, "model.safetensors")));
    expect(&job, STRIATE_OK, NULL);
    expect_same_run(straight(), job.training.out);
}

static void check_refused(void **state)
{
    (void)state;
    struct job good = { .stop_at = 7, .training.out = fresh("refused") }, bad;
    bad = good;
    bad.training.resume = 1;
    expect(&bad, STRIATE_IO, "cannot open this folder");
    expect(&good, STRIATE_INTERRUPTED, NULL);
    struct bytes before = slurp(in(good.training.out, "last.safetensors"));
    good.training.resume = 1;
    good.stop_at = 0;

    bad = good, bad.training.batch_size = 8;
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with batch_size 16, not 8");
    bad = good, bad.training.epochs = 9;
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with epochs 5, not 9");
    bad = good, bad.training.learning_rate = 0.5f;
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with learning_rate 0.02, not 0.5");
    bad = good, bad.training.milestones[0] = 3;
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with milestones [], not [3]");
    bad = good, bad.training.optimizer.rule = STRIATE_ADAM;
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with optimizer \"sgd\", not \"adam\"");
    bad = good, bad.training.optimizer.lr_scale = "fc.*=2";
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with lr_scale \"\", not \"fc.*=2\"");
    bad = good, bad.training.exact = 1;
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with exact 0, not 1");
    bad = good, bad.images = 69;
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with images 70, not 69");
    bad = good, bad.no_validation = true;
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with validation_images 20, not 0");
    bad = good, bad.network = "data = input height=8 width=8 channels=1\nfc = dense data units=3\n";
    expect(&bad, STRIATE_BAD_FILE, "its network is not that of the model at hand");
    bad = good, bad.lenet = true;
    expect(&bad, STRIATE_BAD_FILE, "its network is not that of the model at hand");
    bad = good, bad.training.epochs = -1;
    expect(&bad, STRIATE_BAD_ARGUMENT, "epochs is -1");
    bad = good, bad.training.milestones[0] = 3, bad.training.milestones[1] = 3;
    expect(&bad, STRIATE_BAD_ARGUMENT, "milestone 2");
    bad = good, bad.training.out = NULL;
    expect(&bad, STRIATE_BAD_ARGUMENT, "name the run folder");

    struct bytes after = slurp(in(good.training.out, "last.safetensors"));
    assert_true(before.size == after.size && !memcmp(before.data, after.data, after.size));
    free(before.data);
    free(after.data);
    expect(&good, STRIATE_OK, NULL);
    expect_same_run(straight(), good.training.out);
}

static void check_damaged(void **state)
{
    (void)state;
    struct job job = { .stop_at = 12, .training.out = fresh("damaged") };
    expect(&job, STRIATE_INTERRUPTED, NULL);
    job.stop_at = 0;
    job.training.resume = 1;
    const char *rows = in(job.training.out, "metrics.jsonl"), *last = in(job.training.out, "last.safetensors");
    struct bytes kept = slurp(rows);
    put(rows, "{\"epoch\": 1}\n", 13);
    expect(&job, STRIATE_BAD_FILE, "line 1 is not a row of metrics");
    put(rows, kept.data, kept.size);
    free(kept.data);

    kept = slurp(last);
    char *at = memmem(kept.data, kept.size, "\"progress.step\":\"12\"", 20);
    if (!at) at = memmem(kept.data, kept.size, "\"progress.step\": \"12\"", 21);
    assert_non_null(at);
    at = strchr(at, '1');
    at[1] = '3';
    put(last, kept.data, kept.size);
    expect(&job, STRIATE_BAD_FILE, "its progress does not fit together");
    at[1] = 'x';
    put(last, kept.data, kept.size);
    expect(&job, STRIATE_BAD_FILE, "progress.step is '1x'");
    put(last, kept.data, kept.size / 2);
    expect(&job, STRIATE_BAD_FILE, "last.safetensors");
    at[1] = '2';
    put(last, kept.data, kept.size);
    free(kept.data);
    expect(&job, STRIATE_OK, NULL);
    expect_same_run(straight(), job.training.out);

    struct job model = { .training = { .out = fresh("model"), .resume = 1 } };
    assert_int_equal(file_make_folder(model.training.out), STRIATE_OK);
    kept = slurp(in(straight(), "model.safetensors"));
    put(in(model.training.out, "last.safetensors"), kept.data, kept.size);
    free(kept.data);
    expect(&model, STRIATE_BAD_FILE, "it is a model, not a training");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_killed),      cmocka_unit_test(check_optimizers),
        cmocka_unit_test(check_schedules),   cmocka_unit_test(check_killed_anywhere),
        cmocka_unit_test(check_interrupted), cmocka_unit_test(check_augmented),
        cmocka_unit_test(check_everything),  cmocka_unit_test(check_finished),
        cmocka_unit_test(check_snapshot),    cmocka_unit_test(check_kept),
        cmocka_unit_test(check_rollback),    cmocka_unit_test(check_refused),
        cmocka_unit_test(check_damaged),
    };
    return cmocka_run_group_tests_name("resume", tests, trainings_begin, trainings_end);
}
