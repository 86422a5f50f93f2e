// cmd_bench.c - how fast this machine is, how fast it computes layers alone, and how fast it trains and runs networks. Nothing is read: values
// are made up.
#include "bench.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct bench_arguments, field)
static const struct option layer_options[] = {
    { "suite", OPTION_TEXT, AT(suite), "alexnet|vgg16|googlenet|resnet18|resnet50|densenet121|inception_v3|lenet|all",
      .doc = "conv: the network whose layers are measured, or several, separated by commas", .preset = "resnet50" },
    { "direction", OPTION_CHOICE, AT(direction), "forward|data|weights|pack|all",
      .doc = "the forward pass, the gradient of the input, that of the weights, or packing the weights, which training does in "
             "each step and inference once",
      .preset = "all" },
    { "shapes", OPTION_FLAG, AT(shapes), NULL, .doc = "only list the layers" },
    { 0 },
};
static const struct option network_options[] = {
    { "batch-size", OPTION_INT, AT(batch_size), "N", .doc = "another name for --batch", .low = 1, .high = 65536 },
    { "steps", OPTION_INT, AT(steps), "N", .doc = "batches to time, after one that is not; else as many as --seconds hold",
      .low = 1, .high = 1e9 },
    { "recompute", OPTION_FLAG, AT(recompute), NULL, .doc = "train: drop values and compute them again for the backward pass" },
    { "ops", OPTION_FLAG, AT(ops), NULL, .doc = "also what each op and each node takes: the fastest of all steps" },
    { "cpu-time", OPTION_FLAG, AT(cpu_time), NULL,
      .doc = "with --threads 1: seconds that the thread runs, not those that it waits for a core" },
    { 0 },
};
static const struct option options[] = {
    { "model", OPTION_TEXT, AT(model), "NAME|FILE",
      .doc = "a network of the zoo, or a text network; conv measures its layers in place of a suite's" },
    { "batch", OPTION_INTS, AT(batch), "N,...",
      .doc = "images at a time; else 16 for conv, 1,16,128 for dense, 64 for train and infer", .low = 1, .high = 65536 },
    { "seconds", OPTION_FLOAT, AT(seconds), "X",
      .doc =
          "spent on each measurement; else 0.3 on a layer's, in three rounds through all, of which the fastest run counts, and "
          "3 on a network's, of which the median step does",
      .low = 1e-6, .high = 3600 },
    { "exact", OPTION_FLAG, AT(exact), NULL,
      .doc = "convolutions add up their products one by one: no Winograd, which rounds by about 1e-5 more" },
    { "threads", OPTION_INT, AT(threads), "N", .doc = "threads that compute; else one per core", .low = 1, .high = 4096 },
    { "json", OPTION_FLAG, AT(json), NULL, .doc = "print one JSON object" },
    { "", OPTION_GROUP, 0, NULL, .doc = "conv and dense", .group = layer_options },
    { "", OPTION_GROUP, 0, NULL, .doc = "train and infer", .group = network_options },
    { 0 },
};
const struct usage bench_usage = {
    "machine\nconv [--suite NAME,...] [--batch N] [--direction D]\ndense [--batch N,...] [--direction D]\n"
    "train --model NAME [--batch N] [--recompute] [--ops]\ninfer --model NAME [--batch N] [--ops]",
    "machine: the peak rate of fused multiply-adds and the rate of reading memory, for each instruction set that this CPU has, "
    "on "
    "one thread and on all.\n"
    "conv: each distinct convolution of a network alone. dense: the large dense layers of AlexNet and VGG, and the rate at "
    "which "
    "their weights are read. GFLOP/s count 2 x MACs of the direct computation, whatever the algorithm; ratios are to the peak "
    "measured in the same run, so that Winograd's algorithm can exceed 1.\n"
    "train, infer: images per second. A training step is forward, backward, and an update with momentum. The arithmetic rate "
    "counts 2 x MACs FLOPs for a forward pass and three times that for a training step.",
    options,
    1,
    1,
    "machine|conv|dense|train|infer"
};

static int machine(const struct bench_arguments *a)
{
    int threads = striate_threads(a->threads);
    double peak = 0, bandwidth = 0;
    json_t *list = json_array();
    if (!a->json) printf("%-8s  %7s  %15s  %13s\n", "isa", "threads", "peak, GFLOP/s", "reading, GB/s");
    for (int i = 0; striate_isa_at(i); i++)
        for (int n = 1; n <= threads; n += threads > 1 ? threads - 1 : 1) {
            const char *isa = striate_isa_at(i);
            double flops = striate_peak_gflops(isa, n), reading = striate_bandwidth(isa, n);
            bool used = !strcmp(isa, striate_isa());
            if (used && n == threads) peak = flops, bandwidth = reading;
            json_array_append_new(list, json_pack("{s:s, s:i, s:f, s:f}", "isa", isa, "threads", n, "peak_gflops", flops,
                                                  "bandwidth_gb_per_second", reading));
            if (!a->json) printf("%-8s  %7d  %15.1f  %13.1f%s\n", isa, n, flops, reading, used ? "  in use" : "");
            fflush(stdout);
        }
    if (a->json)
        return print_json(json_pack("{s:i, s:s, s:f, s:f, s:o}", "threads", threads, "isa", striate_isa(), "peak_gflops", peak,
                                    "bandwidth_gb_per_second", bandwidth, "measured", list));
    json_decref(list);
    return CODE_OK;
}

int cmd_bench(int argc, char **argv)
{
    struct bench_arguments a = { 0 };
    options_preset(&bench_usage, &a);
    options_parse(&bench_usage, &a, argc, argv);
    const char *what = argv[1];
    if (!strcmp(what, "machine")) return machine(&a);
    if (!strcmp(what, "conv")) return bench_conv(&a);
    if (!strcmp(what, "dense")) return bench_dense(&a);
    if (!strcmp(what, "train") || !strcmp(what, "infer")) return bench_network(&a, *what == 't');
    return complain(CODE_USAGE, "there is no 'bench %s'; there are machine, conv, dense, train and infer", what);
}
