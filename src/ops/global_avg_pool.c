// global_avg_pool.c - the mean of each channel (Lin et al. 2013, 3.2).
//   shape     1x1xC
//   forward   y[n,c] = sum x[n,h,w,c] / (H*W)
//   gradient  dx[n,h,w,c] += dy[n,c] / (H*W)
#include "ops/op.h"

#include "base/parallel.h"

#include <stdint.h>

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    struct shape x = a->in[0]->shape;
    plan->out = (struct shape){ 1, 1, x.c, x.folded };
    return STRIATE_OK;
}

static void forward_images(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    const struct tensor *x = a->in[0], *y = a->out;
    size_t pixels = (size_t)x->shape.h * (size_t)x->shape.w;
    for (size_t n = begin; n < end; n++)
        a->k->mean(pixels, (size_t)x->shape.c, x->data + (ptrdiff_t)(n * pixels) * x->ld, x->ld,
                   y->data + (ptrdiff_t)n * y->ld);
}

static void forward(const struct op_args *a)
{
    parallel_for((size_t)a->out->n, 16384 / shape_count(a->in[0]->shape) + 1, forward_images, (void *)(uintptr_t)a);
}

static void backward_images(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    const struct tensor *dx = a->din[0], *dy = a->dout;
    size_t pixels = (size_t)dx->shape.h * (size_t)dx->shape.w;
    for (size_t n = begin; n < end; n++)
        a->k->scale(pixels, (size_t)dx->shape.c, dy->data + (ptrdiff_t)n * dy->ld, 0, 1.0f / (float)pixels,
                    dx->data + (ptrdiff_t)(n * pixels) * dx->ld, dx->ld, a->add[0]);
}

static void backward(const struct op_args *a)
{
    if (a->din[0])
        parallel_for((size_t)a->out->n, 16384 / shape_count(a->in[0]->shape) + 1, backward_images, (void *)(uintptr_t)a);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    struct shape x = a->in[0]->shape;
    *cost = (struct op_cost){ .kernel_h = x.h, .kernel_w = x.w, .stride_h = 1, .stride_w = 1 };
}

const struct op striate_op_global_avg_pool = { .name = "global_avg_pool",
                                               .doc = "the mean of each channel",
                                               .min_ins = 1,
                                               .max_ins = 1,
                                               .shape = shape,
                                               .forward = forward,
                                               .backward = backward,
                                               .cost = cost };
