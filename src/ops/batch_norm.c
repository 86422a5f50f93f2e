// batch_norm.c - batch normalization per channel (Ioffe and Szegedy 2015).
//   shape     y as x
//   forward   y = weight (x - mean) istd + bias, istd = 1 / sqrt(var + eps); mean and var are the batch's in training, else the running ones
//   gradient  dbias = sum dy, dweight = istd sum dy (x - mean),
//             dx += weight istd (dy - dbias / m - (x - mean) istd dweight / m), m = N*H*W
//   Sums run in float over blocks of BLOCK pixels, then in double over the blocks: a large batch loses nothing, and the order is fixed.
#include "ops/op.h"
#include "ops/rows.h"

#include <math.h>
#include <stddef.h>

enum { BLOCK = 256 };
enum { WEIGHT, BIAS, MEAN, VAR };

static const struct attribute attributes[] = {
    { "eps", ATTRIBUTE_FLOAT, offsetof(striate_norm_options, eps), "added to the variance", .value = 1e-5, .low = 0,
      .high = 1 },
    { "momentum", ATTRIBUTE_FLOAT, offsetof(striate_norm_options, momentum), "the batch's weight in running statistics",
      .value = 0.1, .low = 0, .high = 1 },
    { 0 },
};

// saved: mean[C], istd[C]. workspace: a[C], b[C], c[C], the factors of the pass over x, then each block's two sums: [blocks][C] each.
struct job {
    const struct op_args *args;
    size_t channels, pixels, blocks;
    float *mean, *istd, *a, *b, *c, *first, *second;
};

static size_t blocks_of(size_t pixels)
{
    return (pixels + BLOCK - 1) / BLOCK;
}

static striate_status shape(const struct op_args *args, struct op_plan *plan)
{
    int c = args->in[0]->shape.c;
    plan->out = args->in[0]->shape;
    plan->flags = READS_INPUT | IN_PLACE;
    plan->params = 4;
    plan->param[WEIGHT] = (struct op_param){ "weight", PARAM_SCALE, 1, { c }, .pixels = 1, .value = 1 };
    plan->param[BIAS] = (struct op_param){ "bias", PARAM_BIAS, 1, { c }, .pixels = 1 };
    plan->param[MEAN] = (struct op_param){ "running_mean", PARAM_STATE, 1, { c }, .pixels = 1 };
    plan->param[VAR] = (struct op_param){ "running_var", PARAM_STATE, 1, { c }, .pixels = 1, .value = 1 };
    plan->saved = 2 * (size_t)c * sizeof(float);
    plan->workspace = (3 + 2 * blocks_of(tensor_pixels(args->in[0]))) * (size_t)c * sizeof(float);
    return STRIATE_OK;
}

static struct job job_of(const struct op_args *args)
{
    size_t c = (size_t)args->out->shape.c, pixels = tensor_pixels(args->out), blocks = blocks_of(pixels);
    float *mean = args->train ? args->saved : args->param[MEAN], *work = args->workspace;
    return (struct job){
        args, c, pixels, blocks, mean, mean + c, work, work + c, work + 2 * c, work + 3 * c, work + (3 + blocks) * c
    };
}

static void each_block(const struct job *job, void (*work)(void *context, size_t begin, size_t end))
{
    parallel_for(job->blocks, 16384 / (BLOCK * job->channels) + 1, work, (void *)(uintptr_t)job);
}

static struct rows block_of(const struct job *job, const struct tensor *t, size_t block)
{
    size_t begin = block * BLOCK;
    return rows_of(t, begin, begin + BLOCK < job->pixels ? begin + BLOCK : job->pixels);
}

static void measure(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    for (size_t i = begin; i < end; i++) {
        struct rows x = block_of(job, job->args->in[0], i);
        size_t at = i * job->channels;
        job->args->k->moments(x.rows, x.cols, x.data, x.ld, job->first + at, job->second + at);
    }
}

