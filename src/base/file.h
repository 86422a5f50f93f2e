// file.h - whole files in, whole files out.
#ifndef FILE_H
#define FILE_H

#include "striate.h"

#include <stdbool.h>

struct bytes {
    uint8_t *data;
    size_t size;
};

// Reads all of a file ("-": standard input) of at most `cap` bytes. free(bytes->data) releases it.
striate_status file_read(struct bytes *bytes, const char *path, size_t cap);

// Reads `size` bytes from `offset` on; `name` begins the sentence.
striate_status file_read_part(struct bytes *bytes, const char *path, uint64_t offset, size_t size, const char *name);

struct span {
    const void *data;
    size_t size;
};

// Writes the spans one after another as the file `path`, whole or not at all: a temporary file in the same folder, fsync, rename, fsync
// of the folder. What is no plain file (a device, a pipe) is written to as it is.
striate_status file_write(const char *path, const struct span *spans, int count);

// Adds a line's bytes to the end of a file.
striate_status file_append(const char *path, const char *s, size_t size);

striate_status file_make_folder(const char *path); // and those it lies in; fine if it is there
bool file_exists(const char *path);
bool file_is_folder(const char *path);

// "folder/name"; free() releases it, NULL when memory ran out.
char *file_join(const char *folder, const char *name);
// The part after the last '/'.
const char *file_base(const char *path);

#endif
