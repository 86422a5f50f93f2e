// measure.c - one layer alone, on made-up values: how long each of its passes takes.
#include "base/clock.h"
#include "base/parallel.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum memory { INPUT, OUTPUT, WEIGHTS, BIAS, PACKED, WORKSPACE, MEMORIES };

struct striate_bench {
    striate_bench_options options;
    float *memory[MEMORIES];
    size_t room[MEMORIES]; // floats
};

static const double default_seconds = 0.1;
enum { FEWEST = 2 };

striate_status striate_bench_new(striate_bench **bench, striate_bench_options options)
{
    if (options.seconds < 0) FAIL(BAD_ARGUMENT, "%g seconds for a measurement", options.seconds);
    if (options.seconds == 0) options.seconds = default_seconds;
    striate_bench *made = calloc(1, sizeof *made);
    if (!made) FAIL(NO_MEMORY, "no memory to measure a layer");
    made->options = options;
    *bench = made;
    return STRIATE_OK;
}

void striate_bench_free(striate_bench *bench)
{
    if (!bench) return;
    for (int i = 0; i < MEMORIES; i++) free(bench->memory[i]);
    free(bench);
}

// Values of all kinds within +-limit, `count` of them.
static striate_status fill(float **memory, striate_bench *bench, enum memory which, size_t count, double limit)
{
    enum { PERIOD = 4099 }; // a prime, so that no layer's rows repeat
    if (count > bench->room[which]) {
        free(bench->memory[which]);
        bench->room[which] = 0;
        bench->memory[which] = aligned_floats(count);
        if (!bench->memory[which]) FAIL(NO_MEMORY, "no memory to measure a layer with %zu values", count);
        bench->room[which] = count;
    }
    float *values = *memory = bench->memory[which];
    for (size_t i = 0; i < count && i < PERIOD; i++)
        values[i] = (float)(limit * (2.0 * (double)random_uniform((struct random_key){ .part = which }, (uint32_t)i) - 1));
    for (size_t done = PERIOD; done < count; done += PERIOD)
        memcpy(values + done, values, (count - done < PERIOD ? count - done : PERIOD) * sizeof *values);
    return STRIATE_OK;
}

static double fastest(void (*run)(const struct op_args *a), const struct op_args *a, double seconds)
{
    run(a);
    double begin = clock_seconds(), now = begin, best = INFINITY;
    for (int i = 0; i < FEWEST || now - begin < seconds; i++) {
        double start = now;
        run(a);
        now = clock_seconds();
        best = fmin(best, now - start);
    }
    return best;
}

// Weights and inputs of such a size that outputs and gradients are of the order of 1.
static striate_status fill_all(struct op_args *a, striate_bench *bench, const struct op_plan *plan, const struct tensor *x)
{
    size_t outputs = (size_t)plan->param[0].dims[0], weights = 1;
    for (int i = 0; i < plan->param[0].rank; i++) weights *= (size_t)plan->param[0].dims[i];
    double root3 = sqrt(3), fan_in = (double)weights / (double)outputs;
    float *packed, *workspace;
    TRY(fill(&a->in[0]->data, bench, INPUT, tensor_count(x), root3));
    TRY(fill(&a->out->data, bench, OUTPUT, tensor_count(a->out), root3));
    TRY(fill(&a->param[0], bench, WEIGHTS, weights, root3 / sqrt(fan_in)));
    if (plan->params > 1) TRY(fill(&a->param[1], bench, BIAS, outputs, root3));
    TRY(fill(&packed, bench, PACKED, plan->packed / sizeof(float), 1));
    TRY(fill(&workspace, bench, WORKSPACE, plan->workspace / sizeof(float), 1));
    a->packed = packed;
    a->workspace = workspace;
    return STRIATE_OK;
}

striate_status striate_bench_layer(striate_measurement *measurement, striate_bench *bench, const striate_layer *layer,
                                   int batch, striate_pass pass)
{
    const struct striate_node *node = layer->node;
    const struct op *op = node->op;
    if (batch < 1) FAIL(BAD_ARGUMENT, "a batch of %d images", batch);
    if (!op->pack)
        FAIL(BAD_ARGUMENT, "%s (%s): only convolutions and dense layers can be measured alone", node->name, op->name);
    struct tensor x = { .n = batch, .shape = node->in[0]->plan.out, .ld = node->in[0]->plan.out.c }, y = x, dy, dx;
    struct tensor *in = &x, *din = NULL;
    bool add = false;
    struct op_args a = { .k = kernels_pick(),
                         .options = node->options,
                         .ins = 1,
                         .in = &in,
                         .din = &din,
                         .add = &add,
                         .train = true,
                         .exact = bench->options.exact,
                         .slots = (size_t)parallel_threads() };
    struct op_plan plan = { 0 };
    TRY(op->shape(&a, &plan));
    y.shape = plan.out;
    y.ld = y.shape.c;
    a.out = &y;
    TRY(fill_all(&a, bench, &plan, &x));
    dy = y;
    dx = x;
    a.dout = &dy;
    if (pass == STRIATE_BACKWARD_DATA) din = &dx;
    for (int i = 0; i < plan.params && pass == STRIATE_BACKWARD_WEIGHTS; i++) a.dparam[i] = a.param[i];
    if (pass == STRIATE_FORWARD) op->pack(&a);
    void (*const runs[])(const struct op_args *a) = { op->forward, op->backward, op->backward, op->pack };
    static const enum direction directions[] = { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, FORWARD };
    *measurement = (striate_measurement){ fastest(runs[pass], &a, bench->options.seconds), plan.algorithm[directions[pass]] };
    return STRIATE_OK;
}
