// max_unpool.c - values put back where a max pooling took its maxima from (Zeiler and Fergus 2014, 2.1). Inputs: the values x, and the image z
// that the pooling had, with the pooling's attributes.
//   shape     y as z
//   forward   y = sum of x over the windows whose first maximum in z is this pixel, else 0
//   gradient  dx = dy at that maximum, dz = 0; forward saves the places as bytes
#include "ops/copy.h"
#include "ops/pool.h"

static const struct attribute attributes[] = { POOL_ATTRIBUTES, { 0 } };

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    struct op_args pooling = *a;
    struct shape x = a->in[0]->shape, z = a->in[1]->shape;
    pooling.in = a->in + 1;
    TRY(max_pool_shape(&pooling, plan));
    struct shape y = plan->out;
    if (x.h != y.h || x.w != y.w || x.c != y.c)
        FAIL(BAD_NETWORK, "the values are %dx%dx%d, but the pooled image is %dx%dx%d", x.h, x.w, x.c, y.h, y.w, y.c);
    plan->out = z;
    plan->workspace = 2 * (size_t)a->in[0]->n * shape_count(x) * sizeof(float); // maxima, and in inference their places
    return STRIATE_OK;
}

static struct pool geometry(const struct op_args *a)
{
    return pool_geometry_of(a->options, a->in[1]->shape);
}

static uint8_t *places(const struct op_args *a)
{
    return a->train ? a->saved : (uint8_t *)((float *)a->workspace + tensor_count(a->in[0]));
}

static void find_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = geometry(a);
    a->k->max_pool(&s, begin, end, a->in[1]->data, a->in[1]->ld, a->workspace, s.c, places(a));
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = geometry(a);
    a->k->max_pool_grad(&s, begin, end, places(a), a->in[0]->data, a->in[0]->ld, a->out->data, a->out->ld, false);
}

static void forward(const struct op_args *a)
{
    pool_rows_for(a->in[0], find_rows, a);
    pool_rows_for(a->out, forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct pool s = geometry(a);
    a->k->max_unpool_grad(&s, begin, end, a->saved, a->dout->data, a->dout->ld, a->din[0]->data, a->din[0]->ld, a->add[0]);
}

static void backward(const struct op_args *a)
{
    if (a->din[1]) copy_scaled(a, 0, a->dout, a->din[1], a->add[1]);
    if (a->din[0]) pool_rows_for(a->din[0], backward_rows, a);
}

const struct op striate_op_max_unpool = { .name = "max_unpool",
                                          .doc = "values put back where a max pooling of the second input took its maxima",
                                          .min_ins = 2,
                                          .max_ins = 2,
                                          .options_size = sizeof(striate_window),
                                          .attributes = attributes,
                                          .shape = shape,
                                          .forward = forward,
                                          .backward = backward };
