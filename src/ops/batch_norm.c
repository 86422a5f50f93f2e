// batch_norm.c - batch normalization per channel (Ioffe and Szegedy 2015).
//   shape     y as x
//   forward   y = weight (x - mean) istd + bias, istd = 1 / sqrt(var + eps); mean and var are the batch's in training, else the running ones, which also serve
//             where weight and bias are frozen: dx += weight istd dy then
//   gradient  dbias = sum dy, dweight = istd sum dy (x - mean),
//             dx += weight istd (dy - dbias / m - (x - mean) istd dweight / m), m = N*H*W
//   fused     y = relu(... + residual): dy counts where y > 0, which is the residual's gradient too
//   Sums run in float over blocks of pixels, about a pivot near the mean, then in double over the blocks: a large batch loses nothing, and the
//   order is fixed.
#include "ops/norm.h"

#include "base/parallel.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { GROUP = 16, SAMPLE = 32 }; // GROUP: channels; SAMPLE: pixels that tell where the mean is

static const struct attribute attributes[] = {
    { "eps", ATTRIBUTE_FLOAT, offsetof(striate_norm_options, eps), "added to the variance", .value = 1e-5, .high = 1 },
    { "momentum", ATTRIBUTE_FLOAT, offsetof(striate_norm_options, momentum), "share of the batch", .value = 0.1, .high = 1 },
    { "no_affine", ATTRIBUTE_FLAG, offsetof(striate_norm_options, no_affine), "weight 1 and bias 0, not trained" },
    { 0 },
};

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    int c = a->in[0]->shape.c;
    const striate_norm_options *o = a->options;
    size_t blocks = norm_blocks(a->in[0]);
    plan->out = a->in[0]->shape;
    plan->flags = READS_INPUT | IN_PLACE | RESIDUAL_IN_PLACE | CHEAP |
                  (a->fused && a->fused->relu && a->fused->residual ? READS_OUTPUT : 0);
    plan->params = 4;
    plan->param[WEIGHT] =
        (struct op_param){ "weight", o->no_affine ? PARAM_STATE : PARAM_SCALE, 1, { c }, .pixels = 1, .value = 1 };
    plan->param[BIAS] = (struct op_param){ "bias", o->no_affine ? PARAM_STATE : PARAM_BIAS, 1, { c }, .pixels = 1 };
    plan->param[MEAN] = (struct op_param){ "running_mean", PARAM_STATE, 1, { c }, .pixels = 1 };
    plan->param[VAR] = (struct op_param){ "running_var", PARAM_STATE, 1, { c }, .pixels = 1, .value = 1 };
    plan->saved = 2 * (size_t)c * sizeof(float);
    plan->workspace = (4 + 2 * blocks) * (size_t)c * sizeof(float);
    return STRIATE_OK;
}

// Mean and variance of channels begin..end-1, and the running statistics; or the parameters' gradients, and slope and shift of dx.
static void merge(void *context, size_t begin, size_t end)
{
    const struct norm_job *job = context;
    const struct op_args *a = job->a;
    const striate_norm_options *o = a->options;
    bool given = job->fused.parts && !job->backward;
    size_t parts = given ? job->fused.parts : job->blocks, n = job->channels;
    const float *sums = given ? job->fused.sums : job->sums, *pivot = given ? job->fused.pivot : job->pivot;
    double sum[GROUP] = { 0 }, product[GROUP] = { 0 }, m = (double)job->pixels;
    for (size_t i = 0; i < parts; i++)
        for (size_t c = begin; c < end; c++) {
            sum[c - begin] += sums[2 * i * n + c];
            product[c - begin] += sums[(2 * i + 1) * n + c];
        }
    for (size_t c = begin; c < end; c++) {
        double s = sum[c - begin], p = product[c - begin], away = s / m, istd = job->istd[c];
        if (job->backward) {
            if (a->dparam[BIAS]) a->dparam[BIAS][c] = (float)s;
            if (a->dparam[WEIGHT]) a->dparam[WEIGHT][c] = (float)(p * istd);
            job->slope[c] = (float)(-job->scale[c] * istd * istd * p / m);
            job->shift[c] = (float)(-job->scale[c] * away);
            continue;
        }
        double mean = (pivot ? pivot[c] : 0) + away, squares = fmax(p - s * away, 0);
        float *running = &a->param[MEAN][c], *spread = &a->param[VAR][c];
        *running += o->momentum * ((float)mean - *running);
        *spread += o->momentum * ((float)(squares / (m > 1 ? m - 1 : 1)) - *spread);
        job->mean[c] = (float)mean;
        job->istd[c] = (float)(1 / sqrt(squares / m + o->eps));
    }
}

static void set_scale(const struct norm_job *job)
{
    const struct op_args *a = job->a;
    double eps = ((const striate_norm_options *)a->options)->eps;
    for (size_t c = 0; c < job->channels; c++)
        job->scale[c] = a->param[WEIGHT][c] * (a->train ? job->istd[c] : (float)(1 / sqrt(a->param[VAR][c] + eps)));
}

static void forward(const struct op_args *a)
{
    struct norm_job job = norm_job_of(a, false);
    bool measure = a->train && !a->again;
    if (measure && !job.fused.parts) {
        a->k->mean(job.pixels < SAMPLE ? job.pixels : SAMPLE, job.channels, a->in[0]->data, a->in[0]->ld, job.pivot);
        norm_sums(&job);
    }
    if (measure) parallel_for(job.channels, GROUP, merge, &job);
    set_scale(&job);
    norm_apply(&job);
}

static void backward(const struct op_args *a)
{
    struct norm_job job = norm_job_of(a, true);
    set_scale(&job);
    if (a->train || job.fused.dresidual) norm_sums(&job);
    if (a->train)
        parallel_for(job.channels, GROUP, merge, &job);
    else
        memset(job.slope, 0, 2 * job.channels * sizeof *job.slope); // and shift
    if (a->din[0]) norm_gradient(&job);
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
