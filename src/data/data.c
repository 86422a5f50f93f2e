// data.c - finding out what a directory holds, and what all data sets have in common.
#include "data/source.h"

#include "base/parallel.h"
#include "base/status.h"
#include "base/thread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct format *const formats[] = { &format_csv, &format_shards, &format_idx, &format_cifar, &format_folder };

striate_status striate_data_open(striate_data **data, const char *directory, striate_split split)
{
    return striate_data_open_with(data, directory, split, (striate_data_options){ 0 });
}

striate_status striate_data_open_with(striate_data **data, const char *directory, striate_split split,
                                      striate_data_options options)
{
    if (!file_exists(directory)) FAIL(IO, "%s: no such folder; give the one that holds the data set", directory);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i]->found(directory)) {
            TRY(formats[i]->open(data, directory, split, options));
            (*data)->keeps_bad = options.keep_bad;
            return STRIATE_OK;
        }
    if (!file_is_folder(directory))
        FAIL(IO, "%s: a file; give the folder that holds the data set, a list (.csv) or a shard (.tar)", directory);
    FAIL(BAD_FILE,
         "%s: no data set: neither tar shards, nor IDX files (train-images-idx3-ubyte), nor CIFAR batches (data_batch_1.bin, "
         "train.bin), nor a "
         "folder of PNG or JPEG files per class",
         directory);
}

striate_status source_new(striate_data **data, size_t size, const struct source *source, struct striate_data_info info)
{
    striate_data *fresh = calloc(1, size);
    if (!fresh) FAIL(NO_MEMORY, "no memory for a data set");
    *fresh = (struct striate_data){ .source = source, .info = info };
    fresh->labels = arena_take(&fresh->arena, (size_t)info.images * sizeof *fresh->labels);
    if (!fresh->labels) {
        striate_data_close(fresh);
        FAIL(NO_MEMORY, "no memory for %d labels", info.images);
    }
    *data = fresh;
    return STRIATE_OK;
}

void striate_data_close(striate_data *data)
{
    if (!data) return;
    if (data->source->release) data->source->release(data);
    arena_free(&data->arena);
    free(data);
}

striate_data_info striate_data_about(const striate_data *data)
{
    return data->info;
}

static bool is_index(const striate_data *data, int index)
{
    return index >= 0 && index < data->info.images;
}

int striate_data_label(const striate_data *data, int index)
{
    return is_index(data, index) ? data->labels[index] : -1;
}

const char *striate_data_name(const striate_data *data, int index)
{
    striate_data *mine = (striate_data *)data; // names are made late, which no caller can see
    if (!is_index(data, index)) return "";
    if (!mine->names) mine->names = arena_take(&mine->arena, (size_t)data->info.images * sizeof *mine->names);
    if (!mine->names) return "";
    if (!mine->names[index]) {
        char name[SOURCE_NAME];
        data->source->name(name, data, index);
        mine->names[index] = arena_copy(&mine->arena, name);
    }
    return mine->names[index] ? mine->names[index] : "";
}

striate_status striate_data_image(striate_image *image, const striate_data *data, int index)
{
    if (!is_index(data, index)) FAIL(BAD_ARGUMENT, "image %d asked for; the set has 0 to %d", index, data->info.images - 1);
    return data->source->read(image, data, index, image_whole);
}

void trouble_note(struct trouble *trouble, striate_status status, int64_t place)
{
    if (trouble->status && trouble->place <= place) return;
    trouble->status = status;
    trouble->place = place;
    strncpy(trouble->sentence, striate_error(), sizeof trouble->sentence - 1);
}

striate_status trouble_raise(const struct trouble *trouble)
{
    return trouble->status ? status_fail(trouble->status, "%s", trouble->sentence) : STRIATE_OK;
}

// Sums of whole numbers: exact, so their order does not matter.
struct sums {
    const striate_data *data;
    uint64_t pixels, sum[3], squares[3];
    struct trouble trouble;
    struct gate *gate;
};

static void add_image(struct sums *sums, const uint8_t *pixels, size_t count, int channels)
{
    for (int c = 0; c < channels; c++) {
        uint64_t sum = 0, squares = 0;
        for (size_t i = 0; i < count; i++) {
            uint64_t value = pixels[i * (size_t)channels + (size_t)c];
            sum += value;
            squares += value * value;
        }
        for (int to = c; to < (channels == 1 ? 3 : c + 1); to++) { // gray is R = G = B
            sums->sum[to] += sum;
            sums->squares[to] += squares;
        }
    }
    sums->pixels += count;
}

static void sum_images(void *context, size_t begin, size_t end)
{
    struct sums *all = context, mine = { 0 };
    const striate_data *data = all->data;
    striate_status status = STRIATE_OK;
    size_t index = begin;
    for (; index < end; index++) {
        const uint8_t *pixels = data->source->pixels(data, (int)index);
        striate_image image = { NULL, data->info.height, data->info.width, data->info.channels };
        if (!pixels) status = data->source->read(&image, data, (int)index, image_whole);
        if (status && !data->keeps_bad) break;
        if (status) {
            status = STRIATE_OK;
            continue;
        }
        add_image(&mine, pixels ? pixels : image.pixels, (size_t)image.height * (size_t)image.width, image.channels);
        free(image.pixels);
    }
    gate_enter(all->gate);
    if (status) trouble_note(&all->trouble, status, (int64_t)index);
    all->pixels += mine.pixels;
    for (int c = 0; c < 3; c++) {
        all->sum[c] += mine.sum[c];
        all->squares[c] += mine.squares[c];
    }
    gate_leave(all->gate);
}

striate_status striate_data_statistics(float mean[3], float std[3], const striate_data *data)
{
    struct sums sums = { .data = data, .gate = gate_new() };
    if (!sums.gate) FAIL(NO_MEMORY, "no memory to measure %d images", data->info.images);
    parallel_for((size_t)data->info.images, 64, sum_images, &sums);
    gate_free(sums.gate);
    TRY(trouble_raise(&sums.trouble));
    if (!sums.pixels) FAIL(BAD_FILE, "none of %d images can be read", data->info.images);
    for (int c = 0; c < 3; c++) {
        double count = (double)sums.pixels, m = (double)sums.sum[c] / count, square = (double)sums.squares[c] / count;
        mean[c] = (float)(m / 255);
        std[c] = (float)(sqrt(fmax(square - m * m, 0)) / 255);
    }
    return STRIATE_OK;
}
