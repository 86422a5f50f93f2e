// bench_network.c - how fast a network is trained or run, on made-up images.
#include "bench.h"

#include <sys/resource.h>

struct timing {
    int steps;
    double seconds;
};

static striate_status step(striate_plan *plan, striate_optimizer *optimizer, int batch, uint64_t number)
{
    striate_forward(plan, batch, number);
    if (!optimizer) return STRIATE_OK;
    striate_backward(plan);
    return striate_update(optimizer, plan, 1e-4f);
}

static int run(struct timing *timing, striate_graph *graph, const struct bench_arguments *a, bool train, const struct totals *t)
{
    striate_plan *plan = NULL;
    striate_optimizer *optimizer = NULL;
    striate_plan_options how = { .batch = a->batch_size, .train = train, .seed = 1, .exact = a->exact };
    int code = report(striate_init_weights(graph, 1));
    if (!code) code = report(striate_compile(&plan, graph, how));
    if (!code && train) code = report(striate_sgd_new(&optimizer, graph, (striate_sgd_options){ .momentum = 0.9f }));
    if (!code) {
        size_t count = (size_t)a->batch_size * (size_t)t->input.height * (size_t)t->input.width * (size_t)t->input.channels;
        uint32_t noise = 1;
        for (size_t i = 0; i < count; i++) {
            noise = noise * 1664525 + 1013904223;
            striate_plan_input(plan)[i] = (float)(noise >> 8) / (1 << 23) - 1;
        }
        for (int i = 0; i < a->batch_size && train; i++) striate_plan_labels(plan)[i] = i % t->output.channels;
        code = report(step(plan, optimizer, a->batch_size, 0));
        double begin = seconds_now();
        struct timing all = { 0, 0 };
        while (!code && (a->steps ? all.steps < a->steps : all.seconds < 3)) {
            code = report(step(plan, optimizer, a->batch_size, (uint64_t)++all.steps));
            all.seconds = seconds_now() - begin;
        }
        *timing = all;
    }
    striate_optimizer_free(optimizer);
    striate_plan_free(plan);
    return code;
}

static int show(const struct bench_arguments *a, const char *what, bool train, const struct timing *timing,
                const struct totals *t)
{
    struct rusage usage = { 0 };
    getrusage(RUSAGE_SELF, &usage);
    double memory = 1024.0 * (double)usage.ru_maxrss; // before the peak is measured, which takes memory too
    double step_seconds = timing->seconds / timing->steps, rate = a->batch_size / step_seconds,
           peak = striate_peak_gflops(NULL, 0);
    double gflops = (train ? 3 : 1) * 2e-9 * (double)t->macs * rate;
    if (a->json)
        return print_json(json_pack("{s:s, s:s, s:i, s:i, s:i, s:s, s:f, s:f, s:f, s:f, s:f, s:I}", "bench", what, "model",
                                    a->model, "batch_size", a->batch_size, "steps", timing->steps, "threads",
                                    striate_threads(a->threads), "isa", striate_isa(), "images_per_second", rate,
                                    "milliseconds_per_step", 1000 * step_seconds, "gflops", gflops, "peak_gflops", peak,
                                    "of_peak", gflops / peak, "peak_memory_bytes", (json_int_t)memory));
    printf("%s %s, batch %d, %d steps, %d threads, %s\n", what, a->model, a->batch_size, timing->steps,
           striate_threads(a->threads), striate_isa());
    printf("speed   %s images/s, %.3g ms a step\n", commas((int64_t)rate).s, 1000 * step_seconds);
    printf("FLOPs   %.1f GFLOP/s, %.0f %% of the machine's %.0f\n", gflops, 100 * gflops / peak, peak);
    printf("memory  %s at its peak\n", bytes(memory).s);
    return CODE_OK;
}

int bench_network(const struct bench_arguments *a, bool train)
{
    const char *what = train ? "train" : "infer";
    if (!a->model) return complain(CODE_USAGE, "bench %s needs --model NAME", what);
    striate_threads(a->threads);
    striate_graph *graph = NULL;
    struct totals totals;
    struct timing timing;
    int code = report(striate_graph_open(&graph, a->model, (striate_zoo_options){ .no_aux = 1 }));
    if (!code) code = source_totals(&totals, graph);
    if (!code) code = run(&timing, graph, a, train, &totals);
    if (!code) code = show(a, what, train, &timing, &totals);
    striate_graph_free(graph);
    return code;
}
