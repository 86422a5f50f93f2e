// bench_layers.c - the layers of networks, each distinct one alone: collected from graphs and measured.
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- collecting

static int attribute(const striate_layer *layer, const char *name)
{
    double value = striate_node_attribute(layer->node, name);
    return isfinite(value) ? (int)value : 0;
}

// A side's own value where it has one.
static int side(const striate_layer *layer, const char *own, const char *both)
{
    int value = attribute(layer, own);
    return value ? value : attribute(layer, both);
}

static struct bench_shape shape_of(const striate_layer *l, int batch)
{
    struct bench_shape shape = { .n = batch,
                                 .h = l->input.height,
                                 .w = l->input.width,
                                 .c = l->input.channels,
                                 .k = l->size.channels,
                                 .bias = !attribute(l, "no_bias"),
                                 .dense = !strcmp(l->op, "dense") };
    if (shape.dense) {
        shape.c *= shape.h * shape.w;
        shape.h = shape.w = shape.r = shape.s = shape.stride_h = shape.stride_w = shape.dilation = shape.groups = 1;
        return shape;
    }
    int pad = attribute(l, "pad");
    shape.r = side(l, "kernel_h", "kernel");
    shape.s = side(l, "kernel_w", "kernel");
    shape.stride_h = side(l, "stride_h", "stride");
    shape.stride_w = side(l, "stride_w", "stride");
    shape.top = pad + attribute(l, "pad_top");
    shape.bottom = pad + attribute(l, "pad_bottom");
    shape.left = pad + attribute(l, "pad_left");
    shape.right = pad + attribute(l, "pad_right");
    shape.dilation = attribute(l, "dilation");
    shape.groups = attribute(l, "groups");
    return shape;
}

static bool same_shape(const struct bench_row *a, const struct bench_row *b)
{
    return !memcmp(&a->shape, &b->shape, sizeof a->shape) && a->layer.input_gradient == b->layer.input_gradient;
}

static int add_layer(struct bench_table *t, const striate_layer *layer, int batch)
{
    struct bench_row row = {
        .suite = t->suite_count - 1, .count = 1, .shape = shape_of(layer, batch), .layer = *layer, .like = -1
    };
    for (int pass = 0; pass < PASSES; pass++) row.runs[pass] = t->a->direction == PASSES || t->a->direction == pass;
    row.runs[STRIATE_BACKWARD_DATA] &= layer->input_gradient;
    for (int i = t->count - 1; i >= 0; i--) {
        if (!same_shape(&t->rows[i], &row)) continue;
        if (t->rows[i].suite == row.suite) {
            t->rows[i].count++;
            return CODE_OK;
        }
        row.like = i;
    }
    struct bench_row *rows = realloc(t->rows, ((size_t)t->count + 1) * sizeof *rows);
    if (!rows) return no_memory();
    t->rows = rows;
    rows[t->count++] = row;
    return CODE_OK;
}

// Takes the graph over.
static int add_graph(struct bench_table *t, striate_graph *graph, int batch, bool dense)
{
    striate_layer *layers = NULL;
    int count = 0, code;
    t->graphs[t->graph_count++] = graph;
    code = report(striate_layers(&layers, &count, graph));
    for (int i = 0; i < count && !code; i++) {
        t->suites[t->suite_count - 1].macs += layers[i].macs;
        if (!strcmp(layers[i].op, "conv") || (dense && !strcmp(layers[i].op, "dense"))) code = add_layer(t, &layers[i], batch);
    }
    free(layers);
    return code;
}

static int add_suite(struct bench_table *t, const struct bench_suite *suite, int batch)
{
    striate_graph *graph = NULL;
    int code = report(suite->build ? striate_graph_new(&graph)
                                   : striate_graph_from_zoo(&graph, suite->name, (striate_zoo_options){ .no_aux = 1 }));
    if (code) return code;
    if (suite->build) suite->build(graph);
    t->suites[t->suite_count++].name = suite->name;
    return add_graph(t, graph, batch, suite->dense);
}

static int add_suites(struct bench_table *t, const char *list, int batch)
{
    const char *names[SUITES + 1] = { "all" };
    for (int i = 0; bench_suites[i].name; i++) names[i + 1] = bench_suites[i].name;
    for (size_t length; *list; list += length + (list[length] == ',')) {
        bool found = false;
        length = strcspn(list, ",");
        for (const struct bench_suite *s = bench_suites; s->name; s++) {
            bool all = length == 3 && !strncmp(list, "all", 3);
            if (!all && (strlen(s->name) != length || strncmp(list, s->name, length))) continue;
            found = true;
            for (int i = 0; i < t->suite_count; i++)
                if (!strcmp(t->suites[i].name, s->name)) return complain(CODE_USAGE, "--suite names %s twice", s->name);
            int code = add_suite(t, s, batch);
            if (code) return code;
        }
        if (found) continue;
        char name[40];
        snprintf(name, sizeof name, "%.*s", (int)(length < 39 ? length : 39), list);
        const char *near = nearest(name, names);
        return complain(CODE_USAGE, "there is no suite '%s'%s%s%s", name, near ? "; did you mean '" : "", near ? near : "",
                        near ? "'?" : "");
    }
    return CODE_OK;
}

