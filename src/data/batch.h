// batch.h - a data set as batches of a network's input, prepared ahead on threads of their own.
#ifndef BATCH_H
#define BATCH_H

#include "striate.h"

#include <stdbool.h>

struct batch {
    const float *x;    // [images][views][height][width][channels] of the preprocessing
    const int *labels; // [images]
    int images;        // 0: the epoch is over
    const int *second; // [images], where images are mixed of two,
    float share;       // of the first; 1: they are not
    const int *places; // [images], in the epoch's order
    int taken;         // images of the epoch that this stands for: more than `images` where some could not be read,
    const char *bad;   // and why, a line each; NULL: all could
};

// Inputs that are made already, of every image of a set.
struct ready {
    const float *x; // [images][values]
    size_t values;
};

struct batch_options {
    const striate_data *data;                   // must outlive the batches
    const striate_preprocessing *preprocessing; // copied
    int batch_size;
    int limit;    // only the first images of the data; 0: all
    bool shuffle; // each epoch in its own order, a function of (seed, epoch)
    uint64_t seed;
    const striate_augmentation *augmentation; // copied; drawn with `seed`; NULL: none
    bool skip;                                // what cannot be read is left out; else it is a failure
    struct ready ready;                       // must outlive the batches; x NULL: images are read and converted
    int views;                                // PREPROCESS_TEN: ten of each image; 0: one
};

struct batches;
striate_status batches_open(struct batches **batches, const struct batch_options *options);
void batches_close(struct batches *batches);
size_t batches_bytes(const struct batch_options *options); // that batches_open would take

// Begins epoch `epoch` at its image number `first` (a multiple of the batch size: resuming in mid-epoch). Reading ahead starts here.
striate_status batches_start(struct batches *batches, int epoch, int first);
// The next batch of the epoch; the last one may be smaller, and after it comes an empty one. Valid until the next call.
striate_status batches_next(struct batch *batch, struct batches *batches);

// Since batches_start.
struct batches_speed {
    double waited; // seconds in batches_next
    double rate;   // images per second that all threads read and prepare
};
struct batches_speed batches_speed(struct batches *batches);

#endif
