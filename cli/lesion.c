// lesion.c - see lesion.h. Everything is done to the text form of the network; weights are copied by their place.
#include "lesion.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 256 };

struct node {               // a line of the text
    char *words[WORDS + 1]; // name, op, inputs, attributes; NULL ends them
    int inputs, in[WORDS];  // the lines of its inputs
};

struct unit {
    int end, skip;      // lines: what uses `end` uses `skip` where the unit is deleted
    int count, *params; // its weights, numbers of the graph
};

struct lesions {
    striate_model *model;
    char *text;
    struct node *nodes;
    int count, unit_count;
    struct unit *units;
    bool residual;
};

// ---- the text, read ----

static int find(const struct lesions *l, const char *name, int count)
{
    for (int i = count; i-- > 0;)
        if (!strcmp(l->nodes[i].words[0], name)) return i;
    return -1;
}

static void read_line(struct lesions *l, char *line)
{
    struct node *node = &l->nodes[l->count];
    int words = 0;
    for (char *rest, *word = strtok_r(line, " ", &rest); word && words < WORDS; word = strtok_r(NULL, " ", &rest))
        if (strcmp(word, "=")) node->words[words++] = word;
    if (words < 2) return;
    for (int i = 2; i < words && !strchr(node->words[i], '='); i++)
        node->in[node->inputs++] = find(l, node->words[i], l->count);
    l->count++;
}

static bool is_op(const struct lesions *l, int line, const char *op)
{
    return !strcmp(l->nodes[line].words[1], op);
}

// ---- units ----

// Marks a line and all that it is computed from.
static void mark(const struct lesions *l, int line, bool *marked)
{
    memset(marked, 0, (size_t)l->count * sizeof *marked);
    marked[line] = true;
    for (int i = line; i >= 0; i--)
        for (int j = 0; marked[i] && j < l->nodes[i].inputs; j++) marked[l->nodes[i].in[j]] = true;
}

static bool belongs(const char *parameter, const char *node)
{
    size_t length = strlen(node);
    return !strncmp(parameter, node, length) && parameter[length] == '.' && !strchr(parameter + length + 1, '.');
}

// Collects the weights of the marked lines.
static int add_unit(struct lesions *l, int end, int skip, const bool *marked)
{
    striate_graph *graph = striate_model_graph(l->model);
    struct unit *unit = &l->units[l->unit_count];
    *unit = (struct unit){ .end = end, .skip = skip };
    unit->params = calloc((size_t)striate_parameter_count(graph) + 1, sizeof *unit->params);
    if (!unit->params) return no_memory();
    l->unit_count++;
    for (int i = 0; i < l->count; i++)
        for (int p = 0; marked[i] && p < striate_parameter_count(graph); p++) {
            striate_parameter parameter;
            if (striate_parameter_at(&parameter, graph, p)) return report(striate_graph_status(graph));
            if (belongs(parameter.name, l->nodes[i].words[0])) unit->params[unit->count++] = p;
        }
    return CODE_OK;
}

// What one input of an `add` is computed from and the other is not: the input with less of it is the shortcut.
static int find_residual(struct lesions *l, int line, bool *marked)
{
    const struct node *node = &l->nodes[line];
    bool *other = marked + l->count;
    int own[2] = { 0 };
    if (node->inputs != 2) return CODE_OK;
    for (int side = 0; side < 2; side++) {
        mark(l, node->in[side], marked);
        mark(l, node->in[!side], other);
        for (int i = 0; i < l->count; i++) own[side] += marked[i] && !other[i];
    }
    int branch = own[0] < own[1];
    mark(l, node->in[branch], marked);
    mark(l, node->in[!branch], other);
    for (int i = 0; i < l->count; i++) marked[i] = marked[i] && !other[i];
    return add_unit(l, line, node->in[!branch], marked);
}

// The only line that uses `line`, if it is this op.
static int follower(const struct lesions *l, int line, const char *op)
{
    int found = -1, users = 0;
    for (int i = line + 1; i < l->count; i++)
        for (int j = 0; j < l->nodes[i].inputs; j++)
            if (l->nodes[i].in[j] == line) {
                users++;
                found = i;
            }
    return users == 1 && is_op(l, found, op) ? found : -1;
}

static int find_plain(struct lesions *l, const striate_layer *layer, bool *marked)
{
    int line = find(l, layer->name, l->count), end = line;
    if (line < 0 || strcmp(layer->op, "conv") || memcmp(&layer->size, &layer->input, sizeof layer->size)) return CODE_OK;
    memset(marked, 0, (size_t)l->count * sizeof *marked);
    marked[line] = true;
    for (int next = follower(l, end, "batch_norm"); next >= 0; next = -1) marked[end = next] = true;
    for (int next = follower(l, end, "relu"); next >= 0; next = -1) marked[end = next] = true;
    return add_unit(l, end, l->nodes[line].in[0], marked);
}

