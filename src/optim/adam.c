// adam.c - adaptive moments (Kingma and Ba 2015, algorithm 1): m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
// w -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps). Weight decay is part of g; AdamW's (Loshchilov and Hutter 2019, algorithm 2)
// is not: w -= lr weight_decay w.
#include "optim/optim.h"

#include <math.h>

static void step(const struct kernels *k, const struct step *s, struct descent d, size_t n, float *w, const float *g,
                 float *const *state)
{
    const striate_optimizer_options *o = s->options;
    double t = (double)s->number;
    d.rate = (float)((double)s->rate / (1 - pow((double)o->beta1, t)));
    d.root = (float)(1 / sqrt(1 - pow((double)o->beta2, t)));
    d.beta1 = o->beta1;
    d.beta2 = o->beta2;
    d.eps = o->eps;
    if (o->rule == STRIATE_ADAMW) {
        d.shrink = s->rate * d.decay;
        d.decay = 0;
    }
    k->adam(n, &d, w, g, state[0], state[1]);
}

const struct rule optim_adam = { { "mean", "square" }, .step = step };
const struct rule optim_adamw = { { "mean", "square" }, .step = step };
