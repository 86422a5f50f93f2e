// listed.h - sets whose images are files, or parts of files, and are read when they are asked for: folders, CSV lists, tar shards.
#ifndef LISTED_H
#define LISTED_H

#include "data/source.h"

struct entry {
    const char *path;
    const char *member; // its name in the file `path`, of which it is `size` bytes from `offset` on; NULL: the whole file
    uint64_t offset, size;
    int label;
};
struct list {
    struct entry *entries;
    int count, room;
};

// Text in the entry is copied to the arena; `place` begins the sentence.
striate_status list_add(struct list *list, struct arena *arena, struct entry entry, const char *place);
void list_free(struct list *list);

// An empty set, whose arena is for what the list will hold.
striate_status listed_new(striate_data **data, const char *format);
// Gives it the images of the list, whose headers are looked at, and the classes.
striate_status listed_fill(striate_data *data, const struct list *list, const char *const *names, int classes,
                           striate_data_options options);

#endif
