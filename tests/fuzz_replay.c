// fuzz_replay.c - feeds every file of the folders and files named to a fuzz target, with any compiler. Each input is a block of its own,
// so that AddressSanitizer sees a read beyond its end.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) {
        perror(path);
        if (file) fclose(file);
        return 1;
    }
    size_t size = (size_t)ftell(file);
    uint8_t *bytes = malloc(size ? size : 1);
    rewind(file);
    int bad = !bytes || fread(bytes, 1, size, file) != size;
    fclose(file);
    if (!bad) LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    printf("%s - %s\n", bad ? "not ok" : "ok", path);
    return bad;
}

static int replay(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) return replay_file(path);
    int bad = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char inside[4096];
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.') bad += replay(inside);
    }
    closedir(folder);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = argc < 2;
    for (int i = 1; i < argc; i++) bad += replay(argv[i]);
    return bad > 0;
}
