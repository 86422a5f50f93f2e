// lrn_within.c - see lrn_within.h. The workspace holds tensors of y's shape: squares, or what else is summed; the sums of the squares; the sums
// of that.
#include "ops/lrn_within.h"

#include "ops/pool.h"
#include "ops/rows.h"

enum { SUMMED, SQUARES, OTHERS, TENSORS };

struct job {
    const struct op_args *a;
    struct lrn how;
    struct tensor t[TENSORS];
    int to; // of sum_squares
};

void lrn_within_sizes(const struct op_args *a, struct op_plan *plan)
{
    size_t bytes = (size_t)a->in[0]->n * shape_count(a->in[0]->shape) * sizeof(float);
    plan->workspace = TENSORS * bytes;
    plan->backward_only = bytes;
}

static struct job job_of(const struct op_args *a, struct lrn how)
{
    struct job job = { a, how };
    for (int i = 0; i < TENSORS; i++) {
        job.t[i] = *a->out;
        job.t[i].ld = a->out->shape.c;
        job.t[i].data = (float *)a->workspace + (size_t)i * tensor_count(a->out);
    }
    return job;
}

// Sums of SUMMED: SQUARES over the square around each pixel, OTHERS over the pixels around which this one is.
static void sum_rows(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    int size = job->how.size, before = job->to == SQUARES ? size / 2 : size - 1 - size / 2;
    struct shape x = job->a->out->shape;
    struct pool s = { .h = x.h, .w = x.w, .c = x.c, .p = x.h, .q = x.w, .size_h = size, .size_w = size };
    s.stride_h = s.stride_w = 1;
    s.pad_h = s.pad_w = before;
    s.sum = true;
    job->a->k->avg_pool(&s, begin, end, job->t[SUMMED].data, x.c, job->t[job->to].data, x.c, false);
}

static void square_rows(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    struct rows x = rows_of(job->a->in[0], begin, end), y = rows_of(&job->t[SUMMED], begin, end);
    job->a->k->mul(x.rows, x.cols, x.data, x.ld, x.data, x.ld, y.data, y.ld, false);
}

static void sum_squares(struct job *job)
{
    rows_for(job->a->out, square_rows, job);
    job->to = SQUARES;
    pool_rows_for(job->a->out, sum_rows, job);
}

static void normalize_rows(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    struct rows x = rows_of(job->a->in[0], begin, end), s = rows_of(&job->t[SQUARES], begin, end),
                y = rows_of(job->a->out, begin, end);
    job->a->k->lrn_scale(&job->how, s.rows, s.cols, s.data, s.ld, x.data, x.ld, y.data, y.ld, false);
}

void lrn_within_forward(const struct op_args *a, struct lrn how)
{
    struct job job = job_of(a, how);
    sum_squares(&job);
    rows_for(a->out, normalize_rows, &job);
}

// dx += dy s^-beta; and dy x s^(-beta - 1), to be summed.
static void through_rows(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    const struct op_args *a = job->a;
    struct lrn steeper = job->how;
    steeper.beta += 1;
    struct rows x = rows_of(a->in[0], begin, end), s = rows_of(&job->t[SQUARES], begin, end),
                z = rows_of(&job->t[SUMMED], begin, end), dy = rows_of(a->dout, begin, end),
                dx = rows_of(a->din[0], begin, end);
    a->k->mul(x.rows, x.cols, x.data, x.ld, dy.data, dy.ld, z.data, z.ld, false);
    a->k->lrn_scale(&steeper, s.rows, s.cols, s.data, s.ld, z.data, z.ld, z.data, z.ld, false);
    a->k->lrn_scale(&job->how, s.rows, s.cols, s.data, s.ld, dy.data, dy.ld, dx.data, dx.ld, a->add[0]);
}

static void others_rows(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    const struct op_args *a = job->a;
    struct rows x = rows_of(a->in[0], begin, end), z = rows_of(&job->t[OTHERS], begin, end),
                dx = rows_of(a->din[0], begin, end);
    a->k->mul(x.rows, x.cols, x.data, x.ld, z.data, z.ld, z.data, z.ld, false);
    a->k->add(dx.rows, dx.cols, dx.data, dx.ld, -2 * job->how.alpha * job->how.beta, z.data, z.ld, dx.data, dx.ld);
}

void lrn_within_backward(const struct op_args *a, struct lrn how)
{
    struct job job = job_of(a, how);
    sum_squares(&job);
    rows_for(a->out, through_rows, &job);
    job.to = OTHERS;
    pool_rows_for(a->out, sum_rows, &job);
    rows_for(a->out, others_rows, &job);
}
