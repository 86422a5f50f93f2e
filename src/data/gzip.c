// gzip.c - inflate by zlib, into memory that grows to what really comes out.
#include "data/gzip.h"

#include "base/status.h"

#include <stdlib.h>
#include <zlib.h>

// The first guess at the size: what the last four bytes say, as far as deflate can reach it (1032 to 1).
static size_t guess(const struct bytes *file, size_t cap)
{
    const uint8_t *end = file->data + file->size;
    size_t size = file->size < 18 ? 0 : (size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
    if (size / 1032 > file->size) size = 0;
    return (size < cap ? size : cap) + 1; // one more byte: the end comes before the room is full
}

static striate_status inflate_all(struct bytes *whole, size_t room, z_stream *z, const struct bytes *file, size_t cap,
                                  const char *name)
{
    const size_t step = 1 << 30; // zlib counts in unsigned ints
    for (size_t read = 0;;) {
        size_t left = file->size - read, space = room - whole->size;
        uInt in = (uInt)(left < step ? left : step), out = (uInt)(space < step ? space : step);
        z->next_in = file->data + read;
        z->avail_in = in;
        z->next_out = whole->data + whole->size;
        z->avail_out = out;
        int result = inflate(z, Z_NO_FLUSH);
        read += in - z->avail_in;
        whole->size += out - z->avail_out;
        if (result == Z_MEM_ERROR) FAIL(NO_MEMORY, "%s: no memory to unpack it", name);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            FAIL(BAD_FILE, "%s: damaged: gzip at byte %zu: %s; get it again", name, read, z->msg ? z->msg : "wrong data");
        if (whole->size > cap) FAIL(BAD_FILE, "%s: unpacks to more than the %zu bytes such a file may have", name, cap);
        if (result == Z_STREAM_END) {
            if (read == file->size) return STRIATE_OK;
            inflateReset(z);
        } else if (whole->size < room && read == file->size)
            FAIL(BAD_FILE, "%s: truncated: its gzip stream breaks off; get it again", name);
        if (whole->size == room) {
            room = room < cap / 2 ? 2 * room : cap + 1;
            uint8_t *more = realloc(whole->data, room);
            if (!more) FAIL(NO_MEMORY, "%s: no memory for %zu bytes", name, room);
            whole->data = more;
        }
    }
}

striate_status gzip_inflate(struct bytes *whole, const struct bytes *file, size_t cap, const char *name)
{
    z_stream z = { 0 };
    size_t room = guess(file, cap);
    struct bytes made = { malloc(room), 0 };
    if (!made.data) FAIL(NO_MEMORY, "%s: no memory for %zu bytes", name, room);
    striate_status status;
    if (inflateInit2(&z, 16 + MAX_WBITS))
        status = status_fail(STRIATE_NO_MEMORY, "%s: no memory to unpack it", name);
    else
        status = inflate_all(&made, room, &z, file, cap, name);
    inflateEnd(&z);
    if (status)
        free(made.data);
    else
        *whole = made;
    return status;
}
