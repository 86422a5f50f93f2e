// graph.c - adding nodes: names, options, shapes and parameters are checked here, and the first failure stays with the graph.
#include "graph/graph.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double MOST_VALUES = 2147483647.0; // of one image's activation, or of one parameter

striate_status striate_graph_new(striate_graph **graph)
{
    striate_graph *made = calloc(1, sizeof *made);
    if (!made) FAIL(NO_MEMORY, "no memory for a graph");
    made->stray =
        (struct striate_node){ .graph = made, .name = "(failed)", .op = &striate_op_input, .plan.out = { 1, 1, 1, 1 } };
    made->scope = "";
    *graph = made;
    return STRIATE_OK;
}

void striate_graph_free(striate_graph *graph)
{
    if (!graph) return;
    arena_free(&graph->arena);
    free(graph->nodes);
    free(graph->names);
    free(graph->params);
    free(graph->weights);
    free(graph);
}

// Keeps the first failure, with the sentence that is in striate_error() now.
static striate_node *stick(striate_graph *graph, striate_status status)
{
    if (!graph->status) {
        graph->status = status;
        snprintf(graph->sentence, sizeof graph->sentence, "%s", striate_error());
    }
    return &graph->stray;
}

striate_status striate_graph_status(const striate_graph *graph)
{
    return graph->status ? status_fail(graph->status, "%s", graph->sentence) : STRIATE_OK;
}

void striate_scope(striate_graph *graph, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *scope = arena_format(&graph->arena, format, arguments);
    va_end(arguments);
    if (scope) graph->scope = scope;
    graph->scope_begin = graph->count;
    if (!scope) stick(graph, status_fail(STRIATE_NO_MEMORY, "no memory for a scope's name"));
}

striate_size striate_node_size(const striate_node *node)
{
    struct shape s = node->plan.out;
    return (striate_size){ s.h, s.w, s.c };
}

const char *striate_node_name(const striate_node *node)
{
    return node->name;
}

// ---- names: an open-addressing table of node numbers + 1 ----

