// text.c - networks as text: a line per node, `name = op inputs... attribute=value...`, `#` begins a comment.
//
// Reading splits the text into statements first, so that an input defined further down can be told from one that is nowhere, and a
// wrong order from a cycle; then it adds a node per statement.
#include "graph/attribute.h"
#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char name_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/";

enum { MOST_BYTES = 4 << 20, MOST_NODES = 100000, MOST_LINE = 16384 };

struct statement {
    int line;
    char *name;
    const char *op;
    char **words; // inputs and attributes
    int count;
    bool seen; // by depends_on
};

struct reader {
    const char *file;
    char *text;   // a copy, cut into words
    char **words; // of all statements
    int word_count;
    struct statement *statements;
    int count, room;
    striate_graph *graph;
};

// ---- lines to statements ----

static bool is_name(const char *s)
{
    return *s && !s[strspn(s, name_bytes)];
}

static striate_status split_line(struct reader *r, char *line, int number)
{
    char **words = r->words + r->word_count, *rest = NULL;
    int count = 0;
    line[strcspn(line, "#")] = 0;
    for (char *word = strtok_r(line, " \t\r", &rest); word; word = strtok_r(NULL, " \t\r", &rest)) words[count++] = word;
    if (!count) return STRIATE_OK;
    if (count < 3 || strcmp(words[1], "="))
        FAIL(BAD_NETWORK, "%s:%d: a line reads 'name = op inputs... attribute=value...', with blanks around the first '='",
             r->file, number);
    if (!is_name(words[0]))
        FAIL(BAD_NETWORK, "%s:%d: '%.64s' is no name: letters, digits and any of '_.-/' make one", r->file, number, words[0]);
    if (r->count == r->room) FAIL(BAD_NETWORK, "%s:%d: more than %d nodes", r->file, number, MOST_NODES);
    r->statements[r->count++] = (struct statement){ number, words[0], words[2], words + 3, count - 3, false };
    r->word_count += count;
    return STRIATE_OK;
}

static striate_status split(struct reader *r, const char *text, size_t size)
{
    if (size > MOST_BYTES)
        FAIL(BAD_NETWORK, "%s: %zu bytes are no network; a text network has at most %d", r->file, size, MOST_BYTES);
    r->room = size / 4 < MOST_NODES ? (int)(size / 4) + 1 : MOST_NODES; // "a = b" and a line's end: six bytes
    r->text = malloc(size + 1);
    r->words = malloc((size / 2 + 1) * sizeof *r->words);
    r->statements = malloc((size_t)r->room * sizeof *r->statements);
    if (!r->text || !r->words || !r->statements) FAIL(NO_MEMORY, "%s: no memory to read it", r->file);
    memcpy(r->text, text, size);
    r->text[size] = 0;
    int number = 1;
    for (char *line = r->text, *end = r->text + size; line < end; number++) {
        char *stop = memchr(line, '\n', (size_t)(end - line)), *next = stop ? stop + 1 : end;
        if (!stop) stop = end;
        if (stop - line > MOST_LINE) FAIL(BAD_NETWORK, "%s:%d: a line of more than %d bytes", r->file, number, MOST_LINE);
        for (const char *s = line; s < stop; s++)
            if ((unsigned char)*s < ' ' && *s != '\t' && *s != '\r')
                FAIL(BAD_NETWORK, "%s:%d: byte 0x%02x: a text network is plain text", r->file, number, (unsigned char)*s);
        *stop = 0;
        TRY(split_line(r, line, number));
        line = next;
    }
    if (!r->count) FAIL(BAD_NETWORK, "%s: no network in it: it needs an input and at least one layer", r->file);
    return STRIATE_OK;
}

// ---- what an unknown input means ----

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct statement *const *)a)->name, (*(struct statement *const *)b)->name);
}

static struct statement *find(struct statement **sorted, int count, char *name)
{
    struct statement wanted = { .name = name }, *key = &wanted;
    struct statement **found = bsearch(&key, sorted, (size_t)count, sizeof *sorted, by_name);
    return found ? *found : NULL;
}

// Whether a way leads from `from` over its inputs to `to`. stack: room for all statements.
static bool depends_on(struct reader *r, struct statement **sorted, struct statement **stack, struct statement *from,
                       const struct statement *to)
{
    int depth = 0;
    from->seen = true;
    for (stack[depth++] = from; depth;) {
        const struct statement *s = stack[--depth];
        if (s == to) return true;
        for (int i = 0; i < s->count; i++) {
            struct statement *input = find(sorted, r->count, s->words[i]);
            if (!input || input->seen) continue;
            input->seen = true;
            stack[depth++] = input;
        }
    }
    return false;
}

