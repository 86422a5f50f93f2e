// fuse.c - which nodes do the work of those that follow them, in the same passes over memory:
//
//   conv, dense                 + residual + ReLU
//   batch_norm                  + residual + ReLU
//   conv, dense (inference)     + batch_norm, folded into the weights, + residual + ReLU
//   concat of conv, dense (inference)   + batch_norm, each slice of it folded into the weights of its input, + ReLU
//   conv, dense (training)      leave the batch_norm that reads them the sums of its statistics
//
// A node is swallowed if nobody else reads the value it would have taken. The sum of a residual is an add whose other input may be anything.
#include "graph/fuse.h"

#include <string.h>

enum { NOBODY = -1, MANY = -2 };

struct fusing {
    const striate_graph *graph;
    const struct striate_node *begin; // whose work is not done
    struct fused *fused;
    int *reader; // the only node that reads a value; or NOBODY, or MANY
    bool train;
};

static int input(const struct fusing *f, int node, int i)
{
    return f->fused[f->graph->nodes[node]->in[i]->id].value;
}

static void find_readers(struct fusing *f, const bool *needed, const struct striate_node *output)
{
    for (int i = 0; i < f->graph->count; i++) {
        const struct striate_node *node = f->graph->nodes[i];
        bool nothing = !f->train && node->op == &striate_op_dropout && node != output;
        f->fused[i] = (struct fused){ nothing ? input(f, i, 0) : i, .last = needed[i] && !nothing ? i : NOBODY,
                                      .residual = NOBODY, .norm = NOBODY, .sums_of = NOBODY };
        f->reader[i] = NOBODY;
    }
    for (int i = 0; i < f->graph->count; i++)
        for (int j = 0; f->fused[i].last == i && j < f->graph->nodes[i]->ins; j++) {
            int *reader = &f->reader[input(f, i, j)];
            *reader = *reader == NOBODY ? i : MANY;
        }
    f->reader[output->id] = MANY; // its value is asked for
}

// The only reader of a node's value if it is this op and not swallowed yet; else NOBODY.
static int next(const struct fusing *f, int node, const struct op *op)
{
    int reader = f->reader[node];
    return reader >= 0 && f->graph->nodes[reader]->op == op && f->fused[reader].last == reader ? reader : NOBODY;
}

static int swallow(struct fusing *f, int head, int node)
{
    f->fused[node].last = NOBODY;
    f->fused[head].last = node;
    return node;
}

static bool is_linear(const struct striate_node *node)
{
    return node->op == &striate_op_conv || node->op == &striate_op_dense;
}

static void fuse_from(struct fusing *f, int head)
{
    const struct striate_node *node = f->graph->nodes[head];
    int last = head, found;
    if (node == f->begin || f->fused[head].last != head || (!is_linear(node) && node->op != &striate_op_batch_norm)) return;
    if (!f->train && is_linear(node) && (found = next(f, last, &striate_op_batch_norm)) >= 0)
        last = f->fused[head].norm = swallow(f, head, found);
    if ((found = next(f, last, &striate_op_add)) >= 0) {
        f->fused[head].residual = input(f, found, input(f, found, 0) == last);
        last = swallow(f, head, found);
    }
    if ((found = next(f, last, &striate_op_relu)) >= 0) {
        f->fused[head].relu = true;
        last = swallow(f, head, found);
    }
}

// Whether input j of a concat is a layer that does nothing else yet, for nobody else.
static bool is_free(const struct fusing *f, int concat, int j)
{
    int from = input(f, concat, j);
    return is_linear(f->graph->nodes[from]) && f->fused[from].last == from && f->fused[from].residual == NOBODY &&
           f->reader[from] == concat;
}

// Slices of channels do not meet in a batch norm, nor in a ReLU.
static void fuse_concat(struct fusing *f, int concat)
{
    const struct striate_node *node = f->graph->nodes[concat];
    int norm = NOBODY, relu = NOBODY, last = concat, first = 0;
    if (f->train || node->op != &striate_op_concat || f->fused[concat].last != concat) return;
    for (int j = 0; j < node->ins; j++)
        if (!is_free(f, concat, j)) return;
    if ((norm = next(f, last, &striate_op_batch_norm)) >= 0) last = swallow(f, concat, norm);
    if ((relu = next(f, last, &striate_op_relu)) >= 0) swallow(f, concat, relu);
    for (int j = 0; j < node->ins; j++) {
        struct fused *from = &f->fused[input(f, concat, j)];
        from->norm = norm;
        from->norm_first = first;
        from->relu = relu >= 0;
        first += f->graph->nodes[input(f, concat, j)]->plan.out.c;
    }
}

static void find_sums(struct fusing *f)
{
    int *head = f->reader; // of the node whose value comes out
    for (int i = 0; i < f->graph->count; i++) head[i] = NOBODY;
    for (int i = 0; i < f->graph->count; i++)
        if (f->fused[i].last >= 0 && is_linear(f->graph->nodes[i]) && f->graph->nodes[i] != f->begin)
            head[f->fused[i].last] = i;
    for (int i = 0; i < f->graph->count; i++) {
        const struct striate_node *node = f->graph->nodes[i];
        if (f->fused[i].last < 0 || node->op != &striate_op_batch_norm || node == f->begin || head[input(f, i, 0)] < 0 ||
            graph_is_fixed(node))
            continue;
        struct fused *from = &f->fused[head[input(f, i, 0)]];
        if (from->sums) continue; // they are about the running mean of another
        f->fused[i].sums_of = head[input(f, i, 0)];
        from->sums = true;
    }
}

striate_status fuse_graph(struct fused *fused, const striate_graph *graph, const bool *needed, const struct striate_node *begin,
                          const struct striate_node *output, struct arena *arena, bool train, bool fuse)
{
    struct fusing f = { graph, begin, fused, arena_take(arena, (size_t)graph->count * sizeof *f.reader), train };
    if (!f.reader) FAIL(NO_MEMORY, "no memory to fuse %d nodes", graph->count);
    find_readers(&f, needed, output);
    for (int i = 0; fuse && i < graph->count; i++) {
        fuse_from(&f, i);
        fuse_concat(&f, i);
    }
    if (fuse && train) find_sums(&f);
    return STRIATE_OK;
}
