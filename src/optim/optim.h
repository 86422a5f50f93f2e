// optim.h - one step of an optimizer over all parameters, which are one block of floats cut into groups that are treated alike.
#ifndef OPTIM_H
#define OPTIM_H

#include "kernels/kernels.h"
#include "striate.h"

enum { RULE_STATES = 2 };

// A stretch of the block, cut into pieces of work.
struct group {
    size_t begin, end;
    float rate, decay; // of the learning rate a multiple; weight decay
    bool adapt;        // LARS: by the norms of its weights and gradient
    size_t piece, pieces;
    double w_norm, g_norm; // where the rule asks for them
};

// What is done to one piece.
struct step {
    const striate_optimizer_options *options;
    float rate; // the group's
    int64_t number;
    const struct group *group;
};

struct rule {
    const char *states[RULE_STATES]; // the names of its blocks; NULL past the last
    bool momentum_last;              // the last of them is needed only with momentum
    bool norms;                      // groups are single parameters, whose norms it takes
    // Takes the step; d holds the gradient's scale and limit.
    void (*step)(const struct kernels *k, const struct step *s, struct descent d, size_t n, float *w, const float *g,
                 float *const *state);
};
extern const struct rule optim_sgd, optim_adam, optim_adamw, optim_rmsprop, optim_lars;
// By striate_rule; NULL past the last.
const struct rule *optim_rule(int rule);
// How many blocks of state it keeps.
int optim_states(const striate_optimizer_options *options);

// The defaults of its rule for what is 0.
striate_optimizer_options optim_complete(striate_optimizer_options options);

struct optim {
    striate_optimizer_options options; // complete
    const struct rule *rule;
    struct group *groups;
    int count;
    struct piece *pieces; // made by optim_cut
    size_t piece_count;
    float *state[RULE_STATES];
    int64_t steps; // taken
};

// Cuts the groups into pieces; false when memory ran out. optim_release releases pieces, but neither groups nor state.
bool optim_cut(struct optim *optim);
void optim_release(struct optim *optim);

// w -= f(g) for each group, g first divided by `total` and clipped; false, and nothing changed, where a gradient is not finite.
bool optim_step(struct optim *optim, float rate, float total, float *w, const float *g);

// sum += scale x; mean += share (x - mean).
void optim_accumulate(size_t count, float scale, const float *x, float *sum);
void optim_approach(size_t count, float share, const float *x, float *mean);

// Whether no value is infinite or not a number.
bool optim_finite(const float *x, size_t count);

#endif