static striate_status fail_input(struct reader *r, const struct statement *s, const struct op *op, char *input)
{
    char where[400];
    snprintf(where, sizeof where, "%.128s:%d: %.64s (%s)", r->file, s->line, s->name, op->name);
    int before = (int)(s - r->statements);
    struct statement **sorted = malloc(2 * (size_t)r->count * sizeof(struct statement *));
    const char **names = malloc(((size_t)before + 1) * sizeof *names);
    striate_status status = STRIATE_BAD_NETWORK;
    if (!sorted || !names) {
        status = status_fail(STRIATE_NO_MEMORY, "%s: no node '%.64s' to take as input", where, input);
    } else {
        for (int i = 0; i < r->count; i++) sorted[i] = &r->statements[i];
        qsort(sorted, (size_t)r->count, sizeof *sorted, by_name);
        for (int i = 0; i < before; i++) names[i] = r->statements[i].name;
        names[before] = NULL;
        const char *nearest = text_nearest(input, names);
        const struct attribute *attribute = NULL;
        struct statement *later = find(sorted, r->count, input);
        if (later == s)
            status_fail(status, "%s: a cycle: it takes itself as input", where);
        else if (later && depends_on(r, sorted, sorted + r->count, later, s))
            status_fail(status, "%s: a cycle: its input '%.64s', defined in line %d, depends on it", where, input, later->line);
        else if (later)
            status_fail(status, "%s: input '%.64s' is defined only later; move line %d before this one", where, input,
                        later->line);
        else if (!attribute_find(&attribute, op, input))
            status_fail(status, "%s: attribute %s needs a value: write %s=VALUE without blanks", where, input, input);
        else if (nearest)
            status_fail(status, "%s: no node '%.64s' to take as input; did you mean '%.64s'?", where, input, nearest);
        else
            status_fail(status, "%s: no node '%.64s' to take as input; define it in a line before", where, input);
    }
    free(sorted);
    free(names);
    return status;
}

static striate_status fail_op(struct reader *r, const struct statement *s)
{
    enum {
#define OP(name) OP_##name,
#include "ops/ops.def"
#undef OP
        OP_COUNT
    };
    const char *names[OP_COUNT + 1] = { 0 };
    for (int i = 0; i < OP_COUNT; i++) names[i] = op_at(i)->name;
    const char *nearest = text_nearest(s->op, names);
    FAIL(BAD_NETWORK, "%s:%d: %.64s: unknown op '%.64s'%s%s%s", r->file, s->line, s->name, s->op,
         nearest ? "; did you mean '" : "; see 'striate ops' for those there are", nearest ? nearest : "", nearest ? "'?" : "");
}

// ---- statements to nodes ----

static striate_status add_attribute(void *options, const struct op *op, char *word, uint64_t *given)
{
    char *value = strchr(word, '=');
    *value++ = 0;
    const struct attribute *attribute = NULL;
    TRY(attribute_find(&attribute, op, word));
    uint64_t bit = (uint64_t)1 << (attribute - op->attributes);
    if (*given & bit) FAIL(BAD_NETWORK, "attribute %s is given twice", word);
    *given |= bit;
    return attribute_read(options, attribute, value);
}

static striate_status add_node(struct reader *r, const struct statement *s)
{
    striate_graph *graph = r->graph;
    const struct op *op = op_find(s->op);
    if (!op) return fail_op(r, s);
    void *options = arena_take(&graph->arena, op->options_size);
    striate_node **inputs = arena_take(&graph->arena, (size_t)s->count * sizeof *inputs);
    if (!options || !inputs) FAIL(NO_MEMORY, "%s:%d: no memory for another node", r->file, s->line);
    int ins = 0;
    uint64_t given = 0;
    for (int i = 0; i < s->count; i++) {
        if (strchr(s->words[i], '=')) {
            striate_status status = add_attribute(options, op, s->words[i], &given);
            if (status)
                return status_fail(status, "%s:%d: %.64s (%s): %s", r->file, s->line, s->name, op->name, striate_error());
        } else {
            const struct striate_node *input = graph_find(graph, s->words[i]);
            if (!input) return fail_input(r, s, op, s->words[i]);
            inputs[ins++] = graph->nodes[input->id];
        }
    }
    graph->line = s->line;
    graph_add(graph, op, s->name, inputs, ins, options);
    return striate_graph_status(graph);
}

static striate_status read_all(struct reader *r, const char *text, size_t size)
{
    TRY(split(r, text, size));
    TRY(striate_graph_new(&r->graph));
    r->graph->file = r->file;
    for (int i = 0; i < r->count; i++) TRY(add_node(r, &r->statements[i]));
    r->graph->file = NULL;
    return STRIATE_OK;
}

striate_status striate_graph_from_text(striate_graph **graph, const char *text, size_t size, const char *file_name)
{
    struct reader r = { .file = file_name ? file_name : "network" };
    striate_status status = read_all(&r, text, size);
    free(r.text);
    free(r.words);
    free(r.statements);
    if (status)
        striate_graph_free(r.graph);
    else
        *graph = r.graph;
    return status;
}

// ---- nodes to text ----

static void write_node(struct text *text, const struct striate_node *node, int width)
{
    text_add(text, "%-*s = %s", width, node->name, node->op->name);
    for (int i = 0; i < node->ins; i++) text_add(text, " %s", node->in[i]->name);
    attribute_write(text, node->options, node->op);
    text_add(text, "\n");
}

striate_status striate_graph_to_text(char **text, const striate_graph *graph)
{
    enum { MOST_WIDTH = 32 };
    TRY(striate_graph_status(graph));
    int width = 0;
    for (int i = 0; i < graph->count; i++) {
        const char *name = graph->nodes[i]->name;
        if (!is_name(name))
            FAIL(BAD_NETWORK, "node '%.64s' has no name for a text network: letters, digits and any of '_.-/' make one", name);
        int length = (int)strlen(name);
        if (length > width && length <= MOST_WIDTH) width = length;
    }
    struct text all = { 0 };
    text_add_bytes(&all, "", 0);
    for (int i = 0; i < graph->count; i++) write_node(&all, graph->nodes[i], width);
    if (all.failed) {
        text_free(&all);
        FAIL(NO_MEMORY, "no memory for a network's text");
    }
    *text = all.s;
    return STRIATE_OK;
}
