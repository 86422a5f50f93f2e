// norm.c - see norm.h.
#include "ops/norm.h"

#include "ops/rows.h"

static size_t block_pixels(size_t channels)
{
    return channels < 128 ? 512 : channels > 1024 ? 64 : 65536 / channels;
}

size_t norm_blocks(const struct tensor *x)
{
    return (tensor_pixels(x) - 1) / block_pixels((size_t)x->shape.c) + 1;
}

struct norm_job norm_job_of(const struct op_args *a, bool backward)
{
    size_t c = (size_t)a->out->shape.c, pixels = tensor_pixels(a->out), blocks = norm_blocks(a->out);
    float *mean = a->train ? a->saved : a->param[MEAN], *w = a->workspace;
    struct fusion fused = a->fused ? *a->fused : (struct fusion){ 0 };
    return (
        struct norm_job){ a, fused, backward, c, pixels, blocks, mean, mean + c, w, w + c, w + 2 * c, w + 3 * c, w + 4 * c };
}

static struct norm norm_of(const struct norm_job *job, size_t begin, size_t end)
{
    struct rows x = rows_of(job->a->in[0], begin, end);
    return (struct norm){ x.rows, x.cols, x.data, x.ld, job->mean, job->scale, job->a->param[BIAS], job->fused.relu };
}

static struct rows rows_if(const struct tensor *t, size_t begin, size_t end)
{
    return t ? rows_of(t, begin, end) : (struct rows){ 0 };
}

// What dy is beneath the fused part: the residual's gradient, once that is written and nothing else added to it; else dy through the ReLU,
// for which norm->relu stays set and y is the output where the input alone does not tell.
static struct rows gradient_of(const struct norm_job *job, struct norm *norm, size_t begin, size_t end, struct rows *y)
{
    bool known = job->fused.dresidual && !job->fused.add;
    norm->relu &= !known;
    *y = rows_if(norm->relu && job->fused.residual ? job->a->out : NULL, begin, end);
    return rows_of(known ? job->fused.dresidual : job->a->dout, begin, end);
}

static void sum_blocks(void *context, size_t first, size_t last)
{
    const struct norm_job *job = context;
    const struct op_args *a = job->a;
    size_t each = block_pixels(job->channels), begin = first * each,
           end = last * each < job->pixels ? last * each : job->pixels;
    float *sums = job->sums + first * 2 * job->channels;
    struct norm norm = norm_of(job, begin, end);
    if (!job->backward) {
        a->k->moments(norm.rows, norm.cols, norm.x, norm.ldx, job->pivot, sums);
        return;
    }
    struct rows y = rows_of(a->out, begin, end), dy = rows_of(a->dout, begin, end),
                dr = rows_if(job->fused.dresidual, begin, end);
    if (dr.data && norm.relu)
        a->k->relu_grad(dr.rows, dr.cols, y.data, y.ld, dy.data, dy.ld, dr.data, dr.ld, job->fused.add);
    else if (dr.data && (dr.data != dy.data || job->fused.add))
        a->k->copy(dr.rows, dr.cols, dy.data, dy.ld, dr.data, dr.ld, job->fused.add);
    dy = gradient_of(job, &norm, begin, end, &y);
    a->k->norm_sums(&norm, y.data, y.ld, dy.data, dy.ld, sums);
}

void norm_sums(struct norm_job *job)
{
    parallel_for(job->blocks, 1, sum_blocks, job);
}

static void normalize(void *context, size_t begin, size_t end)
{
    const struct norm_job *job = context;
    struct norm norm = norm_of(job, begin, end);
    struct rows r = rows_if(job->fused.residual, begin, end), y = rows_of(job->a->out, begin, end);
    job->a->k->normalize(&norm, r.data, r.ld, y.data, y.ld);
}

void norm_apply(struct norm_job *job)
{
    rows_for(job->a->out, normalize, job);
}

static void gradient(void *context, size_t begin, size_t end)
{
    const struct norm_job *job = context;
    struct norm norm = norm_of(job, begin, end);
    struct rows y, dy = gradient_of(job, &norm, begin, end, &y), dx = rows_of(job->a->din[0], begin, end);
    job->a->k->norm_grad(&norm, y.data, y.ld, dy.data, dy.ld, job->slope, job->shift, dx.data, dx.ld, job->a->add[0]);
}

void norm_gradient(struct norm_job *job)
{
    rows_for(job->a->out, gradient, job);
}
