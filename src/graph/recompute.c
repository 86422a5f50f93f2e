// recompute.c - compile: the order of steps, and which values are computed twice.
//
// What is cheap to make of values that are there anyway is dropped after the forward pass and computed again where the backward pass needs it.
// Where that is asked for, all else is, too (Chen et al. 2016, "Training deep nets with sublinear memory cost"): the nodes are cut into
// segments, a value that a later segment needs for its backward pass stays in memory, the others are dropped. Few segments hold much at once
// in each, many keep much between them; what takes least in between is found by trying. A concat and the slices that lie in it stay together:
// in a DenseNet each block's wide tensor stays and what its layers make of it is dropped (Pleiss et al. 2017).
#include "graph/making.h"

#include <stdlib.h>
#include <string.h>

enum { SEGMENTS = 512 }; // at most tried

struct cutting {
    struct making *m;
    size_t *floats; // [count]: of a value, without what lies in it already
    size_t *alive;  // [count]: what the nodes after i read of those up to i
    // [count]. held: of a segment, that nothing of it is dropped; needed: by the backward pass or to compute again what that needs; kept: for a later
    // segment; stays: itself, or what lies in the same concat; again: computed again; due: before the next step.
    int *segment, *best;
    bool *held, *needed, *kept, *stays, *again, *due;
};

// ---- steps ----

static int add_step(struct making *m, int node, striate_phase phase)
{
    int step = m->plan->step_count++;
    m->plan->steps[step] = (struct plan_step){ node, phase };
    return step;
}

static void compute_again(struct making *m, int node)
{
    struct draft *d = &m->drafts[node];
    int step = add_step(m, node, STRIATE_PHASE_RECOMPUTE);
    bool view = d->root != node;
    m->drafts[step] = (struct draft){ .plan = d->plan,
                                      .root = view ? value_left(m, d->root) : step,
                                      .viewed = d->viewed,
                                      .slice_of = NOWHERE,
                                      .back = NOWHERE,
                                      .again = NOWHERE };
    d->again = step;
    for (int j = 0; j < m->plan->nodes[node]->ins; j++) {
        struct draft *x = &m->drafts[input_of(m, node, j)];
        if (x->slice_of == node && x->again != NOWHERE) m->drafts[x->again].slice_of = step;
    }
}

static int want(struct cutting *c, int node, int input)
{
    int x = input < 0 ? node : input_of(c->m, node, input);
    bool more = c->again[x] && c->m->drafts[x].again == NOWHERE && !c->due[x];
    c->due[x] |= more;
    return more;
}

// Computes again what the backward pass of a node reads, and what that is made of.
static void make_ready(struct cutting *c, int node)
{
    const struct striate_plan *plan = c->m->plan;
    int first = node, waiting = plan->flags[node] & READS_OUTPUT ? want(c, node, -1) : 0;
    for (int j = 0; plan->flags[node] & READS_INPUT && j < plan->args[node].ins; j++) waiting += want(c, node, j);
    for (; waiting; first--) {
        if (!c->due[first]) continue;
        waiting--;
        for (int j = 0; j < plan->nodes[first]->ins; j++) waiting += want(c, first, j);
    }
    for (int i = first; i <= node; i++) {
        if (c->due[i]) compute_again(c->m, i);
        c->due[i] = false;
    }
}

// c NULL: nothing is dropped.
static void make_steps(struct making *m, struct cutting *c)
{
    struct striate_plan *plan = m->plan;
    plan->step_count = 0;
    for (int i = 0; i < plan->count; i++) {
        add_step(m, i, STRIATE_PHASE_FORWARD);
        m->drafts[i].back = m->drafts[i].again = NOWHERE;
    }
    for (int i = plan->count - 1; plan->train && i >= 0; i--) {
        if (c && plan->backward[i]) make_ready(c, i);
        m->drafts[i].back = add_step(m, i, STRIATE_PHASE_BACKWARD);
    }
}

// ---- what is dropped ----

static void read_by(struct cutting *c, int node, int input)
{
    int x = root_of_input(c->m, node, input);
    c->needed[x] = true;
    if (c->segment[x] != c->segment[node]) c->kept[x] = true;
}

static void find_dropped(struct cutting *c)
{
    const struct striate_plan *plan = c->m->plan;
    memset(c->needed, 0, (size_t)plan->count);
    for (int i = plan->count - 1; i >= 0; i--) {
        const struct draft *d = &c->m->drafts[i];
        bool stays = c->kept[i] || c->held[c->segment[i]] || d->output || plan->flags[i] & (NO_OUTPUT | VIEW);
        if (plan->backward[i] && plan->flags[i] & READS_OUTPUT) c->needed[i] = true;
        c->again[i] = c->needed[i] && !stays;
        bool reads = plan->backward[i] && plan->flags[i] & READS_INPUT;
        for (int j = 0; j < plan->nodes[i]->ins; j++)
            if (c->again[i] || (reads && j < plan->args[i].ins)) read_by(c, i, j);
    }
}

// The widest concat that a value lies in.
static int widest(const struct cutting *c, int node)
{
    while (c->m->drafts[node].slice_of != NOWHERE) node = c->m->drafts[node].slice_of;
    return node;
}

