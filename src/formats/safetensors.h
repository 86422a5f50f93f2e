// safetensors.h - named tensors in one file: 8 bytes of header length, a JSON header, the data. Everything a file says is checked: every
// dtype, shape and offset; no holes, no overlaps, no duplicate names.
#ifndef SAFETENSORS_H
#define SAFETENSORS_H

#include "striate.h"

struct safetensors_entry {
    const char *name;
    const char *dtype; // "F32", "I64", ...
    int rank;
    int64_t dims[8];
    const void *data; // not aligned
    size_t bytes;
};

struct safetensors_note { // a pair of __metadata__
    const char *key, *value;
};

struct safetensors {
    const char *path;
    struct safetensors_entry *entries; // in file order
    int count;
    struct safetensors_note *notes;
    int note_count;
};

// Reads a file; safetensors_free releases everything that it points to.
striate_status safetensors_open(struct safetensors **file, const char *path);
// The same over bytes that outlive the result; `name` begins the sentences.
striate_status safetensors_parse(struct safetensors **file, const uint8_t *bytes, size_t size, const char *name);
void safetensors_free(struct safetensors *file);

const struct safetensors_entry *safetensors_find(const struct safetensors *file, const char *name);
const char *safetensors_get(const struct safetensors *file, const char *key); // a note's value or NULL

// Writes a file, whole or not at all. The same arguments give the same bytes. Names and notes are UTF-8.
striate_status safetensors_write(const char *path, const struct safetensors_entry *entries, int count,
                                 const struct safetensors_note *notes, int note_count);

#endif
