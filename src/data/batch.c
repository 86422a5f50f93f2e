// batch.c - threads that read ahead into a ring of batches. Every image goes to its own place, so neither the threads' number nor their
// order shows in the result.
#include "data/batch.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/status.h"
#include "base/text.h"
#include "base/thread.h"
#include "data/augment.h"
#include "data/mix.h"
#include "data/source.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 3,   // the batch in use and two ahead
    LOADERS = 8, // threads at most where images must be decoded; one does where they lie in memory
    PIECE = 64,  // images of a batch that a thread takes at once where they lie in memory; else one by one
};

struct slot {
    float *x;
    int *labels, *second, *places;
    float share;
    int loaded, done, images; // of the batch: read; finished too; kept
    bool *bad;                // [batch_size]
    struct text why;          // a line for each of the bad ones
    struct trouble trouble;
};

struct batches {
    const striate_data *data;
    struct preprocess preprocess;
    struct augment augment;
    struct ready ready;
    int epoch;
    int batch_size, images, views, piece;
    bool shuffle, skip;
    uint64_t seed;
    int *order;   // [data's images], of this epoch
    float *x;     // [SLOTS][batch_size][values]
    int *labels;  // [SLOTS][3][batch_size]: labels, second labels, places
    bool *bad;    // [SLOTS][batch_size]
    float *spare; // [SLOTS][values], where images are mixed
    struct background *loaders[LOADERS];

    struct gate *gate; // guards what follows
    struct slot slot[SLOTS];
    int next;     // the first image, in the epoch's order, that no thread has taken
    int handed;   // batches of this epoch that the caller has or had
    int released; // ... that the caller had
    bool stop;
    int loader_count, prepared;
    double busy, waited; // seconds: of all loaders; of the caller
};

static size_t values_of(const striate_preprocessing *how)
{
    return (size_t)how->height * (size_t)how->width * (size_t)how->channels;
}

// Of one image, in all views.
static size_t values(const struct batches *b)
{
    return b->ready.x ? b->ready.values : (size_t)b->views * values_of(&b->preprocess.how);
}

static int batch_images(const struct batches *b, int batch)
{
    int64_t left = b->images - (int64_t)batch * b->batch_size;
    return left < 0 ? 0 : left < b->batch_size ? (int)left : b->batch_size;
}

static striate_status convert(float *x, const struct batches *b, const striate_image *image, int index, const char *name)
{
    if (b->views > 1) return preprocess_ten(x, image, &b->preprocess, name);
    if (!b->augment.any) return preprocess_image(x, image, &b->preprocess, name);
    striate_image changed;
    TRY(augment_image(&changed, image, &b->augment, b->epoch, index, name));
    struct view view = view_of(&changed);
    preprocess_convert(x, &view, &b->preprocess);
    free(changed.pixels);
    return STRIATE_OK;
}

static striate_status load(float *x, const struct batches *b, int index)
{
    const striate_data *data = b->data;
    if (b->ready.x) {
        memcpy(x, b->ready.x + (size_t)index * b->ready.values, b->ready.values * sizeof *x);
        return STRIATE_OK;
    }
    const uint8_t *pixels = data->source->pixels(data, index);
    striate_image image = { (uint8_t *)pixels, data->info.height, data->info.width, data->info.channels };
    if (pixels) return convert(x, b, &image, index, data->info.format);
    TRY(data->source->read(&image, data, index, preprocess_least(&b->preprocess.inside)));
    char name[SOURCE_NAME];
    data->source->name(name, data, index);
    striate_status status = convert(x, b, &image, index, name);
    free(image.pixels);
    return status;
}

// Images begin..end-1 of the epoch's order, all of one batch, to their places.
static void load_piece(struct batches *b, int begin, int end)
{
    int batch = begin / b->batch_size, first = batch * b->batch_size;
    struct slot *slot = &b->slot[batch % SLOTS];
    for (int i = begin; i < end; i++) {
        int index = b->order[i];
        striate_status status = load(slot->x + (size_t)(i - first) * values(b), b, index);
        slot->labels[i - first] = b->data->labels[index];
        slot->bad[i - first] = status != STRIATE_OK;
        if (!status) continue;
        gate_enter(b->gate);
        if (b->skip && (status == STRIATE_BAD_FILE || status == STRIATE_IO))
            text_add(&slot->why, "%s%s", slot->why.length ? "\n" : "", striate_error());
        else
            trouble_note(&slot->trouble, status, i);
        gate_leave(b->gate);
    }
}

