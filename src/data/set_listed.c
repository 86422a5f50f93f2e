// set_listed.c - a list of image files: measured when the set is made, read when they are asked for.
#include "data/listed.h"

#include "base/status.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct listed {
    struct striate_data data;
    struct entry *entries; // [images]
};

striate_status list_add(struct list *list, struct arena *arena, struct entry entry, const char *place)
{
    if (list->count == list->room) {
        int room = list->room ? 2 * list->room : 64;
        struct entry *entries = room > INT_MAX / 2 ? NULL : realloc(list->entries, (size_t)room * sizeof *entries);
        if (!entries) FAIL(NO_MEMORY, "%s: no memory for more than %d names", place, list->count);
        list->entries = entries;
        list->room = room;
    }
    if (entry.member)
        entry.member = arena_copy(arena, entry.member);
    else
        entry.path = arena_copy(arena, entry.path);
    if (!entry.path || (entry.size && !entry.member)) FAIL(NO_MEMORY, "%s: no memory for the names in it", place);
    list->entries[list->count++] = entry;
    return STRIATE_OK;
}

void list_free(struct list *list)
{
    free(list->entries);
    *list = (struct list){ 0 };
}

static void write_name(char name[SOURCE_NAME], const struct entry *entry)
{
    if (entry->member)
        snprintf(name, SOURCE_NAME, "%s[%s]", entry->path, entry->member);
    else
        snprintf(name, SOURCE_NAME, "%s", entry->path);
}

static striate_status read_entry(struct bytes *bytes, const struct entry *entry, const char *name)
{
    if (!entry->member) return file_read(bytes, entry->path, IMAGE_FILE_BYTES);
    return file_read_part(bytes, entry->path, entry->offset, (size_t)entry->size, name);
}

static striate_status measure_entry(striate_image *image, const struct entry *entry)
{
    if (!entry->member) return image_measure_file(image, entry->path);
    char name[SOURCE_NAME];
    struct bytes bytes;
    write_name(name, entry);
    TRY(read_entry(&bytes, entry, name));
    striate_status status = image_measure(image, bytes.data, bytes.size, name);
    free(bytes.data);
    return status;
}

// The headers of all images: a file that is no image is found here, not after hours of training.
static striate_status measure(struct striate_data_info *info, const struct list *images, bool keep_bad)
{
    int good = 0;
    info->min_height = info->min_width = INT_MAX;
    info->max_height = info->max_width = info->channels = 0;
    for (int i = 0; i < images->count; i++) {
        striate_image image;
        striate_status status = measure_entry(&image, &images->entries[i]);
        if (status && keep_bad && (i + 1 < images->count || good)) continue;
        TRY(status);
        good++;
        if (image.height < info->min_height) info->min_height = image.height;
        if (image.height > info->max_height) info->max_height = image.height;
        if (image.width < info->min_width) info->min_width = image.width;
        if (image.width > info->max_width) info->max_width = image.width;
        if (image.channels > info->channels) info->channels = image.channels;
    }
    if (info->min_height == info->max_height && info->min_width == info->max_width) {
        info->height = info->min_height;
        info->width = info->min_width;
    }
    return STRIATE_OK;
}

static const uint8_t *pixels_of(const striate_data *data, int index)
{
    (void)data, (void)index;
    return NULL;
}

static const struct entry *entry_of(const striate_data *data, int index)
{
    return &((const struct listed *)data)->entries[index];
}

static void name_of(char name[SOURCE_NAME], const striate_data *data, int index)
{
    write_name(name, entry_of(data, index));
}

static striate_status read_file(struct bytes *bytes, const striate_data *data, int index)
{
    char name[SOURCE_NAME];
    name_of(name, data, index);
    return read_entry(bytes, entry_of(data, index), name);
}

static striate_status read_image(striate_image *image, const striate_data *data, int index, struct image_least least)
{
    char name[SOURCE_NAME];
    struct bytes bytes;
    name_of(name, data, index);
    TRY(read_entry(&bytes, entry_of(data, index), name));
    striate_status status = image_decode(image, bytes.data, bytes.size, least, name);
    free(bytes.data);
    return status;
}

static const struct source source = { pixels_of, read_image, name_of, read_file, NULL };

striate_status listed_new(striate_data **data, const char *format)
{
    return source_new(data, sizeof(struct listed), &source, (struct striate_data_info){ .format = format });
}

striate_status listed_fill(striate_data *data, const struct list *list, const char *const *names, int classes,
                           striate_data_options options)
{
    struct listed *set = (struct listed *)data;
    struct striate_data_info *info = &data->info;
    TRY(measure(info, list, options.keep_bad));
    const char **copies = arena_take(&data->arena, (size_t)classes * sizeof *copies);
    set->entries = arena_take(&data->arena, (size_t)list->count * sizeof *set->entries);
    data->labels = arena_take(&data->arena, (size_t)list->count * sizeof *data->labels);
    if (!copies || !set->entries || !data->labels) FAIL(NO_MEMORY, "no memory for a set of %d images", list->count);
    for (int i = 0; i < classes; i++) copies[i] = names[i];
    for (int i = 0; i < list->count; i++) {
        set->entries[i] = list->entries[i];
        data->labels[i] = list->entries[i].label;
    }
    info->images = list->count;
    info->classes = classes;
    info->class_names = copies;
    return STRIATE_OK;
}
