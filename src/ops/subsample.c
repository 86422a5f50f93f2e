// subsample.c - trainable subsampling (LeCun et al. 1998, II.B, layers S2 and S4): a coefficient and a bias per channel.
//   shape     as avg_pool
//   forward   y = weight_c s + bias_c, s = sum of the window's pixels
//   gradient  dweight_c = sum dy s, dbias_c = sum dy, dx += weight_c dy for each window that holds the pixel      (forward saves s)
#include "ops/pool.h"

#include "base/parallel.h"

static const struct attribute attributes[] = { POOL_ATTRIBUTES, { 0 } };

static struct pool geometry(const struct op_args *a)
{
    struct pool s = pool_geometry(a);
    s.sum = true;
    return s;
}

static size_t values(const struct op_args *a, const struct op_plan *plan)
{
    return (size_t)a->in[0]->n * shape_count(plan->out);
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    struct pool s = pool_geometry(a);
    TRY(pool_shape(a, plan));
    plan->params = 2;
    plan->param[0] = (struct op_param){
        "weight", PARAM_SCALE, 1, { s.c }, .pixels = 1, .value = 1 / (float)(s.size_h * s.size_w) // begins as the mean
    };
    plan->param[1] = (struct op_param){ "bias", PARAM_BIAS, 1, { s.c }, .pixels = 1 };
    plan->saved = values(a, plan) * sizeof(float);
    plan->backward_only = plan->workspace = plan->saved + 2 * (size_t)a->in[0]->n * (size_t)s.c * sizeof(float);
    return STRIATE_OK;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = geometry(a);
    size_t c = (size_t)s.c, pixels = (end - begin) * (size_t)s.q, first = begin * (size_t)s.q;
    float *y = a->out->data, *at = y + (ptrdiff_t)first * a->out->ld, *sums = a->train ? a->saved : y;
    ptrdiff_t ld = a->train ? (ptrdiff_t)c : a->out->ld;
    a->k->avg_pool(&s, begin, end, a->in[0]->data, a->in[0]->ld, sums, ld, false);
    a->k->mul(pixels, c, sums + (ptrdiff_t)first * ld, ld, a->param[0], 0, at, a->out->ld, false);
    a->k->add(pixels, c, at, a->out->ld, 1, a->param[1], 0, at, a->out->ld);
}

static void forward(const struct op_args *a)
{
    pool_rows_for(a->out, forward_rows, a);
}

// workspace: of each image the sums of dy s and of dy; then weight_c dy, and before that dy s, for every value of y.
static void backward_images(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct shape y = a->out->shape;
    size_t c = (size_t)y.c, pixels = (size_t)y.h * (size_t)y.w;
    float *all = (float *)a->workspace + 2 * (size_t)a->out->n * c;
    for (size_t n = begin; n < end; n++) {
        const float *dy = a->dout->data + (ptrdiff_t)(n * pixels) * a->dout->ld, *s = (float *)a->saved + n * pixels * c;
        float *products = all + n * pixels * c, *sums = (float *)a->workspace + 2 * n * c;
        a->k->mul(pixels, c, dy, a->dout->ld, s, (ptrdiff_t)c, products, (ptrdiff_t)c, false);
        a->k->column_sum(pixels, c, products, (ptrdiff_t)c, sums, false);
        a->k->column_sum(pixels, c, dy, a->dout->ld, sums + c, false);
        a->k->mul(pixels, c, dy, a->dout->ld, a->param[0], 0, products, (ptrdiff_t)c, false);
    }
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = geometry(a);
    const float *dy = (float *)a->workspace + 2 * (size_t)a->out->n * (size_t)s.c;
    a->k->avg_pool_grad(&s, begin, end, dy, s.c, a->din[0]->data, a->din[0]->ld, a->add[0]);
}

static void backward(const struct op_args *a)
{
    size_t n = (size_t)a->out->n, c = (size_t)a->out->shape.c;
    parallel_for(n, 16384 / shape_count(a->out->shape) + 1, backward_images, (void *)(uintptr_t)a);
    for (int p = 0; p < 2; p++)
        if (a->dparam[p]) a->k->column_sum(n, c, (float *)a->workspace + (size_t)p * c, 2 * (ptrdiff_t)c, a->dparam[p], false);
    if (a->din[0]) pool_rows_for(a->din[0], backward_rows, a);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    pool_cost(a, cost);
    cost->sums = (int64_t)shape_count(a->out->shape) * (cost->kernel_h * cost->kernel_w + 1);
}

const struct op striate_op_subsample = { .name = "subsample",
                                         .doc = "the sum of each window times a coefficient, plus a bias, per channel",
                                         .min_ins = 1,
                                         .max_ins = 1,
                                         .options_size = sizeof(striate_window),
                                         .attributes = attributes,
                                         .shape = shape,
                                         .forward = forward,
                                         .backward = backward,
                                         .cost = cost };
