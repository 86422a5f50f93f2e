// set_shards.c - WebDataset: tar files whose members belong together by the name up to its first dot, KEY.jpg or KEY.png beside KEY.cls, a
// class as a number. They are read where they lie. classes.txt beside them names the classes, a line each.
#include "base/status.h"
#include "base/text.h"
#include "data/listed.h"
#include "data/tar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { CLASSES = 1000000, NAMES_BYTES = 1 << 24 };

struct reading {
    const char *path; // of the shard
    int file;
    int classes; // as many as labels ask for
};

static bool is_tar(const char *name)
{
    const char *ending = strrchr(name, '.');
    return ending && *name != '.' && !strcmp(ending, ".tar");
}

static bool found(const char *path)
{
    DIR *folder = opendir(path);
    bool any = !folder && is_tar(file_base(path)) && file_exists(path);
    for (struct dirent *entry; folder && !any && (entry = readdir(folder));) any = is_tar(entry->d_name);
    if (folder) closedir(folder);
    return any;
}

// What stands behind the first dot of the member's own name; "": no dot.
static const char *ending_of(const char *name)
{
    const char *dot = strchr(file_base(name), '.');
    return dot ? dot + 1 : "";
}

static bool same_key(const char *a, const char *b)
{
    size_t key = (size_t)(ending_of(a) - a);
    return *ending_of(a) && *ending_of(b) && key == (size_t)(ending_of(b) - b) && !memcmp(a, b, key);
}

static striate_status read_class(struct reading *r, int *label, const struct tar_member *member)
{
    char name[SOURCE_NAME], text[16];
    struct bytes bytes;
    long long number;
    snprintf(name, sizeof name, "%s[%s]", r->path, member->name);
    if (member->size >= sizeof text)
        FAIL(BAD_FILE, "%s: %llu bytes; it holds a class as a number", name, (unsigned long long)member->size);
    TRY(file_read_part(&bytes, r->path, member->offset, (size_t)member->size, name));
    snprintf(text, sizeof text, "%.*s", (int)bytes.size, (const char *)bytes.data);
    free(bytes.data);
    text[strcspn(text, "\r\n")] = 0;
    if (!text_to_int(text, 0, CLASSES - 1, &number))
        FAIL(BAD_FILE, "%s: '%s' is no class; it holds a number from 0 to %d", name, text, CLASSES - 1);
    *label = (int)number;
    if (*label >= r->classes) r->classes = *label + 1;
    return STRIATE_OK;
}

// A sample that has come to its end: an image and a class, or nothing we know of.
static striate_status end_sample(struct list *list, struct arena *arena, const struct reading *r,
                                 const struct tar_member *image, int label)
{
    if (!image->size && label < 0) return STRIATE_OK;
    if (!image->size) FAIL(BAD_FILE, "%s: '%s' is the class of no image", r->path, image->name);
    if (label < 0) FAIL(BAD_FILE, "%s: no class, a member ending in .cls, beside '%s'", r->path, image->name);
    if (image->size > IMAGE_FILE_BYTES)
        FAIL(BAD_FILE, "%s: '%s' has %llu bytes; no image is that large", r->path, image->name,
             (unsigned long long)image->size);
    return list_add(list, arena, (struct entry){ r->path, image->name, image->offset, image->size, label }, r->path);
}

static striate_status read_shard(struct list *list, struct arena *arena, struct reading *r)
{
    struct tar tar;
    struct tar_member member = { "" }, image = { "" };
    int label = -1;
    bool more = true;
    TRY(tar_over_file(&tar, &r->file, r->path));
    for (;;) {
        TRY(tar_next(&member, &more, &tar));
        if (!more || !same_key(member.name, image.name)) {
            TRY(end_sample(list, arena, r, &image, label));
            image = (struct tar_member){ "" };
            label = -1;
        }
        if (!more) return STRIATE_OK;
        const char *ending = ending_of(member.name);
        bool is_image = !strcasecmp(ending, "jpg") || !strcasecmp(ending, "jpeg") || !strcasecmp(ending, "png");
        if (is_image && image.size)
            FAIL(BAD_FILE, "%s: two images of one sample, '%s' and '%s'", r->path, image.name, member.name);
        if (is_image && !member.size) FAIL(BAD_FILE, "%s: '%s' is empty; an image was expected", r->path, member.name);
        if (is_image)
            image = member;
        else if (!image.size)
            memcpy(image.name, member.name, sizeof image.name);
        if (!strcmp(ending, "cls")) TRY(read_class(r, &label, &member));
    }
}

// Shards are of the test split where their names begin with val or test, and another begins with train.
static bool is_test(const char *name)
{
    return !strncmp(name, "val", 3) || !strncmp(name, "test", 4);
}

