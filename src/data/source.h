// source.h - a data set from inside: labels, and images by number. Each set_*.c makes one kind of it.
#ifndef SOURCE_H
#define SOURCE_H

#include "base/arena.h"
#include "base/file.h"
#include "data/image.h"

enum { SOURCE_NAME = 4096 + 64, SOURCE_SENTENCE = 1024 };

struct source {
    // The pixels of an image where they lie in memory, [height][width][channels] as the set's info says, or NULL.
    const uint8_t *(*pixels)(const striate_data *data, int index);
    // Reads an image; several threads may at once.
    striate_status (*read)(striate_image *image, const striate_data *data, int index, struct image_least least);
    void (*name)(char name[SOURCE_NAME], const striate_data *data, int index);
    striate_status (*file)(struct bytes *bytes, const striate_data *data, int index); // as it is stored; NULL: not as a file
    void (*release)(striate_data *data); // what lies outside the arena; NULL: nothing
};

// The head of every set's own struct.
struct striate_data {
    const struct source *source;
    struct striate_data_info info;
    int *labels;        // [info.images]
    const char **names; // [info.images], each made when first asked for
    bool keeps_bad;     // images that cannot be read are in it
    struct arena arena; // everything that lives as long as the set
};

// A set's struct of `size` bytes, zeroed but for its head; the labels are to be filled.
striate_status source_new(striate_data **data, size_t size, const struct source *source, struct striate_data_info info);

// A kind of data set that may stand in a directory. found: it looks like one; open then says what is wrong with it.
struct format {
    bool (*found)(const char *directory);
    striate_status (*open)(striate_data **data, const char *directory, striate_split split, striate_data_options options);
};
extern const struct format format_idx, format_cifar, format_folder, format_csv, format_shards;

// A set whose images have one size and lie in memory one after another.
enum { PACKED_FILES = 5 };
struct packed {
    struct striate_data data;
    uint8_t *block;                   // released with the set
    const uint8_t *pixels;            // in it
    const char *origin[PACKED_FILES]; // the files they came from, in the arena
    int per_origin;                   // images in each
};
striate_status packed_new(struct packed **set, struct striate_data_info info); // labels and all but `data` to be filled

// Many threads' failures, of which the one at the lowest place counts.
struct trouble {
    striate_status status;
    int64_t place;
    char sentence[SOURCE_SENTENCE];
};
void trouble_note(struct trouble *trouble, striate_status status, int64_t place); // one thread at a time
striate_status trouble_raise(const struct trouble *trouble);                      // says it again on this thread

#endif
