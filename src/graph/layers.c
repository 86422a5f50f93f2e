// layers.c - what each node costs, and how much of the image it sees.
#include "graph/graph.h"

#include <stdlib.h>

static struct op_cost cost_of(const struct striate_node *node)
{
    struct op_cost cost = { .kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1 };
    if (node->op->cost && node->ins) {
        const struct striate_node *from = node->in[0];
        struct tensor x = { .n = 1, .shape = from->plan.out, .ld = from->plan.out.c },
                      y = { .n = 1, .shape = node->plan.out, .ld = node->plan.out.c };
        struct tensor *in = &x;
        struct op_args a = { .options = node->options, .ins = 1, .in = &in, .out = &y };
        node->op->cost(&a, &cost);
    }
    return cost;
}

// Receptive field and stride, from the input down (Araujo et al. 2019): r = r_in + (kernel - 1) s_in, s = s_in stride; over several inputs
// the largest.
struct field {
    int h, w, stride_h, stride_w;
};

static struct field field_of(const struct field *fields, const struct striate_node *node, const struct op_cost *cost)
{
    struct field f = { 1, 1, 1, 1 };
    for (int i = 0; i < node->ins; i++) {
        const struct field *from = &fields[node->in[i]->id];
        if (from->h > f.h) f.h = from->h;
        if (from->w > f.w) f.w = from->w;
        if (from->stride_h > f.stride_h) f.stride_h = from->stride_h;
        if (from->stride_w > f.stride_w) f.stride_w = from->stride_w;
    }
    return (struct field){ f.h + (cost->kernel_h - 1) * f.stride_h, f.w + (cost->kernel_w - 1) * f.stride_w,
                           f.stride_h * cost->stride_h, f.stride_w * cost->stride_w };
}

// Whether anything up to this node has weights.
static bool is_trained(const bool *trained, const struct striate_node *node, int64_t parameters)
{
    bool any = parameters > 0;
    for (int i = 0; i < node->ins; i++) any |= trained[node->in[i]->id];
    return any;
}

static void find_training_only(striate_layer *layers, const striate_graph *graph)
{
    for (int i = 0; i < graph->count; i++) layers[i].training_only = graph->nodes[i] != graph_output(graph);
    for (int i = graph->count - 1; i >= 0; i--)
        for (int j = 0; !layers[i].training_only && j < graph->nodes[i]->ins; j++)
            layers[graph->nodes[i]->in[j]->id].training_only = 0;
}

striate_status striate_layers(striate_layer **layers, int *count, const striate_graph *graph)
{
    TRY(striate_graph_status(graph));
    size_t nodes = (size_t)graph->count;
    striate_layer *made = calloc(nodes + !nodes, sizeof *made);
    struct field *fields = calloc(nodes + !nodes, sizeof *fields);
    bool *trained = calloc(nodes + !nodes, sizeof *trained);
    if (!made || !fields || !trained) {
        free(made);
        free(fields);
        free(trained);
        FAIL(NO_MEMORY, "no memory for a table of %zu layers", nodes);
    }
    for (size_t i = 0; i < nodes; i++) {
        const struct striate_node *node = graph->nodes[i];
        struct op_cost cost = cost_of(node);
        struct field f = fields[i] = field_of(fields, node, &cost);
        int64_t parameters = 0;
        for (int p = 0; p < node->plan.params; p++)
            if (node->plan.param[p].kind != PARAM_STATE) parameters += (int64_t)graph->params[node->first_param + p].count;
        trained[i] = is_trained(trained, node, parameters);
        made[i] =
            (striate_layer){ .name = node->name,
                             .op = node->op->name,
                             .size = striate_node_size(node),
                             .parameters = parameters,
                             .macs = cost.macs,
                             .flops = 2 * cost.macs,
                             .activation_bytes = (int64_t)(shape_count(node->plan.out) * sizeof(float)),
                             .values = node->plan.flags & (IN_PLACE | VIEW | CONCAT) ? 0 : (int64_t)shape_count(node->plan.out),
                             .connections = cost.macs + cost.sums,
                             .receptive_h = f.h,
                             .receptive_w = f.w,
                             .stride_h = f.stride_h,
                             .stride_w = f.stride_w,
                             .node = node,
                             .input = node->ins ? striate_node_size(node->in[0]) : (striate_size){ 0 },
                             .input_gradient = is_trained(trained, node, 0) };
    }
    find_training_only(made, graph);
    free(fields);
    free(trained);
    *layers = made;
    *count = (int)nodes;
    return STRIATE_OK;
}
