// update.h - an optimizer of a graph: its state beside the weights.
#ifndef UPDATE_H
#define UPDATE_H

#include "graph/graph.h"
#include "optim/optim.h"

struct striate_optimizer {
    striate_graph *graph;
    struct optim optim; // its blocks of state are laid out as graph->weights, [graph->trained]
    float *sum;         // of gradients, each times its images, since the last update; NULL: cannot be asked for
    double images;      // in it
};

// The bytes that an optimizer takes.
size_t update_bytes(const striate_graph *graph, const striate_optimizer_options *options);

// The first parameter with a value that is not finite in the first `count` floats of a block laid out as graph->weights; NULL: none.
const struct param *update_first_bad(const striate_graph *graph, const float *block, size_t count);

#endif
