// rmsprop.c - steps divided by the root of a running mean of squares (Tieleman and Hinton 2012), as PyTorch's: v = beta2 v + (1 - beta2) g^2;
// b = momentum b + g / (sqrt(v) + eps); w -= lr b.
#include "optim/optim.h"

static void step(const struct kernels *k, const struct step *s, struct descent d, size_t n, float *w, const float *g,
                 float *const *state)
{
    d.rate = s->rate;
    d.momentum = s->options->momentum;
    d.beta2 = s->options->beta2;
    d.eps = s->options->eps;
    k->rmsprop(n, &d, w, g, state[0], state[1]);
}

const struct rule optim_rmsprop = { { "square", "velocity" }, .momentum_last = true, .step = step };
