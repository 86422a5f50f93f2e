// checkpoint.h - last.safetensors: a model file that also holds all that an exact resume needs. Nothing in it depends on when or how fast
// the training ran, so a resumed training ends in the same bytes as one that never stopped.
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include "train/settings.h"

#include <stdbool.h>

// Where a training is.
struct progress {
    int64_t epoch;   // epochs finished
    int64_t step;    // steps taken
    int64_t image;   // images done of the epoch under way
    int64_t correct; // of those
    int64_t bad;     // of those that could not be read
    double loss;     // the sum over those
    int64_t best_epoch, best_correct;
    double best_loss; // of the epoch best on validation; best_epoch 0: none yet
    // Of the plateau schedule: how often the rate fell, epochs since the loss on validation got better or the rate fell, and that loss.
    int64_t reductions, waited;
    double lowest;
    int64_t rollbacks; // each halved the rate
};

// A block laid out as the weights are: the trained ones, or all.
struct block {
    const char *name; // NULL ends a list
    float *values;
    bool all;
};

// Writes the model as striate_model_save does, and with it the blocks, the progress and the settings.
striate_status checkpoint_write(const char *path, const striate_model *model, const struct block *blocks,
                                const struct progress *progress, const struct settings *settings);
// Reads it back, all of it or nothing. A checkpoint of other settings, another network or other preprocessing is refused with the first
// difference.
striate_status checkpoint_read(const char *path, striate_model *model, const struct block *blocks, struct progress *progress,
                               const struct settings *settings);

#endif
