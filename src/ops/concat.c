// concat.c - channels side by side: y[n,p,q,:] = x0[n,p,q,:], x1[n,p,q,:], ...
//   shape     H and W as every input's, C = C0 + C1 + ...
//   gradient  dxi += its slice of dy
//   An input that already lies in its slice of y costs nothing, nor does its gradient.
#include "ops/copy.h"

#include <limits.h>

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    struct shape first = a->in[0]->shape;
    long long channels = 0;
    for (int i = 0; i < a->ins; i++) {
        struct shape x = a->in[i]->shape;
        if (x.h != first.h || x.w != first.w)
            FAIL(BAD_NETWORK, "input %d is %dx%d, but the first is %dx%d; they must have the same height and width", i + 1, x.h,
                 x.w, first.h, first.w);
        if (x.folded != 1) FAIL(BAD_NETWORK, "input %d is flattened; concatenate first, then flatten", i + 1);
        channels += x.c;
    }
    if (channels > INT_MAX) FAIL(BAD_NETWORK, "%lld channels are too many", channels);
    plan->out = (struct shape){ first.h, first.w, (int)channels, 1 };
    plan->flags = CONCAT;
    return STRIATE_OK;
}

static void forward(const struct op_args *a)
{
    for (int i = 0, channel = 0; i < a->ins; channel += a->in[i++]->shape.c) {
        struct tensor slice = copy_slice(a->out, channel, a->in[i]->shape.c);
        copy_tensor(a, a->in[i], &slice, false);
    }
}

static void backward(const struct op_args *a)
{
    for (int i = a->ins - 1, channel = a->out->shape.c; i >= 0; i--) {
        channel -= a->in[i]->shape.c;
        struct tensor slice = copy_slice(a->dout, channel, a->in[i]->shape.c);
        if (a->din[i] && a->din[i]->data != slice.data) copy_tensor(a, &slice, a->din[i], a->add[i]);
    }
}

const struct op striate_op_concat = { .name = "concat",
                                      .doc = "channels side by side",
                                      .min_ins = 1,
                                      .max_ins = -1,
                                      .shape = shape,
                                      .forward = forward,
                                      .backward = backward };
