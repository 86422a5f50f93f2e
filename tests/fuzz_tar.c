// fuzz_tar.c - tar files: whatever the bytes, every member that is told of lies inside them and inside the folder.
#include "data/tar.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct bytes whole = { (uint8_t *)bytes, size };
    struct tar tar = tar_over(&whole, "fuzz");
    struct tar_member member;
    bool more = true;
    while (more && !tar_next(&member, &more, &tar) && more)
        if (member.offset > size || member.size > size - member.offset || *member.name == '/' || strstr(member.name, "/../") ||
            strlen(member.name) >= TAR_NAME)
            abort();
    return 0;
}
