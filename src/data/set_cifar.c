// set_cifar.c - CIFAR-10 and CIFAR-100 in their binary versions (Krizhevsky 2009).
#include "data/cifar.h"

#include "base/status.h"
#include "data/source.h"

#include <stdlib.h>
#include <string.h>

#define CIFAR_BYTES ((size_t)1 << 29) // the largest batch file

static const char *const names_10[] = {
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"
};
static const char *const names_100[] = {
    "apple",       "aquarium_fish", "baby",         "bear",         "beaver",     "bed",        "bee",       "beetle",
    "bicycle",     "bottle",        "bowl",         "boy",          "bridge",     "bus",        "butterfly", "camel",
    "can",         "castle",        "caterpillar",  "cattle",       "chair",      "chimpanzee", "clock",     "cloud",
    "cockroach",   "couch",         "crab",         "crocodile",    "cup",        "dinosaur",   "dolphin",   "elephant",
    "flatfish",    "forest",        "fox",          "girl",         "hamster",    "house",      "kangaroo",  "keyboard",
    "lamp",        "lawn_mower",    "leopard",      "lion",         "lizard",     "lobster",    "man",       "maple_tree",
    "motorcycle",  "mountain",      "mouse",        "mushroom",     "oak_tree",   "orange",     "orchid",    "otter",
    "palm_tree",   "pear",          "pickup_truck", "pine_tree",    "plain",      "plate",      "poppy",     "porcupine",
    "possum",      "rabbit",        "raccoon",      "ray",          "road",       "rocket",     "rose",      "sea",
    "seal",        "shark",         "shrew",        "skunk",        "skyscraper", "snail",      "snake",     "spider",
    "squirrel",    "streetcar",     "sunflower",    "sweet_pepper", "table",      "tank",       "telephone", "television",
    "tiger",       "tractor",       "train",        "trout",        "tulip",      "turtle",     "wardrobe",  "whale",
    "willow_tree", "wolf",          "woman",        "worm",
};