// Moves those that could be read together.
static int keep_good(const struct batches *b, struct slot *slot, int images)
{
    int kept = 0;
    for (int i = 0; i < images; i++) {
        if (slot->bad[i]) continue;
        if (kept < i) memcpy(slot->x + (size_t)kept * values(b), slot->x + (size_t)i * values(b), values(b) * sizeof *slot->x);
        slot->labels[kept] = slot->labels[i];
        slot->places[kept++] = i;
    }
    return kept;
}

// All images of a batch are there; one thread finishes it.
static void finish(struct batches *b, int batch)
{
    struct slot *slot = &b->slot[batch % SLOTS];
    int images = slot->images = keep_good(b, slot, batch_images(b, batch));
    struct random_key key = { b->seed, (uint64_t)b->epoch << 32 | (uint32_t)batch, RANDOM_MIX, 0 };
    struct mix mix = { b->augment.how.mixup_alpha, b->augment.how.cutmix_alpha };
    if (!b->spare || !images) return;
    slot->share = mix_batch(slot->x, images, &b->preprocess.how, mix, key, b->spare + (size_t)(batch % SLOTS) * values(b));
    for (int i = 0; i < images; i++) slot->second[i] = slot->labels[i ? i - 1 : images - 1];
}

static void loader(void *context)
{
    struct batches *b = context;
    gate_enter(b->gate);
    while (!b->stop && b->next < b->images) {
        int begin = b->next, batch = begin / b->batch_size;
        if (batch >= b->released + SLOTS) {
            gate_wait(b->gate);
            continue;
        }
        int left = batch * b->batch_size + batch_images(b, batch) - begin;
        int end = begin + (left < b->piece ? left : b->piece);
        b->next = end;
        gate_leave(b->gate);
        double start = clock_seconds();
        load_piece(b, begin, end);
        gate_enter(b->gate);
        struct slot *slot = &b->slot[batch % SLOTS];
        b->busy += clock_seconds() - start;
        b->prepared += end - begin;
        slot->loaded += end - begin;
        if (slot->loaded < batch_images(b, batch)) continue;
        gate_leave(b->gate);
        finish(b, batch);
        gate_enter(b->gate);
        slot->done = slot->loaded;
        gate_wake(b->gate);
    }
    gate_leave(b->gate);
}

static void halt(struct batches *b)
{
    gate_enter(b->gate);
    b->stop = true;
    gate_wake(b->gate);
    gate_leave(b->gate);
    for (int i = 0; i < LOADERS; i++) {
        background_join(b->loaders[i]);
        b->loaders[i] = NULL;
    }
}

striate_status batches_open(struct batches **batches, const struct batch_options *options)
{
    const striate_data *data = options->data;
    int all = data->info.images;
    if (options->batch_size < 1 || options->limit < 0)
        FAIL(BAD_ARGUMENT, "batches of %d images, limit %d; give a batch size of 1 or more", options->batch_size,
             options->limit);
    struct batches *b = calloc(1, sizeof *b);
    if (!b) FAIL(NO_MEMORY, "no memory for batches");
    b->data = data;
    b->images = options->limit && options->limit < all ? options->limit : all;
    b->batch_size = options->batch_size < b->images ? options->batch_size : b->images;
    b->views = options->views ? options->views : 1;
    b->ready = options->ready;
    b->piece = b->ready.x || data->source->pixels(data, 0) ? PIECE : 1;
    b->shuffle = options->shuffle;
    b->skip = options->skip;
    b->seed = options->seed;
    striate_status status = preprocess_begin(&b->preprocess, options->preprocessing);
    if (!status) status = augment_begin(&b->augment, options->augmentation, &b->preprocess.inside, options->seed);
    if (!status) {
        size_t size = (size_t)b->batch_size;
        b->gate = gate_new();
        b->order = malloc((size_t)b->images * sizeof *b->order);
        b->x = aligned_floats(SLOTS * size * values(b));
        b->labels = calloc(SLOTS * 3 * size, sizeof *b->labels);
        b->bad = calloc(SLOTS * size, sizeof *b->bad);
        bool mixing = b->augment.how.mixup_alpha > 0 || b->augment.how.cutmix_alpha > 0;
        if (mixing) b->spare = malloc(SLOTS * values(b) * sizeof *b->spare);
        for (size_t i = 0; i < SLOTS && b->x && b->labels && b->bad; i++) {
            int *labels = b->labels + 3 * i * size;
            b->slot[i] = (struct slot){ .x = b->x + i * size * values(b),
                                        .labels = labels,
                                        .second = labels + size,
                                        .places = labels + 2 * size,
                                        .share = 1,
                                        .bad = b->bad + i * size };
        }
        if (!b->gate || !b->order || !b->x || !b->labels || !b->bad || (mixing && !b->spare))
            status = status_fail(STRIATE_NO_MEMORY, "no memory for batches of %d images; make them smaller", b->batch_size);
    }
    if (status)
        batches_close(b);
    else
        *batches = b;
    return status;
}

