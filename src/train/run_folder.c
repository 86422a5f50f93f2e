// run_folder.c - args.json, metrics.jsonl, metrics.csv and curve.png. Each file is written whole or not at all.
#include "train/run_folder.h"

#include "base/file.h"
#include "base/status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char *const file_names[RUN_FILES] = {
    [RUN_MODEL] = "model.safetensors", [RUN_LAST] = "last.safetensors", [RUN_JSONL] = "metrics.jsonl",
    [RUN_CSV] = "metrics.csv",         [RUN_ARGUMENTS] = "args.json",   [RUN_CURVE] = "curve.png",
    [RUN_CONFUSION] = "confusion.png", [RUN_CONFUSED] = "confused.png", [RUN_WORST] = "worst.png",
    [RUN_FILTERS] = "filters.png",     [RUN_REPORT] = "report.html",
};

// Takes the lock of the folder, so that two trainings never mix their files. File systems without locks do without.
static striate_status lock(struct run_folder *folder, const char *out)
{
    folder->lock = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->lock < 0) FAIL(IO, "%s: cannot open this folder: %s", out, strerror(errno));
    if (flock(folder->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
        FAIL(IO, "%s: another training is writing to this folder", out);
    return STRIATE_OK;
}

// Removes what a killed process left half-written: "last.safetensors.Xy12aB" (file.h).
static void sweep(const struct run_folder *folder, const char *out)
{
    DIR *list = opendir(out);
    if (!list) return;
    for (const struct dirent *entry; (entry = readdir(list));)
        for (int i = 0; i < RUN_FILES; i++) {
            size_t length = strlen(file_names[i]);
            if (!strncmp(entry->d_name, file_names[i], length) && entry->d_name[length] == '.' &&
                strlen(entry->d_name) == length + sizeof "XXXXXX")
                unlinkat(folder->lock, entry->d_name, 0);
        }
    closedir(list);
}

striate_status run_folder_open(struct run_folder *folder, const struct settings *settings)
{
    const char *out = settings->training.out;
    bool resume = settings->training.resume;
    *folder = (struct run_folder){ .lock = -1 };
    for (int i = 0; i < RUN_FILES; i++)
        if (!(folder->path[i] = file_join(out, file_names[i]))) FAIL(NO_MEMORY, "%s: no memory for its name", out);
    if (!resume) TRY(file_make_folder(out));
    folder->out = out;
    TRY(lock(folder, out));
    if (resume && !file_exists(folder->path[RUN_LAST]))
        FAIL(IO, "%s: no such file, so there is nothing to resume; train without resuming", folder->path[RUN_LAST]);
    for (int i = RUN_MODEL; i <= RUN_LAST && !resume && !settings->training.overwrite; i++)
        if (file_exists(folder->path[i]))
            FAIL(BAD_ARGUMENT, "%s: there is a training in this folder already; resume it or choose another folder",
                 folder->path[i]);
    sweep(folder, out);
    return STRIATE_OK;
}

void run_folder_close(struct run_folder *folder)
{
    for (int i = 0; i < RUN_FILES; i++) free(folder->path[i]);
    free(folder->metrics.rows);
    if (folder->lock >= 0) close(folder->lock);
    *folder = (struct run_folder){ .lock = -1 };
}

striate_status run_folder_write(const char *path, struct text *text)
{
    striate_status status = text->failed ? status_fail(STRIATE_NO_MEMORY, "%s: no memory for its text", path)
                                         : file_write(path, &(struct span){ text->s, text->length }, 1);
    text_free(text);
    return status;
}

static striate_status write_metrics(const struct run_folder *folder)
{
    for (int csv = 0; csv < 2; csv++) {
        struct text text = { 0 };
        (csv ? metrics_to_csv : metrics_to_jsonl)(&text, &folder->metrics);
        TRY(run_folder_write(folder->path[csv ? RUN_CSV : RUN_JSONL], &text));
    }
    return STRIATE_OK;
}

static bool is_kept(const char *name, int *epoch)
{
    int length = 0;
    return sscanf(name, "epoch-%9d.safetensors%n", epoch, &length) == 1 && length && !name[length];
}

// Removes kept checkpoints of epochs up to this one.
static void forget(const struct run_folder *folder, const char *out, int last)
{
    DIR *list = opendir(out);
    int epoch;
    if (!list) return;
    for (const struct dirent *entry; (entry = readdir(list));)
        if (is_kept(entry->d_name, &epoch) && epoch <= last) unlinkat(folder->lock, entry->d_name, 0);
    closedir(list);
}

striate_status run_folder_begin(const struct run_folder *folder, const struct settings *settings)
{
    for (int i = 0; i < RUN_FILES; i++)
        if (unlink(folder->path[i]) && errno != ENOENT) FAIL(IO, "%s: cannot remove: %s", folder->path[i], strerror(errno));
    forget(folder, folder->out, INT_MAX);
    struct text text = { 0 };
    if (settings->training.arguments)
        text_add(&text, "%s\n", settings->training.arguments);
    else {
        for (int i = 0; settings_name(i); i++) {
            text_add(&text, "%s\"%s\": ", i ? ",\n  " : "{\n  ", settings_name(i));
            settings_add_value(&text, settings, i);
        }
        text_add(&text, "\n}\n");
    }
    TRY(run_folder_write(folder->path[RUN_ARGUMENTS], &text));
    return write_metrics(folder);
}

striate_status run_folder_add(struct run_folder *folder, const striate_epoch *row)
{
    TRY(metrics_add(&folder->metrics, row));
    return write_metrics(folder);
}

striate_status run_folder_keep(const struct run_folder *folder, int epoch, int keep)
{
    char name[64];
    const char *last = folder->path[RUN_LAST];
    snprintf(name, sizeof name, "epoch-%d.safetensors", epoch);
    unlinkat(folder->lock, name, 0);
    if (linkat(AT_FDCWD, last, folder->lock, name, 0)) FAIL(IO, "%s: cannot keep it as %s: %s", last, name, strerror(errno));
    forget(folder, folder->out, epoch - keep);
    return STRIATE_OK;
}

striate_status run_folder_recall(struct run_folder *folder, int epochs)
{
    if (!file_exists(folder->path[RUN_JSONL])) return STRIATE_OK;
    TRY(metrics_read(&folder->metrics, folder->path[RUN_JSONL], epochs));
    return write_metrics(folder);
}

striate_status run_folder_draw(const struct run_folder *folder)
{
    static const struct {
        const char *label;
        size_t offset;
        int right_axis;
    } curves[] = {
        { "training loss", offsetof(striate_epoch, train_loss), 0 },
        { "validation loss", offsetof(striate_epoch, val_loss), 0 },
        { "validation top-1", offsetof(striate_epoch, val_top1), 1 },
    };
    enum { CURVES = sizeof curves / sizeof *curves };
    if (!folder->metrics.count) return STRIATE_OK;
    size_t rows = (size_t)folder->metrics.count;
    double *numbers = malloc((CURVES + 1) * rows * sizeof *numbers);
    if (!numbers) FAIL(NO_MEMORY, "%s: no memory for its curves", folder->path[RUN_CURVE]);
    striate_series series[CURVES];
    for (size_t r = 0; r < rows; r++) numbers[r] = folder->metrics.rows[r].epoch;
    for (size_t s = 0; s < CURVES; s++) {
        double *y = numbers + (s + 1) * rows;
        for (size_t r = 0; r < rows; r++) y[r] = *(const double *)((const char *)&folder->metrics.rows[r] + curves[s].offset);
        series[s] = (striate_series){ curves[s].label, numbers, y, folder->metrics.count, curves[s].right_axis };
    }
    int count = isnan(folder->metrics.rows[0].val_loss) ? 1 : CURVES; // without validation there is the first alone
    striate_status status =
        striate_draw_curves(folder->path[RUN_CURVE], "Training", "epoch", "loss", count > 1 ? "top-1" : NULL, series, count);
    free(numbers);
    return status == STRIATE_UNSUPPORTED ? STRIATE_OK : status;
}
