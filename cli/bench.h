// bench.h - what `striate bench` is made of.
#ifndef BENCH_H
#define BENCH_H

#include "cli.h"

struct bench_arguments {
    const char *model;
    struct ints batch;
    float seconds; // of a measurement; 0: the default
    int exact, threads, json;
    const char *suite; // conv, dense
    int direction, shapes;
    int batch_size, steps, recompute, ops, cpu_time; // train, infer
};
enum { PASSES = STRIATE_PACK + 1 };
int bench_network(const struct bench_arguments *a, bool train);
int bench_conv(const struct bench_arguments *a);
int bench_dense(const struct bench_arguments *a);

// ---- bench_suites.c: the networks whose convolutions are measured

struct bench_suite {
    const char *name;
    striate_node *(*build)(striate_graph *graph); // NULL: the network of that name in the zoo
    bool dense;                                   // its dense layers are measured, too
};
extern const struct bench_suite bench_suites[]; // ended by a NULL name

// ---- bench_layers.c: what is measured

enum { SUITES = 16, GRAPHS = 16 };

struct bench_shape {
    int n, h, w, c, k, r, s, stride_h, stride_w, top, bottom, left, right, dilation, groups, bias, dense;
};
// The layers of one shape in a suite.
struct bench_row {
    int suite, count;
    struct bench_shape shape;
    striate_layer layer; // one of them
    int like;            // an earlier row of this shape, of another suite, whose times are this one's; -1: none
    bool runs[PASSES];
    striate_measurement at[PASSES];
};
struct bench_table {
    const struct bench_arguments *a;
    struct {
        const char *name;
        int64_t macs; // of the whole network, an image
    } suites[SUITES];
    striate_graph *graphs[GRAPHS];
    int suite_count, graph_count;
    struct bench_row *rows;
    int count;
    bool reads;                          // the rate at which weights are read matters
    double peak, peak_lowest, bandwidth; // peak: the highest of several
};

// ---- bench_show.c: how it is told

extern const char *const bench_passes[PASSES];
void bench_label(char label[64], const struct bench_shape *shape);
int bench_show(const struct bench_table *table);

// ---- bench_network.c: steps of a network; bench_steps.c: how they are told

struct bench_step {
    double all, forward, backward, update; // seconds
};
struct bench_node {
    striate_plan_node what;
    double flops[PASSES];
    double spent[PASSES];   // seconds of this step, forward passes computed again included
    double fastest[PASSES]; // of all steps; INFINITY where the node has no such pass
};
struct bench_steps {
    const struct bench_arguments *a;
    const char *what; // "train", "infer"
    bool train;
    int batch, threads, count; // count: steps measured
    struct totals totals;
    striate_plan *plan;
    striate_optimizer *optimizer;
    struct bench_step median;
    struct bench_node *nodes; // NULL: only whole steps are measured
    int node_count;
    double since; // when the node before was done
    double peak_gflops, peak_bytes;
};
int bench_steps_show(const struct bench_steps *steps);

#endif
