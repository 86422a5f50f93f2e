// checkpoint.c - last.safetensors. Beside what a model file holds it has a tensor "striate.BLOCK.NAME" per block of state ("velocity") and
// parameter, shaped as the parameter, a note "progress.NAME" per field of struct progress (real numbers in hexadecimal, so to the last bit), and a note
// "training.NAME" per setting.
#include "train/checkpoint.h"

#include "base/arena.h"
#include "base/status.h"
#include "train/model.h"
#include "formats/weights.h"
#include "graph/graph.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct field {
    const char *note;
    size_t offset;
    bool real; // a double; else an int64_t
} fields[] = {
    { "progress.epoch", offsetof(struct progress, epoch), false },
    { "progress.step", offsetof(struct progress, step), false },
    { "progress.image", offsetof(struct progress, image), false },
    { "progress.correct", offsetof(struct progress, correct), false },
    { "progress.bad", offsetof(struct progress, bad), false },
    { "progress.loss", offsetof(struct progress, loss), true },
    { "progress.best_epoch", offsetof(struct progress, best_epoch), false },
    { "progress.best_correct", offsetof(struct progress, best_correct), false },
    { "progress.best_loss", offsetof(struct progress, best_loss), true },
    { "progress.reductions", offsetof(struct progress, reductions), false },
    { "progress.waited", offsetof(struct progress, waited), false },
    { "progress.lowest", offsetof(struct progress, lowest), true },
    { "progress.rollbacks", offsetof(struct progress, rollbacks), false },
};
enum { FIELDS = sizeof fields / sizeof *fields, MOST_NOTES = 64 };

static const char *joined(struct arena *arena, const char *format, ...) STRIATE_PRINTF(2, 3);
static const char *joined(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *s = arena_format(arena, format, arguments);
    va_end(arguments);
    return s;
}

// Whether a parameter has its part in a block, and how the tensor is called that holds it.
static bool holds(const struct block *block, const struct param *param)
{
    return block->all || param->as.kind != PARAM_STATE;
}

static const char *name_of(struct arena *arena, const struct block *block, const struct param *param)
{
    return joined(arena, "%s%s.%s", WEIGHTS_OWN, block->name, param->name);
}

// ---- write ----

// What is written, while it is written.
struct sheet {
    struct arena arena;
    struct safetensors_entry *entries;
    struct safetensors_note notes[MOST_NOTES];
    int entry_count, note_count;
};

static bool add_note(struct sheet *sheet, const char *key, struct text *value)
{
    const char *copy = value->failed ? NULL : arena_copy(&sheet->arena, value->s);
    text_free(value);
    sheet->notes[sheet->note_count++] = (struct safetensors_note){ key, copy };
    return key && copy;
}

static bool add_notes(struct sheet *sheet, const struct progress *progress, const struct settings *settings)
{
    bool fine = true;
    for (int i = 0; i < FIELDS; i++) {
        struct text text = { 0 };
        const void *field = (const char *)progress + fields[i].offset;
        if (fields[i].real)
            text_add(&text, "%a", *(const double *)field);
        else
            text_add(&text, "%" PRId64, *(const int64_t *)field);
        fine &= add_note(sheet, fields[i].note, &text);
    }
    for (int i = 0; settings_name(i); i++) {
        struct text text = { 0 };
        settings_add_value(&text, settings, i);
        fine &= add_note(sheet, joined(&sheet->arena, "training.%s", settings_name(i)), &text);
    }
    return fine;
}

static bool add_block(struct sheet *sheet, const striate_graph *graph, const struct block *block)
{
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *param = &graph->params[i];
        if (!holds(block, param)) continue;
        float *values = arena_take(&sheet->arena, param->count * sizeof *values);
        const char *name = name_of(&sheet->arena, block, param);
        if (!values || !name) return false;
        param_to_file(values, block->values + param->offset, param);
        struct safetensors_entry entry = {
            .name = name, .dtype = "F32", .rank = param->as.rank, .data = values, .bytes = param->count * sizeof *values
        };
        for (int d = 0; d < entry.rank; d++) entry.dims[d] = param->as.dims[d];
        sheet->entries[sheet->entry_count++] = entry;
    }
    return true;
}

static bool add_blocks(struct sheet *sheet, const striate_graph *graph, const struct block *blocks)
{
    size_t count = 0;
    for (const struct block *b = blocks; b->name; b++) count++;
    sheet->entries = arena_take(&sheet->arena, (count * (size_t)graph->param_count + 1) * sizeof *sheet->entries);
    bool fine = sheet->entries;
    for (const struct block *b = blocks; fine && b->name; b++) fine = add_block(sheet, graph, b);
    return fine;
}

striate_status checkpoint_write(const char *path, const striate_model *model, const struct block *blocks,
                                const struct progress *progress, const struct settings *settings)
{
    struct sheet sheet = { 0 };
    bool fine = add_notes(&sheet, progress, settings) && add_blocks(&sheet, model->graph, blocks);
    striate_status status = fine ? model_write(model, path, sheet.entries, sheet.entry_count, sheet.notes, sheet.note_count)
                                 : status_fail(STRIATE_NO_MEMORY, "%s: no memory for the optimizer's state", path);
    arena_free(&sheet.arena);
    return status;
}