// ---- measuring
//
// All layers are measured several times over, and the peak between, and the best counts: where others use the machine, too, a core may be
// slow for seconds. Memory that is fast for a moment would be no one's measure; its rate is taken once.

enum { ROUNDS = 3 };

static int measurements(const struct bench_table *t)
{
    int count = 0;
    for (int i = 0; i < t->count; i++)
        for (int pass = 0; pass < PASSES; pass++) count += t->rows[i].like < 0 && t->rows[i].runs[pass];
    return count * ROUNDS;
}

static int measure_row(struct bench_table *t, striate_bench *bench, int index, struct progress *progress, int *done, int all)
{
    struct bench_row *row = &t->rows[index];
    if (row->like >= 0) {
        memcpy(row->at, t->rows[row->like].at, sizeof row->at);
        return CODE_OK;
    }
    for (int pass = 0; pass < PASSES; pass++) {
        if (!row->runs[pass]) continue;
        char label[64];
        bench_label(label, &row->shape);
        double seconds = seconds_now() - progress->started;
        progress_show(progress, t->suites[row->suite].name, (double)*done / all, *done ? seconds / *done * (all - *done) : -1,
                      "%s, %s", label, bench_passes[pass]);
        striate_measurement now;
        int code = report(striate_bench_layer(&now, bench, &row->layer, row->shape.n, (striate_pass)pass));
        if (code) return code;
        if (!row->at[pass].algorithm || now.seconds < row->at[pass].seconds) row->at[pass] = now;
        (*done)++;
    }
    return CODE_OK;
}

static void measure_peak(struct bench_table *t)
{
    double peak = striate_peak_gflops(NULL, 0);
    t->peak_lowest = t->peak > 0 ? fmin(t->peak_lowest, peak) : peak;
    t->peak = fmax(t->peak, peak);
}

static int measure(struct bench_table *t)
{
    striate_bench *bench = NULL;
    struct progress progress;
    int all = measurements(t), done = 0;
    int code = report(striate_bench_new(&bench, (striate_bench_options){ t->a->exact, (double)t->a->seconds / ROUNDS }));
    progress_start(&progress);
    measure_peak(t);
    if (t->reads) t->bandwidth = striate_bandwidth(NULL, 0);
    for (int round = 0; round < ROUNDS && !code; round++) {
        for (int i = 0; i < t->count && !code; i++) code = measure_row(t, bench, i, &progress, &done, all);
        measure_peak(t);
    }
    progress_clear();
    striate_bench_free(bench);
    return code;
}

static int finish_table(struct bench_table *t, int code)
{
    if (!code && !t->a->shapes) code = measure(t);
    if (!code) code = bench_show(t);
    for (int i = 0; i < t->graph_count; i++) striate_graph_free(t->graphs[i]);
    free(t->rows);
    return code;
}

int bench_conv(const struct bench_arguments *a)
{
    struct bench_table t = { .a = a };
    int batch = a->batch.count ? a->batch.at[0] : 16, code;
    striate_graph *graph = NULL;
    striate_threads(a->threads);
    if (a->batch.count > 1) return complain(CODE_USAGE, "bench conv takes one --batch");
    if (!a->model) {
        code = add_suites(&t, a->suite, batch);
    } else {
        code = report(striate_graph_open(&graph, a->model, (striate_zoo_options){ .no_aux = 1 }));
        t.suites[t.suite_count++].name = a->model;
        if (!code) code = add_graph(&t, graph, batch, true);
        if (!code && !t.count) code = complain(CODE_BAD_INPUT, "%s has no convolution and no dense layer", a->model);
    }
    return finish_table(&t, code);
}

int bench_dense(const struct bench_arguments *a)
{
    static const struct {
        int inputs, units;
    } layers[] = { { 9216, 4096 }, { 25088, 4096 }, { 4096, 4096 }, { 4096, 1000 } };
    struct bench_table t = { .a = a, .suites = { { "dense", 0 } }, .suite_count = 1, .reads = true };
    struct ints batch = a->batch.count ? a->batch : (struct ints){ 3, { 1, 16, 128 } };
    int code = CODE_OK;
    striate_threads(a->threads);
    for (size_t i = 0; i < sizeof layers / sizeof *layers && !code; i++) {
        striate_graph *graph = NULL;
        code = report(striate_graph_new(&graph));
        if (code) break;
        striate_dense(graph, striate_input(graph, 1, 1, layers[i].inputs), (striate_dense_options){ .units = layers[i].units });
        t.graphs[t.graph_count++] = graph;
        striate_layer *rows = NULL;
        int count;
        code = report(striate_layers(&rows, &count, graph));
        if (!code) rows[1].input_gradient = 1; // as within a network
        for (int j = 0; j < batch.count && !code; j++) code = add_layer(&t, &rows[1], batch.at[j]);
        free(rows);
    }
    return finish_table(&t, code);
}
