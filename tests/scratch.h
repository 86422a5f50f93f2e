// scratch.h - what tests of files share: a folder that goes away with the test program, and failures looked at closely.
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "striate.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char scratch[] = "/tmp/striate-test-XXXXXX";

static inline int scratch_begin(void **state)
{
    (void)state;
    return mkdtemp(scratch) ? 0 : -1;
}

static inline int scratch_remove(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about, (void)kind, (void)place;
    return remove(path);
}

static inline int scratch_end(void **state)
{
    (void)state;
    return nftw(scratch, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

// scratch/name, with the folders on the way made; good for the next seven calls.
static inline const char *scratch_path(const char *name)
{
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    for (char *slash = path + sizeof scratch; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = 0;
        mkdir(path, 0777);
    }
    return path;
}

static inline const char *scratch_write(const char *name, const void *bytes, size_t size)
{
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

// A file of the corpus beside this header.
static inline const char *corpus_path(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%.*scorpus/%s", (int)(strrchr(__FILE__, '/') - __FILE__ + 1), __FILE__, name);
    return path;
}

// The status, and a sentence of one line that holds all the parts, which NULL ends.
static inline void expect_failure(striate_status got, striate_status want, ...)
{
    const char *sentence = striate_error(), *part;
    if (got != want) fail_msg("status %d, not %d: %s", (int)got, (int)want, sentence);
    va_list parts;
    va_start(parts, want);
    while ((part = va_arg(parts, const char *)))
        if (!strstr(sentence, part)) fail_msg("no \"%s\" in: %s", part, sentence);
    va_end(parts);
    if (strchr(sentence, '\n')) fail_msg("more than a line: %s", sentence);
}

static inline void expect_ok(striate_status got)
{
    if (got) fail_msg("status %d: %s", (int)got, striate_error());
}

// Opening the set in scratch/folder fails with a sentence that names it and holds both parts.
static inline void fails(const char *folder, striate_split split, striate_status want, const char *part, const char *part2)
{
    striate_data *data = NULL;
    striate_status status = striate_data_open(&data, scratch_path(folder), split);
    expect_failure(status, want, folder, part, part2, NULL);
    assert_null(data);
}

static inline striate_data *opens(const char *folder, striate_split split)
{
    striate_data *data = NULL;
    expect_ok(striate_data_open(&data, scratch_path(folder), split));
    return data;
}

#endif
