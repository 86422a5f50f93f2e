// plan.h - a graph made ready to run: every tensor of every step has its place in one block of memory.
#ifndef PLAN_H
#define PLAN_H

#include "graph/graph.h"

struct striate_plan {
    striate_graph *graph;
    int batch, images; // images: of the last forward pass
    bool train;
    uint64_t seed;
    struct op_args *args; // one per node
    float *block;         // activations, their gradients, saved values, packed weights and workspace
    size_t block_bytes;
    float *gradients; // [graph->trained], laid out as graph->weights
    int *labels;
    const struct striate_node *input, *output, *loss;
    uint64_t packed_version; // the weights' version that `packed` holds
    struct arena arena;
    struct steps *steps; // what memory begins and ends to live where (plan.c)
};

// For tests: every value has memory of its own, and memory that is dead is filled with NaN.
enum plan_debug { PLAN_UNSHARED = 1, PLAN_POISON = 2 };
striate_status plan_make(striate_plan **plan, striate_graph *graph, striate_plan_options options, unsigned debug);

// After a loss or gradient that is not finite: the name of the first node whose output is not, by another forward pass; NULL: none.
const char *plan_first_bad(striate_plan *plan);

#endif
