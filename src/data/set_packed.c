// set_packed.c - images of one size, one after another in memory: what IDX files, CIFAR batches and the caller's own memory become.
#include "data/source.h"

#include "base/status.h"
#include "data/image.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t image_bytes(const striate_data *data)
{
    return (size_t)data->info.height * (size_t)data->info.width * (size_t)data->info.channels;
}

static const uint8_t *pixels_of(const striate_data *data, int index)
{
    return ((const struct packed *)data)->pixels + (size_t)index * image_bytes(data);
}

static void name_of(char name[SOURCE_NAME], const striate_data *data, int index)
{
    const struct packed *set = (const struct packed *)data;
    snprintf(name, SOURCE_NAME, "%s[%d]", set->origin[index / set->per_origin], index % set->per_origin);
}

static striate_status read_image(striate_image *image, const striate_data *data, int index, struct image_least least)
{
    (void)least;
    striate_image copy;
    TRY(image_make(&copy, data->info.height, data->info.width, data->info.channels, data->info.channels, data->info.format));
    memcpy(copy.pixels, pixels_of(data, index), image_bytes(data));
    *image = copy;
    return STRIATE_OK;
}

static void release(striate_data *data)
{
    free(((struct packed *)data)->block);
}

static const struct source source = { pixels_of, read_image, name_of, NULL, release };

striate_status packed_new(struct packed **set, struct striate_data_info info)
{
    info.min_height = info.max_height = info.height;
    info.min_width = info.max_width = info.width;
    striate_data *data;
    TRY(source_new(&data, sizeof **set, &source, info));
    *set = (struct packed *)data;
    return STRIATE_OK;
}

static striate_status copy_memory(struct packed *set, const uint8_t *pixels, const int *labels, const char *const *names)
{
    striate_data *data = &set->data;
    size_t bytes = (size_t)data->info.images * image_bytes(data);
    const char **copies = arena_take(&data->arena, (size_t)data->info.classes * sizeof *copies);
    set->block = malloc(bytes);
    if (!set->block || !copies) FAIL(NO_MEMORY, "no memory for a copy of %zu bytes of images", bytes);
    memcpy(set->block, pixels, bytes);
    set->pixels = set->block;
    set->origin[0] = "memory";
    set->per_origin = data->info.images;
    for (int i = 0; i < data->info.classes; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        copies[i] = arena_copy(&data->arena, names ? names[i] : number);
        if (!copies[i]) FAIL(NO_MEMORY, "no memory for %d class names", data->info.classes);
    }
    data->info.class_names = copies;
    for (int i = 0; i < data->info.images; i++) {
        if (labels[i] < 0 || labels[i] >= data->info.classes)
            FAIL(BAD_ARGUMENT, "label %d of image %d: the %d classes are 0 to %d", labels[i], i, data->info.classes,
                 data->info.classes - 1);
        data->labels[i] = labels[i];
    }
    return STRIATE_OK;
}

striate_status striate_data_from_memory(striate_data **data, const uint8_t *pixels, const int *labels, int count, int height,
                                        int width, int channels, int classes, const char *const *names)
{
    if (!pixels || !labels || count < 1 || classes < 1 || (channels != 1 && channels != 3))
        FAIL(BAD_ARGUMENT, "a data set of %d images, %d channels and %d classes: needs images, 1 or 3 channels, and classes",
             count, channels, classes);
    TRY(image_check(height, width, "memory"));
    struct packed *set;
    TRY(packed_new(
        &set,
        (struct striate_data_info){
            .format = "memory", .images = count, .classes = classes, .height = height, .width = width, .channels = channels }));
    striate_status status = copy_memory(set, pixels, labels, names);
    if (status)
        striate_data_close(&set->data);
    else
        *data = &set->data;
    return status;
}
