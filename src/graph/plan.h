// plan.h - a graph made ready to run: every value of every step has its place in one block of memory.
#ifndef PLAN_H
#define PLAN_H

#include "graph/graph.h"

// A stretch of the block, alive from step `first` to step `last` inclusive; -1 is before the first step, step_count after the last.
struct buffer {
    size_t bytes, offset;
    int first, last;
    int node; // in plan->nodes, that asked for it first
    striate_kind kind;
};

// What is computed, one after another: the forward pass of node i is step i; then come the backward passes, from the last node to the first,
// and in front of some of them forward passes once more, of nodes whose values were dropped.
struct plan_step {
    int node;
    striate_phase phase;
};

struct striate_plan {
    striate_graph *graph;
    int batch, images; // images: of the last forward pass
    bool train, exact, recompute;
    uint64_t seed;
    float label_smoothing;
    // The nodes of the graph that are needed, and a loss of the plan's own where the graph has none. Where one does the work of others as well,
    // it has their other input as a last one, and `last` is the node whose value comes out.
    const struct striate_node **nodes, **last;
    unsigned *flags;                       // op_plan's, one per node
    bool *backward;                        // whether the node takes part in the backward pass
    const char *(*algorithms)[DIRECTIONS]; // one row per node
    int count;
    struct plan_step *steps;
    struct op_args *args;   // one per step
    struct fusion *fusions; // one per step
    int step_count;
    struct striate_node own_loss;
    striate_loss_options own_loss_options;
    const struct striate_node *input, *output; // input: whose value is filled from outside
    struct buffer *buffers;
    int buffer_count;
    char *block;
    size_t block_bytes, bound;
    float *gradients;        // [graph->trained], laid out as graph->weights
    int *labels, *second;    // [batch]
    float share;             // of the first labels
    uint64_t packed_version; // of the weights that `packed` holds
    bool poison;
    striate_watch *watch; // called after each node's part of a pass, with `watcher`; or NULL
    void *watcher;
    struct arena arena; // all the tables
};

// For tests: no two values share memory; memory that is dead is filled with NaN; Winograd wherever it can, whatever it costs; every node
// does its own work; nothing is computed again. For striate_forecast: everything but the memory. For the frozen part of a training: no batch norm
// is folded into weights.
enum plan_debug {
    PLAN_UNSHARED = 1,
    PLAN_POISON = 2,
    PLAN_WINOGRAD = 4,
    PLAN_UNFUSED = 8,
    PLAN_FORECAST = 16,
    PLAN_KEPT = 32,
    PLAN_UNFOLDED = 64
};

// A part of the graph: from the value of `begin`, which is the plan's input, or from the images on; up to the value of `end`, which is its
// output, or to the end.
struct plan_part {
    const struct striate_node *begin, *end; // NULL: all
};
striate_status plan_make_part(striate_plan **plan, striate_graph *graph, striate_plan_options options, struct plan_part part,
                              unsigned debug);
size_t plan_input_values(const striate_plan *plan); // of one image

striate_status plan_make(striate_plan **plan, striate_graph *graph, striate_plan_options options, unsigned debug);

// What a node of the plan computes with, once it has run.
const struct op_args *plan_args(const struct striate_plan *plan, const struct striate_node *node);

// After a loss or gradient that is not finite: the name of the first node whose output is not, by another forward pass; NULL: none.
const char *plan_first_bad(striate_plan *plan);

// The most bytes alive at one step, which no placement goes below.
striate_status place_bound(size_t *bound, const struct buffer *buffers, int count);
// Gives every buffer its offset; `bytes`: of the whole block.
striate_status place_buffers(size_t *bytes, size_t bound, struct buffer *buffers, int count);

#endif