static int find_units(struct lesions *l)
{
    bool *marked = calloc(2 * (size_t)l->count + 1, sizeof *marked);
    l->units = calloc((size_t)l->count + 1, sizeof *l->units);
    if (!marked || !l->units) {
        free(marked);
        return no_memory();
    }
    int code = CODE_OK, count = 0;
    for (int i = 0; i < l->count && !code; i++)
        if (is_op(l, i, "add")) code = find_residual(l, i, marked);
    l->residual = l->unit_count > 0;
    striate_layer *layers = NULL;
    if (!code && !l->residual) code = report(striate_layers(&layers, &count, striate_model_graph(l->model)));
    for (int i = 0; i < count && !code; i++) code = find_plain(l, &layers[i], marked);
    free(layers);
    free(marked);
    return code;
}

// ---- open and close ----

int lesions_open(struct lesions **lesions, striate_model *model)
{
    struct lesions *l = calloc(1, sizeof *l);
    if (!l) return no_memory();
    l->model = model;
    int code = report(striate_graph_to_text(&l->text, striate_model_graph(model))), lines = 1;
    for (const char *s = l->text; !code && *s; s++) lines += *s == '\n';
    if (!code) l->nodes = calloc((size_t)lines, sizeof *l->nodes);
    if (!code && !l->nodes) code = no_memory();
    if (!code) {
        char *rest;
        for (char *line = strtok_r(l->text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) read_line(l, line);
        code = find_units(l);
    }
    if (code)
        lesions_close(l);
    else
        *lesions = l;
    return code;
}

void lesions_close(struct lesions *l)
{
    if (!l) return;
    for (int i = 0; i < l->unit_count; i++) free(l->units[i].params);
    free(l->units);
    free(l->nodes);
    free(l->text);
    free(l);
}

int lesions_units(const struct lesions *l)
{
    return l->unit_count;
}

const char *lesions_name(const struct lesions *l, int unit)
{
    return l->nodes[l->units[unit].end].words[0];
}

bool lesions_residual(const struct lesions *l)
{
    return l->residual;
}

bool lesions_alike(const struct lesions *l, int a, int b)
{
    const struct unit *first = &l->units[a], *second = &l->units[b];
    bool alike = first->count == second->count;
    for (int i = 0; i < first->count && alike; i++) {
        striate_parameter p, q;
        striate_graph *graph = striate_model_graph(l->model);
        alike = !striate_parameter_at(&p, graph, first->params[i]) && !striate_parameter_at(&q, graph, second->params[i]) &&
                p.rank == q.rank && !memcmp(p.dims, q.dims, sizeof p.dims);
    }
    return alike;
}

// ---- a changed model ----

static int copy_weights(striate_graph *to, int to_index, striate_graph *from, int from_index)
{
    striate_parameter p, q;
    int code = report(striate_parameter_at(&p, to, to_index));
    if (!code) code = report(striate_parameter_at(&q, from, from_index));
    if (!code) memcpy(p.values, q.values, p.count * sizeof *p.values);
    return code;
}

static striate_status build(striate_graph **graph, const struct lesions *l, const bool *deleted)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file) return STRIATE_NO_MEMORY;
    for (int i = 0; i < l->count; i++) {
        const struct node *node = &l->nodes[i];
        fprintf(file, "%s = %s", node->words[0], node->words[1]);
        for (int w = 2; node->words[w]; w++) {
            int line = w - 2 < node->inputs ? node->in[w - 2] : -1;
            for (int u = l->unit_count; u-- > 0 && line >= 0;) // from the last to the first, as shortcuts lead to earlier units
                if (deleted && deleted[u] && l->units[u].end == line) line = l->units[u].skip;
            fprintf(file, " %s", line >= 0 ? l->nodes[line].words[0] : node->words[w]);
        }
        fputc('\n', file);
    }
    fclose(file);
    striate_status status = striate_graph_from_text(graph, text, size, "the network without units");
    free(text);
    return status;
}

int lesions_model(striate_model **model, const struct lesions *l, const bool *deleted, const int *place)
{
    striate_graph *graph = NULL, *from = striate_model_graph(l->model);
    int code = report(build(&graph, l, deleted)), classes = striate_model_classes(l->model);
    for (int i = 0; !code && i < striate_parameter_count(graph); i++) code = copy_weights(graph, i, from, i);
    for (int u = 0; !code && place && u < l->unit_count; u++)
        for (int i = 0; i < l->units[u].count && !code; i++)
            code = copy_weights(graph, l->units[u].params[i], from, l->units[place[u]].params[i]);
    const char **names = calloc((size_t)classes, sizeof *names);
    if (!code && !names) code = no_memory();
    for (int c = 0; names && c < classes; c++) names[c] = striate_model_class_name(l->model, c);
    if (code)
        striate_graph_free(graph);
    else
        code = report(striate_model_new(model, graph, striate_model_preprocessing(l->model), names));
    free(names);
    return code;
}
