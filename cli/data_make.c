// data_make.c - what is made of a data set: a contact sheet, a list with a split, tar shards.
#include "data.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- a contact sheet

enum { COLUMNS = 10, TILES = 100 };

static int draw_one(striate_image *tile, const striate_data *data, int index, const striate_preprocessing *how,
                    const struct data_arguments *a, bool changed, int epoch)
{
    striate_image image = { 0 };
    int code = report(striate_data_image(&image, data, index));
    striate_augmentation augmentation = augment_of(&a->augment);
    if (!code && !changed) {
        *tile = image;
        return CODE_OK;
    }
    if (!code) code = report(striate_augment(tile, &image, how, &augmentation, a->seed, epoch, index));
    striate_image_free(&image);
    return code;
}

// What stands beyond an image's edges is the mean, as in training; that of so many images is near enough.
static int measure_mean(striate_preprocessing *how, const striate_data *data)
{
    enum { ENOUGH = 500 };
    striate_data *part = NULL;
    int images = striate_data_about(data).images;
    float std[3];
    int code = report(striate_data_part(&part, data, 0, images < ENOUGH ? images : ENOUGH, 1));
    if (!code) code = report(striate_data_statistics(how->mean, std, part));
    striate_data_close(part);
    return code;
}

int data_show(const struct data_arguments *a, const char *directory, const char *file)
{
    striate_data *data = NULL;
    striate_image images[TILES] = { 0 };
    striate_tile tiles[TILES];
    if (a->augment.mixup_alpha > 0 || a->augment.cutmix_alpha > 0)
        return complain(CODE_USAGE, "data show draws images one by one: --mixup-alpha and --cutmix-alpha mix those of a batch");
    int code = report(striate_data_open_with(&data, directory, STRIATE_SPLIT_TRAIN, (striate_data_options){ .unlabelled = 1 }));
    int drawn = 0;
    if (code) return code;
    striate_data_info about = striate_data_about(data);
    int height = a->size        ? a->size
                 : about.height ? about.height
                                : 224,
        width = a->size        ? a->size
                : about.height ? about.width
                               : 224;
    striate_preprocessing how = { height, width, about.channels, .resize = a->resize };
    struct augment_text text = augment_text(&a->augment);
    bool changed = *text.s || a->size || a->resize;
    if (*text.s) code = measure_mean(&how, data);
    int versions = *text.s ? COLUMNS : 1, count = about.images < TILES / versions ? about.images : TILES / versions;
    for (int i = 0; i < count && !code; i++)
        for (int epoch = 0; epoch < versions && !code; epoch++, drawn++) {
            int index = (int)((int64_t)i * about.images / count);
            tiles[drawn] = (striate_tile){ &images[drawn], about.class_names[striate_data_label(data, index)], NULL, 0 };
            code = draw_one(&images[drawn], data, index, &how, a, changed, epoch);
        }
    if (!code) code = report(striate_draw_sheet(file, *text.s ? text.s : "Training images", tiles, drawn, COLUMNS));
    if (!code) printf("%s  %s training images%s\n", file, commas(count).s, versions > 1 ? ", each as in ten epochs" : "");
    for (int i = 0; i < drawn; i++) striate_image_free(&images[i]);
    striate_data_close(data);
    return code;
}

// ---- a list

// A field, in quotes where it needs them.
static void write_field(FILE *file, const char *s)
{
    bool quoted = strpbrk(s, ",\"") != NULL;
    if (quoted) putc('"', file);
    for (; *s; s++) {
        if (quoted && *s == '"') putc('"', file);
        putc(*s, file);
    }
    if (quoted) putc('"', file);
}

static int write_row(FILE *file, const striate_data *data, int index, const char *base, bool held)
{
    char path[PATH_MAX];
    const char *name = striate_data_name(data, index);
    striate_data_info about = striate_data_about(data);
    if (!realpath(name, path))
        return complain(CODE_BAD_INPUT, "%s: %s; only sets of image files can be split into a list", name, strerror(errno));
    size_t length = strlen(base);
    bool inside = !strncmp(path, base, length) && path[length] == '/';
    const char *label = about.class_names[striate_data_label(data, index)];
    if (strpbrk(path, "\r\n") || strpbrk(label, "\r\n"))
        return complain(CODE_BAD_INPUT, "%s: a name of two lines; rename it", name);
    write_field(file, inside ? path + length + 1 : path);
    putc(',', file);
    write_field(file, label);
    fputs(held ? ",val\n" : ",train\n", file);
    return CODE_OK;
}

