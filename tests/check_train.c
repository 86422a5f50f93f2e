// check_train.c - a training learns, is the same to the last byte however many threads compute and however often it is killed, and breaks
// nothing when it must stop. Every training runs in a process of its own, which may be killed, lose its rights or its disk space.
#include "base/arena.h"
#include "base/file.h"
#include "base/random.h"
#include "striate.h"

#include <dirent.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

// ---- a training in a process of its own ----

// Two tasks: a tiny network on 8x8 images of 3 classes, five steps an epoch, the last one of 6 images; and LeNet on 64 images of noise with
// labels that nothing but memory can tell.
enum { SIDE = 8, CLASSES = 3, TRAIN = 70, VALIDATION = 20, BATCH = 16, EPOCHS = 5, STEPS = 25 };

static const char tiny[] = "data = input height=8 width=8 channels=1\n"
                           "conv = conv data filters=4 kernel=3 pad=1\n"
                           "norm = batch_norm conv\n"
                           "relu = relu norm\n"
                           "pool = max_pool relu size=2 stride=2\n"
                           "drop = dropout pool rate=0.2\n"
                           "fc = dense drop units=3\n";

struct job {
    striate_training training;
    const char *network; // text; NULL: tiny
    bool lenet, no_validation;
    int images, threads;      // 0: TRAIN; 1
    int64_t kill_at, stop_at; // this step ends in SIGKILL; after this step the caller asks to stop
    long disk;                // bytes that a file may have; 0: any number
    bool no_rights;           // runs as nobody
    const char *rival;        // tries to train here, too, in the second step
};

static struct report { // written by the child
    char sentence[1024];
    striate_epoch last;
    int64_t steps;
} * report;

static char top[64]; // the folder of all run folders

// For the child, which must not return into the test runner.
static void must(bool yes, const char *what)
{
    if (yes) return;
    fprintf(stderr, "# %s (%s)\n", what, striate_error());
    _exit(99);
}

// Class c of n is a bright column in the c-th part of the image under noise; without contrast the noise alone.
static striate_data *make_data(int count, int side, int classes, int contrast, uint32_t place)
{
    uint8_t *pixels = malloc((size_t)count * (size_t)side * (size_t)side);
    int *labels = malloc((size_t)count * sizeof *labels), part = side / classes;
    struct random_key key = { .seed = 42, .place = place };
    for (int i = 0; i < count * side * side; i++) pixels[i] = (uint8_t)(120 * random_uniform(key, (uint32_t)i));
    key.part = 1;
    for (int i = 0; i < count; i++) {
        labels[i] = (int)((float)classes * random_uniform(key, (uint32_t)(2 * i)));
        int column = labels[i] * part + (int)((float)part * random_uniform(key, (uint32_t)(2 * i + 1)));
        for (int row = 0; row < side; row++) pixels[(i * side + row) * side + column] += (uint8_t)contrast;
    }
    striate_data *data = NULL;
    must(!striate_data_from_memory(&data, pixels, labels, count, side, side, 1, classes, NULL), "data");
    free(pixels);
    free(labels);
    return data;
}

static striate_model *make_model(const struct job *job)
{
    int side = job->lenet ? 28 : SIDE;
    striate_preprocessing how = { .height = side, .width = side, .channels = 1, .mean = { 0.25f }, .std = { 0.25f } };
    const char *text = job->network ? job->network : tiny;
    striate_graph *graph = NULL;
    striate_model *model = NULL;
    must(!(job->lenet ? striate_graph_open(&graph, "lenet", (striate_zoo_options){ 0 })
                      : striate_graph_from_text(&graph, text, strlen(text), "tiny.net")),
         "graph");
    must(!striate_model_new(&model, graph, &how, NULL), "model");
    return model;
}

static void try_rival(const struct job *job)
{
    striate_data *data = make_data(TRAIN, SIDE, CLASSES, 100, 0);
    striate_model *model = make_model(job);
    striate_training training = { .out = job->rival, .resume = 1 };
    must(striate_train(model, data, NULL, &training) == STRIATE_IO, "a rival is refused");
    must(strstr(striate_error(), "another training"), "a rival is told why");
    striate_model_free(model);
    striate_data_close(data);
}

