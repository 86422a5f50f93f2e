// cmd_bench.c - how fast this machine is, and how fast it trains and runs a network. Images are made up; nothing is read.
#include "cli.h"

#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

struct arguments {
    const char *model;
    int batch_size, steps, threads, json;
};
#define AT(field) offsetof(struct arguments, field)
static const struct option options[] = {
    { "model", OPTION_TEXT, AT(model), "NAME|FILE", .doc = "a network of the zoo, or a text network" },
    { "batch-size", OPTION_INT, AT(batch_size), "N", .doc = "images at a time", .preset = "64", .low = 1, .high = 65536 },
    { "steps", OPTION_INT, AT(steps), "N", .doc = "batches to time, after one that is not; else about three seconds' worth",
      .low = 1, .high = 1e9 },
    { "threads", OPTION_INT, AT(threads), "N", .doc = "threads that compute; else one per core", .low = 1, .high = 4096 },
    { "json", OPTION_FLAG, AT(json), NULL, .doc = "print one JSON object" },
    { 0 },
};
const struct usage bench_usage = {
    "machine\ntrain --model NAME [--batch-size N] [--steps N]\ninfer --model NAME [--batch-size N] [--steps N]",
    "machine: threads, instruction set, the peak rate of fused multiply-adds and the rate of reading memory. train, infer: "
    "images per second "
    "on made-up images. The arithmetic rate counts 2 x MACs FLOPs for a forward pass and three times that for a training step.",
    options,
    1,
    1,
    "machine|train|infer"
};

static int machine(const struct arguments *a)
{
    int threads = striate_threads(a->threads);
    double peak = striate_peak_gflops(), bandwidth = striate_bandwidth();
    if (a->json)
        return print_json(json_pack("{s:i, s:s, s:f, s:f}", "threads", threads, "isa", striate_isa(), "peak_gflops", peak,
                                    "bandwidth_gb_per_second", bandwidth));
    printf("threads    %d\nisa        %s\npeak       %.0f GFLOP/s of fused multiply-adds, all threads\n", threads,
           striate_isa(), peak);
    printf("bandwidth  %.1f GB/s reading, all threads\n", bandwidth);
    return CODE_OK;
}

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

static int run(struct timing *timing, striate_graph *graph, const struct arguments *a, bool train, const struct totals *t)
{
    striate_plan *plan = NULL;
    striate_optimizer *optimizer = NULL;
    striate_plan_options how = { .batch = a->batch_size, .train = train, .seed = 1 };
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

static int show(const struct arguments *a, const char *what, bool train, const struct timing *timing, const struct totals *t)
{
    struct rusage usage = { 0 };
    getrusage(RUSAGE_SELF, &usage);
    double memory = 1024.0 * (double)usage.ru_maxrss; // before the peak is measured, which takes memory too
    double step_seconds = timing->seconds / timing->steps, rate = a->batch_size / step_seconds, peak = striate_peak_gflops();
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

int cmd_bench(int argc, char **argv)
{
    struct arguments a = { 0 };
    options_preset(&bench_usage, &a);
    options_parse(&bench_usage, &a, argc, argv);
    bool train = !strcmp(argv[1], "train");
    if (!strcmp(argv[1], "machine")) return machine(&a);
    if (!train && strcmp(argv[1], "infer"))
        return complain(CODE_USAGE, "there is no 'bench %s'; there are machine, train and infer", argv[1]);
    if (!a.model) return complain(CODE_USAGE, "bench %s needs --model NAME", argv[1]);
    striate_threads(a.threads);
    striate_graph *graph = NULL;
    struct totals totals;
    struct timing timing;
    int code = report(striate_graph_open(&graph, a.model, (striate_zoo_options){ 0 }));
    if (!code) code = source_totals(&totals, graph);
    if (!code) code = run(&timing, graph, &a, train, &totals);
    if (!code) code = show(&a, argv[1], train, &timing, &totals);
    striate_graph_free(graph);
    return code;
}
