// set_folder.c - a folder per class, holding PNG and JPEG files: directly, or under train/ and val/ (or test/). Only paths are kept; an
// image is read when it is asked for. Links are followed, folders inside class folders are not entered.
#include "base/status.h"
#include "data/listed.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool wants_folder(int directory, const char *name)
{
    struct stat about;
    return *name != '.' && fstatat(directory, name, &about, 0) == 0 && S_ISDIR(about.st_mode);
}

static bool wants_image(int directory, const char *name)
{
    static const char *const endings[] = { ".png", ".jpg", ".jpeg" };
    const char *dot = strrchr(name, '.');
    if (!dot || *name == '.') return false;
    bool image = false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) image = image || !strcasecmp(dot, endings[i]);
    struct stat about; // what cannot be looked at is kept, for opening it says why
    return image && (fstatat(directory, name, &about, 0) != 0 || S_ISREG(about.st_mode));
}

static bool holds(const char *path, bool (*wants)(int directory, const char *name))
{
    DIR *folder = opendir(path);
    bool any = false;
    if (!folder) return false;
    for (struct dirent *entry; !any && (entry = readdir(folder));) any = wants(dirfd(folder), entry->d_name);
    closedir(folder);
    return any;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static striate_status add_path(struct list *list, struct arena *arena, const char *folder, const char *name, int label)
{
    char *path = file_join(folder, name);
    if (!path) FAIL(NO_MEMORY, "%s: no memory for the names in it", folder);
    striate_status status = list_add(list, arena, (struct entry){ .path = path, .label = label }, folder);
    free(path);
    return status;
}

// Adds what is wanted of a folder.
static striate_status list_folder(struct list *list, struct arena *arena, const char *path,
                                  bool (*wants)(int directory, const char *name), int label)
{
    int before = list->count;
    DIR *folder = opendir(path);
    if (!folder) FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    striate_status status = STRIATE_OK;
    for (struct dirent *entry; !status && (entry = readdir(folder));)
        if (wants(dirfd(folder), entry->d_name)) status = add_path(list, arena, path, entry->d_name, label);
    closedir(folder);
    if (list->count > before) qsort(list->entries + before, (size_t)(list->count - before), sizeof *list->entries, by_path);
    return status;
}

static striate_status list_classes(struct list *classes, struct arena *arena, const char *path)
{
    TRY(list_folder(classes, arena, path, wants_folder, 0));
    if (!classes->count) FAIL(BAD_FILE, "%s: no class folders; put the images of each class into a folder of its own", path);
    if (classes->count == 1)
        FAIL(BAD_FILE, "%s: one class folder only, %s; there must be two at least", path, file_base(classes->entries->path));
    return STRIATE_OK;
}

static striate_status list_images(struct list *images, struct arena *arena, const struct list *folders,
                                  const struct list *classes)
{
    for (int i = 0; i < folders->count; i++) {
        const char *folder = folders->entries[i].path;
        int before = images->count, label = 0;
        while (label < classes->count && strcmp(file_base(classes->entries[label].path), file_base(folder))) label++;
        if (label == classes->count)
            FAIL(BAD_FILE, "%s: a class that the training split lacks; add it there or remove it", folder);
        TRY(list_folder(images, arena, folder, wants_image, label));
        if (images->count == before)
            FAIL(BAD_FILE, "%s: a class without PNG or JPEG files; add some or remove the folder", folder);
    }
    return STRIATE_OK;
}

// Where each split lies; NULL: nowhere. A folder called train that holds no folders is a class of that name.
struct layout {
    const char *train, *test;
};

static const char *subfolder(struct arena *arena, const char *directory, const char *name)
{
    char *path = file_join(directory, name);
    const char *there = path && holds(path, wants_folder) ? arena_copy(arena, path) : NULL;
    free(path);
    return there;
}

static struct layout layout_of(struct arena *arena, const char *directory)
{
    struct layout layout = { subfolder(arena, directory, "train"), subfolder(arena, directory, "val") };
    if (!layout.test) layout.test = subfolder(arena, directory, "test");
    if (!layout.train && !layout.test) layout.train = directory;
    return layout;
}

struct lists {
    struct list classes, folders, images; // folders: of the split's classes
};

static striate_status fill_unlabelled(striate_data *set, const char *directory, striate_data_options options,
                                      struct lists *lists)
{
    static const char *const names[] = { "images" };
    TRY(list_folder(&lists->images, &set->arena, directory, wants_image, 0));
    return listed_fill(set, &lists->images, names, 1, options);
}

static striate_status fill(striate_data *set, const char *directory, striate_split split, striate_data_options options,
                           struct lists *lists)
{
    struct arena *arena = &set->arena;
    struct list *classes = &lists->classes;
    if (options.unlabelled && !holds(directory, wants_folder)) return fill_unlabelled(set, directory, options, lists);
    struct layout layout = layout_of(arena, directory);
    const char *from = split == STRIATE_SPLIT_TEST && layout.test ? layout.test : layout.train;
    if (!from) FAIL(IO, "%s: no train folder beside %s; the training split needs it", directory, file_base(layout.test));
    TRY(list_classes(classes, arena, layout.train ? layout.train : from));
    TRY(list_folder(&lists->folders, arena, from, wants_folder, 0));
    TRY(list_images(&lists->images, arena, &lists->folders, classes));
    const char **names = arena_take(arena, (size_t)classes->count * sizeof *names);
    if (!names) FAIL(NO_MEMORY, "%s: no memory for the names of %d classes", directory, classes->count);
    for (int i = 0; i < classes->count; i++) names[i] = file_base(classes->entries[i].path);
    set->info.has_test = layout.train && layout.test;
    return listed_fill(set, &lists->images, names, classes->count, options);
}

static striate_status open_split(striate_data **data, const char *directory, striate_split split, striate_data_options options)
{
    striate_data *fresh;
    struct lists lists = { 0 };
    TRY(listed_new(&fresh, "folder"));
    striate_status status = fill(fresh, directory, split, options, &lists);
    list_free(&lists.classes);
    list_free(&lists.folders);
    list_free(&lists.images);
    if (status)
        striate_data_close(fresh);
    else
        *data = fresh;
    return status;
}

static bool found(const char *directory)
{
    return holds(directory, wants_folder) || holds(directory, wants_image);
}

const struct format format_folder = { found, open_split };
