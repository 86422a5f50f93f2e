// trainings.c - trainings in processes of their own, and what they leave.
#include "trainings.h"

#include "base/arena.h"
#include "base/random.h"

#include <dirent.h>
#include <errno.h>
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

enum { SIDE = 8, CLASSES = 3 };

static const char tiny[] = "data = input height=8 width=8 channels=1\n"
                           "conv = conv data filters=4 kernel=3 pad=1\n"
                           "norm = batch_norm conv\n"
                           "relu = relu norm\n"
                           "pool = max_pool relu size=2 stride=2\n"
                           "drop = dropout pool rate=0.2\n"
                           "fc = dense drop units=3\n";

struct report *report; // shared with the children

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
    striate_preprocessing how = {
        .height = side, .width = side, .channels = 1, .resize = job->resize, .mean = { 0.25f }, .std = { 0.25f }
    };
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
    striate_training training = { .out = job->training.out, .resume = 1 };
    must(striate_train(model, data, NULL, &training) == STRIATE_IO, "a rival is refused");
    must(strstr(striate_error(), "another training"), "a rival is told why");
    striate_model_free(model);
    striate_data_close(data);
}

static int on_step(void *user, const striate_training_step *step)
{
    const struct job *job = user;
    if (!step->epoch) return job->stop_at < 0 ? STRIATE_STOP : STRIATE_GO_ON;
    must(step->image > 0 && step->image <= step->images && step->loss >= 0 && step->top1 <= 1, "a step's report");
    report->steps = step->step;
    if (job->rival && step->step == 2) try_rival(job);
    if (step->step == job->kill_at) raise(SIGKILL);
    return step->step == job->stop_at ? STRIATE_STOP : step->step == job->snapshot_at ? STRIATE_SNAPSHOT : STRIATE_GO_ON;
}

static void on_epoch(void *user, const striate_epoch *epoch)
{
    (void)user;
    report->last = *epoch;
}

static void on_note(void *user, const char *sentence)
{
    (void)user;
    snprintf(report->note, sizeof report->note, "%s", sentence);
    report->notes++;
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
    if (t.optimizer.momentum == 0) t.optimizer.momentum = 0.9f;
    t.optimizer.weight_decay = 1e-4f;
    if (t.schedule == STRIATE_SCHEDULE_CONSTANT) t.schedule = STRIATE_SCHEDULE_COSINE;
    t.seed = 11;
    t.on_step = on_step;
    t.on_epoch = on_epoch;
    t.on_note = on_note;
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

pid_t training_start(const struct job *job)
{
    *report = (struct report){ 0 };
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        static const int caught[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS }; // cmocka would go on with the next test
        for (int i = 0; i < 5; i++) signal(caught[i], SIG_DFL);
        exit(train(job));
    }
    assert_true(child > 0);
    return child;
}

int training_finish(pid_t child)
{
    int how;
    while (waitpid(child, &how, 0) < 0) assert_int_equal(errno, EINTR);
    return WIFSIGNALED(how) ? -WTERMSIG(how) : WEXITSTATUS(how);
}

void expect(const struct job *job, int status, const char *words)
{
    int got = training_finish(training_start(job));
    if (got != status || (words && !strstr(report->sentence, words)))
        fail_msg("status %d, not %d: \"%s\" without \"%s\"", got, status, report->sentence, words ? words : "");
}

// ---- folders ----

static struct arena paths;

const char *in(const char *folder, const char *name)
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

const char *fresh(const char *name)
{
    const char *path = in(top, name);
    remove_folder(path);
    return path;
}

struct bytes slurp(const char *path)
{
    struct bytes bytes = { 0 };
    if (file_read(&bytes, path, 1 << 26)) fail_msg("%s", striate_error());
    return bytes;
}

void expect_text(const char *path, const char *words)
{
    struct bytes bytes = slurp(path);
    if (!memmem(bytes.data, bytes.size, words, strlen(words))) fail_msg("%s: has no %s", path, words);
    free(bytes.data);
}

bool same(const char *a, const char *b)
{
    struct bytes x = slurp(a), y = slurp(b);
    bool equal = x.size == y.size && !memcmp(x.data, y.data, x.size);
    free(x.data);
    free(y.data);
    return equal;
}

void expect_same_run(const char *a, const char *b)
{
    assert_true(same(in(a, "model.safetensors"), in(b, "model.safetensors")));
    assert_true(same(in(a, "last.safetensors"), in(b, "last.safetensors")));
}

void expect_tidy(const char *folder)
{
    static const char *const names[] = { ".",           "..",          "model.safetensors", "last.safetensors", "metrics.jsonl",
                                         "metrics.csv", "args.json",   "curve.png",         "confusion.png",    "confused.png",
                                         "worst.png",   "filters.png", "report.html" };
    DIR *list = opendir(folder);
    assert_non_null(list);
    for (const struct dirent *entry; (entry = readdir(list));) {
        bool known = false;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) known |= !strcmp(entry->d_name, names[i]);
        if (!known) fail_msg("%s/%s remains", folder, entry->d_name);
    }
    closedir(list);
}

void put(const char *path, const void *data, size_t size)
{
    if (file_write(path, &(struct span){ data, size }, 1)) fail_msg("%s", striate_error());
}

void expect_rows(const char *folder, int epochs)
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

const char *straight(void)
{
    static const char *path;
    if (path) return path;
    struct job job = { .training.out = fresh("straight") };
    expect(&job, STRIATE_OK, NULL);
    return path = job.training.out;
}

int trainings_begin(void **state)
{
    (void)state;
    const char *temporary = file_is_folder("/dev/shm") ? "/dev/shm" : "/tmp"; // memory, where there is such a folder
    snprintf(top, sizeof top, "%s/check_train.XXXXXX", temporary);
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return !mkdtemp(top) || chmod(top, 0755) || report == MAP_FAILED;
}

int trainings_end(void **state)
{
    (void)state;
    remove_folder(top);
    arena_free(&paths);
    return munmap(report, sizeof *report);
}
