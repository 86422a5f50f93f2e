// join.c - see join.h.
#include "ops/join.h"

striate_status join_shape(const struct op_args *a, struct op_plan *plan)
{
    struct shape x = a->in[0]->shape;
    for (int i = 1; i < a->ins; i++) {
        struct shape y = a->in[i]->shape;
        if (x.h != y.h || x.w != y.w || x.c != y.c)
            FAIL(BAD_NETWORK, "the inputs differ in shape: %dx%dx%d and %dx%dx%d", x.h, x.w, x.c, y.h, y.w, y.c);
    }
    plan->out = x;
    plan->flags = IN_PLACE;
    return STRIATE_OK;
}