// Mean and variance of channels begin..end-1 from those of the blocks (Chan et al. 1983), and the running statistics.
static void merge(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    const striate_norm_options *o = job->args->options;
    for (size_t c = begin; c < end; c++) {
        double sum = 0, squares = 0, m = (double)job->pixels;
        for (size_t i = 0; i < job->blocks; i++)
            sum += job->first[i * job->channels + c] * (double)block_of(job, job->args->in[0], i).rows;
        double mean = sum / m;
        for (size_t i = 0; i < job->blocks; i++) {
            double away = job->first[i * job->channels + c] - mean;
            squares += job->second[i * job->channels + c] + away * away * (double)block_of(job, job->args->in[0], i).rows;
        }
        float *running = &job->args->param[MEAN][c], *spread = &job->args->param[VAR][c];
        *running += o->momentum * ((float)mean - *running);
        *spread += o->momentum * ((float)(squares / (m > 1 ? m - 1 : 1)) - *spread);
        job->mean[c] = (float)mean;
        job->istd[c] = (float)(1 / sqrt(squares / m + o->eps));
    }
}

static void normalize(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    struct rows x = rows_of(job->args->in[0], begin, end), y = rows_of(job->args->out, begin, end);
    job->args->k->normalize(x.rows, x.cols, x.data, x.ld, job->mean, job->a, job->args->param[BIAS], y.data, y.ld);
}

static void forward(const struct op_args *args)
{
    struct job job = job_of(args);
    if (args->train) {
        each_block(&job, measure);
        parallel_for(job.channels, 16, merge, &job);
    }
    double eps = ((const striate_norm_options *)args->options)->eps;
    for (size_t c = 0; c < job.channels; c++)
        job.a[c] = args->param[WEIGHT][c] * (args->train ? job.istd[c] : (float)(1 / sqrt(args->param[VAR][c] + eps)));
    rows_for(args->out, normalize, &job);
}

static void sum_blocks(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    for (size_t i = begin; i < end; i++) {
        struct rows x = block_of(job, job->args->in[0], i), dy = block_of(job, job->args->dout, i);
        size_t at = i * job->channels;
        job->args->k->norm_sums(x.rows, x.cols, x.data, x.ld, job->mean, dy.data, dy.ld, job->first + at, job->second + at);
    }
}

static void gradient(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    const struct op_args *args = job->args;
    struct rows x = rows_of(args->in[0], begin, end), dy = rows_of(args->dout, begin, end),
                dx = rows_of(args->din[0], begin, end);
    args->k->norm_grad(x.rows, x.cols, x.data, x.ld, job->mean, dy.data, dy.ld, job->a, job->b, job->c, dx.data, dx.ld,
                       args->add[0]);
}

static void backward(const struct op_args *args)
{
    struct job job = job_of(args);
    each_block(&job, sum_blocks);
    for (size_t c = 0; c < job.channels; c++) {
        double sum = 0, product = 0, m = (double)job.pixels, istd = job.istd[c], a = args->param[WEIGHT][c] * istd;
        for (size_t i = 0; i < job.blocks; i++) sum += job.first[i * job.channels + c];
        for (size_t i = 0; i < job.blocks; i++) product += job.second[i * job.channels + c];
        if (args->dparam[BIAS]) args->dparam[BIAS][c] = (float)sum;
        if (args->dparam[WEIGHT]) args->dparam[WEIGHT][c] = (float)(product * istd);
        job.a[c] = (float)a;
        job.b[c] = (float)(-a * istd * istd * product / m);
        job.c[c] = (float)(-a * sum / m);
    }
    if (args->din[0]) rows_for(args->out, gradient, &job);
}

const struct op striate_op_batch_norm = { .name = "batch_norm",
                                          .doc = "weight (x - mean) / sqrt(var + eps) + bias, per channel",
                                          .min_ins = 1,
                                          .max_ins = 1,
                                          .options_size = sizeof(striate_norm_options),
                                          .attributes = attributes,
                                          .shape = shape,
                                          .forward = forward,
                                          .backward = backward };
