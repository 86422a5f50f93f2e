// safetensors.c - named tensors in one file. Reading trusts nothing: a header that does not describe every byte of the data exactly
// once is refused before a single value is looked at.
#include "formats/safetensors.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "base/value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors files are little-endian, and so must be the machine");

static const size_t header_cap = (size_t)16 << 20, file_cap = (size_t)3 << 30;
static const char metadata[] = "__metadata__";

static const struct dtype {
    const char *name;
    size_t bytes;
} dtypes[] = {
    { "BOOL", 1 }, { "U8", 1 },  { "I8", 1 },  { "I16", 2 }, { "U16", 2 }, { "F16", 2 }, { "BF16", 2 },
    { "I32", 4 },  { "U32", 4 }, { "F32", 4 }, { "F64", 8 }, { "I64", 8 }, { "U64", 8 },
};

static const struct dtype *dtype_find(const char *name)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(dtypes[i].name, name)) return &dtypes[i];
    return NULL;
}

struct reader {
    struct safetensors file;
    struct safetensors_entry **order; // of the entries: by offset while reading, then by name
    struct value *header;             // holds the names
    uint8_t *bytes;                   // of safetensors_open
    const uint8_t *data;
    size_t data_size;
    struct arena arena;
};

static striate_status read_note(void *context, const char *key, const struct value *value)
{
    struct safetensors *file = context;
    const char *s = value_string(value);
    if (!s) FAIL(BAD_FILE, "%s: %s: the value of '%.80s' is not a string", file->path, metadata, key);
    file->notes[file->note_count++] = (struct safetensors_note){ key, s };
    return STRIATE_OK;
}

static striate_status read_notes(struct reader *r, const struct value *notes)
{
    if (!value_is_object(notes)) FAIL(BAD_FILE, "%s: %s is not an object of strings", r->file.path, metadata);
    r->file.notes = arena_take(&r->arena, value_size(notes) * sizeof *r->file.notes);
    if (!r->file.notes) FAIL(NO_MEMORY, "%s: no memory for its metadata", r->file.path);
    return value_each(notes, read_note, &r->file);
}

// The key of a tensor's description that the format does not know.
static striate_status check_key(void *context, const char *key, const struct value *value)
{
    (void)value;
    if (strcmp(key, "dtype") && strcmp(key, "shape") && strcmp(key, "data_offsets"))
        FAIL(BAD_FILE, "%s: unknown key '%.80s'; a tensor has dtype, shape and data_offsets", (const char *)context, key);
    return STRIATE_OK;
}

static striate_status check_name(const char *path, const char *name)
{
    for (const char *s = name; *s; s++)
        if (iscntrl((unsigned char)*s)) FAIL(BAD_FILE, "%s: the name of a tensor holds the control character 0x%02x", path, *s);
    return STRIATE_OK;
}

// The bytes that a shape needs, into entry->bytes.
static striate_status read_shape(const char *where, struct safetensors_entry *entry, const struct value *shape, size_t unit)
{
    enum { RANK = sizeof entry->dims / sizeof *entry->dims };
    if (!value_is_array(shape)) FAIL(BAD_FILE, "%s: shape is not an array", where);
    if (value_size(shape) > RANK) FAIL(BAD_FILE, "%s: shape has %zu dimensions; at most %d", where, value_size(shape), RANK);
    entry->rank = (int)value_size(shape);
    entry->bytes = unit;
    for (int i = 0; i < entry->rank; i++) {
        if (!value_integer(value_at(shape, (size_t)i), &entry->dims[i]) || entry->dims[i] < 0)
            FAIL(BAD_FILE, "%s: dimension %d of its shape is not a whole number", where, i);
        if (__builtin_mul_overflow(entry->bytes, (size_t)entry->dims[i], &entry->bytes))
            FAIL(BAD_FILE, "%s: its shape overflows", where);
    }
    return STRIATE_OK;
}

