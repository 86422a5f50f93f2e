// global_max_pool.c - the maximum of each channel.
//   shape     1x1xC
//   gradient  dx += dy at the first maximum, whose pixel forward saves
#include "ops/op.h"

#include "base/parallel.h"

#include <stdint.h>

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    struct shape x = a->in[0]->shape;
    plan->out = (struct shape){ 1, 1, x.c, x.folded };
    plan->saved = (size_t)a->in[0]->n * (size_t)x.c * sizeof(int);
    return STRIATE_OK;
}

static void each_image(const struct op_args *a, void (*work)(void *context, size_t begin, size_t end))
{
    parallel_for((size_t)a->out->n, 16384 / shape_count(a->in[0]->shape) + 1, work, (void *)(uintptr_t)a);
}

static void forward_images(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    const struct tensor *x = a->in[0], *y = a->out;
    size_t pixels = (size_t)x->shape.h * (size_t)x->shape.w, c = (size_t)x->shape.c;
    for (size_t n = begin; n < end; n++)
        a->k->column_max(pixels, c, x->data + (ptrdiff_t)(n * pixels) * x->ld, x->ld, y->data + (ptrdiff_t)n * y->ld,
                         a->train ? (int *)a->saved + n * c : NULL);
}

static void forward(const struct op_args *a)
{
    each_image(a, forward_images);
}

static void backward_images(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    const struct tensor *dx = a->din[0], *dy = a->dout;
    size_t pixels = (size_t)dx->shape.h * (size_t)dx->shape.w, c = (size_t)dx->shape.c;
    for (size_t n = begin; n < end; n++) {
        float *to = dx->data + (ptrdiff_t)(n * pixels) * dx->ld;
        const int *pixel = (int *)a->saved + n * c;
        if (!a->add[0]) a->k->fill(pixels, c, 0, to, dx->ld);
        for (size_t i = 0; i < c; i++) to[pixel[i] * dx->ld + (ptrdiff_t)i] += dy->data[(ptrdiff_t)n * dy->ld + (ptrdiff_t)i];
    }
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) each_image(a, backward_images);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    struct shape x = a->in[0]->shape;
    *cost = (struct op_cost){ .kernel_h = x.h, .kernel_w = x.w, .stride_h = 1, .stride_w = 1 };
}

const struct op striate_op_global_max_pool = { .name = "global_max_pool",
                                               .doc = "the maximum of each channel",
                                               .min_ins = 1,
                                               .max_ins = 1,
                                               .shape = shape,
                                               .forward = forward,
                                               .backward = backward,
                                               .cost = cost };
