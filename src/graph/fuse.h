// fuse.h - which nodes do the work of those that follow them.
#ifndef FUSE_H
#define FUSE_H

#include "graph/graph.h"

// Of a graph's node, all by id.
struct fused {
    int value;       // whose value it is: its own, but that of its input where it does nothing, as dropout in inference
    int last;        // the node whose value comes out: itself or the last that it swallowed; -1: swallowed, or not needed
    int residual;    // whose value is added; -1: none
    int norm;        // the batch norm that is part of the weights; -1: none
    int norm_first;  // the first of its channels that are this node's
    int sums_of;     // of a batch norm: the node that leaves the statistics of its input; -1: none
    bool relu, sums; // sums: leaves statistics of its value
};

// fused[graph->count], of the nodes that are needed, from the value of `begin` on; `fuse` false: each by itself.
striate_status fuse_graph(struct fused *fused, const striate_graph *graph, const bool *needed, const struct striate_node *begin,
                          const struct striate_node *output, struct arena *arena, bool train, bool fuse);

#endif