static int on_step(void *user, const striate_training_step *step)
{
    const struct job *job = user;
    must(step->image > 0 && step->image <= step->images && step->loss >= 0 && step->top1 <= 1, "a step's report");
    report->steps = step->step;
    if (job->rival && step->step == 2) try_rival(job);
    if (step->step == job->kill_at) raise(SIGKILL);
    return step->step == job->stop_at;
}

static void on_epoch(void *user, const striate_epoch *epoch)
{
    (void)user;
    report->last = *epoch;
}

static striate_status train(const struct job *job)
{
    int side = job->lenet ? 28 : SIDE, classes = job->lenet ? 10 : CLASSES, contrast = job->lenet ? 0 : 100;
    striate_data *data = make_data(job->images ? job->images : TRAIN, side, classes, contrast, 0);
    striate_data *validation = job->no_validation ? NULL : make_data(VALIDATION, side, classes, contrast, 1);
    striate_model *model = make_model(job);
    striate_training t = job->training;
    if (!t.epochs) t.epochs = EPOCHS;
    if (!t.batch_size) t.batch_size = BATCH;
    if (t.learning_rate == 0) t.learning_rate = 0.02f;
    t.momentum = 0.9f;
    t.weight_decay = 1e-4f;
    t.schedule = STRIATE_SCHEDULE_COSINE;
    t.seed = 11;
    t.on_step = on_step;
    t.on_epoch = on_epoch;
    t.user = (void *)(uintptr_t)job;
    striate_threads(job->threads ? job->threads : 1);
    if (job->disk) {
        signal(SIGXFSZ, SIG_IGN);
        must(!setrlimit(RLIMIT_FSIZE, &(struct rlimit){ (rlim_t)job->disk, (rlim_t)job->disk }), "a limit");
    }
    if (job->no_rights && geteuid() == 0) must(!setgid(65534) && !setuid(65534), "no rights");
    striate_status status = striate_train(model, data, validation, &t);
    snprintf(report->sentence, sizeof report->sentence, "%s", status ? striate_error() : "");
    striate_model_free(model);
    striate_data_close(validation);
    striate_data_close(data);
    return status;
}

static pid_t start(const struct job *job)
{
    *report = (struct report){ 0 };
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        static const int caught[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS }; // by cmocka, which would go on with the next test
        for (int i = 0; i < 5; i++) signal(caught[i], SIG_DFL);
        exit(train(job));
    }
    assert_true(child > 0);
    return child;
}

// The training's status, or minus the signal that ended it.
static int finish(pid_t child)
{
    int how;
    while (waitpid(child, &how, 0) < 0) assert_int_equal(errno, EINTR);
    return WIFSIGNALED(how) ? -WTERMSIG(how) : WEXITSTATUS(how);
}

static void expect(const struct job *job, int status, const char *words)
{
    int got = finish(start(job));
    if (got != status || (words && !strstr(report->sentence, words)))
        fail_msg("status %d, not %d: \"%s\" without \"%s\"", got, status, report->sentence, words ? words : "");
}

// ---- folders ----

static struct arena paths;

