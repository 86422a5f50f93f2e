// weights.c - the parameters of a graph and the tensors of a safetensors file: names and shapes must agree to the last one.
#include "formats/weights.h"

#include "base/status.h"
#include "base/text.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- do they fit? ----

struct disagreements {
    struct text text;
    int count;
};

static void add_shape(struct text *text, const struct safetensors_entry *entry)
{
    text_add(text, "%s [", entry->dtype);
    for (int d = 0; d < entry->rank; d++) text_add(text, "%s%lld", d ? "," : "", (long long)entry->dims[d]);
    text_add(text, "]");
}

// Begins one more; false where enough have been told.
static bool one_more(struct disagreements *all)
{
    enum { TOLD = 5 };
    if (all->count++ >= TOLD) return false;
    text_add(&all->text, "%s", all->count > 1 ? "; " : "");
    return true;
}

static bool is_float(const struct safetensors_entry *entry)
{
    return entry->dtype[0] == 'F' || entry->dtype[0] == 'B';
}

static bool fits(const struct safetensors_entry *entry, const struct op_param *as)
{
    if (entry->rank != as->rank || !is_float(entry)) return false;
    for (int d = 0; d < as->rank; d++)
        if (entry->dims[d] != as->dims[d]) return false;
    return true;
}

static bool is_ignored(const char *name)
{
    static const char end[] = ".num_batches_tracked";
    size_t length = strlen(name);
    return !strncmp(name, WEIGHTS_OWN, strlen(WEIGHTS_OWN)) ||
           (length >= strlen(end) && !strcmp(name + length - strlen(end), end));
}

// What is compared, and what may stay as it is.
struct comparison {
    const striate_graph *graph;
    const struct safetensors *file;
    const striate_load_options *options;
    bool *used;     // entries of the file
    bool *followed; // nodes that a later one with parameters needs
    bool *stays;    // parameters
    int staying;
    int64_t classes; // of a head in the file; 0: none is another
    const struct param *head;
    struct disagreements all;
};

static void find_followed(struct comparison *c)
{
    for (int i = c->graph->count - 1; i >= 0; i--) {
        const struct striate_node *node = c->graph->nodes[i];
        for (int j = 0; j < node->ins; j++) c->followed[node->in[j]->id] |= c->followed[i] || node->plan.params;
    }
}

// Whether a tensor is that of a last layer which tells another number of classes apart.
static bool is_other_head(struct comparison *c, const struct param *param, const struct safetensors_entry *entry)
{
    if (!c->options->new_head || !entry || !is_float(entry) || c->followed[param->node->id]) return false;
    if (entry->rank != param->as.rank || param->as.dims[0] != (int)shape_count(graph_output(c->graph)->plan.out)) return false;
    for (int d = 1; d < entry->rank; d++)
        if (entry->dims[d] != param->as.dims[d]) return false;
    if (c->classes && c->classes != entry->dims[0]) return false;
    c->classes = entry->dims[0];
    c->head = param;
    return true;
}

static void compare(struct comparison *c)
{
    struct disagreements *all = &c->all;
    for (int i = 0; i < c->graph->param_count; i++) {
        const struct param *param = &c->graph->params[i];
        const struct safetensors_entry *entry = safetensors_find(c->file, param->name);
        if (entry) c->used[entry - c->file->entries] = true;
        if (entry && fits(entry, &param->as)) continue;
        if (text_match(c->options->allow_missing, param->name, NULL) >= 0 || is_other_head(c, param, entry)) {
            c->stays[i] = true;
            c->staying++;
            continue;
        }
        if (!one_more(all)) continue;
        struct safetensors_entry wanted = { .dtype = "F32", .rank = param->as.rank };
        for (int d = 0; d < wanted.rank; d++) wanted.dims[d] = param->as.dims[d];
        text_add(&all->text, entry ? "'%.48s' should be " : "'%.48s' is missing, ", param->name);
        add_shape(&all->text, &wanted);
        if (entry) {
            text_add(&all->text, ", is ");
            add_shape(&all->text, entry);
        }
    }
    for (int i = 0; i < c->file->count; i++) {
        const struct safetensors_entry *entry = &c->file->entries[i];
        if (c->used[i] || is_ignored(entry->name) || text_match(c->options->allow_missing, entry->name, NULL) >= 0) continue;
        if (!one_more(all)) continue;
        text_add(&all->text, "the network has no '%.48s', ", entry->name);
        add_shape(&all->text, entry);
    }
}

static striate_status check(struct comparison *c)
{
    struct disagreements *all = &c->all;
    compare(c);
    if (c->staying == c->graph->param_count && c->staying)
        FAIL(BAD_FILE, "%s: holds none of this network's weights", c->file->path);
    if (!all->count) return STRIATE_OK;
    return status_fail(STRIATE_BAD_FILE,
                       "%s: these are not this network's weights (take the network they were trained with): %d %s: %s%s",
                       c->file->path, all->count, all->count > 1 ? "disagreements, the first" : "disagreement",
                       all->text.s ? all->text.s : "?", all->count > 5 ? "; ..." : "");
}

