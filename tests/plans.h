// plans.h - graphs of random ops, and what plans of them compute.
#ifndef PLANS_H
#define PLANS_H

#include "graph/plan.h"

int below(int n); // the next random number of this test, 0..n-1

// A graph of random ops on small maps, some of them concatenated, added, flattened and read more than once.
striate_graph *random_graph(void);

// No two buffers overlap that are alive together, and the block is within a tenth of the most that is alive at one step.
void check_placement(const struct buffer *buffers, int count, size_t bytes, size_t bound);

struct result {
    float *output, *gradients, *weights; // weights: with the running statistics, as they are after the step
    double loss;
    size_t bytes; // of the block
    int again;    // nodes computed twice
};

// What the second of two equal steps gives; the graph is as before.
struct result run(striate_graph *g, striate_plan_options options, int images, unsigned debug);
void result_free(struct result *result);

// Fails with the text of the graph unless all values are the same.
void expect_equal(const striate_graph *g, const struct result *result, const struct result *want, int images, bool train);

#endif
