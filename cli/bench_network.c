// bench_network.c - how fast a network is trained or run, on made-up images: whole steps, and each node's part of them.
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const double default_seconds = 3;
enum { FEWEST = 3, DEFAULT_BATCH = 64 };

static double now(const struct bench_steps *b)
{
    if (!b->a->cpu_time) return seconds_now();
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// A striate_watch: the time since the node before it was done is this one's.
static void watch(void *steps, int node, striate_pass pass)
{
    struct bench_steps *b = steps;
    double time = now(b);
    b->nodes[node].spent[pass] += time - b->since;
    b->since = now(b);
}

static void keep_fastest(struct bench_steps *b)
{
    for (int i = 0; b->nodes && i < b->node_count; i++)
        for (int pass = 0; pass < PASSES; pass++) {
            struct bench_node *node = &b->nodes[i];
            if (node->spent[pass] > 0) node->fastest[pass] = fmin(node->fastest[pass], node->spent[pass]);
            node->spent[pass] = 0;
        }
}

static striate_status run_step(struct bench_step *step, struct bench_steps *b, int number)
{
    striate_status status = STRIATE_OK;
    double begin = b->since = now(b), forward, backward, update;
    striate_forward(b->plan, b->batch, (uint64_t)number);
    forward = backward = update = b->since = now(b);
    if (b->train) {
        striate_backward(b->plan);
        backward = update = now(b);
        status = striate_update(b->optimizer, b->plan, 1e-4f);
        update = now(b);
    }
    *step = (struct bench_step){ update - begin, forward - begin, backward - forward, update - backward };
    return status;
}

static void fill_batch(const struct bench_steps *b)
{
    const striate_size *in = &b->totals.input;
    size_t count = (size_t)b->batch * (size_t)in->height * (size_t)in->width * (size_t)in->channels;
    uint32_t noise = 1;
    for (size_t i = 0; i < count; i++) {
        noise = noise * 1664525 + 1013904223;
        striate_plan_input(b->plan)[i] = (float)(noise >> 8) / (1 << 23) - 1;
    }
    for (int i = 0; i < b->batch && b->train; i++) striate_plan_labels(b->plan)[i] = i % b->totals.output.channels;
}

static int by_time(const void *a, const void *b)
{
    const struct bench_step *first = a, *second = b;
    return (first->all > second->all) - (first->all < second->all);
}

// Runs steps, the first of which is not counted, and keeps the median one.
static int run_steps(struct bench_steps *b)
{
    double seconds = b->a->seconds > 0 ? (double)b->a->seconds : default_seconds;
    struct bench_step *steps = NULL, first;
    fill_batch(b);
    int code = report(run_step(&first, b, 0)), room = 0;
    if (b->nodes) striate_plan_watch(b->plan, watch, b);
    double begin = seconds_now();
    while (!code && (b->a->steps ? b->count < b->a->steps : b->count < FEWEST || seconds_now() - begin < seconds)) {
        if (b->count == room) {
            struct bench_step *more = realloc(steps, (size_t)(room = 2 * room + 64) * sizeof *steps);
            if (!more) code = no_memory();
            if (code) break;
            steps = more;
        }
        code = report(run_step(&steps[b->count], b, b->count + 1));
        keep_fastest(b);
        b->count++;
    }
    if (!code) {
        qsort(steps, (size_t)b->count, sizeof *steps, by_time);
        b->median = steps[b->count / 2];
    }
    free(steps);
    return code;
}

// What the nodes of the plan are, and no time yet.
static int list_nodes(struct bench_steps *b, const striate_graph *graph)
{
    striate_layer *layers = NULL;
    int count = 0;
    b->node_count = striate_plan_node_count(b->plan);
    b->nodes = calloc((size_t)b->node_count, sizeof *b->nodes);
    int code = b->nodes ? report(striate_layers(&layers, &count, graph)) : no_memory();
    for (int i = 0; i < b->node_count && !code; i++) {
        struct bench_node *node = &b->nodes[i];
        node->what = striate_plan_node_at(b->plan, i);
        for (int pass = 0; pass < PASSES; pass++) node->fastest[pass] = INFINITY;
        for (int j = 0; j < count; j++) {
            if (strcmp(layers[j].name, node->what.name)) continue;
            double flops = (double)layers[j].flops * b->batch;
            node->flops[STRIATE_FORWARD] = flops;
            node->flops[STRIATE_BACKWARD_DATA] = b->train ? flops * (1 + layers[j].input_gradient) : 0;
            break;
        }
    }
    free(layers);
    return code;
}

static int run(struct bench_steps *b, striate_graph *graph)
{
    striate_plan_options how = {
        .batch = b->batch, .train = b->train, .seed = 1, .exact = b->a->exact, .recompute = b->a->recompute
    };
    int code = source_totals(&b->totals, graph);
    if (!code) code = report(striate_init_weights(graph, 1));
    if (!code) code = report(striate_compile(&b->plan, graph, how));
    if (!code && b->train)
        code = report(striate_optimizer_new(&b->optimizer, graph, (striate_optimizer_options){ .momentum = 0.9f }));
    if (!code && b->a->ops) code = list_nodes(b, graph);
    if (!code) code = run_steps(b);
    struct rusage usage = { 0 };
    getrusage(RUSAGE_SELF, &usage);
    b->peak_bytes = 1024.0 * (double)usage.ru_maxrss; // before the peak of the machine is measured, which takes memory too
    if (code) return code;
    b->peak_gflops = striate_peak_gflops(NULL, 0);
    return bench_steps_show(b);
}

int bench_network(const struct bench_arguments *a, bool train)
{
    struct bench_steps b = { .a = a, .train = train, .what = train ? "train" : "infer" };
    b.batch = a->batch.count ? a->batch.at[0] : a->batch_size ? a->batch_size : DEFAULT_BATCH;
    b.threads = striate_threads(a->threads);
    if (!a->model) return complain(CODE_USAGE, "bench %s needs --model NAME", b.what);
    if (a->batch.count > 1) return complain(CODE_USAGE, "bench %s takes one --batch", b.what);
    if (a->cpu_time && b.threads > 1) return complain(CODE_USAGE, "--cpu-time is that of one thread: give --threads 1 as well");
    striate_graph *graph = NULL;
    int code = report(striate_graph_open(&graph, a->model, (striate_zoo_options){ .no_aux = 1 }));
    if (!code) code = run(&b, graph);
    free(b.nodes);
    striate_optimizer_free(b.optimizer);
    striate_plan_free(b.plan);
    striate_graph_free(graph);
    return code;
}
