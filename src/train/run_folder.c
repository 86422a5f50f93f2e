// run_folder.c - args.json, metrics.jsonl, metrics.csv and curve.png. Each file is written whole or not at all.
#include "train/run_folder.h"

#include "base/file.h"
#include "base/status.h"
#include "base/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
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

// Columns of the metrics. An integer is an int or an int64_t; everything else is a double.
static const struct column {
    const char *name;
    size_t offset, integer; // integer: its size, or 0
} columns[] = {
    { "epoch", offsetof(striate_epoch, epoch), sizeof(int) },
    { "step", offsetof(striate_epoch, step), sizeof(int64_t) },
    { "learning_rate", offsetof(striate_epoch, learning_rate), 0 },
    { "train_loss", offsetof(striate_epoch, train_loss), 0 },
    { "train_top1", offsetof(striate_epoch, train_top1), 0 },
    { "val_loss", offsetof(striate_epoch, val_loss), 0 },
    { "val_top1", offsetof(striate_epoch, val_top1), 0 },
    { "val_top5", offsetof(striate_epoch, val_top5), 0 },
    { "seconds", offsetof(striate_epoch, seconds), 0 },
    { "images_per_second", offsetof(striate_epoch, images_per_second), 0 },
};
enum { COLUMNS = sizeof columns / sizeof *columns };

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
    free(folder->rows);
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

static void add_cell(struct text *text, const striate_epoch *row, const struct column *column, const char *nothing)
{
    const void *cell = (const char *)row + column->offset;
    if (column->integer)
        text_add(text, "%" PRId64, column->integer == sizeof(int) ? *(const int *)cell : *(const int64_t *)cell);
    else if (isfinite(*(const double *)cell))
        text_add_float(text, *(const double *)cell);
    else
        text_add(text, "%s", nothing);
}

static striate_status write_metrics(const struct run_folder *folder)
{
    struct text jsonl = { 0 }, csv = { 0 };
    for (int c = 0; c < COLUMNS; c++) text_add(&csv, "%s%s", c ? "," : "", columns[c].name);
    text_add(&csv, "\n");
    for (int r = 0; r < folder->count; r++) {
        for (int c = 0; c < COLUMNS; c++) {
            text_add(&jsonl, "%s\"%s\": ", c ? ", " : "{", columns[c].name);
            add_cell(&jsonl, &folder->rows[r], &columns[c], "null");
            if (c) text_add(&csv, ",");
            add_cell(&csv, &folder->rows[r], &columns[c], "");
        }
        text_add(&jsonl, "}\n");
        text_add(&csv, "\n");
    }
    striate_status status = run_folder_write(folder->path[RUN_JSONL], &jsonl);
    if (status) text_free(&csv);
    return status ? status : run_folder_write(folder->path[RUN_CSV], &csv);
}

striate_status run_folder_begin(const struct run_folder *folder, const struct settings *settings)
{
    for (int i = 0; i < RUN_FILES; i++)
        if (unlink(folder->path[i]) && errno != ENOENT) FAIL(IO, "%s: cannot remove: %s", folder->path[i], strerror(errno));
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

static striate_status append(struct run_folder *folder, const striate_epoch *row)
{
    if (folder->count == folder->room) {
        int room = folder->room ? 2 * folder->room : 16;
        striate_epoch *rows = realloc(folder->rows, (size_t)room * sizeof *rows);
        if (!rows) FAIL(NO_MEMORY, "no memory for the metrics of %d epochs", room);
        folder->rows = rows;
        folder->room = room;
    }
    folder->rows[folder->count++] = *row;
    return STRIATE_OK;
}

striate_status run_folder_add(struct run_folder *folder, const striate_epoch *row)
{
    TRY(append(folder, row));
    return write_metrics(folder);
}

// A line of metrics.jsonl as a row; false if it is none.
static bool read_row(striate_epoch *row, const struct value *line)
{
    for (int c = 0; c < COLUMNS; c++) {
        const struct value *member = value_get(line, columns[c].name);
        void *cell = (char *)row + columns[c].offset;
        int64_t integer = 0;
        double number = NAN;
        if (!member || (columns[c].integer && !value_integer(member, &integer))) return false;
        if (columns[c].integer == sizeof(int)) {
            if (integer < 0 || integer > INT32_MAX) return false;
            *(int *)cell = (int)integer;
        } else if (columns[c].integer)
            *(int64_t *)cell = integer;
        else {
            value_number(member, &number); // null is NAN
            *(double *)cell = number;
        }
    }
    return true;
}

static striate_status recall_line(struct run_folder *folder, const char *line, size_t size, int number, int epochs)
{
    const char *path = folder->path[RUN_JSONL];
    struct value *value = NULL;
    striate_epoch row = { 0 };
    if (value_parse(&value, line, size, path) || !read_row(&row, value)) {
        value_free(value);
        FAIL(BAD_FILE, "%s: line %d is not a row of metrics; mend it, or delete the file to go on without", path, number);
    }
    value_free(value);
    int last = folder->count ? folder->rows[folder->count - 1].epoch : 0;
    return row.epoch > last && row.epoch <= epochs ? append(folder, &row) : STRIATE_OK;
}

striate_status run_folder_recall(struct run_folder *folder, int epochs)
{
    if (!file_exists(folder->path[RUN_JSONL])) return STRIATE_OK;
    struct bytes bytes;
    TRY(file_read(&bytes, folder->path[RUN_JSONL], 1 << 28));
    const char *line = (const char *)bytes.data, *end = line + bytes.size;
    striate_status status = STRIATE_OK;
    for (int number = 1; line < end && !status; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop) stop = end;
        status = recall_line(folder, line, (size_t)(stop - line), number, epochs);
        line = stop + 1;
    }
    free(bytes.data);
    return status ? status : write_metrics(folder);
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
    if (!folder->count) return STRIATE_OK;
    size_t rows = (size_t)folder->count;
    double *numbers = malloc((CURVES + 1) * rows * sizeof *numbers);
    if (!numbers) FAIL(NO_MEMORY, "%s: no memory for its curves", folder->path[RUN_CURVE]);
    striate_series series[CURVES];
    for (size_t r = 0; r < rows; r++) numbers[r] = folder->rows[r].epoch;
    for (size_t s = 0; s < CURVES; s++) {
        double *y = numbers + (s + 1) * rows;
        for (size_t r = 0; r < rows; r++) y[r] = *(const double *)((const char *)&folder->rows[r] + curves[s].offset);
        series[s] = (striate_series){ curves[s].label, numbers, y, folder->count, curves[s].right_axis };
    }
    int count = isnan(folder->rows[0].val_loss) ? 1 : CURVES; // without validation there is the first alone
    striate_status status =
        striate_draw_curves(folder->path[RUN_CURVE], "Training", "epoch", "loss", count > 1 ? "top-1" : NULL, series, count);
    free(numbers);
    return status == STRIATE_UNSUPPORTED ? STRIATE_OK : status;
}
