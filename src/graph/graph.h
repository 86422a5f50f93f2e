// graph.h - nodes in topological order, and the weights they share.
#ifndef GRAPH_H
#define GRAPH_H

#include "base/arena.h"
#include "ops/op.h"

struct striate_node {
    striate_graph *graph;
    int id; // position in graph->nodes
    const struct op *op;
    const char *name; // unique in the graph
    void *options;    // defaults filled in
    int ins;
    struct striate_node **in;
    struct op_plan plan; // for one image
    int first_param;     // its parameters are graph->params[first_param ..], plan.params of them
};

enum { PARAM_LINE = 16 }; // floats of a cache line: every parameter begins on one

struct param {
    const struct striate_node *node;
    const char *name; // "conv1.weight"
    struct op_param as;
    size_t count, offset; // floats in the weight block
    bool frozen;          // by striate_freeze
};

struct striate_graph {
    struct arena arena;
    struct striate_node **nodes;
    int count, room;
    int *names, name_room; // hash table: node id + 1, or 0
    const char *scope;
    int scope_begin; // the first node since striate_scope
    struct param *params;
    int param_count, param_room;
    float *weights;        // one block: trained parameters first, then running statistics; NULL until graph_seal
    size_t trained, total; // floats of the block
    uint64_t version;      // changes whenever weights do, so that plans pack them anew
    striate_status status; // of the first failure of building
    char sentence[512];
    const char *file; // of a text network, for its errors; NULL: built by calls
    int line;
    struct striate_node stray; // what builders return after a failure
};

// Adds a node: checks and completes the options, infers the shape. name NULL: the op's name and a number. After a failure, which sticks to
// the graph, it returns a stray node.
striate_node *graph_add(striate_graph *graph, const struct op *op, const char *name, striate_node *const *inputs, int count,
                        const void *options);

// Gives the parameters their offsets; fails with the first error of building. graph_seal: and makes the block, zeroed, once.
striate_status graph_lay_out(striate_graph *graph);
striate_status graph_seal(striate_graph *graph);

// The last node that is no loss, and the number of its values; NULL in an empty graph.
const struct striate_node *graph_output(const striate_graph *graph);

// Whether none of a node's parameters is trained: it has none, or all are frozen. A batch norm without any still learns its statistics.
bool graph_is_fixed(const struct striate_node *node);

// The node whose value is all that the trained part of the network needs of the rest, which makes the same of an image in every step; NULL:
// there is none, or a plan makes one step of that node's work and its reader's.
const struct striate_node *graph_frozen_part(const striate_graph *graph);

const struct striate_node *graph_find(const striate_graph *graph, const char *name);

// Fails unless each glob of a list (base/text.h) is the first to match some parameter; `what` begins the sentence.
striate_status graph_check_globs(const striate_graph *graph, const char *what, const char *list);

// Copies a parameter between its memory order and the order of files.
void param_to_file(float *file, const float *memory, const struct param *param);
void param_from_file(float *memory, const float *file, const struct param *param);

#endif