const struct cifar cifar_10 = {
    .format = "cifar10",
    .classes = 10,
    .train = { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin" },
    .test = { "test_batch.bin" },
    .names_file = "batches.meta.txt",
    .names = names_10,
};
const struct cifar cifar_100 = {
    .format = "cifar100",
    .classes = 100,
    .coarse = 20,
    .train = { "train.bin" },
    .test = { "test.bin" },
    .names_file = "fine_label_names.txt",
    .names = names_100,
};

static size_t record_bytes(const struct cifar *cifar)
{
    return CIFAR_IMAGE + (cifar->coarse ? 2 : 1);
}

striate_status cifar_count(int *images, const struct cifar *cifar, size_t size, const char *name)
{
    size_t record = record_bytes(cifar);
    if (!size) FAIL(BAD_FILE, "%s: empty; get it again", name);
    if (size % record)
        FAIL(BAD_FILE,
             "%s: %zu bytes, which is no multiple of a record's %zu: truncated, too long or another file; get it again", name,
             size, record);
    *images = (int)(size / record);
    return STRIATE_OK;
}

striate_status cifar_unpack(uint8_t *pixels, int *labels, const struct cifar *cifar, const uint8_t *bytes, int images,
                            const char *name)
{
    size_t record = record_bytes(cifar);
    for (int i = 0; i < images; i++, bytes += record, pixels += CIFAR_IMAGE) {
        const uint8_t *label = bytes + (cifar->coarse ? 1 : 0), *planes = label + 1;
        if (*label >= cifar->classes)
            FAIL(BAD_FILE, "%s: byte %zu: label %d of image %d; the %d classes are 0 to %d", name,
                 (size_t)i * record + (size_t)(label - bytes), *label, i, cifar->classes, cifar->classes - 1);
        if (cifar->coarse && *bytes >= cifar->coarse)
            FAIL(BAD_FILE, "%s: byte %zu: coarse label %d of image %d; they are 0 to %d", name, (size_t)i * record, *bytes, i,
                 cifar->coarse - 1);
        labels[i] = *label;
        for (int p = 0; p < CIFAR_PLANE; p++)
            for (int c = 0; c < 3; c++) pixels[3 * p + c] = planes[c * CIFAR_PLANE + p];
    }
    return STRIATE_OK;
}

static bool has(const char *directory, const char *name)
{
    char *path = file_join(directory, name);
    bool there = path && file_exists(path);
    free(path);
    return there;
}

static bool has_any(const char *directory, const struct cifar *cifar)
{
    bool any = has(directory, cifar->test[0]);
    for (int i = 0; cifar->train[i]; i++) any = any || has(directory, cifar->train[i]);
    return any;
}

// One file of the split into its place; the first makes the set.
static striate_status add_file(struct packed **set, struct striate_data_info *info, const struct cifar *cifar,
                               const char *const *files, int file, const struct bytes *bytes, const char *path)
{
    int images = 0, count = 1;
    while (files[count]) count++;
    TRY(cifar_count(&images, cifar, bytes->size, path));
    if (!*set) {
        info->images = count * images;
        TRY(packed_new(set, *info));
        (*set)->per_origin = images;
        (*set)->pixels = (*set)->block = malloc((size_t)info->images * CIFAR_IMAGE);
        if (!(*set)->block) FAIL(NO_MEMORY, "%s: no memory for %d images", path, info->images);
    }
    if (images != (*set)->per_origin)
        FAIL(BAD_FILE, "%s: %d images, but %s has %d: one of them is not whole; get it again", path, images, files[0],
             (*set)->per_origin);
    (*set)->origin[file] = files[file];
    size_t first = (size_t)file * (size_t)images;
    return cifar_unpack((*set)->block + first * CIFAR_IMAGE, (*set)->data.labels + first, cifar, bytes->data, images, path);
}

static striate_status read_files(struct packed **set, const struct cifar *cifar, const char *directory, striate_split split)
{
    const char *const *files = split == STRIATE_SPLIT_TRAIN ? cifar->train : cifar->test;
    struct striate_data_info info = { .format = cifar->format,
                                      .classes = cifar->classes,
                                      .has_test = has(directory, cifar->test[0]),
                                      .height = CIFAR_SIDE,
                                      .width = CIFAR_SIDE,
                                      .channels = 3,
                                      .class_names = cifar->names };
    for (int i = 0; files[i]; i++) {
        struct bytes bytes;
        char *path = file_join(directory, files[i]);
        if (!path) FAIL(NO_MEMORY, "%s: no memory for a file name", directory);
        striate_status status = file_read(&bytes, path, CIFAR_BYTES);
        if (!status) {
            status = add_file(set, &info, cifar, files, i, &bytes, path);
            free(bytes.data);
        }
        free(path);
        TRY(status);
    }
    return STRIATE_OK;
}

static striate_status read_names(struct packed *set, const struct cifar *cifar, const char *directory)
{
    if (!has(directory, cifar->names_file)) return STRIATE_OK;
    struct arena *arena = &set->data.arena;
    char *path = file_join(directory, cifar->names_file);
    const char **names = arena_take(arena, (size_t)cifar->classes * sizeof *names);
    if (!path || !names) {
        free(path);
        FAIL(NO_MEMORY, "%s: no memory for class names", directory);
    }
    struct bytes bytes;
    int count = 0;
    striate_status status = file_read(&bytes, path, 1 << 16);
    if (!status) {
        char *text = arena_take(arena, bytes.size + 1), *next = text;
        if (text) memcpy(text, bytes.data, bytes.size);
        free(bytes.data);
        for (char *line; text && (line = strsep(&next, "\r\n"));)
            if (*line && count++ < cifar->classes) names[count - 1] = line;
        if (!text)
            status = status_fail(STRIATE_NO_MEMORY, "%s: no memory to read it", path);
        else if (count != cifar->classes)
            status =
                status_fail(STRIATE_BAD_FILE, "%s: %d class names, one per line, where there are %d classes; remove or mend it",
                            path, count, cifar->classes);
    }
    free(path);
    if (!status) set->data.info.class_names = names;
    return status;
}

static bool found(const char *directory)
{
    return has_any(directory, &cifar_10) || has_any(directory, &cifar_100);
}

static striate_status open_split(striate_data **data, const char *directory, striate_split split, striate_data_options options)
{
    (void)options;
    const struct cifar *cifar = has_any(directory, &cifar_10) ? &cifar_10 : &cifar_100;
    struct packed *set = NULL;
    striate_status status = read_files(&set, cifar, directory, split);
    if (!status) status = read_names(set, cifar, directory);
    if (!status)
        *data = &set->data;
    else if (set)
        striate_data_close(&set->data);
    return status;
}

const struct format format_cifar = { found, open_split };
