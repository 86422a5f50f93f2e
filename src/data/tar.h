// tar.h - the members of a tar file (POSIX ustar and pax, and GNU's long names), one after another, none of which may leave the folder.
#ifndef TAR_H
#define TAR_H

#include "base/file.h"

enum { TAR_NAME = 1024, TAR_BLOCK = 512 };

struct tar {
    const char *name;                                                // begins the sentences
    striate_status (*read)(struct tar *tar, void *to, size_t bytes); // that many from `at` on
    const void *from;                                                // for `read`
    uint64_t size, at;
};
// Over bytes in memory; over an open file.
struct tar tar_over(const struct bytes *bytes, const char *name);
striate_status tar_over_file(struct tar *tar, const int *file, const char *name);

struct tar_member {
    char name[TAR_NAME];
    uint64_t offset, size;
};
// The next plain file; *more is false past the last. Links, devices, absolute names, and names that climb are refused.
striate_status tar_next(struct tar_member *member, bool *more, struct tar *tar);

// The header of a member; after its bytes come tar_padding zeros, after the last member two blocks of zeros.
void tar_header(uint8_t header[TAR_BLOCK], const char *name, uint64_t size);
static inline size_t tar_padding(uint64_t size)
{
    return (size_t)(-size % TAR_BLOCK);
}

#endif
