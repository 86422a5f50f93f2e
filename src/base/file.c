// file.c - whole files in, whole files out.
#include "base/file.h"

#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

striate_status file_read(struct bytes *bytes, const char *path, size_t cap)
{
    bool input = !strcmp(path, "-");
    int file = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    struct stat about = { 0 };
    if (fstat(file, &about) == 0 && S_ISDIR(about.st_mode)) {
        if (!input) close(file);
        FAIL(IO, "%s: is a folder, not a file", path);
    }
    size_t size = 0, room = S_ISREG(about.st_mode) && about.st_size > 0 ? (size_t)about.st_size + 1 : 65536;
    if (room > cap) room = cap + 1;
    uint8_t *data = malloc(room);
    striate_status status = data ? STRIATE_OK : status_fail(STRIATE_NO_MEMORY, "%s: no memory for %zu bytes", path, room);
    while (!status) {
        ssize_t got = read(file, data + size, room - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) status = status_fail(STRIATE_IO, "%s: cannot read: %s", path, strerror(errno));
        if (got <= 0) break;
        size += (size_t)got;
        if (size > cap)
            status = status_fail(STRIATE_BAD_FILE, "%s: larger than the %zu bytes such a file may have", path, cap);
        else if (size == room) {
            room = room < cap / 2 ? 2 * room : cap + 1;
            uint8_t *more = realloc(data, room);
            if (more)
                data = more;
            else
                status = status_fail(STRIATE_NO_MEMORY, "%s: no memory for %zu bytes", path, room);
        }
    }
    if (!input) close(file);
    if (status) {
        free(data);
        return status;
    }
    *bytes = (struct bytes){ data, size };
    return STRIATE_OK;
}

striate_status file_read_part(struct bytes *bytes, const char *path, uint64_t offset, size_t size, const char *name)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) FAIL(IO, "%s: cannot open: %s", name, strerror(errno));
    uint8_t *data = malloc(size ? size : 1);
    size_t done = 0;
    ssize_t got = 1;
    while (data && done < size && got > 0) {
        got = pread(file, data + done, size - done, (off_t)(offset + done));
        if (got > 0) done += (size_t)got;
    }
    close(file);
    if (data && done == size) {
        *bytes = (struct bytes){ data, size };
        return STRIATE_OK;
    }
    free(data);
    if (!data) FAIL(NO_MEMORY, "%s: no memory for its %zu bytes", name, size);
    if (got < 0) FAIL(IO, "%s: cannot read: %s", name, strerror(errno));
    FAIL(BAD_FILE, "%s: the file ends within it; get it again", name);
}

static striate_status write_all(int file, const char *path, const void *data, size_t size)
{
    for (const char *p = data; size;) {
        ssize_t put = write(file, p, size < (1u << 30) ? size : 1u << 30);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) FAIL(IO, "%s: cannot write: %s", path, strerror(errno));
        p += put;
        size -= (size_t)put;
    }
    return STRIATE_OK;
}

static striate_status sync_folder(const char *path)
{
    char *folder = strdup(path);
    if (!folder) FAIL(NO_MEMORY, "%s: no memory for its name", path);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = 0;
    int file = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (file < 0) FAIL(IO, "%s: cannot open its folder: %s", path, strerror(errno));
    int failed = fsync(file) && errno != EINVAL; // some file systems have no fsync of folders
    close(file);
    if (failed) FAIL(IO, "%s: cannot write its folder to disk", path);
    return STRIATE_OK;
}

static striate_status write_spans(int file, const char *path, const struct span *spans, int count, bool sync)
{
    striate_status status = STRIATE_OK;
    for (int i = 0; i < count && !status; i++) status = write_all(file, path, spans[i].data, spans[i].size);
    if (!status && sync && fsync(file)) status = status_fail(STRIATE_IO, "%s: cannot write: %s", path, strerror(errno));
    if (close(file) && !status) status = status_fail(STRIATE_IO, "%s: cannot write: %s", path, strerror(errno));
    return status;
}

// A new file beside `path`, its name in `temporary`. (mkstemp would make it unreadable for others, and undoing that needs the umask,
// which all threads share.)
static int open_temporary(char *temporary, size_t size, const char *path)
{
    int file = -1;
    for (int i = 0; i < 1000 && file < 0; i++) {
        snprintf(temporary, size, "%s.%06x", path, ((unsigned)getpid() * 1009 + (unsigned)i) & 0xFFFFFF);
        file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST) break;
    }
    return file;
}

striate_status file_write(const char *path, const struct span *spans, int count)
{
    struct stat about;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) { // a device or a pipe is written to, not replaced
        int file = open(path, O_WRONLY | O_CLOEXEC);
        if (file < 0) FAIL(IO, "%s: cannot write: %s", path, strerror(errno));
        return write_spans(file, path, spans, count, false);
    }
    size_t size = strlen(path) + sizeof ".XXXXXX";
    char *temporary = malloc(size);
    if (!temporary) FAIL(NO_MEMORY, "%s: no memory for its name", path);
    int file = open_temporary(temporary, size, path);
    striate_status status = file < 0 ? status_fail(STRIATE_IO, "%s: cannot write: %s", path, strerror(errno))
                                     : write_spans(file, path, spans, count, true);
    if (!status && rename(temporary, path)) status = status_fail(STRIATE_IO, "%s: cannot write: %s", path, strerror(errno));
    if (status && file >= 0) unlink(temporary);
    free(temporary);
    return status ? status : sync_folder(path);
}

striate_status file_append(const char *path, const char *s, size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0) FAIL(IO, "%s: cannot write: %s", path, strerror(errno));
    striate_status status = write_all(file, path, s, size);
    if (close(file) && !status) status = status_fail(STRIATE_IO, "%s: cannot write: %s", path, strerror(errno));
    return status;
}

static bool make_folder(const char *path)
{
    return !mkdir(path, 0777) || (errno == EEXIST && file_is_folder(path));
}

striate_status file_make_folder(const char *path)
{
    if (make_folder(path)) return STRIATE_OK;
    const char *slash = strrchr(path, '/');
    if (errno != ENOENT || !slash || slash == path) FAIL(IO, "%s: cannot make this folder: %s", path, strerror(errno));
    char *parent = strndup(path, (size_t)(slash - path));
    if (!parent) FAIL(NO_MEMORY, "%s: no memory for its name", path);
    striate_status status = file_make_folder(parent);
    free(parent);
    if (!status && !make_folder(path)) FAIL(IO, "%s: cannot make this folder: %s", path, strerror(errno));
    return status;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

char *file_join(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    while (length && folder[length - 1] == '/') length--;
    char *path = malloc(length + strlen(name) + 2);
    if (path) sprintf(path, "%.*s/%s", (int)length, folder, name);
    return path;
}

const char *file_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
