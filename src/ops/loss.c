// loss.c - see loss.h.
#include "ops/loss.h"

#include "base/parallel.h"

#include <math.h>
#include <stdint.h>

struct job {
    const struct op_args *a;
    loss_of_image *loss;
    bool backward;
};

striate_status loss_shape(const struct op_args *a, struct op_plan *plan)
{
    struct shape x = a->in[0]->shape;
    if (x.h != 1 || x.w != 1)
        FAIL(BAD_NETWORK, "the outputs are %dx%dx%d, not 1x1xclasses; pool or flatten first", x.h, x.w, x.c);
    plan->out = (struct shape){ 1, 1, 1, 1 };
    plan->flags = LOSS | READS_INPUT;
    plan->workspace = 2 * (size_t)a->in[0]->n * (size_t)x.c * sizeof(float); // t and dx of each image
    return STRIATE_OK;
}

// Writes t[classes] of image i; false where its labels are none.
static bool targets(const struct op_args *a, size_t i, int classes, float *t)
{
    float share = a->share ? *a->share : 1;
    int labels[2] = { a->labels[i], share < 1 ? a->second[i] : a->labels[i] }, known = classes == 1 ? 2 : classes;
    for (int c = 0; c < classes; c++) t[c] = 0;
    for (int j = 0; j < 2; j++) {
        int c = classes == 1 ? labels[j] - 1 : labels[j];
        if (labels[j] < 0 || labels[j] >= known) return false;
        if (c >= 0) t[c] += j ? 1 - share : share;
    }
    return true;
}

static void each_image(void *context, size_t begin, size_t end)
{
    const struct job *job = context;
    const struct op_args *a = job->a;
    const struct tensor *x = a->in[0];
    int classes = x->shape.c;
    float weight = ((const struct loss_options *)a->options)->weight, scale = weight / (float)a->out->n;
    for (size_t i = begin; i < end; i++) {
        float *t = (float *)a->workspace + 2 * i * (size_t)classes, *dx = t + classes;
        bool known = targets(a, i, classes, t);
        double loss = job->loss(a, classes, x->data + (ptrdiff_t)i * x->ld, t, job->backward ? dx : NULL);
        if (!job->backward)
            a->out->data[(ptrdiff_t)i * a->out->ld] = known ? (float)(weight * loss) : NAN;
        else
            a->k->scale(1, (size_t)classes, dx, 0, scale, a->din[0]->data + (ptrdiff_t)i * a->din[0]->ld, a->din[0]->ld,
                        a->add[0]);
    }
}

static void run(const struct op_args *a, loss_of_image *loss, bool backward)
{
    struct job job = { a, loss, backward };
    parallel_for((size_t)a->out->n, 4096 / (size_t)a->in[0]->shape.c + 1, each_image, &job);
}

void loss_forward(const struct op_args *a, loss_of_image *loss)
{
    run(a, loss, false);
}

void loss_backward(const struct op_args *a, loss_of_image *loss)
{
    if (a->din[0]) run(a, loss, true);
}
