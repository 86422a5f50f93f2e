// gzip.h - gzip files to the bytes they hold.
#ifndef GZIP_H
#define GZIP_H

#include "base/file.h"

static inline bool gzip_is(const struct bytes *file)
{
    return file->size > 2 && file->data[0] == 0x1f && file->data[1] == 0x8b;
}

// All members of a gzip file, at most `cap` bytes of them; free(whole->data) releases them. `name` begins the sentence.
striate_status gzip_inflate(struct bytes *whole, const struct bytes *file, size_t cap, const char *name);

#endif
