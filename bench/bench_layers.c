// bench_layers.c - convolution and dense layers alone: GFLOP/s of each direction, and as a part of the multiply-add peak.
//   bench_layers [threads] [name]
#include "base/arena.h"
#include "base/clock.h"
#include "ops/op.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct layer {
    const char *name;
    int batch, h, w, c;
    striate_conv_options conv; // filters 0: a dense layer of `units`
    int units;
};

static const struct layer lenet[] = {
    { "lenet conv1", 64, 28, 28, 1, { .filters = 20, .kernel = 5 }, 0 },
    { "lenet conv2", 64, 12, 12, 20, { .filters = 50, .kernel = 5 }, 0 },
    { "lenet ip1", 64, 1, 1, 800, { 0 }, 500 },
    { "lenet ip2", 64, 1, 1, 500, { 0 }, 10 },
};

static const struct layer others[] = {
    { "3x3 16->16 32x32", 64, 32, 32, 16, { .filters = 16, .kernel = 3, .pad = 1 }, 0 },
    { "3x3 32->32 16x16", 64, 16, 16, 32, { .filters = 32, .kernel = 3, .pad = 1 }, 0 },
    { "3x3 64->64 56x56", 8, 56, 56, 64, { .filters = 64, .kernel = 3, .pad = 1 }, 0 },
    { "3x3 128->128 28x28", 8, 28, 28, 128, { .filters = 128, .kernel = 3, .pad = 1 }, 0 },
    { "3x3 256->256 14x14", 8, 14, 14, 256, { .filters = 256, .kernel = 3, .pad = 1 }, 0 },
    { "3x3 512->512 7x7", 16, 7, 7, 512, { .filters = 512, .kernel = 3, .pad = 1 }, 0 },
    { "3x3/2 64->128 56x56", 8, 56, 56, 64, { .filters = 128, .kernel = 3, .pad = 1, .stride = 2 }, 0 },
    { "1x1 256->64 56x56", 8, 56, 56, 256, { .filters = 64, .kernel = 1 }, 0 },
    { "1x1 64->256 56x56", 8, 56, 56, 64, { .filters = 256, .kernel = 1 }, 0 },
    { "7x7/2 3->64 224x224", 4, 224, 224, 3, { .filters = 64, .kernel = 7, .pad = 3, .stride = 2 }, 0 },
    { "11x11/4 3->96 227x227", 4, 227, 227, 3, { .filters = 96, .kernel = 11, .stride = 4 }, 0 },
    { "3x3 3->64 224x224", 2, 224, 224, 3, { .filters = 64, .kernel = 3, .pad = 1 }, 0 },
    { "dense 4096->4096", 64, 1, 1, 4096, { 0 }, 4096 },
};

static float *values(size_t count)
{
    float *x = aligned_floats(count);
    if (!x) exit(1);
    for (size_t i = 0; i < count; i++) x[i] = (float)(i % 251) / 251 - 0.5f;
    return x;
}

// Seconds of the fastest of some runs, those of the first tenth of a second left out.
static double fastest(void (*run)(const struct op_args *a), const struct op_args *a)
{
    double best = 1e9, begin = clock_seconds();
    for (int i = 0; i < 5 || clock_seconds() - begin < 0.3; i++) {
        double start = clock_seconds();
        run(a);
        double seconds = clock_seconds() - start;
        if (seconds < best) best = seconds;
    }
    return best;
}

static double measure(const struct layer *layer, bool to_image, double peak)
{
    striate_conv_options conv = layer->conv;
    striate_dense_options dense = { .units = layer->units };
    if (!conv.stride) conv.stride = 1;
    conv.dilation = conv.groups = 1;
    const struct op *op = layer->units ? &striate_op_dense : &striate_op_conv;
    struct tensor x = { .n = layer->batch, .shape = { layer->h, layer->w, layer->c, 1 }, .ld = layer->c }, dx = x, y = x, dy;
    struct tensor *in = &x, *din = &dx;
    bool add = false;
    struct op_args a = { .k = kernels_pick(),
                         .options = layer->units ? (void *)&dense : (void *)&conv,
                         .ins = 1,
                         .in = &in,
                         .din = &din,
                         .add = &add,
                         .train = true,
                         .slots = 2 };
    struct op_plan plan = { 0 };
    if (op->shape(&a, &plan)) exit((fprintf(stderr, "%s\n", striate_error()), 1));
    y.shape = plan.out;
    y.ld = y.shape.c;
    dy = y;
    a.out = &y;
    a.dout = &dy;
    struct op_cost cost;
    op->cost(&a, &cost);
    size_t weights = (size_t)(cost.macs / (y.shape.h * y.shape.w)); // K * R * S * C
    x.data = values(tensor_count(&x));
    dx.data = values(tensor_count(&x));
    y.data = values(tensor_count(&y));
    dy.data = values(tensor_count(&y));
    a.param[0] = values(weights);
    a.param[1] = values((size_t)y.shape.c);
    a.packed = values(plan.packed / sizeof(float) + 1);
    a.workspace = values(plan.workspace / sizeof(float) + 1);
    float *dw = values(weights), *db = values((size_t)y.shape.c);

    double pack = fastest(op->pack, &a), forward = fastest(op->forward, &a), data = 0;
    if (to_image) data = fastest(op->backward, &a);
    a.dparam[0] = dw;
    a.dparam[1] = db;
    din = NULL;
    double gradient = fastest(op->backward, &a), gflop = 2e-9 * (double)cost.macs * layer->batch;
    printf("%-22s pack %6.3f ms   forward %7.3f ms %4.0f GF/s %3.0f%%   data", layer->name, pack * 1e3, forward * 1e3,
           gflop / forward, 100 * gflop / forward / peak);
    if (to_image)
        printf(" %7.3f ms %4.0f GF/s %3.0f%%", data * 1e3, gflop / data, 100 * gflop / data / peak);
    else
        printf("         -        -    -");
    printf("   weights %7.3f ms %4.0f GF/s %3.0f%%\n", gradient * 1e3, gflop / gradient, 100 * gflop / gradient / peak);
    float *const all[] = { x.data, dx.data, y.data, dy.data, a.param[0], a.param[1], a.packed, a.workspace, dw, db };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    return pack + forward + data + gradient;
}

int main(int argc, char **argv)
{
    int threads = striate_threads(argc > 1 ? atoi(argv[1]) : 0);
    const char *only = argc > 2 ? argv[2] : "";
    double peak = striate_peak_gflops(), step = 0;
    printf("%s, %d threads, peak %.0f GFLOP/s, memory %.0f GB/s\n", striate_isa(), threads, peak, striate_bandwidth());
    for (size_t i = 0; i < sizeof lenet / sizeof *lenet; i++)
        if (strstr(lenet[i].name, only)) step += measure(&lenet[i], i > 0, peak);
    if (step > 0) printf("lenet, these layers: %.3f ms, %.0f images/s\n", step * 1e3, 64 / step);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strstr(others[i].name, only)) measure(&others[i], true, peak);
    return 0;
}
