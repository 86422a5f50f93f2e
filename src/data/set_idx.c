// set_idx.c - MNIST and the sets that share its four file names: IDX, raw or gzipped.
#include "data/idx.h"

#include "base/status.h"
#include "data/gzip.h"
#include "data/image.h"
#include "data/source.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDX_BYTES ((size_t)1 << 31) // the largest file, unpacked

enum { CLASSES = 10 };
static const char *const digits[CLASSES] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };
static const char *const clothes[CLASSES] = { "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                              "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot" };

enum { IMAGES, LABELS };
static const struct {
    int rank;
    const char *endings[4];
} kinds[] = {
    [IMAGES] = { 3, { "-images-idx3-ubyte", "-images-idx3-ubyte.gz", "-images.idx3-ubyte", "-images.idx3-ubyte.gz" } },
    [LABELS] = { 1, { "-labels-idx1-ubyte", "-labels-idx1-ubyte.gz", "-labels.idx1-ubyte", "-labels.idx1-ubyte.gz" } },
};
static const char *const splits[] = { [STRIATE_SPLIT_TRAIN] = "train", [STRIATE_SPLIT_TEST] = "t10k" };

striate_status idx_parse(struct idx *idx, int rank, const uint8_t *bytes, size_t size, const char *name)
{
    struct idx found = { { 1, 1, 1 }, NULL };
    size_t header = 4 + 4 * (size_t)rank, need = 1;
    if (!size) FAIL(BAD_FILE, "%s: empty; get it again", name);
    if (size < header)
        FAIL(BAD_FILE, "%s: truncated: %zu bytes, where the header alone has %zu; get it again", name, size, header);
    if (bytes[0] || bytes[1] || bytes[2] != 8 || bytes[3] != rank)
        FAIL(BAD_FILE,
             "%s: begins with %02x %02x %02x %02x, where an IDX file of %s begins with 00 00 08 %02x; is it another file?",
             name, bytes[0], bytes[1], bytes[2], bytes[3], rank == 3 ? "images" : "labels", (unsigned)rank);
    for (int i = 0; i < rank; i++) {
        const uint8_t *b = bytes + 4 + 4 * i;
        uint32_t dim = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        if (!dim || dim > INT_MAX || dim > IDX_BYTES / need)
            FAIL(BAD_FILE, "%s: byte %d: dimension %d is %lu, which makes no data set; get it again", name, 4 + 4 * i, i + 1,
                 (unsigned long)dim);
        need *= dim;
        found.dims[i] = (int)dim;
    }
    if (size - header < need)
        FAIL(BAD_FILE, "%s: truncated: its header announces %zu bytes of values, %zu follow; get it again", name, need,
             size - header);
    if (size - header > need)
        FAIL(BAD_FILE, "%s: too long: %zu bytes after the %zu values its header announces; get it again", name,
             size - header - need, need);
    found.values = bytes + header;
    *idx = found;
    return STRIATE_OK;
}

struct part {
    char *path;
    struct bytes file;
    struct idx idx;
};

// The path of a file of the set, whichever of its names it has; NULL: none is there (or no memory for it).
static char *find_file(const char *directory, striate_split split, int kind)
{
    for (size_t i = 0; i < sizeof kinds[kind].endings / sizeof *kinds[kind].endings; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", splits[split], kinds[kind].endings[i]);
        char *path = file_join(directory, name);
        if (path && file_exists(path)) return path;
        free(path);
    }
    return NULL;
}

static striate_status read_part(struct part *part, const char *directory, striate_split split, int kind)
{
    part->path = find_file(directory, split, kind);
    if (!part->path)
        FAIL(IO, "%s: %s%s is not there, nor its .gz; the %s split needs it", directory, splits[split], kinds[kind].endings[0],
             split == STRIATE_SPLIT_TRAIN ? "training" : "test");
    TRY(file_read(&part->file, part->path, IDX_BYTES));
    if (gzip_is(&part->file)) {
        struct bytes whole;
        TRY(gzip_inflate(&whole, &part->file, IDX_BYTES, part->path));
        free(part->file.data);
        part->file = whole;
    }
    return idx_parse(&part->idx, kinds[kind].rank, part->file.data, part->file.size, part->path);
}

static void part_free(struct part *part)
{
    free(part->path);
    free(part->file.data);
}

// Fashion-MNIST has MNIST's file names: its folder, or the one above, is known by its name.
static bool is_fashion(const char *directory)
{
    char *whole = realpath(directory, NULL), *slash;
    bool yes = false;
    for (int part = 0; part < 2 && whole && (slash = strrchr(whole, '/')); part++) {
        yes = yes || strcasestr(slash, "fashion");
        *slash = 0;
    }
    free(whole);
    return yes;
}

static bool has_split(const char *directory, striate_split split)
{
    bool has = false;
    for (int kind = IMAGES; kind <= LABELS; kind++) {
        char *path = find_file(directory, split, kind);
        has = has || path;
        free(path);
    }
    return has;
}

static striate_status join(striate_data **data, const char *directory, struct part *images, struct part *labels)
{
    const int *dims = images->idx.dims;
    TRY(image_check(dims[1], dims[2], images->path));
    if (labels->idx.dims[0] != dims[0])
        FAIL(BAD_FILE, "%s: %d labels, but %s has %d images; they are not of one set", labels->path, labels->idx.dims[0],
             images->path, dims[0]);
    for (int i = 0; i < dims[0]; i++)
        if (labels->idx.values[i] >= CLASSES)
            FAIL(BAD_FILE, "%s: byte %ld: label %d of image %d; the %d classes are 0 to %d", labels->path, 8L + i,
                 labels->idx.values[i], i, CLASSES, CLASSES - 1);
    struct packed *set;
    TRY(packed_new(&set, (struct striate_data_info){ .format = "idx",
                                                     .images = dims[0],
                                                     .classes = CLASSES,
                                                     .has_test = has_split(directory, STRIATE_SPLIT_TEST),
                                                     .height = dims[1],
                                                     .width = dims[2],
                                                     .channels = 1,
                                                     .class_names = is_fashion(directory) ? clothes : digits }));
    set->origin[0] = arena_copy(&set->data.arena, file_base(images->path));
    if (!set->origin[0]) {
        striate_data_close(&set->data);
        FAIL(NO_MEMORY, "%s: no memory for its name", images->path);
    }
    for (int i = 0; i < dims[0]; i++) set->data.labels[i] = labels->idx.values[i];
    set->per_origin = dims[0];
    set->block = images->file.data;
    set->pixels = images->idx.values;
    images->file.data = NULL;
    *data = &set->data;
    return STRIATE_OK;
}

static bool found(const char *directory)
{
    return has_split(directory, STRIATE_SPLIT_TRAIN) || has_split(directory, STRIATE_SPLIT_TEST);
}

static striate_status open_split(striate_data **data, const char *directory, striate_split split, striate_data_options options)
{
    (void)options;
    struct part images = { 0 }, labels = { 0 };
    striate_status status = read_part(&images, directory, split, IMAGES);
    if (!status) status = read_part(&labels, directory, split, LABELS);
    if (!status) status = join(data, directory, &images, &labels);
    part_free(&images);
    part_free(&labels);
    return status;
}

const struct format format_idx = { found, open_split };
