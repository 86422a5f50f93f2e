// home.c - compile: which values share memory, and how long each lives.
//
// Values share memory in three ways. A VIEW (flatten) is its input under another shape; every rule below speaks of the value under all its
// views, its root. An op IN_PLACE writes over its input where nobody reads that again. And the inputs of a CONCAT lie in its output, each
// a slice of channels, so that concatenation copies nothing; their gradients are slices of its gradient likewise.
//
// All of it is decided from the last node up: a later value tells an earlier one where to lie.
#include "graph/plan.h"
#include "graph/making.h"

enum { LINE = 64 };

// ---- lifetimes of values ----

static bool computes(const struct making *m, int step) // a value
{
    return m->plan->steps[step].phase != STRIATE_PHASE_BACKWARD;
}

static void extend(int *last, int step)
{
    if (step > *last) *last = step;
}

// The inputs of concats that may lie in them: only one concat can have each, and it must not be needed in one piece.
static void choose_slices(struct making *m)
{
    for (int i = 0; i < m->plan->count; i++)
        for (int j = 0; m->drafts[i].plan->flags & CONCAT && j < m->plan->nodes[i]->ins; j++) {
            int x = input_of(m, i, j);
            struct draft *d = &m->drafts[x];
            if (d->root == x && !d->viewed && !d->output && !(d->plan->flags & NO_OUTPUT) && d->slice_of == NOWHERE &&
                !(m->debug & PLAN_UNSHARED))
                d->slice_of = i;
        }
}

static void find_last_reads(struct making *m)
{
    struct striate_plan *plan = m->plan;
    for (int i = 0; i < plan->step_count; i++) {
        if (!computes(m, i)) continue;
        struct draft *d = &m->drafts[i], *root = &m->drafts[d->root];
        extend(&root->last, i);
        bool kept = d->plan->flags & LOSS || root->output || (d->plan->flags & NO_OUTPUT && plan->train); // for plan_first_bad
        if (kept) extend(&root->last, plan->step_count);
        for (int j = 0; j < plan->nodes[plan->steps[i].node]->ins; j++)
            extend(&m->drafts[m->drafts[input_at(m, i, j)].root].last, i);
    }
    for (int i = 0; i < plan->count; i++) {
        unsigned flags = plan->flags[i];
        int back = m->drafts[i].back;
        if (!plan->backward[i] || flags & VIEW) continue;
        if (flags & READS_OUTPUT) extend(&m->drafts[value_left(m, i)].last, back);
        for (int j = 0; j < plan->nodes[i]->ins; j++) {
            struct draft *x = &m->drafts[root_of_input(m, i, j)];
            if (flags & READS_INPUT && j < plan->args[i].ins) // a residual is not read
                extend(&m->drafts[m->drafts[input_at(m, back, j)].root].last, back);
            x->readers++;
            x->latest = i;
        }
    }
    for (int i = 0; i < plan->step_count; i++) // a concat is read as long as its slices are
        if (computes(m, i) && m->drafts[i].slice_of != NOWHERE)
            extend(&m->drafts[m->drafts[i].slice_of].last, m->drafts[i].last);
    for (int i = 0; i < plan->count; i++) {
        const struct fused *f = fused_of(m, i);
        if (f && f->sums_of >= 0) extend(&m->drafts[m->position[m->fused[f->sums_of].last]].sums, i);
    }
}

// ---- homes ----

static int new_buffer(struct making *m, int step, striate_kind kind, size_t bytes, int first, int last)
{
    bool forever = m->debug & PLAN_UNSHARED;
    struct buffer *b = &m->plan->buffers[m->plan->buffer_count];
    *b = (struct buffer){ (bytes + LINE - 1) / LINE * LINE, 0,   forever ? -1 : first, forever ? m->plan->step_count : last,
                          m->plan->steps[step].node,        kind };
    return m->plan->buffer_count++;
}

static void live(struct making *m, struct home home, int first, int last)
{
    struct buffer *b = &m->plan->buffers[home.buffer];
    if (first < b->first) b->first = first;
    if (last > b->last) b->last = last;
}

