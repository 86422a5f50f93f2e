// fetch.c - MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100 from their public places. What comes over the net is trusted in nothing: its size is capped,
// its contents have the SHA-256 written here, and of an archive only files named here are written.
#include "data/fetch.h"

#include "base/sha256.h"
#include "base/status.h"
#include "data/download.h"
#include "data/gzip.h"
#include "data/tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES ((size_t)1 << 28) // that any of the files has at most, packed or not

static const struct fetch_set sets[] = {
    { "mnist",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
      NULL,
      { { "train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" },
        { "train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5" },
        { "t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7" },
        { "t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2" } } },
    { "fashion-mnist",
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      NULL,
      { { "train-images-idx3-ubyte", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888" },
        { "train-labels-idx1-ubyte", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9" },
        { "t10k-images-idx3-ubyte", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b" },
        { "t10k-labels-idx1-ubyte", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34" } } },
    { "cifar10",
      "https://www.cs.toronto.edu/~kriz/",
      "cifar-10-binary.tar.gz",
      { { "data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5" },
        { "data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed" },
        { "data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67" },
        { "data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48" },
        { "data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add" },
        { "test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b" } } },
    { "cifar100",
      "https://www.cs.toronto.edu/~kriz/",
      "cifar-100-binary.tar.gz",
      { { "train.bin", "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29" },
        { "test.bin", "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a" } } },
};

static striate_status check_sum(const struct bytes *bytes, const struct fetch_file *file, const char *name)
{
    char sum[SHA256_TEXT];
    sha256(sum, bytes->data, bytes->size);
    if (strcmp(sum, file->sha256))
        FAIL(BAD_FILE, "%s: its SHA-256 is %s, not %s: damaged or another file", name, sum, file->sha256);
    return STRIATE_OK;
}

// The contents of a file, unpacked where it is gzip.
static striate_status read_whole(struct bytes *whole, const char *path)
{
    struct bytes file;
    TRY(file_read(&file, path, BYTES));
    if (!gzip_is(&file)) {
        *whole = file;
        return STRIATE_OK;
    }
    striate_status status = gzip_inflate(whole, &file, BYTES, path);
    free(file.data);
    return status;
}

static bool is_right(const char *path, const struct fetch_file *file)
{
    struct bytes whole;
    if (!file_exists(path) || read_whole(&whole, path)) return false;
    bool right = !check_sum(&whole, file, path);
    free(whole.data);
    return right;
}

// path.part of a file from the net. What cannot be gone on with is removed by the caller.
static striate_status get(char *part, size_t room, const char *url, const char *path, const char *name,
                          const struct striate_fetch_options *options)
{
    char from[2048];
    if ((size_t)snprintf(part, room, "%s.part", path) >= room ||
        snprintf(from, sizeof from, "%s%s", url, name) >= (int)sizeof from)
        FAIL(BAD_ARGUMENT, "%s: the name is too long", path);
    return download(
        &(struct download){ .url = from, .path = part, .cap = BYTES, .progress = options->progress, .user = options->user });
}

static striate_status get_gzip(const struct fetch_file *file, const char *url, const char *folder,
                               const struct striate_fetch_options *options)
{
    char name[256], part[4096];
    snprintf(name, sizeof name, "%s.gz", file->name);
    char *path = file_join(folder, name);
    if (!path) FAIL(NO_MEMORY, "%s: no memory", folder);
    striate_status status = STRIATE_OK;
    if (!is_right(path, file)) {
        status = get(part, sizeof part, url, path, name, options);
        if (!status) {
            struct bytes whole = { 0 };
            status = read_whole(&whole, part);
            if (!status) status = check_sum(&whole, file, part);
            free(whole.data);
            if (!status && rename(part, path)) status = status_fail(STRIATE_IO, "%s: cannot write", path);
            if (status) unlink(part);
        }
    }
    free(path);
    return status;
}

// One of the set's files, by its own name wherever it lies in the archive; NULL: none of them.
static const struct fetch_file *file_named(const struct fetch_set *set, const char *name)
{
    for (const struct fetch_file *f = set->files; f->name; f++)
        if (!strcmp(f->name, file_base(name))) return f;
    return NULL;
}

static striate_status unpack(const struct fetch_set *set, const struct bytes *whole, const char *folder, const char *name)
{
    struct tar tar = tar_over(whole, name);
    struct tar_member member;
    bool more = true;
    int count = 0, found = 0;
    while (set->files[count].name) count++;
    for (;;) {
        TRY(tar_next(&member, &more, &tar));
        if (!more) break;
        const struct fetch_file *file = file_named(set, member.name);
        if (!file) continue;
        struct bytes bytes = { whole->data + member.offset, (size_t)member.size };
        TRY(check_sum(&bytes, file, member.name));
        char *path = file_join(folder, file->name);
        if (!path) FAIL(NO_MEMORY, "%s: no memory", folder);
        striate_status status = file_write(path, &(struct span){ bytes.data, bytes.size }, 1);
        free(path);
        TRY(status);
        found++;
    }
    if (found < count)
        FAIL(BAD_FILE, "%s: %d of the %d files of %s are in it; is it another archive?", name, found, count, set->name);
    return STRIATE_OK;
}

static bool has_all(const struct fetch_set *set, const char *folder)
{
    bool all = true;
    for (const struct fetch_file *f = set->files; f->name && all; f++) {
        char *path = file_join(folder, f->name);
        all = path && is_right(path, f);
        free(path);
    }
    return all;
}

static striate_status get_archive(const struct fetch_set *set, const char *url, const char *folder,
                                  const struct striate_fetch_options *options)
{
    char part[4096];
    if (has_all(set, folder)) return STRIATE_OK;
    char *path = file_join(folder, set->archive);
    if (!path) FAIL(NO_MEMORY, "%s: no memory", folder);
    striate_status status = get(part, sizeof part, url, path, set->archive, options);
    if (!status) {
        struct bytes whole = { 0 };
        status = read_whole(&whole, part);
        if (!status) status = unpack(set, &whole, folder, set->archive);
        free(whole.data);
        unlink(part);
    }
    free(path);
    return status;
}

striate_status fetch(const struct fetch_set *set, const char *folder, const struct striate_fetch_options *options)
{
    char url[2048];
    const char *from = options->url ? options->url : set->url;
    bool slash = *from && from[strlen(from) - 1] == '/';
    if (snprintf(url, sizeof url, "%s%s", from, slash ? "" : "/") >= (int)sizeof url)
        FAIL(BAD_ARGUMENT, "%s: the name is too long", from);
    TRY(file_make_folder(folder));
    if (set->archive) return get_archive(set, url, folder, options);
    for (const struct fetch_file *f = set->files; f->name; f++) TRY(get_gzip(f, url, folder, options));
    return STRIATE_OK;
}

striate_status striate_data_fetch(const char *name, const char *folder, striate_fetch_options options)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (!strcmp(sets[i].name, name)) return fetch(&sets[i], folder, &options);
    FAIL(BAD_ARGUMENT, "no data set '%s' is known; there are mnist, fashion-mnist, cifar10, cifar100", name);
}
