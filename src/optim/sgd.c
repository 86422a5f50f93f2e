// sgd.c - gradient descent with momentum, as PyTorch's: v = momentum v + g; w -= lr (v, or g + momentum v with nesterov). v begins at 0.
#include "optim/optim.h"

static void step(const struct kernels *k, const struct step *s, struct descent d, size_t n, float *w, const float *g,
                 float *const *state)
{
    d.rate = s->rate;
    d.momentum = s->options->momentum;
    d.nesterov = s->options->nesterov;
    k->sgd(n, &d, w, g, state[0]);
}

const struct rule optim_sgd = { { "velocity" }, .momentum_last = true, .step = step };