static striate_status read_entry(void *context, const char *name, const struct value *value)
{
    struct reader *r = context;
    const char *path = r->file.path;
    if (!strcmp(name, metadata)) return read_notes(r, value);

    char where[400];
    TRY(check_name(path, name));
    snprintf(where, sizeof where, "%.256s: tensor '%.80s'", path, name);
    if (!value_is_object(value)) FAIL(BAD_FILE, "%s: is not an object with dtype, shape and data_offsets", where);
    TRY(value_each(value, check_key, where));

    const char *name_of_dtype = value_string(value_get(value, "dtype"));
    if (!name_of_dtype) FAIL(BAD_FILE, "%s: dtype is missing or not a string", where);
    const struct dtype *dtype = dtype_find(name_of_dtype);
    if (!dtype) FAIL(BAD_FILE, "%s: unknown dtype '%.20s'", where, name_of_dtype);
    struct safetensors_entry entry = { .name = name, .dtype = dtype->name };
    TRY(read_shape(where, &entry, value_get(value, "shape"), dtype->bytes));

    const struct value *offsets = value_get(value, "data_offsets");
    int64_t begin, end;
    if (!value_is_array(offsets) || value_size(offsets) != 2 || !value_integer(value_at(offsets, 0), &begin) ||
        !value_integer(value_at(offsets, 1), &end) || begin < 0 || end < begin)
        FAIL(BAD_FILE, "%s: data_offsets is not [begin, end]", where);
    if ((uint64_t)end > r->data_size)
        FAIL(BAD_FILE, "%s: ends at byte %lld of the data, which has %zu: the file is cut short or its header wrong", where,
             (long long)end, r->data_size);
    if ((uint64_t)(end - begin) != entry.bytes)
        FAIL(BAD_FILE, "%s: has %lld bytes of data where its shape and dtype need %zu", where, (long long)(end - begin),
             entry.bytes);
    entry.data = r->data + begin;
    r->file.entries[r->file.count++] = entry;
    return STRIATE_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct safetensors_entry *x = *(struct safetensors_entry *const *)a, *y = *(struct safetensors_entry *const *)b;
    const uint8_t *begin_x = x->data, *begin_y = y->data;
    if (begin_x != begin_y) return begin_x < begin_y ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static int by_name(const void *a, const void *b)
{
    const struct safetensors_entry *x = *(struct safetensors_entry *const *)a, *y = *(struct safetensors_entry *const *)b;
    return strcmp(x->name, y->name);
}

// Every byte of the data belongs to one tensor.
static striate_status check_cover(struct reader *r)
{
    const char *path = r->file.path;
    size_t count = (size_t)r->file.count;
    for (size_t i = 0; i < count; i++) r->order[i] = &r->file.entries[i];
    qsort(r->order, count, sizeof *r->order, by_place);
    size_t covered = 0;
    for (size_t i = 0; i < count; i++) {
        const struct safetensors_entry *entry = r->order[i];
        size_t begin = (size_t)((const uint8_t *)entry->data - r->data);
        if (begin < covered)
            FAIL(BAD_FILE, "%s: tensors '%.80s' and '%.80s' overlap at byte %zu of the data", path, r->order[i - 1]->name,
                 entry->name, begin);
        if (begin > covered)
            FAIL(BAD_FILE, "%s: a hole before tensor '%.80s': bytes %zu to %zu of the data belong to nothing", path,
                 entry->name, covered, begin);
        covered = begin + entry->bytes;
    }
    if (covered != r->data_size)
        FAIL(BAD_FILE, "%s: bytes %zu to %zu at the end of the data belong to no tensor", path, covered, r->data_size);
    return STRIATE_OK;
}

static striate_status read_all(struct reader *r, const uint8_t *bytes, size_t size)
{
    const char *path = r->file.path;
    uint64_t length = 0;
    if (size < sizeof length) FAIL(BAD_FILE, "%s: %zu bytes are too few for a safetensors file", path, size);
    memcpy(&length, bytes, sizeof length);
    if (length > header_cap)
        FAIL(BAD_FILE, "%s: not a safetensors file: it announces a header of %llu bytes; at most %zu", path,
             (unsigned long long)length, header_cap);
    if (length > size - sizeof length)
        FAIL(BAD_FILE, "%s: cut short: a header of %llu bytes, but only %zu are left", path, (unsigned long long)length,
             size - sizeof length);
    r->data = bytes + sizeof length + length;
    r->data_size = size - sizeof length - (size_t)length;

    const char *header = (const char *)bytes + sizeof length;
    if (!length || *header != '{') FAIL(BAD_FILE, "%s: not a safetensors file: its header does not begin with '{'", path);
    TRY(value_parse(&r->header, header, (size_t)length, path));
    size_t room = value_size(r->header);
    r->file.entries = arena_take(&r->arena, room * sizeof *r->file.entries);
    r->order = arena_take(&r->arena, room * sizeof(struct safetensors_entry *));
    if (!r->file.entries || !r->order) FAIL(NO_MEMORY, "%s: no memory for %zu tensors", path, room);
    TRY(value_each(r->header, read_entry, r));
    TRY(check_cover(r));
    qsort(r->order, (size_t)r->file.count, sizeof *r->order, by_name);
    return STRIATE_OK;
}

// Takes `owned` over, also on failure.
static striate_status reader_new(struct safetensors **file, const uint8_t *bytes, size_t size, const char *name, uint8_t *owned)
{
    struct reader *r = calloc(1, sizeof *r);
    if (!r) {
        free(owned);
        FAIL(NO_MEMORY, "%s: no memory to read it", name);
    }
    r->bytes = owned;
    r->file.path = arena_copy(&r->arena, name);
    striate_status status =
        r->file.path ? read_all(r, bytes, size) : status_fail(STRIATE_NO_MEMORY, "%s: no memory for its name", name);
    if (status)
        safetensors_free(&r->file);
    else
        *file = &r->file;
    return status;
}

striate_status safetensors_parse(struct safetensors **file, const uint8_t *bytes, size_t size, const char *name)
{
    return reader_new(file, bytes, size, name, NULL);
}

striate_status safetensors_open(struct safetensors **file, const char *path)
{
    struct bytes bytes;
    TRY(file_read(&bytes, path, file_cap));
    return reader_new(file, bytes.data, bytes.size, path, bytes.data);
}

void safetensors_free(struct safetensors *file)
{
    if (!file) return;
    struct reader *r = (struct reader *)file;
    value_free(r->header);
    arena_free(&r->arena);
    free(r->bytes);
    free(r);
}

const struct safetensors_entry *safetensors_find(const struct safetensors *file, const char *name)
{
    const struct reader *r = (const struct reader *)file;
    struct safetensors_entry wanted = { .name = name }, *key = &wanted;
    struct safetensors_entry **found = bsearch(&key, r->order, (size_t)file->count, sizeof *r->order, by_name);
    return found ? *found : NULL;
}

const char *safetensors_get(const struct safetensors *file, const char *key)
{
    for (int i = 0; i < file->note_count; i++)
        if (!strcmp(file->notes[i].key, key)) return file->notes[i].value;
    return NULL;
}

static void write_header(struct text *header, const struct safetensors_entry *entries, int count,
                         const struct safetensors_note *notes, int note_count)
{
    const char *comma = "";
    text_add(header, "{");
    if (note_count) {
        text_add(header, "\"%s\":", metadata);
        for (int i = 0; i < note_count; i++) {
            text_add(header, "%s", i ? "," : "{");
            text_add_json(header, notes[i].key);
            text_add(header, ":");
            text_add_json(header, notes[i].value);
        }
        text_add(header, "}");
        comma = ",";
    }
    size_t begin = 0;
    for (int i = 0; i < count; i++, comma = ",") {
        const struct safetensors_entry *entry = &entries[i];
        text_add(header, "%s", comma);
        text_add_json(header, entry->name);
        text_add(header, ":{\"dtype\":\"%s\",\"shape\":[", entry->dtype);
        for (int d = 0; d < entry->rank; d++) text_add(header, "%s%lld", d ? "," : "", (long long)entry->dims[d]);
        text_add(header, "],\"data_offsets\":[%zu,%zu]}", begin, begin + entry->bytes);
        begin += entry->bytes;
    }
    text_add(header, "}");
    while (header->length % 8 && !header->failed) text_add(header, " "); // the data begins at a multiple of 8
}

striate_status safetensors_write(const char *path, const struct safetensors_entry *entries, int count,
                                 const struct safetensors_note *notes, int note_count)
{
    struct text header = { 0 };
    write_header(&header, entries, count, notes, note_count);
    uint64_t length = header.length;
    struct span *spans = calloc((size_t)count + 2, sizeof *spans);
    striate_status status = STRIATE_OK;
    if (!spans || header.failed)
        status = status_fail(STRIATE_NO_MEMORY, "%s: no memory for the header of %d tensors", path, count);
    else if (length > header_cap)
        status =
            status_fail(STRIATE_BAD_ARGUMENT, "%s: %d tensors need a header of more than %zu bytes", path, count, header_cap);
    if (!status) {
        spans[0] = (struct span){ &length, sizeof length };
        spans[1] = (struct span){ header.s, header.length };
        for (int i = 0; i < count; i++) spans[i + 2] = (struct span){ entries[i].data, entries[i].bytes };
        status = file_write(path, spans, count + 2);
    }
    free(spans);
    text_free(&header);
    return status;
}
