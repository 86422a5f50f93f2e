// lesson.h - how one layer learns without labels: what the restricted Boltzmann machines (contrast.c) and the S cells of a neocognitron
// (seed_cells.c) have in common.
#ifndef LESSON_H
#define LESSON_H

#include "base/arena.h"
#include "graph/plan.h"

struct lesson {
    const striate_pretraining *how; // defaults filled in
    striate_graph *graph;
    const struct striate_node *node, *conv; // the pooling or the S cells, and the convolution below, whose weights are learned
    int stage, epoch;                       // stage: how many layers of its kind have learned before
    uint64_t step;                          // updates so far
    double error, active;                   // sums over the images of the epoch
    striate_plan *plan;                     // up to where the learner needs it
    struct arena arena;                     // all else that it needs,
    float *floats;                          // and numbers, from aligned_floats
    void *own;
};

struct learner {
    const struct op *op;
    int epochs;    // by default
    bool padded;   // the convolution may have padding
    bool measures; // an error
    striate_status (*begin)(struct lesson *lesson);
    void (*step)(struct lesson *lesson, const float *images, int count); // [count] of the network's input: an update
};
extern const struct learner learner_contrast, learner_seed_cells;

// The weights of a convolution, values[filters][rows * columns][channels].
struct lesson_weights {
    float *values;
    int filters, height, width, channels;
};
struct lesson_weights lesson_weights(const striate_graph *graph, const struct striate_node *conv);

// A picture of the weights: those above another machine as sums of its filters.
striate_status lesson_draw(const struct lesson *lesson, const char *path);

// Gives a dense layer above the last S cells its weights: a 1 from each channel to the class whose images excite it most.
striate_status seed_cells_name(striate_graph *graph, const striate_data *data, const striate_preprocessing *preprocessing);

#endif
