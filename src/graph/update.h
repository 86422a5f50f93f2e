// update.h - the optimizer's state: one block beside the weights.
#ifndef UPDATE_H
#define UPDATE_H

#include "graph/graph.h"

struct striate_optimizer {
    striate_graph *graph;
    striate_sgd_options options;
    float *velocity; // [graph->trained], laid out as graph->weights
};

// The first parameter with a value that is not finite in the first `count` floats of a block laid out as graph->weights; NULL: none.
const struct param *update_first_bad(const striate_graph *graph, const float *block, size_t count);

#endif
