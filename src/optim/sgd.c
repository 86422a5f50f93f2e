// sgd.c - one step of stochastic gradient descent, cut into pieces for the threads.
#include "optim/sgd.h"

#include "base/parallel.h"
#include "kernels/kernels.h"

#include <stdatomic.h>

enum { GRAIN = 64 * 1024 };

struct step {
    const struct kernels *k;
    striate_sgd_options options;
    float learning_rate;
    float *w, *v;
    const float *g;
};

static void step_part(void *context, size_t begin, size_t end)
{
    const struct step *s = context;
    s->k->sgd(end - begin, s->w + begin, s->g + begin, s->v + begin, s->learning_rate, s->options.momentum,
              s->options.weight_decay, s->options.nesterov);
}

void sgd_step(striate_sgd_options options, float learning_rate, size_t count, float *w, const float *g, float *v)
{
    struct step s = { kernels_pick(), options, learning_rate, w, v, g };
    parallel_for(count, GRAIN, step_part, &s);
}

struct search {
    const struct kernels *k;
    const float *x;
    atomic_bool bad;
};

static void search_part(void *context, size_t begin, size_t end)
{
    struct search *s = context;
    if (!s->k->all_finite(end - begin, s->x + begin)) s->bad = true;
}

bool sgd_finite(const float *x, size_t count)
{
    struct search s = { .k = kernels_pick(), .x = x };
    parallel_for(count, GRAIN, search_part, &s);
    return !s.bad;
}