// The first images of each class, in random order, are held out.
static int write_rows(FILE *file, const striate_data *mixed, const char *base, double part, int *held)
{
    striate_data_info about = striate_data_about(mixed);
    int *left = calloc((size_t)about.classes, sizeof *left), code = left ? CODE_OK : no_memory();
    for (int i = 0; i < about.images && !code; i++) left[striate_data_label(mixed, i)]++;
    for (int c = 0; c < about.classes && !code; c++) *held += left[c] = (int)lround(part * left[c]);
    fputs("path,label,split\n", file);
    for (int i = 0; i < about.images && !code; i++)
        code = write_row(file, mixed, i, base, left[striate_data_label(mixed, i)]-- > 0);
    free(left);
    return code;
}

int data_split(const struct data_arguments *a, const char *directory, const char *file)
{
    striate_data *data = NULL, *mixed = NULL;
    char temporary[PATH_MAX], folder[PATH_MAX], base[PATH_MAX];
    int code = report(striate_data_open(&data, directory, STRIATE_SPLIT_TRAIN)), held = 0;
    if (!code && striate_data_about(data).has_test)
        code =
            complain(CODE_BAD_INPUT,
                     "%s: is split already, it has images for validation; name the folder that holds its training images alone",
                     directory);
    if (!code) code = report(striate_data_part(&mixed, data, 0, striate_data_about(data).images, a->seed ? a->seed : 1));
    const char *slash = strrchr(file, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - file) + 1 : 1, slash ? file : ".");
    if (!code && (snprintf(temporary, sizeof temporary, "%s.part", file) >= PATH_MAX || !realpath(folder, base)))
        code = complain(CODE_BAD_INPUT, "%s: cannot write: %s", file, strerror(errno));
    FILE *out = code ? NULL : fopen(temporary, "w");
    if (!code && !out) code = complain(CODE_BAD_INPUT, "%s: cannot write: %s", temporary, strerror(errno));
    if (!code) code = write_rows(out, mixed, base, (double)a->val_split, &held);
    bool lost = out && (fflush(out) || fsync(fileno(out)));
    if (out) lost |= fclose(out) != 0;
    if (lost && !code) code = complain(CODE_BAD_INPUT, "%s: cannot write: %s", temporary, strerror(errno));
    if (!code && rename(temporary, file)) code = complain(CODE_BAD_INPUT, "%s: cannot write: %s", file, strerror(errno));
    if (code && out) unlink(temporary);
    if (!code)
        printf("%s  %s training images, %s for validation\ntry next  striate train --model NAME --data %s\n", file,
               commas(striate_data_about(data).images - held).s, commas(held).s, file);
    striate_data_close(mixed);
    striate_data_close(data);
    return code;
}

// ---- shards

static int pack_split(const struct data_arguments *a, const char *directory, const char *folder, striate_split split,
                      bool *has_test)
{
    striate_data *data = NULL;
    struct progress progress;
    int code = report(striate_data_open(&data, directory, split));
    if (code) return code;
    striate_data_info about = striate_data_about(data);
    *has_test = about.has_test;
    striate_pack_options how = { .prefix = split == STRIATE_SPLIT_TEST ? "val" : "train",
                                 .resize = a->resize,
                                 .quality = a->quality,
                                 .shard_bytes = (size_t)a->shard_size << 20,
                                 .progress = progress_images,
                                 .user = &progress };
    progress_start(&progress);
    code = report(striate_data_pack(data, folder, how));
    progress_clear();
    if (!code) printf("%s/%s-*.tar  %s images\n", folder, how.prefix, commas(about.images).s);
    striate_data_close(data);
    return code;
}

int data_pack(const struct data_arguments *a, const char *directory, const char *folder)
{
    bool has_test = false;
    striate_data *there = NULL;
    if (!striate_data_open(&there, folder, STRIATE_SPLIT_TRAIN)) {
        striate_data_close(there);
        return complain(CODE_BAD_INPUT, "%s: holds a data set already; choose another folder", folder);
    }
    int code = pack_split(a, directory, folder, STRIATE_SPLIT_TRAIN, &has_test);
    if (!code && has_test) code = pack_split(a, directory, folder, STRIATE_SPLIT_TEST, &has_test);
    if (!code) printf("try next  striate train --model NAME --data %s\n", folder);
    return code;
}

// ---- from the net

static int show_fetching(void *user, int done, int all)
{
    progress_show(user, "fetching", (double)done / all, -1, "%s", "");
    return 0;
}

int data_fetch(const struct data_arguments *a, const char *set, const char *folder)
{
    char usual[PATH_MAX];
    struct progress progress;
    snprintf(usual, sizeof usual, "data/%s", set);
    if (!folder) folder = usual;
    progress_start(&progress);
    int code = report(striate_data_fetch(
        set, folder, (striate_fetch_options){ .url = a->url, .progress = show_fetching, .user = &progress }));
    progress_clear();
    if (!code) printf("%s is in %s\ntry next  striate data %s\n", set, folder, folder);
    return code;
}
