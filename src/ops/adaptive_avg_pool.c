// adaptive_avg_pool.c - means over as many windows as are wanted, however large the image is.
//   shape     height x width x C
//   forward   y[n,p,q,c] = mean x over rows floor(p H / height) .. ceil((p + 1) H / height) - 1, columns likewise
//   gradient  dx += dy / pixels of the window, for each window that holds the pixel
//   Window p holds row h exactly where the windows of an image of `height` rows, were H wanted, would have window h hold row p.
#include "ops/op.h"

#include "base/parallel.h"

#include <stddef.h>
#include <stdint.h>

typedef striate_adaptive_options options;

static const struct attribute attributes[] = {
    { "height", ATTRIBUTE_INT, offsetof(options, height), "rows of the output", .low = 1, .high = 16384, .required = true },
    { "width", ATTRIBUTE_INT, offsetof(options, width), "columns of the output", .low = 1, .high = 16384, .required = true },
    { 0 },
};

struct range {
    int begin, end;
};

// Window `at` of `windows` over `length` places.
static struct range range_of(int at, int windows, int length)
{
    int64_t begin = (int64_t)at * length / windows, end = ((int64_t)(at + 1) * length + windows - 1) / windows;
    return (struct range){ (int)begin, (int)end };
}

static int length_of(int at, int windows, int length)
{
    struct range r = range_of(at, windows, length);
    return r.end - r.begin;
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    const options *o = a->options;
    plan->out = (struct shape){ o->height, o->width, a->in[0]->shape.c, a->in[0]->shape.folded };
    return STRIATE_OK;
}

// Every pixel of `to` from those of `from` that share a window with it, the windows being `to`'s (forward) or `from`'s (backward).
struct job {
    const struct op_args *a;
    const struct tensor *from, *to;
    bool backward;
};

static float share(const struct job *job, int h, int w, int p, int q)
{
    struct shape from = job->from->shape, to = job->to->shape;
    int pixels = job->backward ? length_of(p, from.h, to.h) * length_of(q, from.w, to.w)
                               : length_of(h, to.h, from.h) * length_of(w, to.w, from.w);
    return 1.0f / (float)pixels;
}

static void gather_rows(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    struct shape from = job->from->shape, to = job->to->shape;
    for (size_t row = begin; row < end; row++)
        for (int w = 0; w < to.w; w++) {
            int h = (int)(row % (size_t)to.h);
            struct range v = range_of(h, to.h, from.h), u = range_of(w, to.w, from.w);
            const float *image = job->from->data + (ptrdiff_t)(row / (size_t)to.h) * from.h * from.w * job->from->ld;
            float *y = job->to->data + ((ptrdiff_t)row * to.w + w) * job->to->ld;
            bool add = job->backward && job->a->add[0];
            for (int p = v.begin; p < v.end; p++)
                for (int q = u.begin; q < u.end; q++, add = true)
                    job->a->k->scale(1, (size_t)to.c, image + ((ptrdiff_t)p * from.w + q) * job->from->ld, 0,
                                     share(job, h, w, p, q), y, job->to->ld, add);
        }
}

static void gather(const struct op_args *a, const struct tensor *from, const struct tensor *to, bool backward)
{
    struct job job = { a, from, to, backward };
    parallel_for((size_t)to->n * (size_t)to->shape.h, 1, gather_rows, &job);
}

static void forward(const struct op_args *a)
{
    gather(a, a->in[0], a->out, false);
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) gather(a, a->dout, a->din[0], true);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    const options *o = a->options;
    struct shape x = a->in[0]->shape;
    *cost = (struct op_cost){ .kernel_h = (x.h + o->height - 1) / o->height,
                              .kernel_w = (x.w + o->width - 1) / o->width,
                              .stride_h = x.h > o->height ? x.h / o->height : 1,
                              .stride_w = x.w > o->width ? x.w / o->width : 1 };
}

const struct op striate_op_adaptive_avg_pool = { .name = "adaptive_avg_pool",
                                                 .doc = "means over a given number of windows",
                                                 .min_ins = 1,
                                                 .max_ins = 1,
                                                 .options_size = sizeof(options),
                                                 .attributes = attributes,
                                                 .shape = shape,
                                                 .forward = forward,
                                                 .backward = backward,
                                                 .cost = cost };
