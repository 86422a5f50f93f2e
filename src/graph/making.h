// making.h - what is known while a plan is made: draft.c says what each node does, recompute.c in which steps, home.c where values lie, and
// plan.c takes the memory.
#ifndef MAKING_H
#define MAKING_H

#include "graph/fuse.h"
#include "graph/plan.h"

enum { NOWHERE = -1 };

// The scratch of a node: saved from forward to backward; packed weights, for good in inference; workspace for each of its two passes;
// statistics for the batch norms that read its value.
enum scratch { SAVED, PACKED, WORK_FORWARD, WORK_BACKWARD, SUMS, SCRATCH };

struct home { // where a value lies: floats `at` into a buffer, pixels `ld` floats apart
    int buffer;
    size_t at;
    ptrdiff_t ld;
};

struct draft {                  // what is known of the value that a step computes; of a view only `root` counts
    const struct op_plan *plan; // for the whole batch
    int root;                   // itself, or whose memory it is
    int slice_of;               // the concat it lies in, or NOWHERE
    bool viewed, output;        // must be contiguous; must outlive the run
    bool needs, reaches;        // needs a gradient: has weights above it; reaches a loss
    int back, again;            // the steps of the node's backward pass and of its forward pass once more, or NOWHERE
    int last;                   // the last step that reads the value
    int sums;                   // the last that reads the statistics left of it
    int readers,
        latest;   // of the gradient: how many inputs of nodes contribute to it, and the latest such node, the first to do so
    bool written; // by a node later in the graph (while the adds are found)
    struct home value, gradient;
    int scratch[SCRATCH]; // buffers
};

struct making {
    struct striate_plan *plan;
    struct draft *drafts; // one per step; those of the backward pass are empty
    int *position;        // of a graph's node in plan->nodes, or NOWHERE
    struct fused *fused;  // of a graph's node
    unsigned debug;
    struct arena arena; // until the plan is made
};

static inline int input_of(const struct making *m, int node, int input)
{
    return m->position[m->plan->nodes[node]->in[input]->id];
}

static inline int root_of_input(const struct making *m, int node, int input)
{
    return m->drafts[input_of(m, node, input)].root;
}

// The step that computed a node's value for its own backward pass.
static inline int value_left(const struct making *m, int node)
{
    int again = m->drafts[node].again;
    return again == NOWHERE ? node : again;
}

// The step that computed what a step has as an input, the latest one.
static inline int input_at(const struct making *m, int step, int input)
{
    int from = input_of(m, m->plan->steps[step].node, input), again = m->drafts[from].again;
    return again != NOWHERE && again < step ? again : from;
}

static inline bool has_gradient(const struct making *m, int node)
{
    return m->plan->train && m->drafts[node].needs && m->drafts[node].reaches;
}

// What a node does beyond its op; NULL: nothing, ever.
static inline const struct fused *fused_of(const struct making *m, int node)
{
    return m->plan->nodes[node] == &m->plan->own_loss ? NULL : &m->fused[m->plan->nodes[node]->id];
}

// Which nodes run; then what each says for this batch, and whose memory its value is.
striate_status draft_nodes(struct making *m);
float *draft_parameter(const struct striate_graph *graph, const struct striate_node *node, int index);

// The plan's steps.
striate_status recompute_choose(struct making *m);

// The room for buffers; then lifetimes, buffers (plan->buffers) and which gradients are added to, for the steps as they are.
striate_status home_begin(struct making *m);
void home_all(struct making *m);

#endif
