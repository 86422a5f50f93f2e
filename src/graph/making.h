// making.h - what is known while a plan is made: draft.c says what each node does, home.c where its values lie, plan.c takes the memory.
#ifndef MAKING_H
#define MAKING_H

#include "graph/fuse.h"
#include "graph/plan.h"

enum { NOWHERE = -1 };

// The scratch of a node: saved from forward to backward; packed weights, for good in inference; workspace for each of its two steps;
// statistics for the batch norms that read its value.
enum scratch { SAVED, PACKED, WORK_FORWARD, WORK_BACKWARD, SUMS, SCRATCH };

struct home { // where a value lies: floats `at` into a buffer, pixels `ld` floats apart
    int buffer;
    size_t at;
    ptrdiff_t ld;
};

struct draft {           // what is known of a node's output; of a view only `root` counts
    struct op_plan plan; // for the whole batch
    int root;            // itself, or whose memory it is
    int slice_of;        // the concat it lies in, or NOWHERE
    bool viewed, output; // must be contiguous; must outlive the run
    bool needs, reaches; // needs a gradient: has weights above it; reaches a loss
    int last;            // the last step that reads the value
    int readers,
        latest; // of the gradient: how many inputs of nodes contribute to it, and the latest such node, which is the first to do so
    bool written; // by a node later in the graph (while the adds are found)
    struct home value, gradient;
    int scratch[SCRATCH]; // buffers
};

struct making {
    struct striate_plan *plan;
    struct draft *drafts; // one per plan->nodes
    int *position;        // of a graph's node in plan->nodes, or NOWHERE
    struct fused *fused;  // of a graph's node
    unsigned debug;
    int end; // the step after the last
};

static inline int backward_step(const struct making *m, int node)
{
    return 2 * m->plan->count - 1 - node;
}

static inline int input_of(const struct making *m, int node, int input)
{
    return m->position[m->plan->nodes[node]->in[input]->id];
}

static inline int root_of_input(const struct making *m, int node, int input)
{
    return m->drafts[input_of(m, node, input)].root;
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

// Lifetimes, buffers (plan->buffers), and which gradients are added to.
striate_status home_all(struct making *m);

#endif
