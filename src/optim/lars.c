// lars.c - layer-wise adaptive rate scaling (You, Gitman and Ginsburg 2017, algorithm 1): v = momentum v + lr T (g + weight_decay w);
// w -= v. Of each weight tensor T = trust |w| / (|g| + weight_decay |w|), where both norms are above 0. Biases and the parameters of batch
// normalization do not adapt: T = 1.
#include "optim/optim.h"

static void step(const struct kernels *k, const struct step *s, struct descent d, size_t n, float *w, const float *g,
                 float *const *state)
{
    double trust = 1;
    double w_norm = s->group->w_norm, g_norm = s->group->g_norm * (double)d.scale;
    if (s->group->adapt && w_norm > 0 && g_norm > 0)
        trust = (double)s->options->trust * w_norm / (g_norm + (double)d.decay * w_norm);
    float rate = (float)((double)s->rate * trust);
    d.scale *= rate; // sgd's kernel with a rate of 1, which is in v already
    d.limit *= rate;
    d.decay *= rate;
    d.rate = 1;
    d.momentum = s->options->momentum;
    k->sgd(n, &d, w, g, state[0]);
}

const struct rule optim_lars = { { "velocity" }, .momentum_last = true, .norms = true, .step = step };
