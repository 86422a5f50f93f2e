// metrics.c - see metrics.h. One table names the columns of both files.
#include "train/metrics.h"

#include "base/file.h"
#include "base/status.h"
#include "base/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// An integer is an int or an int64_t; everything else is a double.
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

void metrics_to_jsonl(struct text *text, const struct metrics *metrics)
{
    for (int r = 0; r < metrics->count; r++) {
        for (int c = 0; c < COLUMNS; c++) {
            text_add(text, "%s\"%s\": ", c ? ", " : "{", columns[c].name);
            add_cell(text, &metrics->rows[r], &columns[c], "null");
        }
        text_add(text, "}\n");
    }
}

void metrics_to_csv(struct text *text, const struct metrics *metrics)
{
    for (int c = 0; c < COLUMNS; c++) text_add(text, "%s%s", c ? "," : "", columns[c].name);
    text_add(text, "\n");
    for (int r = 0; r < metrics->count; r++)
        for (int c = 0; c < COLUMNS; c++) {
            add_cell(text, &metrics->rows[r], &columns[c], "");
            text_add(text, "%s", c + 1 < COLUMNS ? "," : "\n");
        }
}

striate_status metrics_add(struct metrics *metrics, const striate_epoch *row)
{
    if (metrics->count == metrics->room) {
        int room = metrics->room ? 2 * metrics->room : 16;
        striate_epoch *rows = realloc(metrics->rows, (size_t)room * sizeof *rows);
        if (!rows) FAIL(NO_MEMORY, "no memory for the metrics of %d epochs", room);
        metrics->rows = rows;
        metrics->room = room;
    }
    metrics->rows[metrics->count++] = *row;
    return STRIATE_OK;
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

static striate_status read_line(struct metrics *metrics, const char *path, const char *line, size_t size, int number,
                                int epochs)
{
    struct value *value = NULL;
    striate_epoch row = { 0 };
    if (value_parse(&value, line, size, path) || !read_row(&row, value)) {
        value_free(value);
        FAIL(BAD_FILE, "%s: line %d is not a row of metrics; mend it, or delete the file to go on without", path, number);
    }
    value_free(value);
    int last = metrics->count ? metrics->rows[metrics->count - 1].epoch : 0;
    return row.epoch > last && row.epoch <= epochs ? metrics_add(metrics, &row) : STRIATE_OK;
}

striate_status metrics_read(struct metrics *metrics, const char *path, int epochs)
{
    struct bytes bytes;
    TRY(file_read(&bytes, path, 1 << 28));
    const char *line = (const char *)bytes.data, *end = line + bytes.size;
    striate_status status = STRIATE_OK;
    for (int number = 1; line < end && !status; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop) stop = end;
        status = read_line(metrics, path, line, (size_t)(stop - line), number, epochs);
        line = stop + 1;
    }
    free(bytes.data);
    return status;
}
