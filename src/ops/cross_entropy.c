// cross_entropy.c - the loss of classification: -weight sum t_c log softmax(x)_c, for each image. t is 1 at the label, else 0; with smoothing s
// t_c = (1 - s) [c = label] + s / classes (Szegedy et al. 2015, 7); of an image mixed of two it is the mean over both labels, by their shares
// (Zhang et al. 2017).
//   shape     1x1x1
//   gradient  of the batch's mean: dx_c += weight (softmax(x)_c - t_c) / n
#include "ops/op.h"
#include "ops/rows.h"

#include <math.h>
#include <stddef.h>

typedef striate_loss_options options;

static const struct attribute attributes[] = {
    { "weight", ATTRIBUTE_FLOAT, offsetof(options, weight), "its share in the sum of losses", .value = 1, .high = 1e6 },
    { "smoothing", ATTRIBUTE_FLOAT, offsetof(options, smoothing), "part of each target spread over all classes", .high = 1 },
    { 0 },
};

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    struct shape x = a->in[0]->shape;
    if (x.h != 1 || x.w != 1)
        FAIL(BAD_NETWORK, "the logits are %dx%dx%d, not 1x1xclasses; pool or flatten first", x.h, x.w, x.c);
    plan->out = (struct shape){ 1, 1, 1, 1 };
    plan->flags = LOSS;
    plan->saved = (size_t)a->in[0]->n * (size_t)x.c * sizeof(float);
    return STRIATE_OK;
}

static float share_of(const struct op_args *a)
{
    return a->share ? *a->share : 1;
}

static bool known(int label, size_t classes)
{
    return label >= 0 && (size_t)label < classes;
}

static void forward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows x = rows_of(a->in[0], begin, end), y = rows_of(a->out, begin, end);
    float *p = a->train ? (float *)a->saved + begin * x.cols : NULL;
    const options *o = a->options;
    float rest = 1 - share_of(a);
    a->k->cross_entropy(x.rows, x.cols, x.data, x.ld, a->labels + begin, o->smoothing, y.data, y.ld, p);
    for (size_t i = 0; i < y.rows; i++, x.data += x.ld, y.data += y.ld) {
        int label = a->labels[begin + i], second = rest > 0 ? a->second[begin + i] : label;
        if (second != label && known(label, x.cols))
            *y.data += known(second, x.cols) ? (1 - o->smoothing) * rest * (x.data[label] - x.data[second]) : NAN;
        *y.data *= o->weight;
    }
}

static void forward(const struct op_args *a)
{
    rows_for(a->in[0], forward_rows, a);
}

static void backward_rows(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    struct rows dx = rows_of(a->din[0], begin, end);
    const options *o = a->options;
    float scale = o->weight / (float)a->out->n, whole = scale * (1 - o->smoothing), share = share_of(a);
    const float *p = (float *)a->saved + begin * dx.cols;
    for (size_t i = begin; i < end; i++, p += dx.cols, dx.data += dx.ld) {
        a->k->scale(1, dx.cols, p, 0, scale, dx.data, dx.ld, a->add[0]);
        if (known(a->labels[i], dx.cols)) dx.data[a->labels[i]] -= share * whole;
        if (share < 1 && known(a->second[i], dx.cols)) dx.data[a->second[i]] -= (1 - share) * whole;
    }
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) rows_for(a->din[0], backward_rows, a);
}

const struct op striate_op_cross_entropy = { .name = "cross_entropy",
                                             .doc = "the loss of classification, -log softmax(x)[label]",
                                             .min_ins = 1,
                                             .max_ins = 1,
                                             .options_size = sizeof(options),
                                             .attributes = attributes,
                                             .shape = shape,
                                             .forward = forward,
                                             .backward = backward };