static const char *in(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = arena_take(&paths, size);
    assert_non_null(path);
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static void remove_folder(const char *path)
{
    DIR *list = opendir(path);
    if (!list) return;
    for (const struct dirent *entry; (entry = readdir(list));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        const char *inside = in(path, entry->d_name);
        if (file_is_folder(inside))
            remove_folder(inside);
        else
            unlink(inside);
    }
    closedir(list);
    rmdir(path);
}

static const char *fresh(const char *name)
{
    const char *path = in(top, name);
    remove_folder(path);
    return path;
}

static struct bytes slurp(const char *path)
{
    struct bytes bytes = { 0 };
    if (file_read(&bytes, path, 1 << 26)) fail_msg("%s", striate_error());
    return bytes;
}

static bool same(const char *a, const char *b)
{
    struct bytes x = slurp(a), y = slurp(b);
    bool equal = x.size == y.size && !memcmp(x.data, y.data, x.size);
    free(x.data);
    free(y.data);
    return equal;
}

static void expect_same_run(const char *a, const char *b)
{
    assert_true(same(in(a, "model.safetensors"), in(b, "model.safetensors")));
    assert_true(same(in(a, "last.safetensors"), in(b, "last.safetensors")));
}

// Nothing in the folder but whole files of a run.
static void expect_tidy(const char *folder)
{
    static const char *const names[] = { "model.safetensors", "last.safetensors", "metrics.jsonl",
                                         "metrics.csv",       "args.json",        "curve.png" };
    DIR *list = opendir(folder);
    assert_non_null(list);
    for (const struct dirent *entry; (entry = readdir(list));) {
        bool known = entry->d_name[0] == '.';
        for (int i = 0; i < 6; i++) known |= !strcmp(entry->d_name, names[i]);
        if (!known) fail_msg("%s/%s remains", folder, entry->d_name);
    }
    closedir(list);
}

// metrics.jsonl and metrics.csv have one row for each of the epochs 1..epochs, and no other.
static void expect_rows(const char *folder, int epochs)
{
    for (int csv = 0; csv < 2; csv++) {
        struct bytes bytes = slurp(in(folder, csv ? "metrics.csv" : "metrics.jsonl"));
        char *text = calloc(bytes.size + 1, 1), *rest = NULL;
        memcpy(text, bytes.data, bytes.size);
        char *line = strtok_r(text, "\n", &rest);
        if (csv) {
            assert_string_equal(line, "epoch,step,learning_rate,train_loss,train_top1,val_loss,val_top1,val_top5,seconds,"
                                      "images_per_second");
            line = strtok_r(NULL, "\n", &rest);
        }
        for (int epoch = 1; epoch <= epochs; epoch++, line = strtok_r(NULL, "\n", &rest)) {
            char begin[64];
            snprintf(begin, sizeof begin, csv ? "%d,%d," : "{\"epoch\": %d, \"step\": %d, ", epoch, 5 * epoch);
            assert_non_null(line);
            assert_memory_equal(line, begin, strlen(begin));
        }
        assert_null(line);
        free(text);
        free(bytes.data);
    }
}

// The straight run that others must equal.
static const char *straight(void)
{
    static const char *path;
    if (path) return path;
    struct job job = { .training.out = fresh("straight") };
    expect(&job, STRIATE_OK, NULL);
    return path = job.training.out;
}

// ---- tests ----

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
    struct bytes arguments = slurp(in(job.training.out, "args.json"));
    assert_non_null(memmem(arguments.data, arguments.size, "\"schedule\": \"cosine\"", 20));
    free(arguments.data);
    struct bytes curve = slurp(in(job.training.out, "curve.png"));
    assert_true(curve.size > 100);
    free(curve.data);
}

static void check_memorises(void **state)
{
    (void)state;
    struct job job = { .lenet = true,
                       .no_validation = true,
                       .images = 64,
                       .threads = 2,
                       .training = { .epochs = 25, .learning_rate = 0.02f, .out = fresh("lenet") } };
    expect(&job, STRIATE_OK, NULL);
    if (report->last.train_top1 < 1 || report->last.train_loss > 0.05)
        fail_msg("loss %g, top-1 %g", report->last.train_loss, report->last.train_top1);
    assert_true(isnan(report->last.val_top1) && !report->last.best);
    struct bytes rows = slurp(in(job.training.out, "metrics.jsonl"));
    assert_non_null(memmem(rows.data, rows.size, "\"val_loss\": null", 16));
    free(rows.data);
    assert_false(same(in(job.training.out, "model.safetensors"), in(job.training.out, "last.safetensors")));
}

static void check_threads(void **state)
{
    (void)state;
    static const char *const names[] = { "one", "two", "three" };
    for (int i = 0; i < 3; i++) {
        struct job job = { .lenet = true, .images = 64, .threads = i + 1, .training = { .epochs = 2, .out = fresh(names[i]) } };
        expect(&job, STRIATE_OK, NULL);
        if (i) expect_same_run(in(top, names[0]), job.training.out);
    }
}

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

