// pack.c - a data set into tar shards: every image resized once, or as it is stored. A set of whole images stays what it was.
#include "base/parallel.h"
#include "base/status.h"
#include "base/thread.h"
#include "data/preprocess.h"
#include "data/source.h"
#include "data/tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 64 }; // images that threads prepare before they are put in order

struct shard {
    uint8_t *data;
    size_t size, room;
    int number;
};

struct packing {
    const striate_data *data;
    striate_pack_options how;
    struct packed_image {
        struct bytes bytes;
        const char *ending;
    } images[AT_ONCE];
    int first; // of those in hand
    struct shard shard;
    struct gate *gate;
    struct trouble trouble;
};

// The shorter side brought to `side`, as a JPEG.
static striate_status shrink(struct bytes *jpeg, const striate_image *image, const striate_pack_options *how, const char *name)
{
    int h = image->height, w = image->width, side = how->resize;
    int height = h <= w ? side : (int)((int64_t)side * h / w), width = w <= h ? side : (int)((int64_t)side * w / h);
    struct view view = view_of(image);
    striate_image small;
    TRY(image_make(&small, height, width, image->channels, image->channels, name));
    striate_status status = resize_bilinear(small.pixels, (ptrdiff_t)width * image->channels, &view,
                                            &(struct resize){ height, width, 0, 0, height, width });
    if (!status) status = jpeg_encode(jpeg, &small, how->quality, name);
    free(small.pixels);
    return status;
}

static striate_status prepare(struct packed_image *out, const struct packing *p, int index)
{
    const struct source *source = p->data->source;
    char name[SOURCE_NAME];
    striate_image image;
    source->name(name, p->data, index);
    TRY(source->read(&image, p->data, index, image_whole));
    bool shrinks = p->how.resize && image.height > p->how.resize && image.width > p->how.resize;
    striate_status status = shrinks        ? shrink(&out->bytes, &image, &p->how, name)
                            : source->file ? source->file(&out->bytes, p->data, index)
                                           : png_encode(&out->bytes, &image, name);
    free(image.pixels);
    if (!status) out->ending = out->bytes.data[0] == 0x89 ? "png" : "jpg";
    return status;
}

static void prepare_some(void *context, size_t begin, size_t end)
{
    struct packing *p = context;
    for (size_t i = begin; i < end; i++) {
        striate_status status = prepare(&p->images[i], p, p->first + (int)i);
        if (!status) continue;
        gate_enter(p->gate);
        trouble_note(&p->trouble, status, (int64_t)i);
        gate_leave(p->gate);
    }
}

static striate_status add_member(struct shard *shard, const char *name, const void *bytes, size_t size)
{
    size_t need = shard->size + TAR_BLOCK + size + tar_padding(size);
    if (need > shard->room) {
        size_t room = need + need / 2;
        uint8_t *data = realloc(shard->data, room);
        if (!data) FAIL(NO_MEMORY, "no memory for a shard of %zu bytes; make them smaller", need);
        shard->data = data;
        shard->room = room;
    }
    uint8_t *at = shard->data + shard->size;
    tar_header(at, name, size);
    memcpy(at + TAR_BLOCK, bytes, size);
    memset(at + TAR_BLOCK + size, 0, tar_padding(size));
    shard->size = need;
    return STRIATE_OK;
}

static striate_status write_shard(struct packing *p, const char *folder)
{
    static const uint8_t end[2 * TAR_BLOCK];
    char name[64];
    snprintf(name, sizeof name, "%s-%06d.tar", p->how.prefix, p->shard.number++);
    char *path = file_join(folder, name);
    if (!path) FAIL(NO_MEMORY, "%s: no memory", folder);
    striate_status status = file_write(path, (struct span[]){ { p->shard.data, p->shard.size }, { end, sizeof end } }, 2);
    free(path);
    p->shard.size = 0;
    return status;
}

static striate_status add_images(struct packing *p, int count, const char *folder)
{
    for (int i = 0; i < count; i++) {
        char name[32], label[16];
        struct packed_image *image = &p->images[i];
        int index = p->first + i, length = snprintf(label, sizeof label, "%d", p->data->labels[index]);
        size_t room = image->bytes.size + 4 * TAR_BLOCK;
        if (p->shard.size && p->shard.size + room > p->how.shard_bytes) TRY(write_shard(p, folder));
        snprintf(name, sizeof name, "%08d.%s", index, image->ending);
        TRY(add_member(&p->shard, name, image->bytes.data, image->bytes.size));
        snprintf(name, sizeof name, "%08d.cls", index);
        TRY(add_member(&p->shard, name, label, (size_t)length));
    }
    return STRIATE_OK;
}

static striate_status pack_all(struct packing *p, const char *folder)
{
    int images = p->data->info.images;
    while (p->first < images) {
        int count = images - p->first < AT_ONCE ? images - p->first : AT_ONCE;
        memset(p->images, 0, sizeof p->images);
        parallel_for((size_t)count, 1, prepare_some, p);
        striate_status status = trouble_raise(&p->trouble);
        if (!status) status = add_images(p, count, folder);
        for (int i = 0; i < count; i++) free(p->images[i].bytes.data);
        TRY(status);
        p->first += count;
        if (p->how.progress && p->how.progress(p->how.user, p->first, images))
            FAIL(INTERRUPTED, "packing stopped on request after %d of %d images", p->first, images);
    }
    return p->shard.size ? write_shard(p, folder) : STRIATE_OK;
}

static striate_status write_classes(const striate_data *data, const char *folder)
{
    char *path = file_join(folder, "classes.txt");
    struct span *spans = calloc(2 * (size_t)data->info.classes, sizeof *spans);
    striate_status status = path && spans ? STRIATE_OK : status_fail(STRIATE_NO_MEMORY, "%s: no memory", folder);
    for (int i = 0; i < data->info.classes && !status; i++) {
        const char *name = data->info.class_names[i];
        if (strchr(name, '\n')) status = status_fail(STRIATE_BAD_FILE, "class %d: a name of two lines; rename it", i);
        spans[2 * i] = (struct span){ name, strlen(name) };
        spans[2 * i + 1] = (struct span){ "\n", 1 };
    }
    if (!status) status = file_write(path, spans, 2 * data->info.classes);
    free(spans);
    free(path);
    return status;
}

striate_status striate_data_pack(const striate_data *data, const char *folder, striate_pack_options options)
{
    if (!options.prefix) options.prefix = "train";
    if (!options.quality) options.quality = 95;
    if (!options.shard_bytes) options.shard_bytes = (size_t)64 << 20;
    if (options.resize < 0 || options.quality < 1 || options.quality > 100 || strchr(options.prefix, '/') ||
        strlen(options.prefix) > 32)
        FAIL(BAD_ARGUMENT, "packing: resize %d, quality %d, prefix '%s'; quality is 1 to 100", options.resize, options.quality,
             options.prefix);
    struct packing p = { .data = data, .how = options, .gate = gate_new() };
    if (!p.gate) FAIL(NO_MEMORY, "no memory to pack %d images", data->info.images);
    striate_status status = file_make_folder(folder);
    if (!status) status = pack_all(&p, folder);
    if (!status) status = write_classes(data, folder);
    gate_free(p.gate);
    free(p.shard.data);
    return status;
}