static struct home fresh(struct making *m, int step, striate_kind kind, int first, int last)
{
    struct shape s = m->drafts[step].plan->out;
    size_t bytes = (size_t)m->plan->batch * shape_count(s) * sizeof(float);
    return (struct home){ new_buffer(m, step, kind, bytes, first, last), 0, s.c };
}

// Gives `from` the home of `to`, which has as many values; false where the pixels of one shape cannot lie as the other's do.
static bool share(const struct making *m, struct home *from, int from_node, const struct home *to, int to_node)
{
    int c = m->drafts[to_node].plan->out.c, from_c = m->drafts[from_node].plan->out.c;
    if (c != from_c && to->ld != c) return false;
    if (to->ld != c && m->drafts[from_node].viewed) return false;
    *from = (struct home){ to->buffer, to->at, c == from_c ? to->ld : from_c };
    return true;
}

// Whether input j's value may lie where the output's does, and its gradient likewise: the first input of an op in place, and a residual of one
// that says so, unless the node reads the same value through another input.
static bool may_share(const struct making *m, int step, int j)
{
    bool residual = j >= m->plan->args[m->plan->steps[step].node].ins;
    unsigned flags = m->drafts[step].plan->flags;
    if (m->debug & PLAN_UNSHARED || !(flags & (residual ? RESIDUAL_IN_PLACE : IN_PLACE))) return false;
    for (int other = 0; other < m->plan->nodes[m->plan->steps[step].node]->ins; other++)
        if (other != j && m->drafts[input_at(m, step, other)].root == m->drafts[input_at(m, step, j)].root) return false;
    return residual || j == 0;
}

static void home_values(struct making *m)
{
    for (int i = m->plan->step_count - 1; i >= 0; i--) {
        struct draft *d = &m->drafts[i];
        const struct striate_node *node = m->plan->nodes[m->plan->steps[i].node];
        if (!computes(m, i) || d->root != i) continue;
        int first = d->plan->flags & NO_OUTPUT ? -1 : i; // images are there before the run
        if (d->value.buffer == NOWHERE) d->value = fresh(m, i, STRIATE_VALUE, first, d->last);
        live(m, d->value, first, d->last);
        size_t at = d->value.at;
        for (int j = 0; d->plan->flags & CONCAT && j < node->ins; j++) {
            struct draft *x = &m->drafts[input_at(m, i, j)];
            if (x->slice_of == i && x->value.buffer == NOWHERE) x->value = (struct home){ d->value.buffer, at, d->value.ld };
            at += (size_t)x->plan->out.c;
        }
        for (int j = 0; j < node->ins; j++) {
            int from = m->drafts[input_at(m, i, j)].root;
            struct draft *x = &m->drafts[from];
            if (may_share(m, i, j) && x->last == i && x->value.buffer == NOWHERE && !(x->plan->flags & NO_OUTPUT) &&
                share(m, &x->value, from, &d->value, i))
                break;
        }
    }
}

// As above, for gradients. A slice's gradient may lie in the concat's if the concat is its first contributor, that is its latest reader. In
// place needs the only contributor. Either way sums keep their order, so sharing changes no bit.
static void home_gradients(struct making *m)
{
    for (int i = m->plan->count - 1; i >= 0; i--) {
        struct draft *d = &m->drafts[i];
        const struct striate_node *node = m->plan->nodes[i];
        if (d->root != i || !has_gradient(m, i) || d->plan->flags & LOSS || d->latest == NOWHERE) continue;
        int first = m->drafts[d->latest].back, last = d->back;
        if (d->gradient.buffer == NOWHERE) d->gradient = fresh(m, i, STRIATE_GRADIENT, first, last);
        live(m, d->gradient, first, last);
        size_t at = d->gradient.at + (size_t)d->plan->out.c;
        for (int j = node->ins - 1; d->plan->flags & CONCAT && j >= 0; j--) {
            struct draft *x = &m->drafts[input_of(m, i, j)];
            at -= (size_t)x->plan->out.c;
            if (x->slice_of != i || x->gradient.buffer != NOWHERE || x->latest != i) continue;
            x->gradient = (struct home){ d->gradient.buffer, at, d->gradient.ld };
            extend(&x->latest, d->latest); // begun when the concat's is
        }
        for (int j = node->ins - 1; j >= 0; j--) {
            int from = root_of_input(m, i, j);
            struct draft *x = &m->drafts[from];
            if (may_share(m, i, j) && (j ? x->latest == i : x->readers == 1) && has_gradient(m, from) &&
                x->gradient.buffer == NOWHERE && !(x->plan->flags & CONCAT) && share(m, &x->gradient, from, &d->gradient, i))
                break;
        }
    }
}

