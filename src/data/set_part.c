// set_part.c - some images of another set, in its order or in a fixed random one.
#include "data/source.h"

#include "base/random.h"
#include "base/status.h"

struct part {
    struct striate_data data;
    const striate_data *whole;
    const int *index; // [images] in the whole
};

static int index_of(const striate_data *data, int index)
{
    return ((const struct part *)data)->index[index];
}

static const striate_data *whole_of(const striate_data *data)
{
    return ((const struct part *)data)->whole;
}

static const uint8_t *pixels_of(const striate_data *data, int index)
{
    return whole_of(data)->source->pixels(whole_of(data), index_of(data, index));
}

static striate_status read_image(striate_image *image, const striate_data *data, int index, struct image_least least)
{
    return whole_of(data)->source->read(image, whole_of(data), index_of(data, index), least);
}

static void name_of(char name[SOURCE_NAME], const striate_data *data, int index)
{
    whole_of(data)->source->name(name, whole_of(data), index_of(data, index));
}

static striate_status read_file(struct bytes *bytes, const striate_data *data, int index)
{
    return whole_of(data)->source->file(bytes, whole_of(data), index_of(data, index));
}

// Of a whole whose images are stored as files, and of one where they are not.
static const struct source source = { pixels_of, read_image, name_of, NULL, NULL },
                           source_of_files = { pixels_of, read_image, name_of, read_file, NULL };

striate_status striate_data_part(striate_data **part, const striate_data *data, int first, int count, uint64_t shuffle_seed)
{
    int images = data->info.images;
    if (first < 0 || count < 1 || first >= images || count > images - first)
        FAIL(BAD_ARGUMENT, "a part of %d images from image %d on: the set has %d", count, first, images);
    struct striate_data_info info = data->info;
    info.images = count;
    striate_data *fresh;
    TRY(source_new(&fresh, sizeof(struct part), data->source->file ? &source_of_files : &source, info));
    struct part *set = (struct part *)fresh;
    int *order = arena_take(&fresh->arena, (size_t)images * sizeof *order);
    if (!order) {
        striate_data_close(fresh);
        FAIL(NO_MEMORY, "no memory for the order of %d images", images);
    }
    for (int i = 0; i < images; i++) order[i] = i;
    if (shuffle_seed) random_order((struct random_key){ .seed = shuffle_seed, .use = RANDOM_SPLIT }, order, images);
    fresh->keeps_bad = data->keeps_bad;
    set->whole = data;
    set->index = order + first;
    for (int i = 0; i < count; i++) fresh->labels[i] = data->labels[set->index[i]];
    *part = fresh;
    return STRIATE_OK;
}