// Where one of those that lie together stays, all do.
static bool keep_together(struct cutting *c)
{
    int count = c->m->plan->count;
    bool more = false, *stays = c->stays;
    for (int i = 0; i < count; i++) stays[i] = c->kept[i] || (c->needed[i] && !c->again[i]);
    for (int i = 0; i < count; i++) stays[widest(c, i)] |= stays[i];
    for (int i = 0; i < count; i++) {
        bool keep = stays[widest(c, i)] && !c->kept[i];
        c->kept[i] |= keep;
        more |= keep && c->again[i];
    }
    return more;
}

static void drop(struct cutting *c)
{
    const struct draft *drafts = c->m->drafts;
    int count = c->m->plan->count;
    memset(c->kept, 0, (size_t)count);
    do find_dropped(c);
    while (keep_together(c));
    for (int i = 0; i < count; i++)
        if (drafts[i].root != i) c->again[i] = c->again[drafts[i].root] && c->segment[i] == c->segment[drafts[i].root];
}

// What is cheap to make of values that are there anyway.
static void drop_cheap(struct cutting *c)
{
    const struct striate_plan *plan = c->m->plan;
    for (int i = 0; i < plan->count; i++) {
        const struct draft *d = &c->m->drafts[i];
        bool cheap = plan->flags[i] & CHEAP && c->needed[i] && !d->output && !d->viewed && d->slice_of == NOWHERE;
        for (int j = 0; cheap && j < plan->nodes[i]->ins; j++) {
            int x = root_of_input(c->m, i, j);
            cheap = c->needed[x] && !c->again[x];
        }
        c->again[i] |= cheap;
    }
}

// ---- where the network is cut ----

static void weigh(struct cutting *c)
{
    const struct striate_plan *plan = c->m->plan;
    int *last = c->best; // the last to read a value
    for (int i = 0; i < plan->count; i++) {
        const struct draft *d = &c->m->drafts[i];
        c->floats[i] = d->root == i && !(plan->flags[i] & NO_OUTPUT) ? (size_t)plan->batch * shape_count(d->plan->out) : 0;
        last[i] = i;
        for (int j = 0; j < plan->nodes[i]->ins; j++) {
            int x = root_of_input(c->m, i, j);
            last[widest(c, x)] = i;
            if (c->m->drafts[x].slice_of == i) c->floats[i] -= (size_t)plan->batch * shape_count(c->m->drafts[x].plan->out);
        }
    }
    for (int i = 0; i < plan->count; i++)
        for (int j = i; j < last[widest(c, i)]; j++) c->alive[j] += c->floats[i];
}

// Cuts once the values of a segment are `room`, where in its second half least is alive.
static void cut(struct cutting *c, size_t room)
{
    int segment = 0;
    size_t inside = 0;
    for (int i = 0, first = 0; i < c->m->plan->count; i++) {
        c->segment[i] = segment;
        inside += c->floats[i];
        if (inside < room) continue;
        int at = i;
        for (int j = i; j >= first && inside >= room / 2; inside -= c->floats[j--])
            if (c->alive[j] < c->alive[at]) at = j;
        segment++;
        inside = 0;
        for (int j = first = at + 1; j <= i; j++) {
            c->segment[j] = segment;
            inside += c->floats[j];
        }
    }
}

static striate_status lay_out(struct cutting *c, size_t *bound)
{
    drop(c);
    drop_cheap(c);
    make_steps(c->m, c);
    home_all(c->m);
    return place_bound(bound, c->m->plan->buffers, c->m->plan->buffer_count);
}

static striate_status choose(struct cutting *c, int most)
{
    int count = c->m->plan->count;
    size_t all = 0, least = SIZE_MAX, bound, kept;
    TRY(place_bound(&kept, c->m->plan->buffers, c->m->plan->buffer_count));
    for (int i = 0; i < count; i++) all += c->floats[i];
    c->held[0] = true;
    for (int segments = 1; segments <= most; segments += (segments + 1) / 2) {
        c->held[0] &= segments == 1;
        cut(c, segments > 1 ? all / (size_t)segments : SIZE_MAX);
        TRY(lay_out(c, &bound));
        if (bound >= least) continue;
        least = bound;
        memcpy(c->best, c->segment, (size_t)count * sizeof *c->best);
    }
    memcpy(c->segment, c->best, (size_t)count * sizeof *c->best);
    for (int s = c->segment[count - 1]; s >= 0; s--) { // what costs no memory is not dropped
        c->held[s] = true;
        TRY(lay_out(c, &bound));
        c->held[s] = bound <= least;
    }
    TRY(lay_out(c, &bound));
    if (bound < kept) return STRIATE_OK;
    make_steps(c->m, NULL);
    home_all(c->m);
    return STRIATE_OK;
}

striate_status recompute_choose(struct making *m)
{
    size_t count = (size_t)m->plan->count;
    make_steps(m, NULL);
    home_all(m);
    if (!m->plan->train || m->debug & PLAN_KEPT) return STRIATE_OK;
    struct cutting c = { .m = m, .floats = arena_take(&m->arena, 2 * count * sizeof *c.floats) };
    bool *flags = arena_take(&m->arena, 6 * count);
    c.segment = arena_take(&m->arena, 2 * count * sizeof *c.segment);
    if (!c.floats || !flags || !c.segment) FAIL(NO_MEMORY, "no memory to plan %zu nodes", count);
    c.alive = c.floats + count;
    c.best = c.segment + count;
    c.held = flags;
    c.needed = flags + count;
    c.kept = flags + 2 * count;
    c.stays = flags + 3 * count;
    c.again = flags + 4 * count;
    c.due = flags + 5 * count;
    weigh(&c);
    return choose(&c, m->plan->recompute ? SEGMENTS : 1);
}
