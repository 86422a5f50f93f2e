// freeze.c - parameters that are not trained, and how much of the network that makes the same in every step.
#include "base/text.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

bool graph_is_fixed(const struct striate_node *node)
{
    if (node->op == &striate_op_batch_norm && ((const striate_norm_options *)node->options)->no_affine) return false;
    for (int i = 0; i < node->plan.params; i++) {
        const struct param *param = &node->graph->params[node->first_param + i];
        if (param->as.kind != PARAM_STATE && !param->frozen) return false;
    }
    return true;
}

striate_status graph_check_globs(const striate_graph *graph, const char *what, const char *list)
{
    int index = 0;
    for (const char *s = list; s && *s; s += strcspn(s, ","), s += *s == ',', index++) {
        bool found = false;
        for (int i = 0; i < graph->param_count && !found; i++) found = text_match(list, graph->params[i].name, NULL) == index;
        if (!found)
            FAIL(BAD_ARGUMENT, "%s: '%.*s' is the first to match no parameter of this network; one is called %s", what,
                 (int)strcspn(s, "=,"), s, graph->param_count ? graph->params[0].name : "nothing");
    }
    return STRIATE_OK;
}

striate_status striate_freeze(striate_graph *graph, const char *globs)
{
    TRY(striate_graph_status(graph));
    TRY(graph_check_globs(graph, "freeze", globs));
    for (int i = 0; i < graph->param_count; i++) graph->params[i].frozen = text_match(globs, graph->params[i].name, NULL) >= 0;
    return STRIATE_OK;
}

// Whether a node's value is a function of its inputs alone, in training too.
static bool is_steady(const struct striate_node *node)
{
    return graph_is_fixed(node) && !(node->plan.flags & (LOSS | DRAWS));
}

// Whether a node may share a step with what it reads (fuse.c), or ask it for sums.
static bool is_fused(const struct striate_node *node)
{
    return node->op == &striate_op_batch_norm || node->op == &striate_op_add;
}

const struct striate_node *graph_frozen_part(const striate_graph *graph)
{
    bool *steady = calloc((size_t)graph->count + 1, sizeof *steady), cut = steady != NULL;
    const struct striate_node *border = NULL;
    for (int i = 0; cut && i < graph->count; i++) {
        const struct striate_node *node = graph->nodes[i];
        steady[i] = is_steady(node);
        for (int j = 0; j < node->ins; j++) steady[i] &= steady[node->in[j]->id];
        for (int j = 0; j < node->ins && !steady[i]; j++) {
            const struct striate_node *from = node->in[j];
            if (!steady[from->id]) continue;
            cut &= !is_fused(node) && (!border || border == from);
            border = from;
        }
    }
    free(steady);
    return cut && border && border->ins ? border : NULL;
}