// Whether the gradient of a concat's input is a slice of the concat's gradient.
static bool gradient_is_slice(const struct making *m, int node, int input)
{
    const struct draft *d = &m->drafts[node], *x = &m->drafts[input_of(m, node, input)];
    size_t at = d->gradient.at;
    for (int j = 0; j < input; j++) at += (size_t)m->drafts[input_of(m, node, j)].plan->out.c;
    return d->plan->flags & CONCAT && x->gradient.buffer == d->gradient.buffer && x->gradient.at == at;
}

static void mark_written(struct making *m, int node)
{
    m->drafts[node].written = true;
    for (int j = 0; m->drafts[node].plan->flags & CONCAT && j < m->plan->nodes[node]->ins; j++)
        if (gradient_is_slice(m, node, j)) mark_written(m, input_of(m, node, j));
}

// The first to contribute to a gradient writes it, the others add. Within a node the last input comes first, as in every op's backward.
static void find_adds(struct making *m)
{
    for (int i = m->plan->count - 1; i >= 0; i--)
        for (int j = m->plan->nodes[i]->ins - 1; m->plan->backward[i] && j >= 0; j--) {
            int from = root_of_input(m, i, j);
            if (m->drafts[i].plan->flags & VIEW || !has_gradient(m, from)) continue;
            ((bool *)m->plan->args[i].add)[j] = m->drafts[from].written;
            if (!m->drafts[from].written) mark_written(m, from);
        }
}

// ---- scratch ----

static void home_scratch(struct making *m)
{
    for (int i = 0; i < m->plan->step_count; i++) {
        struct draft *d = &m->drafts[i];
        if (!computes(m, i)) continue;
        const struct op_plan *plan = d->plan;
        bool train = m->plan->train, back = i < m->plan->count && m->plan->backward[i];
        d->scratch[PACKED] = new_buffer(m, i, STRIATE_PACKED, plan->packed, train ? i : -1, train ? i : m->plan->step_count);
        d->scratch[WORK_FORWARD] = new_buffer(m, i, STRIATE_WORKSPACE, plan->workspace - plan->backward_only, i, i);
        if (i >= m->plan->count) continue;
        d->scratch[SAVED] = new_buffer(m, i, STRIATE_SAVED, train ? plan->saved : 0, i, back ? d->back : value_left(m, i));
        d->scratch[SUMS] = new_buffer(m, i, STRIATE_WORKSPACE, plan->sums, i, d->sums);
        d->scratch[WORK_BACKWARD] = new_buffer(m, i, STRIATE_WORKSPACE, back ? plan->workspace : 0, d->back, d->back);
    }
}

static void forget(struct making *m)
{
    m->plan->buffer_count = 0;
    for (int i = 0; i < m->plan->step_count; i++) {
        struct draft *d = &m->drafts[i];
        d->last = d->readers = 0;
        d->sums = i;
        d->written = false;
        d->latest = d->value.buffer = d->gradient.buffer = NOWHERE;
    }
}

striate_status home_begin(struct making *m)
{
    struct striate_plan *plan = m->plan;
    size_t most = (size_t)plan->count * (2 + SCRATCH + (plan->train ? 3 : 0)); // 3: a value, packed weights, workspace
    plan->buffers = arena_take(&plan->arena, most * sizeof *plan->buffers);
    if (!plan->buffers) FAIL(NO_MEMORY, "no memory to plan %d nodes", plan->count);
    choose_slices(m);
    return STRIATE_OK;
}

void home_all(struct making *m)
{
    forget(m);
    find_last_reads(m);
    home_values(m);
    home_gradients(m);
    home_scratch(m);
    find_adds(m);
}