// Says what stays as it is.
static void tell(const struct comparison *c)
{
    enum { TOLD = 5 };
    struct text text = { 0 };
    int told = 0;
    if (!c->options->note || !c->staying) return;
    if (c->classes)
        text_add(&text, "new head: %s tells %d classes apart, in %s %lld; ", c->head->node->name, c->head->as.dims[0],
                 c->file->path, (long long)c->classes);
    text_add(&text, "not read but new: ");
    for (int i = 0; i < c->graph->param_count; i++)
        if (c->stays[i] && told++ < TOLD) text_add(&text, "%s%s", told > 1 ? ", " : "", c->graph->params[i].name);
    if (told > TOLD) text_add(&text, " and %d more", told - TOLD);
    if (!text.failed) c->options->note(c->options->user, text.s);
    text_free(&text);
}

// ---- values ----

static float from_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    float value;
    if (exponent == 0) {
        value = ldexpf((float)fraction, -24);
        return sign ? -value : value;
    }
    uint32_t bits = sign | (exponent == 31 ? 0x7F800000u : (exponent + 112) << 23) | fraction << 13;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void widen(float *to, const struct safetensors_entry *entry, size_t count)
{
    const uint8_t *from = entry->data;
    if (!strcmp(entry->dtype, "F32")) {
        memcpy(to, from, count * sizeof *to);
    } else if (!strcmp(entry->dtype, "F64")) {
        for (size_t i = 0; i < count; i++) {
            double value;
            memcpy(&value, from + i * sizeof value, sizeof value);
            to[i] = (float)value;
        }
    } else {
        bool brain = entry->dtype[0] == 'B';
        for (size_t i = 0; i < count; i++) {
            uint16_t half;
            memcpy(&half, from + i * sizeof half, sizeof half);
            uint32_t bits = (uint32_t)half << 16;
            if (brain)
                memcpy(&to[i], &bits, sizeof bits);
            else
                to[i] = from_half(half);
        }
    }
}

static striate_status read_values(striate_graph *graph, const struct safetensors *file, const bool *stays)
{
    TRY(graph_seal(graph));
    size_t most = 1;
    for (int i = 0; i < graph->param_count; i++)
        if (graph->params[i].count > most) most = graph->params[i].count;
    float *values = malloc(most * sizeof *values);
    if (!values) FAIL(NO_MEMORY, "%s: no memory for %zu weights", file->path, most);
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *param = &graph->params[i];
        if (stays[i]) continue;
        widen(values, safetensors_find(file, param->name), param->count);
        param_from_file(graph->weights + param->offset, values, param);
    }
    free(values);
    graph->version++;
    return STRIATE_OK;
}

// Each glob must be good for something: a parameter, or a tensor that the network lacks.
static striate_status check_globs(const striate_graph *graph, const struct safetensors *file, const char *list)
{
    int index = 0;
    for (const char *s = list; s && *s; s += strcspn(s, ","), s += *s == ',', index++) {
        bool found = false;
        for (int i = 0; i < graph->param_count && !found; i++) found = text_match(list, graph->params[i].name, NULL) == index;
        for (int i = 0; i < file->count && !found; i++) found = text_match(list, file->entries[i].name, NULL) == index;
        if (!found)
            FAIL(BAD_ARGUMENT, "allow_missing: '%.*s' is the first to match no parameter of this network and no tensor of %s",
                 (int)strcspn(s, ","), s, file->path);
    }
    return STRIATE_OK;
}

striate_status weights_read_some(striate_graph *graph, const struct safetensors *file, const striate_load_options *options)
{
    struct arena arena = { 0 };
    TRY(striate_graph_status(graph));
    TRY(check_globs(graph, file, options->allow_missing));
    struct comparison c = { .graph = graph, .file = file, .options = options };
    c.used = arena_take(&arena, (size_t)file->count + 1);
    c.followed = arena_take(&arena, (size_t)graph->count + 1);
    c.stays = arena_take(&arena, (size_t)graph->param_count + 1);
    striate_status status = STRIATE_OK;
    if (!c.used || !c.followed || !c.stays)
        status = status_fail(STRIATE_NO_MEMORY, "%s: no memory for %d tensors", file->path, file->count);
    if (!status) find_followed(&c);
    if (!status) status = check(&c);
    if (!status) status = read_values(graph, file, c.stays);
    if (!status) tell(&c);
    text_free(&c.all.text);
    arena_free(&arena);
    return status;
}

striate_status weights_read(striate_graph *graph, const struct safetensors *file)
{
    return weights_read_some(graph, file, &(striate_load_options){ 0 });
}

striate_status weights_entries(struct safetensors_entry *entries, struct arena *arena, const striate_graph *graph)
{
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *param = &graph->params[i];
        float *values = arena_take(arena, param->count * sizeof *values);
        if (!values) FAIL(NO_MEMORY, "no memory for a copy of %s: %zu values", param->name, param->count);
        param_to_file(values, graph->weights + param->offset, param);
        entries[i] = (struct safetensors_entry){
            .name = param->name, .dtype = "F32", .rank = param->as.rank, .data = values, .bytes = param->count * sizeof *values
        };
        for (int d = 0; d < param->as.rank; d++) entries[i].dims[d] = param->as.dims[d];
    }
    return STRIATE_OK;
}

striate_status striate_load_some_weights(striate_graph *graph, const char *path, const striate_load_options *options)
{
    struct safetensors *file = NULL;
    TRY(safetensors_open(&file, path));
    striate_status status = weights_read_some(graph, file, options);
    safetensors_free(file);
    return status;
}

striate_status striate_load_weights(striate_graph *graph, const char *path)
{
    return striate_load_some_weights(graph, path, &(striate_load_options){ 0 });
}
