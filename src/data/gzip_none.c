// gzip_none.c - in place of gzip.c where zlib is absent.
#include "data/gzip.h"

#include "base/status.h"

striate_status gzip_inflate(struct bytes *whole, const struct bytes *file, size_t cap, const char *name)
{
    (void)whole, (void)file, (void)cap;
    FAIL(UNSUPPORTED, "%s: packed with gzip, which this build cannot read; unpack it or build with zlib", name);
}
