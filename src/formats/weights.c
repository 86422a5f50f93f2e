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

static void compare(struct disagreements *all, const striate_graph *graph, const struct safetensors *file, bool *used)
{
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *param = &graph->params[i];
        const struct safetensors_entry *entry = safetensors_find(file, param->name);
        if (entry) used[entry - file->entries] = true;
        if ((entry && fits(entry, &param->as)) || !one_more(all)) continue;
        struct safetensors_entry wanted = { .dtype = "F32", .rank = param->as.rank };
        for (int d = 0; d < wanted.rank; d++) wanted.dims[d] = param->as.dims[d];
        text_add(&all->text, entry ? "'%.48s' should be " : "'%.48s' is missing, ", param->name);
        add_shape(&all->text, &wanted);
        if (entry) {
            text_add(&all->text, ", is ");
            add_shape(&all->text, entry);
        }
    }
    for (int i = 0; i < file->count; i++) {
        const struct safetensors_entry *entry = &file->entries[i];
        if (used[i] || is_ignored(entry->name) || !one_more(all)) continue;
        text_add(&all->text, "the network has no '%.48s', ", entry->name);
        add_shape(&all->text, entry);
    }
}

static striate_status check(const striate_graph *graph, const struct safetensors *file)
{
    struct disagreements all = { 0 };
    bool *used = calloc((size_t)file->count + 1, sizeof *used);
    if (!used) FAIL(NO_MEMORY, "%s: no memory for %d tensors", file->path, file->count);
    compare(&all, graph, file, used);
    free(used);
    striate_status status = STRIATE_OK;
    if (all.count)
        status = status_fail(STRIATE_BAD_FILE,
                             "%s: these are not this network's weights (take the network they were trained with): "
                             "%d %s: %s%s",
                             file->path, all.count, all.count > 1 ? "disagreements, the first" : "disagreement",
                             all.text.s ? all.text.s : "?", all.count > 5 ? "; ..." : "");
    text_free(&all.text);
    return status;
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

striate_status weights_read(striate_graph *graph, const struct safetensors *file)
{
    TRY(striate_graph_status(graph));
    TRY(check(graph, file));
    TRY(graph_seal(graph));
    size_t most = 1;
    for (int i = 0; i < graph->param_count; i++)
        if (graph->params[i].count > most) most = graph->params[i].count;
    float *values = malloc(most * sizeof *values);
    if (!values) FAIL(NO_MEMORY, "%s: no memory for %zu weights", file->path, most);
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *param = &graph->params[i];
        widen(values, safetensors_find(file, param->name), param->count);
        param_from_file(graph->weights + param->offset, values, param);
    }
    free(values);
    graph->version++;
    return STRIATE_OK;
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

striate_status striate_load_weights(striate_graph *graph, const char *path)
{
    struct safetensors *file = NULL;
    TRY(safetensors_open(&file, path));
    striate_status status = weights_read(graph, file);
    safetensors_free(file);
    return status;
}
