// tar.c - tar headers, trusting nothing in them.
#include "data/tar.h"

#include "base/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Of a header: where its fields lie.
enum { NAME = 0, NAME_SIZE = 100, MODE = 100, SIZE = 124, SUM = 148, KIND = 156, MAGIC = 257, PREFIX = 345, PREFIX_SIZE = 155 };

static striate_status read_memory(struct tar *tar, void *to, size_t bytes)
{
    memcpy(to, (const uint8_t *)tar->from + tar->at, bytes);
    return STRIATE_OK;
}

static striate_status read_file(struct tar *tar, void *to, size_t bytes)
{
    ssize_t got = pread(*(const int *)tar->from, to, bytes, (off_t)tar->at);
    if (got != (ssize_t)bytes) FAIL(IO, "%s: cannot read: %s", tar->name, got < 0 ? strerror(errno) : "it became shorter");
    return STRIATE_OK;
}

struct tar tar_over(const struct bytes *bytes, const char *name)
{
    return (struct tar){ name, read_memory, bytes->data, bytes->size, 0 };
}

striate_status tar_over_file(struct tar *tar, const int *file, const char *name)
{
    struct stat about;
    if (fstat(*file, &about)) FAIL(IO, "%s: %s", name, strerror(errno));
    *tar = (struct tar){ name, read_file, file, (uint64_t)about.st_size, 0 };
    return STRIATE_OK;
}

// An octal number, ended by a blank or nothing.
static bool to_number(const uint8_t *field, int width, uint64_t *number)
{
    int i = 0;
    *number = 0;
    while (i < width && field[i] == ' ') i++;
    for (; i < width && field[i] >= '0' && field[i] <= '7'; i++) *number = *number * 8 + (uint64_t)(field[i] - '0');
    return i == width || field[i] == 0 || field[i] == ' ';
}

static unsigned sum_of(const uint8_t header[TAR_BLOCK])
{
    unsigned sum = 0;
    for (int i = 0; i < TAR_BLOCK; i++) sum += i >= SUM && i < SUM + 8 ? ' ' : header[i];
    return sum;
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    while (count && !*bytes) bytes++, count--;
    return !count;
}

static striate_status check_name(const struct tar *tar, const char *name)
{
    bool climbs = *name == '/' || !*name;
    for (const char *part = name; part && !climbs; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        climbs = !strncmp(part, "..", 2) && (!part[2] || part[2] == '/');
    if (climbs)
        FAIL(BAD_FILE, "%s: a member named '%.200s', which leads out of the folder; it is refused as a whole", tar->name, name);
    return STRIATE_OK;
}

// The path of a pax header: records "LENGTH path=VALUE\n".
static void read_pax(char name[TAR_NAME], const char *records, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t length = 0, digits = at;
        while (digits < size && records[digits] >= '0' && records[digits] <= '9' && length < size)
            length = 10 * length + (size_t)(records[digits++] - '0');
        if (digits >= size || records[digits] != ' ' || length <= digits + 1 - at || length > size - at) return;
        const char *key = records + digits + 1;
        size_t left = length - (digits + 1 - at);
        if (left > 6 && !memcmp(key, "path=", 5) && left - 6 < TAR_NAME) {
            memcpy(name, key + 5, left - 6);
            name[left - 6] = 0;
        }
        at += length;
    }
}

// What a header is followed by: a name for the next member.
static striate_status read_extra(char name[TAR_NAME], struct tar *tar, uint8_t kind, uint64_t size)
{
    char text[8 * TAR_NAME];
    if (size > sizeof text)
        FAIL(BAD_FILE, "%s: byte %" PRIu64 ": a header of %" PRIu64 " bytes; is it damaged?", tar->name, tar->at, size);
    TRY(tar->read(tar, text, (size_t)size));
    if (kind == 'x') read_pax(name, text, (size_t)size);
    if (kind == 'L' && size < TAR_NAME) {
        memcpy(name, text, (size_t)size);
        name[size] = 0;
    }
    return STRIATE_OK;
}

static void name_of(char name[TAR_NAME], const uint8_t *header)
{
    bool ustar = !memcmp(header + MAGIC, "ustar", 6); // GNU's has blanks, and no prefix
    int prefix = ustar && header[PREFIX] ? PREFIX_SIZE : 0;
    snprintf(name, TAR_NAME, "%.*s%s%.*s", prefix, (const char *)header + PREFIX, prefix ? "/" : "", NAME_SIZE,
             (const char *)header + NAME);
}

striate_status tar_next(struct tar_member *member, bool *more, struct tar *tar)
{
    char longer[TAR_NAME] = "";
    for (;;) {
        uint8_t header[TAR_BLOCK];
        uint64_t size, sum;
        *more = false;
        if (tar->at == tar->size) return STRIATE_OK;
        if (tar->size - tar->at < TAR_BLOCK) FAIL(BAD_FILE, "%s: truncated within a header; get it again", tar->name);
        TRY(tar->read(tar, header, TAR_BLOCK));
        if (is_zero(header, TAR_BLOCK)) return STRIATE_OK;
        if (!to_number(header + SUM, 8, &sum) || sum != sum_of(header) || !to_number(header + SIZE, 12, &size))
            FAIL(BAD_FILE, "%s: byte %" PRIu64 ": no tar header; is it damaged, or another file?", tar->name, tar->at);
        tar->at += TAR_BLOCK;
        if (size > tar->size - tar->at)
            FAIL(BAD_FILE, "%s: truncated: byte %" PRIu64 ": a member of %" PRIu64 " bytes, %" PRIu64 " follow; get it again",
                 tar->name, tar->at - TAR_BLOCK, size, tar->size - tar->at);
        uint8_t kind = header[KIND];
        if (kind == 'x' || kind == 'g' || kind == 'L') TRY(read_extra(longer, tar, kind, size));
        member->offset = tar->at;
        member->size = size;
        uint64_t whole = size + tar_padding(size);
        tar->at = whole < tar->size - tar->at ? tar->at + whole : tar->size;
        if (kind == 'x' || kind == 'g' || kind == 'L') continue;
        name_of(member->name, header);
        if (*longer) memcpy(member->name, longer, sizeof longer);
        TRY(check_name(tar, member->name));
        *longer = 0;
        if (kind == '5') continue; // a folder
        if (kind != '0' && kind != 0)
            FAIL(BAD_FILE, "%s: '%.200s' is a link or a device, not a file; it is refused as a whole", tar->name, member->name);
        *more = true;
        return STRIATE_OK;
    }
}

void tar_header(uint8_t header[TAR_BLOCK], const char *name, uint64_t size)
{
    memset(header, 0, TAR_BLOCK);
    snprintf((char *)header + NAME, NAME_SIZE, "%s", name);
    memcpy(header + MODE, "0000644\0000000000\0000000000", 24);
    snprintf((char *)header + SIZE, 12, "%011" PRIo64, size);
    memcpy(header + SIZE + 12, "00000000000", 12); // 1970
    header[KIND] = '0';
    memcpy(header + MAGIC, "ustar\00000", 8);
    char sum[8];
    snprintf(sum, sizeof sum, "%06o", sum_of(header));
    memcpy(header + SUM, sum, 7);
    header[SUM + 7] = ' ';
}