size_t batches_bytes(const struct batch_options *options)
{
    int images = options->data->info.images, batch = options->batch_size < images ? options->batch_size : images;
    size_t image =
        (options->ready.values ? options->ready.values : values_of(options->preprocessing)) * sizeof(float) + sizeof(int);
    return SLOTS * (size_t)batch * image + (size_t)images * sizeof(int);
}

void batches_close(struct batches *batches)
{
    if (!batches) return;
    if (batches->gate) halt(batches);
    gate_free(batches->gate);
    free(batches->order);
    free(batches->x);
    free(batches->labels);
    free(batches->bad);
    for (int i = 0; i < SLOTS; i++) text_free(&batches->slot[i].why);
    free(batches->spare);
    free(batches);
}

static void clear(struct slot *slot)
{
    slot->loaded = slot->done = 0;
    text_free(&slot->why);
    slot->why = (struct text){ 0 };
}

struct batches_speed batches_speed(struct batches *b)
{
    gate_enter(b->gate);
    struct batches_speed speed = { b->waited, b->busy > 0 ? b->prepared / b->busy * b->loader_count : 0 };
    gate_leave(b->gate);
    return speed;
}

striate_status batches_start(struct batches *b, int epoch, int first)
{
    if (first < 0 || first > b->images || (first % b->batch_size && first != b->images))
        FAIL(BAD_ARGUMENT, "an epoch cannot begin at image %d: batches have %d, the epoch %d", first, b->batch_size, b->images);
    halt(b);
    for (int i = 0; i < b->images; i++) b->order[i] = i;
    struct random_key key = { .seed = b->seed, .place = (uint64_t)epoch, .use = RANDOM_SHUFFLE };
    if (b->shuffle) random_order(key, b->order, b->images);
    b->epoch = epoch;
    b->next = first;
    b->handed = b->released = first / b->batch_size + (first % b->batch_size > 0);
    b->stop = false;
    b->busy = b->waited = 0;
    b->prepared = 0;
    for (int i = 0; i < SLOTS; i++) {
        clear(&b->slot[i]);
        b->slot[i].trouble.status = STRIATE_OK;
    }
    b->loader_count = b->piece > 1 ? 1 : parallel_threads() < LOADERS ? parallel_threads() : LOADERS;
    for (int i = 0; i < b->loader_count; i++) b->loaders[i] = background_start(loader, b);
    if (!b->loaders[0]) FAIL(NO_MEMORY, "the system has no thread left to read images ahead");
    return STRIATE_OK;
}

striate_status batches_next(struct batch *batch, struct batches *b)
{
    int images = b->loaders[0] ? batch_images(b, b->handed) : 0;
    struct slot *slot = &b->slot[b->handed % SLOTS];
    struct trouble trouble = { 0 };
    gate_enter(b->gate);
    if (b->released < b->handed) { // the batch before may be overwritten now
        clear(&b->slot[b->released % SLOTS]);
        b->released = b->handed;
        gate_wake(b->gate);
    }
    double start = clock_seconds();
    while (slot->done < images) gate_wait(b->gate);
    b->waited += clock_seconds() - start;
    if (images) trouble = slot->trouble;
    gate_leave(b->gate);
    TRY(trouble_raise(&trouble));
    int first = b->handed * b->batch_size;
    if (!images) {
        *batch = (struct batch){ 0 };
        return STRIATE_OK;
    }
    if (!slot->images)
        FAIL(BAD_FILE, "none of %d images can be read: %.*s", images, (int)strcspn(slot->why.s, "\n"), slot->why.s);
    for (int i = 0; i < slot->images; i++) slot->places[i] += first;
    b->handed++;
    *batch = (struct batch){ .x = slot->x,
                             .labels = slot->labels,
                             .images = slot->images,
                             .second = slot->second,
                             .share = slot->share,
                             .places = slot->places,
                             .taken = images,
                             .bad = slot->why.s };
    return STRIATE_OK;
}
