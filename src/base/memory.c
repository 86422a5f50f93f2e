// memory.c - what the system says of memory, by the files of Linux; elsewhere nothing is known.
//
// The least of: what the system has available; what each control group above this process (version 2, or 1) leaves; what the limit of the
// process's addresses (ulimit -v) leaves.
#include "base/memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

// The number after `key` in a file of lines "key number", times `unit`; key "": the file's only number. False where there is none, as
// for "max".
static bool read_number(uint64_t *number, const char *root, const char *path, const char *key, uint64_t unit)
{
    char full[4096], line[256];
    if (snprintf(full, sizeof full, "%s%s", root, path) >= (int)sizeof full) return false;
    FILE *file = fopen(full, "r");
    size_t length = strlen(key);
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = !strncmp(line, key, length) && sscanf(line + length, " %" SCNu64, number) == 1;
    if (file) fclose(file);
    *number *= found ? unit : 0;
    return found;
}

static void lower(size_t *least, uint64_t limit, uint64_t used)
{
    uint64_t left = limit > used ? limit - used : 0;
    if (left < *least) *least = (size_t)left;
}

// One control group: pages of files count as used, but the system takes them back.
static void lower_by_group(size_t *least, const char *root, const char *group, const char *limit_name, const char *used_name)
{
    uint64_t limit = 0, used = 0, files = 0;
    char path[4096];
    const char *names[] = { limit_name, used_name, "memory.stat" };
    uint64_t *numbers[] = { &limit, &used, &files };
    for (int i = 0; i < 3; i++) {
        if (snprintf(path, sizeof path, "%s/%s", group, names[i]) >= (int)sizeof path) return;
        if (!read_number(numbers[i], root, path, i < 2 ? "" : "inactive_file ", 1) && i < 2) return;
    }
    lower(least, limit, used > files ? used - files : 0);
}

static void lower_by_groups(size_t *least, const char *root)
{
    static const struct {
        const char *mark, *folder, *limit, *used;
    } versions[] = { { "0::", "/sys/fs/cgroup", "memory.max", "memory.current" },
                     { ":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes" } };
    char line[2048], group[4096], path[4096];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
            const char *at = strstr(line, versions[v].mark);
            if (!at || (v == 0 && at != line)) continue;
            line[strcspn(line, "\n")] = 0;
            size_t folder = strlen(versions[v].folder);
            snprintf(group, sizeof group, "%s%s", versions[v].folder, at + strlen(versions[v].mark));
            for (size_t length = strlen(group); length >= folder; length--) // the group, and those it lies in
                if (!group[length] || group[length] == '/') {
                    group[length] = 0;
                    lower_by_group(least, root, group, versions[v].limit, versions[v].used);
                }
        }
    if (file) fclose(file);
}

size_t memory_available(const char *root)
{
    size_t least = SIZE_MAX;
    uint64_t bytes = 0;
    struct rlimit limit;
    if (read_number(&bytes, root, "/proc/meminfo", "MemAvailable:", 1024)) lower(&least, bytes, 0);
    lower_by_groups(&least, root);
    if (!getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur != RLIM_INFINITY &&
        read_number(&bytes, root, "/proc/self/status", "VmSize:", 1024))
        lower(&least, limit.rlim_cur, bytes);
    return least;
}

size_t striate_memory_available(void)
{
    return memory_available("");
}

size_t striate_memory_held(void)
{
    uint64_t bytes = 0;
    return read_number(&bytes, "", "/proc/self/status", "VmRSS:", 1024) ? (size_t)bytes : 0;
}