// ---- read ----

static striate_status read_progress(struct progress *progress, const struct safetensors *file)
{
    for (int i = 0; i < FIELDS; i++) {
        const char *s = safetensors_get(file, fields[i].note);
        void *field = (char *)progress + fields[i].offset;
        long long integer = 0;
        double real = 0;
        if (!s) FAIL(BAD_FILE, "%s: has no %s: it is a model, not a training to go on with", file->path, fields[i].note);
        if (fields[i].real ? !text_to_float(s, &real) : !text_to_int(s, 0, INT64_MAX, &integer))
            FAIL(BAD_FILE, "%s: %s is '%.40s', which is no number of its kind", file->path, fields[i].note, s);
        if (fields[i].real)
            *(double *)field = real;
        else
            *(int64_t *)field = integer;
    }
    return STRIATE_OK;
}

static striate_status check_settings(const struct safetensors *file, const struct settings *settings)
{
    for (int i = 0; settings_name(i); i++) {
        struct text note = { 0 }, value = { 0 };
        text_add(&note, "training.%s", settings_name(i));
        settings_add_value(&value, settings, i);
        const char *had = note.failed ? NULL : safetensors_get(file, note.s);
        striate_status status = STRIATE_OK;
        if (note.failed || value.failed)
            status = status_fail(STRIATE_NO_MEMORY, "%s: no memory to compare its settings", file->path);
        else if (!had || strcmp(had, value.s))
            status = status_fail(STRIATE_BAD_ARGUMENT,
                                 "%s: was trained with %s %.80s, not %.80s; resume with the same settings, or train anew in "
                                 "another folder",
                                 file->path, settings_name(i), had ? had : "unknown", value.s);
        text_free(&note);
        text_free(&value);
        TRY(status);
    }
    return STRIATE_OK;
}

// Every field within what this training can reach; the settings agree already.
static striate_status check_progress(const char *path, const struct progress *p, const struct settings *settings)
{
    int64_t batch = settings->training.batch_size * settings->training.accumulate, images = settings->images,
            steps = (images + batch - 1) / batch;
    bool whole = p->image % batch == 0 || p->image == images;
    if (p->epoch > settings->training.epochs || p->image > images || !whole || p->correct > p->image ||
        p->step != p->epoch * steps + (p->image + batch - 1) / batch || p->best_epoch > p->epoch || p->reductions > p->epoch ||
        p->waited > p->epoch || p->rollbacks > settings->training.rollbacks)
        FAIL(BAD_FILE, "%s: its progress does not fit together: epoch %" PRId64 ", step %" PRId64 ", image %" PRId64, path,
             p->epoch, p->step, p->image);
    return STRIATE_OK;
}

// Into memory of the arena: read[block] for values[block].
static striate_status read_block(float **read, const struct block *block, const striate_graph *graph,
                                 const struct safetensors *file, struct arena *arena)
{
    *read = arena_take(arena, (block->all ? graph->total : graph->trained) * sizeof **read);
    if (!*read) FAIL(NO_MEMORY, "%s: no memory for the optimizer's state", file->path);
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *param = &graph->params[i];
        if (!holds(block, param)) continue;
        const char *name = name_of(arena, block, param);
        const struct safetensors_entry *entry = name ? safetensors_find(file, name) : NULL;
        bool fits = entry && !strcmp(entry->dtype, "F32") && entry->rank == param->as.rank;
        for (int d = 0; fits && d < entry->rank; d++) fits = entry->dims[d] == param->as.dims[d];
        if (!fits) FAIL(BAD_FILE, "%s: has no %s of %s of its shape", file->path, block->name, param->name);
        float *values = malloc(entry->bytes ? entry->bytes : 1);
        if (!values) FAIL(NO_MEMORY, "%s: no memory for %zu bytes", file->path, entry->bytes);
        memcpy(values, entry->data, entry->bytes);
        param_from_file(*read + param->offset, values, param);
        free(values);
    }
    return STRIATE_OK;
}

static striate_status read_all(const struct safetensors *file, striate_model *model, const struct block *blocks,
                               struct progress *progress, const struct settings *settings, struct arena *arena)
{
    enum { MOST_BLOCKS = 8 };
    struct progress read;
    float *values[MOST_BLOCKS];
    TRY(read_progress(&read, file));
    TRY(model_check_same(model, file));
    TRY(check_settings(file, settings));
    TRY(check_progress(file->path, &read, settings));
    for (int i = 0; blocks[i].name; i++) TRY(read_block(&values[i], &blocks[i], model->graph, file, arena));
    TRY(weights_read(model->graph, file));
    for (int i = 0; blocks[i].name; i++)
        memcpy(blocks[i].values, values[i], (blocks[i].all ? model->graph->total : model->graph->trained) * sizeof **values);
    *progress = read;
    return STRIATE_OK;
}

striate_status checkpoint_read(const char *path, striate_model *model, const struct block *blocks, struct progress *progress,
                               const struct settings *settings)
{
    struct safetensors *file = NULL;
    struct arena arena = { 0 };
    TRY(safetensors_open(&file, path));
    striate_status status = read_all(file, model, blocks, progress, settings, &arena);
    arena_free(&arena);
    safetensors_free(file);
    return status;
}