static uint32_t hash(const char *s) // FNV-1a
{
    uint32_t h = 2166136261u;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

static int *slot(const striate_graph *graph, const char *name)
{
    uint32_t mask = (uint32_t)graph->name_room - 1;
    for (uint32_t i = hash(name) & mask;; i = (i + 1) & mask) {
        int *entry = &graph->names[i];
        if (!*entry || !strcmp(graph->nodes[*entry - 1]->name, name)) return entry;
    }
}

const struct striate_node *graph_find(const striate_graph *graph, const char *name)
{
    int found = graph->names ? *slot(graph, name) : 0;
    return found ? graph->nodes[found - 1] : NULL;
}

static striate_status reserve_node(striate_graph *graph)
{
    if (graph->count < graph->room) return STRIATE_OK;
    int room = graph->room ? 2 * graph->room : 64;
    struct striate_node **nodes = realloc(graph->nodes, (size_t)room * sizeof *nodes);
    if (nodes) graph->nodes = nodes;
    int *names = calloc((size_t)room * 2, sizeof *names);
    if (!nodes || !names) {
        free(names);
        FAIL(NO_MEMORY, "no memory for %d nodes", room);
    }
    free(graph->names);
    graph->names = names;
    graph->name_room = 2 * room;
    graph->room = room;
    for (int i = 0; i < graph->count; i++) *slot(graph, graph->nodes[i]->name) = i + 1;
    return STRIATE_OK;
}

static const char *formatted(striate_graph *graph, const char *format, ...) STRIATE_PRINTF(2, 3);
static const char *formatted(striate_graph *graph, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *s = arena_format(&graph->arena, format, arguments);
    va_end(arguments);
    return s;
}

// "scope.name"; without a name "scope.op1" for the first of its op in this scope, and so on.
static striate_status name_node(struct striate_node *node, const char *name)
{
    striate_graph *graph = node->graph;
    const char *dot = *graph->scope ? "." : "";
    if (name) {
        node->name = formatted(graph, "%s%s%s", graph->scope, dot, name);
    } else {
        int number = 1;
        for (int i = graph->scope_begin; i < graph->count; i++) number += graph->nodes[i]->op == node->op;
        do node->name = formatted(graph, "%s%s%s%d", graph->scope, dot, node->op->name, number++);
        while (node->name && graph_find(graph, node->name));
    }
    if (!node->name) FAIL(NO_MEMORY, "no memory for a node's name");
    return STRIATE_OK;
}

// ---- options: defaults filled in, ranges checked ----

static striate_status check_options(struct striate_node *node)
{
    for (const struct attribute *a = node->op->attributes; a && a->name; a++) {
        void *field = (char *)node->options + a->offset;
        const char **string = field;
        if (a->type == ATTRIBUTE_TEXT) {
            if (!*string && a->required) FAIL(BAD_NETWORK, "attribute %s is missing (%s)", a->name, a->doc);
            if (*string && !(*string = arena_copy(&node->graph->arena, *string)))
                FAIL(NO_MEMORY, "no memory for attribute %s", a->name);
            continue;
        }
        bool is_float = a->type == ATTRIBUTE_FLOAT;
        double value = is_float ? *(float *)field : *(int *)field;
        if (value == 0 && a->required) FAIL(BAD_NETWORK, "attribute %s is missing (%s)", a->name, a->doc);
        if (value == 0 && is_float) *(float *)field = (float)(value = a->value);
        if (value == 0 && !is_float) *(int *)field = (int)(value = a->value);
        double low = a->low, high = a->high;
        if (a->type == ATTRIBUTE_FLAG) high = 1;
        if (a->type == ATTRIBUTE_CHOICE) {
            high = 0;
            for (const char *c = a->choices; *c; c++) high += *c == '|';
        }
        if (!(value >= low && value <= high))
            FAIL(BAD_NETWORK, "attribute %s is %g, allowed is %g to %g", a->name, value, low, high);
    }
    return STRIATE_OK;
}

// ---- shape and parameters ----

static striate_status infer(struct striate_node *node)
{
    struct tensor tensors[8], *few[8];
    bool many = node->ins > 8;
    struct tensor *x = many ? malloc((size_t)node->ins * sizeof *x) : tensors;
    struct tensor **in = many ? malloc((size_t)node->ins * sizeof *in) : few;
    striate_status status = x && in ? STRIATE_OK : status_fail(STRIATE_NO_MEMORY, "no memory for %d inputs", node->ins);
    if (!status) {
        for (int i = 0; i < node->ins; i++) {
            struct shape s = node->in[i]->plan.out;
            x[i] = (struct tensor){ .n = 1, .shape = s, .ld = s.c };
            in[i] = &x[i];
        }
        struct op_args a = { .options = node->options, .ins = node->ins, .in = in };
        status = node->op->shape(&a, &node->plan);
    }
    if (many) {
        free(x);
        free(in);
    }
    return status;
}

static striate_status check_size(const struct striate_node *node)
{
    struct shape s = node->plan.out;
    if (s.h < 1 || s.w < 1 || s.c < 1 || (double)s.h * s.w * s.c > MOST_VALUES)
        FAIL(BAD_NETWORK, "an output of %dx%dx%d values is out of bounds", s.h, s.w, s.c);
    for (int i = 0; i < node->plan.params; i++) {
        double count = 1;
        for (int d = 0; d < node->plan.param[i].rank; d++) count *= node->plan.param[i].dims[d];
        if (count > MOST_VALUES) FAIL(BAD_NETWORK, "%s of %.0f values is out of bounds", node->plan.param[i].name, count);
    }
    return STRIATE_OK;
}

static striate_status add_params(struct striate_node *node)
{
    striate_graph *graph = node->graph;
    int count = node->plan.params;
    if (count && graph->weights) FAIL(BAD_NETWORK, "a node with weights came after the graph was used");
    if (graph->param_count + count > graph->param_room) {
        int room = 2 * graph->param_room + 16;
        struct param *params = realloc(graph->params, (size_t)room * sizeof *params);
        if (!params) FAIL(NO_MEMORY, "no memory for %d parameters", room);
        graph->params = params;
        graph->param_room = room;
    }
    node->first_param = graph->param_count;
    for (int i = 0; i < count; i++) {
        const struct op_param *as = &node->plan.param[i];
        const char *name = formatted(graph, "%s.%s", node->name, as->name);
        if (!name) FAIL(NO_MEMORY, "no memory for a parameter's name");
        size_t values = 1;
        for (int d = 0; d < as->rank; d++) values *= (size_t)as->dims[d];
        graph->params[node->first_param + i] = (struct param){ .node = node, .name = name, .as = *as, .count = values };
    }
    return STRIATE_OK;
}

static striate_status make(striate_graph *graph, struct striate_node *node, const char *name, striate_node *const *inputs)
{
    const struct op *op = node->op;
    TRY(reserve_node(graph));
    TRY(name_node(node, name));
    if (graph_find(graph, node->name))
        FAIL(BAD_NETWORK, "this name is taken by an earlier %s", graph_find(graph, node->name)->op->name);
    if (node->ins < op->min_ins || (op->max_ins >= 0 && node->ins > op->max_ins))
        FAIL(BAD_NETWORK, "%d inputs, but %s takes %s%d", node->ins, op->name, op->max_ins == op->min_ins ? "" : "at least ",
             op->min_ins);
    for (int i = 0; i < node->ins; i++) {
        if (inputs[i]->graph != graph) FAIL(BAD_NETWORK, "input %d belongs to another graph", i + 1);
        if (inputs[i]->plan.flags & LOSS) FAIL(BAD_NETWORK, "input %s is a loss, which nothing can follow", inputs[i]->name);
        node->in[i] = inputs[i];
    }
    if ((op == &striate_op_input) != (graph->count == 0))
        FAIL(BAD_NETWORK, "%s",
             graph->count ? "a network has one input, and it is the first node"
                          : "the first node of a network must be an input");
    TRY(check_options(node));
    TRY(infer(node));
    TRY(check_size(node));
    TRY(add_params(node));
    node->id = graph->count;
    *slot(graph, node->name) = node->id + 1;
    graph->param_count += node->plan.params;
    graph->nodes[graph->count++] = node;
    return STRIATE_OK;
}

striate_node *graph_add(striate_graph *graph, const struct op *op, const char *name, striate_node *const *inputs, int count,
                        const void *options)
{
    if (graph->status) return &graph->stray;
    struct striate_node *node = arena_take(&graph->arena, sizeof *node);
    void *own = arena_take(&graph->arena, op->options_size);
    struct striate_node **in = count >= 0 ? arena_take(&graph->arena, (size_t)count * sizeof *in) : NULL;
    if (!node || !own || !in) return stick(graph, status_fail(STRIATE_NO_MEMORY, "no memory for another %s", op->name));
    if (op->options_size) memcpy(own, options, op->options_size);
    *node = (struct striate_node){ .graph = graph, .op = op, .options = own, .ins = count, .in = in };
    striate_status status = make(graph, node, name, inputs);
    if (!status) return node;
    char sentence[512];
    snprintf(sentence, sizeof sentence, "%s", striate_error());
    const char *shown = node->name ? node->name : name ? name : "";
    if (graph->file)
        status_fail(status, "%s:%d: %s (%s): %s", graph->file, graph->line, shown, op->name, sentence);
    else
        status_fail(status, "%s (%s): %s", shown, op->name, sentence);
    return stick(graph, status);
}

// ---- the weight block ----

striate_status graph_lay_out(striate_graph *graph)
{
    TRY(striate_graph_status(graph));
    if (graph->weights) return STRIATE_OK;
    graph->total = 0;
    if (!graph->count) FAIL(BAD_NETWORK, "the network is empty: it needs an input and at least one layer");
    for (int state = 0; state < 2; state++) {
        for (int i = 0; i < graph->param_count; i++) {
            struct param *param = &graph->params[i];
            if ((param->as.kind == PARAM_STATE) != state) continue;
            param->offset = graph->total;
            graph->total += (param->count + PARAM_LINE - 1) / PARAM_LINE * PARAM_LINE;
        }
        if (!state) graph->trained = graph->total;
    }
    return STRIATE_OK;
}

striate_status graph_seal(striate_graph *graph)
{
    TRY(graph_lay_out(graph));
    if (!graph->weights) graph->weights = aligned_floats(graph->total);
    if (!graph->weights) FAIL(NO_MEMORY, "no memory for %zu weights", graph->total);
    return STRIATE_OK;
}

const struct striate_node *graph_output(const striate_graph *graph)
{
    for (int i = graph->count - 1; i >= 0; i--)
        if (!(graph->nodes[i]->plan.flags & LOSS)) return graph->nodes[i];
    return NULL;
}

int striate_parameter_count(striate_graph *graph)
{
    return graph->param_count;
}

striate_status striate_parameter_at(striate_parameter *parameter, striate_graph *graph, int index)
{
    TRY(graph_seal(graph));
    if (index < 0 || index >= graph->param_count) FAIL(BAD_ARGUMENT, "parameter %d of %d", index, graph->param_count);
    const struct param *p = &graph->params[index];
    *parameter = (striate_parameter){ .name = p->name,
                                      .values = graph->weights + p->offset,
                                      .count = p->count,
                                      .rank = p->as.rank,
                                      .pixels = p->as.pixels,
                                      .trained = p->as.kind != PARAM_STATE && !p->frozen };
    memcpy(parameter->dims, p->as.dims, sizeof parameter->dims);
    graph->version++; // the caller may write through values
    return STRIATE_OK;
}

// Files hold rows x channels x pixels, memory rows x pixels x channels.
static void permute(float *to, const float *from, const struct param *param, bool to_file)
{
    size_t rows = (size_t)param->as.dims[0], pixels = (size_t)param->as.pixels, channels = param->count / rows / pixels;
    for (size_t r = 0; r < rows; r++, to += pixels * channels, from += pixels * channels)
        for (size_t p = 0; p < pixels; p++)
            for (size_t c = 0; c < channels; c++) {
                size_t file = c * pixels + p, memory = p * channels + c;
                to[to_file ? file : memory] = from[to_file ? memory : file];
            }
}

void param_to_file(float *file, const float *memory, const struct param *param)
{
    permute(file, memory, param, true);
}

void param_from_file(float *memory, const float *file, const struct param *param)
{
    permute(memory, file, param, false);
}