struct shards {
    char **names;
    int count;
    const char *directory;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static striate_status list_shards(struct shards *s)
{
    DIR *folder = opendir(s->directory);
    if (!folder) FAIL(IO, "%s: cannot open: %s", s->directory, strerror(errno));
    bool fine = true;
    for (struct dirent *entry; fine && (entry = readdir(folder));) {
        if (!is_tar(entry->d_name)) continue;
        char **names = realloc(s->names, (size_t)(s->count + 1) * sizeof *names);
        if (names) s->names = names;
        fine = names && (names[s->count] = strdup(entry->d_name));
        s->count += fine;
    }
    closedir(folder);
    if (!fine) FAIL(NO_MEMORY, "%s: no memory for the names in it", s->directory);
    qsort(s->names, (size_t)s->count, sizeof *s->names, by_name);
    return STRIATE_OK;
}

// The classes by the lines of classes.txt, or, where there is none, by their numbers.
static striate_status read_names(struct list *names, struct arena *arena, const char *folder, int classes)
{
    char *path = file_join(folder, "classes.txt"), name[256];
    struct bytes file = { 0 };
    bool there = path && file_exists(path);
    striate_status status = !path   ? status_fail(STRIATE_NO_MEMORY, "%s: no memory", folder)
                            : there ? file_read(&file, path, NAMES_BYTES)
                                    : STRIATE_OK;
    for (size_t at = 0; !status && at < file.size;) {
        const char *line = (const char *)file.data + at, *end = memchr(line, '\n', file.size - at);
        size_t length = end ? (size_t)(end - line) : file.size - at;
        snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name), line);
        status = list_add(names, arena, (struct entry){ .path = name }, path);
        at += length + 1;
    }
    if (!status && there && names->count < classes)
        status = status_fail(STRIATE_BAD_FILE, "%s: names %d classes, but the shards have class %d; a line names each", path,
                             names->count, classes - 1);
    while (!status && names->count < classes) {
        snprintf(name, sizeof name, "%d", names->count);
        status = list_add(names, arena, (struct entry){ .path = name }, folder);
    }
    free(file.data);
    free(path);
    return status;
}

static striate_status read_all(struct list images[2], int *classes, struct arena *arena, const struct shards *s, bool apart)
{
    struct reading r = { .file = -1 };
    for (int i = 0; i < s->count; i++) {
        char *path = file_join(s->directory, s->names[i]);
        r.path = path ? arena_copy(arena, path) : NULL;
        free(path);
        if (!r.path) FAIL(NO_MEMORY, "%s: no memory for the names in it", s->directory);
        r.file = open(r.path, O_RDONLY | O_CLOEXEC);
        if (r.file < 0) FAIL(IO, "%s: cannot open: %s", r.path, strerror(errno));
        striate_status status = read_shard(&images[apart && is_test(s->names[i])], arena, &r);
        close(r.file);
        TRY(status);
    }
    *classes = r.classes;
    return STRIATE_OK;
}

static striate_status fill(striate_data *set, struct shards *s, striate_split split, striate_data_options options,
                           struct list images[2], struct list *names)
{
    bool train = false, test = false;
    int classes;
    for (int i = 0; i < s->count; i++) {
        train |= !strncmp(s->names[i], "train", 5);
        test |= is_test(s->names[i]);
    }
    TRY(read_all(images, &classes, &set->arena, s, train && test));
    struct list *list = &images[train && test && split == STRIATE_SPLIT_TEST];
    if (!list->count) FAIL(BAD_FILE, "%s: no image in the shards; a sample is KEY.jpg or KEY.png beside KEY.cls", s->directory);
    TRY(read_names(names, &set->arena, s->directory, classes));
    if (names->count < 2) FAIL(BAD_FILE, "%s: one class only; there must be two at least", s->directory);
    const char **all = arena_take(&set->arena, (size_t)names->count * sizeof *all);
    if (!all) FAIL(NO_MEMORY, "%s: no memory for the names of %d classes", s->directory, names->count);
    for (int i = 0; i < names->count; i++) all[i] = names->entries[i].path;
    set->info.has_test = train && test;
    return listed_fill(set, list, all, names->count, options);
}

static striate_status open_split(striate_data **data, const char *path, striate_split split, striate_data_options options)
{
    bool folder = file_is_folder(path);
    char *directory = folder ? strdup(path) : strndup(path, (size_t)(file_base(path) - path));
    char *alone[] = { (char *)file_base(path) };
    struct shards s = { folder ? NULL : alone, folder ? 0 : 1, directory && *directory ? directory : "." };
    struct list images[2] = { 0 }, names = { 0 };
    striate_data *fresh = NULL;
    striate_status status = directory ? STRIATE_OK : status_fail(STRIATE_NO_MEMORY, "%s: no memory", path);
    if (!status && folder) status = list_shards(&s);
    if (!status) status = listed_new(&fresh, "shards");
    if (!status) status = fill(fresh, &s, split, options, images, &names);
    for (int i = 0; folder && i < s.count; i++) free(s.names[i]);
    if (folder) free(s.names);
    list_free(&images[0]);
    list_free(&images[1]);
    list_free(&names);
    free(directory);
    if (status)
        striate_data_close(fresh);
    else
        *data = fresh;
    return status;
}

const struct format format_shards = { found, open_split };