// Killed at any moment, also while it writes, again and again until it gets through.
static void check_killed_anywhere(void **state)
{
    (void)state;
    struct job job = { .training = { .out = fresh("anywhere"), .save_steps = 1 } };
    int status = -1, kills = 0;
    while (status < 0) {
        job.training.resume = file_exists(in(job.training.out, "last.safetensors"));
        pid_t child = start(&job);
        usleep(10000 + 7000 * (useconds_t)kills);
        kill(child, SIGKILL);
        status = finish(child);
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
        expect(&job, STRIATE_OK, NULL);
        expect_same_run(straight(), job.training.out);
        expect_rows(job.training.out, EPOCHS);
    }
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
    bad = good, bad.images = 69;
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with images 70, not 69");
    bad = good, bad.no_validation = true;
    expect(&bad, STRIATE_BAD_ARGUMENT, "was trained with validation_images 20, not 0");
    bad = good, bad.network = "data = input height=8 width=8 channels=1\nfc = dense data units=3\n";
    expect(&bad, STRIATE_BAD_ARGUMENT, "network");
    bad = good, bad.lenet = true;
    expect(&bad, STRIATE_BAD_ARGUMENT, NULL);
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
    assert_int_equal(file_write(rows, &(struct span){ "{\"epoch\": 1}\n", 13 }, 1), STRIATE_OK);
    expect(&job, STRIATE_BAD_FILE, "line 1 is not a row of metrics");
    assert_int_equal(file_write(rows, &(struct span){ kept.data, kept.size }, 1), STRIATE_OK);
    free(kept.data);

    kept = slurp(last);
    char *at = memmem(kept.data, kept.size, "\"progress.step\":\"12\"", 20);
    if (!at) at = memmem(kept.data, kept.size, "\"progress.step\": \"12\"", 21);
    assert_non_null(at);
    at = strchr(at, '1');
    at[1] = '3';
    assert_int_equal(file_write(last, &(struct span){ kept.data, kept.size }, 1), STRIATE_OK);
    expect(&job, STRIATE_BAD_FILE, "its progress does not fit together");
    at[1] = 'x';
    assert_int_equal(file_write(last, &(struct span){ kept.data, kept.size }, 1), STRIATE_OK);
    expect(&job, STRIATE_BAD_FILE, "progress.step is '1x'");
    assert_int_equal(file_write(last, &(struct span){ kept.data, kept.size / 2 }, 1), STRIATE_OK);
    expect(&job, STRIATE_BAD_FILE, "last.safetensors");
    at[1] = '2';
    assert_int_equal(file_write(last, &(struct span){ kept.data, kept.size }, 1), STRIATE_OK);
    free(kept.data);
    expect(&job, STRIATE_OK, NULL);
    expect_same_run(straight(), job.training.out);

    struct job model = { .training = { .out = fresh("model"), .resume = 1 } };
    assert_int_equal(file_make_folder(model.training.out), STRIATE_OK);
    kept = slurp(in(straight(), "model.safetensors"));
    assert_int_equal(file_write(in(model.training.out, "last.safetensors"), &(struct span){ kept.data, kept.size }, 1),
                     STRIATE_OK);
    free(kept.data);
    expect(&model, STRIATE_BAD_FILE, "it is a model, not a training");
}

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

static void check_alone(void **state)
{
    (void)state;
    const char *out = fresh("alone");
    struct job job = { .rival = out, .training.out = in(out, "deep/er") };
    job.rival = job.training.out; // a folder whose parents are made, too
    expect(&job, STRIATE_OK, NULL);
    expect_same_run(straight(), job.training.out);
}

static int set_up(void **state)
{
    (void)state;
    const char *temporary = file_is_folder("/dev/shm") ? "/dev/shm" : "/tmp"; // memory, where there is such a folder
    snprintf(top, sizeof top, "%s/check_train.XXXXXX", temporary);
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return !mkdtemp(top) || chmod(top, 0755) || report == MAP_FAILED;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(top);
    arena_free(&paths);
    return munmap(report, sizeof *report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_learns),   cmocka_unit_test(check_memorises),       cmocka_unit_test(check_threads),
        cmocka_unit_test(check_killed),   cmocka_unit_test(check_killed_anywhere), cmocka_unit_test(check_interrupted),
        cmocka_unit_test(check_finished), cmocka_unit_test(check_refused),         cmocka_unit_test(check_damaged),
        cmocka_unit_test(check_diverged), cmocka_unit_test(check_full_disk),       cmocka_unit_test(check_read_only),
        cmocka_unit_test(check_alone),
    };
    return cmocka_run_group_tests_name("train", tests, set_up, tear_down);
}
