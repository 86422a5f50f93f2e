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

enum { WEIGHT, BIAS, MEAN, VAR, BLOCK = 256 };

static const struct attribute attributes[] = {
    { "eps", ATTRIBUTE_FLOAT, offsetof(striate_norm_options, eps), "added to the variance", .value = 1e-5, .high = 1 },
    { "momentum", ATTRIBUTE_FLOAT, offsetof(striate_norm_options, momentum), "share of the batch", .value = 0.1, .high = 1 },
    { 0 },
};

// saved: mean[C], istd[C]. workspace: scale[C], slope[C], shift[C] of the pass over x, then each block's two sums: [blocks][C] each.
struct job {
    const struct op_args *a;
    bool backward;
    size_t channels, pixels, blocks;
    float *mean, *istd, *scale, *slope, *shift, *first, *second;
};

static size_t blocks_of(size_t pixels)
{
    return (pixels + BLOCK - 1) / BLOCK;
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    int c = a->in[0]->shape.c;
    plan->out = a->in[0]->shape;
    plan->flags = READS_INPUT | IN_PLACE;
    plan->params = 4;
    plan->param[WEIGHT] = (struct op_param){ "weight", PARAM_SCALE, 1, { c }, .pixels = 1, .value = 1 };
    plan->param[BIAS] = (struct op_param){ "bias", PARAM_BIAS, 1, { c }, .pixels = 1 };
    plan->param[MEAN] = (struct op_param){ "running_mean", PARAM_STATE, 1, { c }, .pixels = 1 };
    plan->param[VAR] = (struct op_param){ "running_var", PARAM_STATE, 1, { c }, .pixels = 1, .value = 1 };
    plan->saved = 2 * (size_t)c * sizeof(float);
    plan->workspace = (3 + 2 * blocks_of(tensor_pixels(a->in[0]))) * (size_t)c * sizeof(float);
    return STRIATE_OK;
}

static struct job job_of(const struct op_args *a, bool backward)
{
    size_t c = (size_t)a->out->shape.c, pixels = tensor_pixels(a->out), blocks = blocks_of(pixels);
    float *mean = a->train ? a->saved : a->param[MEAN], *w = a->workspace;
    return (struct job){ a, backward, c, pixels, blocks, mean, mean + c, w, w + c, w + 2 * c, w + 3 * c, w + (3 + blocks) * c };
}

static struct rows block_of(const struct job *job, const struct tensor *t, size_t block)
{
    size_t begin = block * BLOCK;
    return rows_of(t, begin, begin + BLOCK < job->pixels ? begin + BLOCK : job->pixels);
}

static void sum_block(void *context, size_t block, size_t end)
{
    const struct job *job = context;
    struct rows x = block_of(job, job->a->in[0], block);
    float *first = job->first + block * job->channels, *second = job->second + block * job->channels;
    (void)end;
    if (!job->backward) {
        job->a->k->moments(x.rows, x.cols, x.data, x.ld, first, second);
        return;
    }
    struct rows dy = block_of(job, job->a->dout, block);
    job->a->k->norm_sums(x.rows, x.cols, x.data, x.ld, job->mean, dy.data, dy.ld, first, second);
}

// Mean and variance of channels begin..end-1 from those of the blocks (Chan et al. 1983), and the running statistics.
static void merge(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    const striate_norm_options *o = job->a->options;
    for (size_t c = begin; c < end; c++) {
        double mean = 0, squares = 0, m = (double)job->pixels;
        for (size_t i = 0; i < job->blocks; i++)
            mean += job->first[i * job->channels + c] * (double)block_of(job, job->a->in[0], i).rows / m;
        for (size_t i = 0; i < job->blocks; i++) {
            double away = job->first[i * job->channels + c] - mean;
            squares += job->second[i * job->channels + c] + away * away * (double)block_of(job, job->a->in[0], i).rows;
        }
        float *running = &job->a->param[MEAN][c], *spread = &job->a->param[VAR][c];
        *running += o->momentum * ((float)mean - *running);
        *spread += o->momentum * ((float)(squares / (m > 1 ? m - 1 : 1)) - *spread);
        job->mean[c] = (float)mean;
        job->istd[c] = (float)(1 / sqrt(squares / m + o->eps));
    }
}

static void normalize(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    struct rows x = rows_of(job->a->in[0], begin, end), y = rows_of(job->a->out, begin, end);
    job->a->k->normalize(x.rows, x.cols, x.data, x.ld, job->mean, job->scale, job->a->param[BIAS], y.data, y.ld);
}

static void forward(const struct op_args *a)
{
    struct job job = job_of(a, false);
    if (a->train) {
        parallel_for(job.blocks, 1, sum_block, &job);
        parallel_for(job.channels, 16, merge, &job);
    }
    double eps = ((const striate_norm_options *)a->options)->eps;
    for (size_t c = 0; c < job.channels; c++)
        job.scale[c] = a->param[WEIGHT][c] * (a->train ? job.istd[c] : (float)(1 / sqrt(a->param[VAR][c] + eps)));
    rows_for(a->out, normalize, &job);
}

static void gradient(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    const struct op_args *a = job->a;
    struct rows x = rows_of(a->in[0], begin, end), dy = rows_of(a->dout, begin, end), dx = rows_of(a->din[0], begin, end);
    a->k->norm_grad(x.rows, x.cols, x.data, x.ld, job->mean, dy.data, dy.ld, job->scale, job->slope, job->shift, dx.data, dx.ld,
                    a->add[0]);
}

static void backward(const struct op_args *a)
{
    struct job job = job_of(a, true);
    parallel_for(job.blocks, 1, sum_block, &job);
    for (size_t c = 0; c < job.channels; c++) {
        double sum = 0, product = 0, m = (double)job.pixels, istd = job.istd[c], scale = a->param[WEIGHT][c] * istd;
        for (size_t i = c; i < job.blocks * job.channels; i += job.channels) sum += job.first[i], product += job.second[i];
        if (a->dparam[BIAS]) a->dparam[BIAS][c] = (float)sum;
        if (a->dparam[WEIGHT]) a->dparam[WEIGHT][c] = (float)(product * istd);
        job.scale[c] = (float)scale;
        job.slope[c] = (float)(-scale * istd * istd * product / m);
        job.shift[c] = (float)(-scale * sum / m);
    }
    if (a->din[0]) rows_for(a->out, gradient, &job);
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
