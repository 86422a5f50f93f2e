// optim.c - a step of any optimizer: gradients are looked at once, for values that are not finite and for their norm where something asks for
// it; then one pass over weights, gradients and state. Pieces of work never cross a group's border, and norms are summed in their order.
#include "optim/optim.h"

#include "base/parallel.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { GRAIN = 64 * 1024, TOGETHER = 8 }; // floats of a piece; pieces of a group of many small ones

struct piece {
    size_t begin, end;
    int group;
    double w, g; // sums of squares
};

static const struct rule *const rules[] = {
    [STRIATE_SGD] = &optim_sgd,         [STRIATE_ADAM] = &optim_adam, [STRIATE_ADAMW] = &optim_adamw,
    [STRIATE_RMSPROP] = &optim_rmsprop, [STRIATE_LARS] = &optim_lars,
};

const struct rule *optim_rule(int rule)
{
    return rule >= 0 && (size_t)rule < sizeof rules / sizeof *rules ? rules[rule] : NULL;
}

int optim_states(const striate_optimizer_options *options)
{
    const struct rule *rule = rules[options->rule];
    int count = 0;
    while (count < RULE_STATES && rule->states[count]) count++;
    return count - (rule->momentum_last && options->momentum == 0);
}

striate_optimizer_options optim_complete(striate_optimizer_options o)
{
    if (o.beta1 == 0) o.beta1 = 0.9f;
    if (o.beta2 == 0) o.beta2 = o.rule == STRIATE_RMSPROP ? 0.9f : 0.999f;
    if (o.eps == 0) o.eps = o.rule == STRIATE_RMSPROP ? 1 : 1e-8f;
    if (o.trust == 0) o.trust = 0.001f;
    if (o.norm_weight_decay == 0) o.norm_weight_decay = o.weight_decay;
    o.accumulate = !!o.accumulate;
    o.nesterov = !!o.nesterov;
    return o;
}

bool optim_cut(struct optim *optim)
{
    size_t count = 0;
    for (int i = 0; i < optim->count; i++) {
        struct group *group = &optim->groups[i];
        group->piece = count;
        group->pieces = (group->end - group->begin + GRAIN - 1) / GRAIN;
        count += group->pieces;
    }
    optim->pieces = malloc((count ? count : 1) * sizeof *optim->pieces);
    optim->piece_count = count;
    if (!optim->pieces) return false;
    for (int i = 0; i < optim->count; i++) {
        const struct group *group = &optim->groups[i];
        for (size_t p = 0; p < group->pieces; p++) {
            size_t begin = group->begin + p * GRAIN, end = begin + GRAIN < group->end ? begin + GRAIN : group->end;
            optim->pieces[group->piece + p] = (struct piece){ begin, end, i, 0, 0 };
        }
    }
    return true;
}

void optim_release(struct optim *optim)
{
    free(optim->pieces);
}

struct work {
    const struct kernels *k;
    struct optim *optim;
    float rate;
    struct descent descent;
    float *w;
    const float *g;
    bool norms;
    atomic_bool bad;
};

static void look(void *context, size_t first, size_t last)
{
    struct work *s = context;
    for (size_t i = first; i < last; i++) {
        struct piece *p = &s->optim->pieces[i];
        size_t n = p->end - p->begin;
        if (!s->norms) {
            if (!s->k->all_finite(n, s->g + p->begin)) s->bad = true;
            continue;
        }
        p->g = s->k->squares(n, s->g + p->begin);
        if (s->optim->rule->norms) p->w = s->k->squares(n, s->w + p->begin);
        if (!isfinite(p->g)) s->bad = true;
    }
}

static void step_pieces(void *context, size_t first, size_t last)
{
    const struct work *s = context;
    const struct optim *o = s->optim;
    for (size_t i = first; i < last; i++) {
        const struct piece *p = &o->pieces[i];
        const struct group *group = &o->groups[p->group];
        struct step step = { &o->options, s->rate * group->rate, o->steps + 1, group };
        float *state[RULE_STATES];
        for (int j = 0; j < RULE_STATES; j++) state[j] = o->state[j] ? o->state[j] + p->begin : NULL;
        struct descent d = s->descent;
        d.decay = group->decay;
        o->rule->step(s->k, &step, d, p->end - p->begin, s->w + p->begin, s->g + p->begin, state);
    }
}

// The norms of each group, and of the whole gradient, from those of the pieces.
static double norms(struct optim *optim)
{
    double all = 0;
    for (int i = 0; i < optim->count; i++) {
        struct group *group = &optim->groups[i];
        double w = 0, g = 0;
        for (size_t p = group->piece; p < group->piece + group->pieces; p++) {
            w += optim->pieces[p].w;
            g += optim->pieces[p].g;
        }
        group->w_norm = sqrt(w);
        group->g_norm = sqrt(g);
        all += g;
    }
    return sqrt(all);
}

bool optim_step(struct optim *optim, float rate, float total, float *w, const float *g)
{
    const striate_optimizer_options *o = &optim->options;
    struct work s = { .k = kernels_pick(), .optim = optim, .rate = rate, .w = w, .g = g };
    s.norms = optim->rule->norms || o->clip_norm > 0;
    s.descent = (struct descent){ .scale = 1 / total, .limit = o->clip_value > 0 ? o->clip_value : INFINITY };
    parallel_for(optim->piece_count, TOGETHER, look, &s);
    if (s.bad) return false;
    double norm = s.norms ? norms(optim) / (double)total : 0;
    if (norm > (double)o->clip_norm && o->clip_norm > 0) s.descent.scale *= (float)((double)o->clip_norm / norm);
    parallel_for(optim->piece_count, TOGETHER, step_pieces, &s);
    optim->steps++;
    return true;
}

// ---- whole blocks ----

struct block {
    const struct kernels *k;
    float factor;
    const float *x;
    float *y;
    atomic_bool bad;
};

static void accumulate_part(void *context, size_t begin, size_t end)
{
    const struct block *b = context;
    b->k->accumulate(end - begin, b->factor, b->x + begin, b->y + begin);
}

void optim_accumulate(size_t count, float scale, const float *x, float *sum)
{
    struct block b = { .k = kernels_pick(), .factor = scale, .x = x, .y = sum };
    parallel_for(count, GRAIN, accumulate_part, &b);
}

static void approach_part(void *context, size_t begin, size_t end)
{
    const struct block *b = context;
    b->k->approach(end - begin, b->factor, b->x + begin, b->y + begin);
}

void optim_approach(size_t count, float share, const float *x, float *mean)
{
    struct block b = { .k = kernels_pick(), .factor = share, .x = x, .y = mean };
    parallel_for(count, GRAIN, approach_part, &b);
}

static void search_part(void *context, size_t begin, size_t end)
{
    struct block *b = context;
    if (!b->k->all_finite(end - begin, b->x + begin)) b->bad = true;
}

bool optim_finite(const float *x, size_t count)
{
    struct block b = { .k = kernels_pick(), .x = x };
    parallel_for(count, GRAIN, search_part, &b);
    return !b.bad;
}
