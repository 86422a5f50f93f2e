// plan.c - compile: which nodes run, which values share memory, how long each lives, and where it lies.
//
// Values share memory in three ways. A VIEW (flatten) is its input under another shape; every rule below speaks of the value under all its
// views, its root. An op IN_PLACE writes over its input where nobody reads that again. And the inputs of a CONCAT lie in its output, each
// a slice of channels, so that concatenation copies nothing; their gradients are slices of its gradient likewise.
//
// All of it is decided from the last node up: a later value tells an earlier one where to lie.
#include "graph/plan.h"

#include "base/parallel.h"
#include "graph/fuse.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 64, NOWHERE = -1, NORM_MEAN = 2 }; // NORM_MEAN: the parameter of a batch norm that is its running mean

struct home { // where a value lies: floats `at` into a buffer, pixels `ld` floats apart
    int buffer;
    size_t at;
    ptrdiff_t ld;
};

struct draft {           // what is known of a node's output; of a view only `root` counts
    struct op_plan plan; // for the whole batch
    int root;            // itself, or whose memory it is
    int slice_of;        // the concat it lies in, or NOWHERE
    bool viewed, output; // must be contiguous; must outlive the run
    bool needs, reaches; // needs a gradient: has weights above it; reaches a loss
    int last;            // the last step that reads the value
    int readers,
        latest; // of the gradient: how many inputs of nodes contribute to it, and the latest such node, which is the first to do so
    bool written; // by a node later in the graph (while the adds are found)
    struct home value, gradient;
};

struct making {
    struct striate_plan *plan;
    struct draft *drafts; // one per plan->nodes
    int *position;        // of a graph's node in plan->nodes, or NOWHERE
    struct fused *fused;  // of a graph's node
    unsigned debug;
    int end; // the step after the last
};

static int backward_step(const struct making *m, int node)
{
    return 2 * m->plan->count - 1 - node;
}

static int input_of(const struct making *m, int node, int input)
{
    return m->position[m->plan->nodes[node]->in[input]->id];
}

static int root_of_input(const struct making *m, int node, int input)
{
    return m->drafts[input_of(m, node, input)].root;
}

static bool has_gradient(const struct making *m, int node)
{
    return m->plan->train && m->drafts[node].needs && m->drafts[node].reaches;
}

// ---- which nodes run ----

static striate_status add_own_loss(struct striate_plan *plan)
{
    struct striate_node *loss = &plan->own_loss, **in = arena_take(&plan->arena, sizeof *in);
    if (!in) FAIL(NO_MEMORY, "no memory for a loss");
    *in = plan->graph->nodes[plan->output->id];
    plan->own_loss_options.weight = 1;
    *loss = (struct striate_node){ .graph = plan->graph,
                                   .id = plan->graph->count,
                                   .op = &striate_op_cross_entropy,
                                   .name = "loss",
                                   .options = &plan->own_loss_options,
                                   .ins = 1,
                                   .in = in };
    struct tensor x = { .n = 1, .shape = in[0]->plan.out, .ld = in[0]->plan.out.c }, *one = &x;
    return loss->op->shape(&(struct op_args){ .ins = 1, .in = &one }, &loss->plan);
}

// The node `head`, which does the work of those up to `last`.
static striate_status add_node(struct making *m, int head, int last)
{
    struct striate_plan *plan = m->plan;
    struct striate_node **nodes = plan->graph->nodes, *node = nodes[head];
    int residual = m->fused[head].residual;
    if (residual >= 0) {
        struct striate_node *more = arena_take(&plan->arena, sizeof *more);
        struct striate_node **in = arena_take(&plan->arena, ((size_t)node->ins + 1) * sizeof *in);
        if (!more || !in) FAIL(NO_MEMORY, "no memory to plan node %s", node->name);
        *more = *node;
        more->in = memcpy(in, node->in, (size_t)node->ins * sizeof *in);
        in[more->ins++] = nodes[residual];
        node = more;
    }
    plan->nodes[plan->count] = node;
    plan->last[plan->count] = nodes[last];
    m->position[last] = plan->count++;
    return STRIATE_OK;
}

static striate_status choose_nodes(struct making *m)
{
    struct striate_plan *plan = m->plan;
    striate_graph *graph = plan->graph;
    plan->output = graph_output(graph);
    bool *needed = arena_take(&plan->arena, (size_t)graph->count + 1), has_loss = false;
    plan->nodes = arena_take(&plan->arena, ((size_t)graph->count + 1) * sizeof *plan->nodes);
    plan->last = arena_take(&plan->arena, ((size_t)graph->count + 1) * sizeof *plan->last);
    m->position = arena_take(&plan->arena, ((size_t)graph->count + 1) * sizeof *m->position);
    m->fused = arena_take(&plan->arena, ((size_t)graph->count + 1) * sizeof *m->fused);
    if (!needed || !plan->nodes || !plan->last || !m->position || !m->fused)
        FAIL(NO_MEMORY, "no memory to plan %d nodes", graph->count);
    needed[plan->output->id] = true;
    for (int i = 0; i < graph->count; i++)
        if (plan->train && graph->nodes[i]->plan.flags & LOSS) needed[i] = has_loss = true;
    for (int i = graph->count - 1; i >= 0; i--)
        for (int j = 0; needed[i] && j < graph->nodes[i]->ins; j++) needed[graph->nodes[i]->in[j]->id] = true;
    TRY(fuse_graph(m->fused, graph, needed, plan->output, &plan->arena, plan->train, !(m->debug & PLAN_UNFUSED)));
    for (int i = 0; i < graph->count; i++) m->position[i] = NOWHERE;
    for (int i = 0; i < graph->count; i++)
        if (m->fused[i].last >= 0) m->position[m->fused[i].last] = i;
    for (int i = 0; i < graph->count; i++) // position: of the node that does the work, then where it is done
        if (m->position[i] != NOWHERE)
            TRY(add_node(m, m->position[i], i));
        else if (needed[i])
            m->position[i] = m->position[m->fused[i].value];
    if (plan->train && !has_loss) {
        TRY(add_own_loss(plan));
        plan->last[plan->count] = plan->nodes[plan->count] = &plan->own_loss;
        plan->count++;
    }
    m->end = 2 * plan->count;
    return STRIATE_OK;
}

// ---- what each node says for this batch, and who its root is ----

static const struct fused *fused_of(const struct making *m, int node)
{
    return m->plan->nodes[node] == &m->plan->own_loss ? NULL : &m->fused[m->plan->nodes[node]->id];
}

static float *parameter(const struct striate_graph *graph, const struct striate_node *node, int index)
{
    return graph->weights + graph->params[node->first_param + index].offset;
}

// What the node does beyond its op, as far as it is known before memory is.
static striate_status draft_fusion(struct making *m, int i)
{
    struct striate_plan *plan = m->plan;
    const struct fused *f = fused_of(m, i);
    struct op_args *a = &plan->args[i];
    struct fusion *fusion = &plan->fusions[i];
    if (!f || (!f->relu && f->residual < 0 && f->norm < 0 && f->sums_of < 0 && !f->sums)) return STRIATE_OK;
    a->fused = fusion;
    fusion->relu = f->relu;
    fusion->leave_sums = f->sums;
    if (f->residual >= 0) fusion->residual = a->in[--a->ins];
    if (f->norm < 0) return STRIATE_OK;
    const struct striate_node *norm = plan->graph->nodes[f->norm];
    struct norm_params *params = arena_take(&plan->arena, sizeof *params);
    if (!params) FAIL(NO_MEMORY, "no memory to plan node %s", norm->name);
    for (int p = 0; p < 4; p++) (&params->weight)[p] = parameter(plan->graph, norm, p);
    params->eps = ((const striate_norm_options *)norm->options)->eps;
    fusion->norm = params;
    return STRIATE_OK;
}

static striate_status draft_nodes(struct making *m)
{
    struct striate_plan *plan = m->plan;
    m->drafts = arena_take(&plan->arena, (size_t)plan->count * sizeof *m->drafts);
    plan->args = arena_take(&plan->arena, (size_t)plan->count * sizeof *plan->args);
    plan->backward = arena_take(&plan->arena, (size_t)plan->count * sizeof *plan->backward);
    plan->fusions = arena_take(&plan->arena, (size_t)plan->count * sizeof *plan->fusions);
    plan->flags = arena_take(&plan->arena, (size_t)plan->count * sizeof *plan->flags);
    plan->algorithms = arena_take(&plan->arena, (size_t)plan->count * sizeof *plan->algorithms);
    if (!m->drafts || !plan->args || !plan->backward || !plan->fusions || !plan->flags || !plan->algorithms)
        FAIL(NO_MEMORY, "no memory to plan %d nodes", plan->count);
    for (int i = 0; i < plan->count; i++) {
        const struct striate_node *node = plan->nodes[i];
        struct op_args *a = &plan->args[i];
        struct tensor *tensors = arena_take(&plan->arena, 2 * sizeof *tensors);
        struct tensor **ins = arena_take(&plan->arena, 2 * (size_t)node->ins * sizeof *ins);
        bool *add = arena_take(&plan->arena, (size_t)node->ins);
        if (!tensors || !ins || !add) FAIL(NO_MEMORY, "no memory to plan node %s", node->name);
        for (int j = 0; j < node->ins; j++) ins[j] = plan->args[input_of(m, i, j)].out;
        *a = (struct op_args){ .k = kernels_pick(),
                               .batch = m->plan->batch,
                               .slots = (size_t)parallel_threads(),
                               .exact = m->plan->exact,
                               .algorithm = m->debug & PLAN_WINOGRAD ? "winograd" : NULL,
                               .options = node->options,
                               .ins = node->ins,
                               .in = ins,
                               .din = ins + node->ins,
                               .add = add,
                               .out = &tensors[0],
                               .dout = &tensors[1],
                               .labels = plan->labels,
                               .train = plan->train,
                               .random = { .seed = plan->seed, .use = RANDOM_DROPOUT, .part = (uint32_t)node->id } };
        TRY(draft_fusion(m, i));
        struct draft *d = &m->drafts[i];
        d->plan = (struct op_plan){ 0 };
        TRY(node->op->shape(a, &d->plan));
        plan->flags[i] = d->plan.flags;
        memcpy(plan->algorithms[i], d->plan.algorithm, sizeof d->plan.algorithm);
        tensors[0] = tensors[1] = (struct tensor){ .n = plan->batch, .shape = d->plan.out, .ld = d->plan.out.c };
        d->root = d->plan.flags & VIEW ? root_of_input(m, i, 0) : i;
        d->slice_of = d->latest = d->value.buffer = d->gradient.buffer = NOWHERE;
        if (d->root != i) m->drafts[d->root].viewed = true;
        if (plan->last[i] == plan->output) m->drafts[d->root].output = true;
        for (int p = 0; p < d->plan.params; p++) d->needs |= d->plan.param[p].kind != PARAM_STATE;
        for (int j = 0; j < node->ins; j++) d->needs |= m->drafts[input_of(m, i, j)].needs;
    }
    for (int i = plan->count - 1; i >= 0; i--) {
        struct draft *d = &m->drafts[i];
        if (d->plan.flags & LOSS) d->reaches = true;
        for (int j = 0; d->reaches && j < plan->nodes[i]->ins; j++) m->drafts[input_of(m, i, j)].reaches = true;
    }
    for (int i = 0; i < plan->count; i++) {
        bool asked = false;
        plan->backward[i] = has_gradient(m, i);
        for (int j = 0; j < plan->nodes[i]->ins; j++) asked |= plan->backward[i] && has_gradient(m, root_of_input(m, i, j));
        if (!asked) plan->algorithms[i][BACKWARD_DATA] = NULL;
        if (!plan->backward[i]) plan->algorithms[i][BACKWARD_WEIGHTS] = NULL;
    }
    return STRIATE_OK;
}

// ---- lifetimes of values ----

static void extend(int *last, int step)
{
    if (step > *last) *last = step;
}

// The inputs of concats that may lie in them: only one concat can have each, and it must not be needed in one piece.
static void choose_slices(struct making *m)
{
    for (int i = 0; i < m->plan->count; i++)
        for (int j = 0; m->drafts[i].plan.flags & CONCAT && j < m->plan->nodes[i]->ins; j++) {
            int x = input_of(m, i, j);
            struct draft *d = &m->drafts[x];
            if (d->root == x && !d->viewed && !d->output && !(d->plan.flags & NO_OUTPUT) && d->slice_of == NOWHERE &&
                !(m->debug & PLAN_UNSHARED))
                d->slice_of = i;
        }
}

static void find_last_reads(struct making *m)
{
    for (int i = 0; i < m->plan->count; i++) {
        struct draft *d = &m->drafts[i], *root = &m->drafts[d->root];
        extend(&root->last, i);
        bool kept = d->plan.flags & LOSS || root->output || (d->plan.flags & NO_OUTPUT && m->plan->train); // for plan_first_bad
        if (kept) extend(&root->last, m->end);
        if (d->plan.flags & READS_OUTPUT && m->plan->backward[i]) extend(&root->last, backward_step(m, i));
        for (int j = 0; j < m->plan->nodes[i]->ins; j++) {
            struct draft *x = &m->drafts[root_of_input(m, i, j)];
            extend(&x->last, i);
            bool read = d->plan.flags & READS_INPUT && j < m->plan->args[i].ins; // a residual is not
            if (read && m->plan->backward[i]) extend(&x->last, backward_step(m, i));
            if (m->plan->backward[i] && !(d->plan.flags & VIEW)) {
                x->readers++;
                x->latest = i;
            }
        }
    }
    for (int i = 0; i < m->plan->count; i++) // a concat is read as long as its slices are
        if (m->drafts[i].slice_of != NOWHERE) extend(&m->drafts[m->drafts[i].slice_of].last, m->drafts[i].last);
}

// ---- homes ----

static int new_buffer(struct making *m, int node, striate_kind kind, size_t bytes, int first, int last)
{
    bool forever = m->debug & PLAN_UNSHARED;
    struct buffer *b = &m->plan->buffers[m->plan->buffer_count];
    *b = (struct buffer){ (bytes + LINE - 1) / LINE * LINE, 0, forever ? -1 : first, forever ? m->end : last, node, kind };
    return m->plan->buffer_count++;
}

static void live(struct making *m, struct home home, int first, int last)
{
    struct buffer *b = &m->plan->buffers[home.buffer];
    if (first < b->first) b->first = first;
    if (last > b->last) b->last = last;
}

static struct home fresh(struct making *m, int node, striate_kind kind, int first, int last)
{
    struct shape s = m->drafts[node].plan.out;
    size_t bytes = (size_t)m->plan->batch * shape_count(s) * sizeof(float);
    return (struct home){ new_buffer(m, node, kind, bytes, first, last), 0, s.c };
}

// Gives `from` the home of `to`, which has as many values; false where the pixels of one shape cannot lie as the other's do.
static bool share(const struct making *m, struct home *from, int from_node, const struct home *to, int to_node)
{
    int c = m->drafts[to_node].plan.out.c, from_c = m->drafts[from_node].plan.out.c;
    if (c != from_c && to->ld != c) return false;
    if (to->ld != c && m->drafts[from_node].viewed) return false;
    *from = (struct home){ to->buffer, to->at, c == from_c ? to->ld : from_c };
    return true;
}

// Whether input j's value may lie where the output's does, and its gradient likewise: the first input of an op in place, and a residual of one
// that says so, unless the node reads the same value through another input.
static bool may_share(const struct making *m, int node, int j)
{
    bool residual = j >= m->plan->args[node].ins;
    if (m->debug & PLAN_UNSHARED || !(m->drafts[node].plan.flags & (residual ? RESIDUAL_IN_PLACE : IN_PLACE))) return false;
    if (!residual) return j == 0;
    for (int other = 0; other < j; other++)
        if (root_of_input(m, node, other) == root_of_input(m, node, j)) return false;
    return true;
}

static void home_values(struct making *m)
{
    for (int i = m->plan->count - 1; i >= 0; i--) {
        struct draft *d = &m->drafts[i];
        const struct striate_node *node = m->plan->nodes[i];
        if (d->root != i) continue;
        int first = d->plan.flags & NO_OUTPUT ? -1 : i; // images are there before the run
        if (d->value.buffer == NOWHERE) d->value = fresh(m, i, STRIATE_VALUE, first, d->last);
        live(m, d->value, first, d->last);
        size_t at = d->value.at;
        for (int j = 0; d->plan.flags & CONCAT && j < node->ins; j++) {
            struct draft *x = &m->drafts[input_of(m, i, j)];
            if (x->slice_of == i && x->value.buffer == NOWHERE) x->value = (struct home){ d->value.buffer, at, d->value.ld };
            at += (size_t)x->plan.out.c;
        }
        for (int j = 0; j < node->ins; j++) {
            int from = root_of_input(m, i, j);
            struct draft *x = &m->drafts[from];
            if (may_share(m, i, j) && x->last == i && x->value.buffer == NOWHERE && !(x->plan.flags & NO_OUTPUT) &&
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
        if (d->root != i || !has_gradient(m, i) || d->plan.flags & LOSS || d->latest == NOWHERE) continue;
        int first = backward_step(m, d->latest), last = backward_step(m, i);
        if (d->gradient.buffer == NOWHERE) d->gradient = fresh(m, i, STRIATE_GRADIENT, first, last);
        live(m, d->gradient, first, last);
        size_t at = d->gradient.at + (size_t)d->plan.out.c;
        for (int j = node->ins - 1; d->plan.flags & CONCAT && j >= 0; j--) {
            struct draft *x = &m->drafts[input_of(m, i, j)];
            at -= (size_t)x->plan.out.c;
            if (x->slice_of != i || x->gradient.buffer != NOWHERE || x->latest != i) continue;
            x->gradient = (struct home){ d->gradient.buffer, at, d->gradient.ld };
            extend(&x->latest, d->latest); // begun when the concat's is
        }
        for (int j = node->ins - 1; j >= 0; j--) {
            int from = root_of_input(m, i, j);
            struct draft *x = &m->drafts[from];
            if (may_share(m, i, j) && (j ? x->latest == i : x->readers == 1) && has_gradient(m, from) &&
                x->gradient.buffer == NOWHERE && !(x->plan.flags & CONCAT) && share(m, &x->gradient, from, &d->gradient, i))
                break;
        }
    }
}

// Whether the gradient of a concat's input is a slice of the concat's gradient.
static bool gradient_is_slice(const struct making *m, int node, int input)
{
    const struct draft *d = &m->drafts[node], *x = &m->drafts[input_of(m, node, input)];
    size_t at = d->gradient.at;
    for (int j = 0; j < input; j++) at += (size_t)m->drafts[input_of(m, node, j)].plan.out.c;
    return d->plan.flags & CONCAT && x->gradient.buffer == d->gradient.buffer && x->gradient.at == at;
}

static void mark_written(struct making *m, int node)
{
    m->drafts[node].written = true;
    for (int j = 0; m->drafts[node].plan.flags & CONCAT && j < m->plan->nodes[node]->ins; j++)
        if (gradient_is_slice(m, node, j)) mark_written(m, input_of(m, node, j));
}

// The first to contribute to a gradient writes it, the others add. Within a node the last input comes first, as in every op's backward.
static void find_adds(struct making *m)
{
    for (int i = m->plan->count - 1; i >= 0; i--)
        for (int j = m->plan->nodes[i]->ins - 1; m->plan->backward[i] && j >= 0; j--) {
            int from = root_of_input(m, i, j);
            if (m->drafts[i].plan.flags & VIEW || !has_gradient(m, from)) continue;
            ((bool *)m->plan->args[i].add)[j] = m->drafts[from].written;
            if (!m->drafts[from].written) mark_written(m, from);
        }
}

// ---- memory ----

// The scratch of node i: saved from forward to backward; packed weights, for good in inference; workspace for each of its two steps;
// statistics for the batch norms that read its value.
enum { SAVED, PACKED, WORK_FORWARD, WORK_BACKWARD, SUMS, SCRATCH };

// The last step that reads what node i leaves.
static int last_sums(const struct making *m, int i)
{
    int last = i;
    for (int j = i + 1; m->drafts[i].plan.sums && j < m->plan->count; j++) {
        const struct fused *f = fused_of(m, j);
        if (f && f->sums_of == m->plan->nodes[i]->id) last = j;
    }
    return last;
}

static void home_scratch(struct making *m, int (*scratch)[SCRATCH])
{
    for (int i = 0; i < m->plan->count; i++) {
        const struct op_plan *plan = &m->drafts[i].plan;
        int back = backward_step(m, i), until = m->plan->backward[i] ? back : i;
        bool train = m->plan->train;
        scratch[i][SAVED] = new_buffer(m, i, STRIATE_SAVED, train ? plan->saved : 0, i, until);
        scratch[i][PACKED] = new_buffer(m, i, STRIATE_PACKED, plan->packed, train ? i : -1, train ? i : m->end);
        scratch[i][SUMS] = new_buffer(m, i, STRIATE_WORKSPACE, plan->sums, i, last_sums(m, i));
        scratch[i][WORK_FORWARD] = new_buffer(m, i, STRIATE_WORKSPACE, plan->workspace - plan->backward_only, i, i);
        scratch[i][WORK_BACKWARD] = new_buffer(m, i, STRIATE_WORKSPACE, m->plan->backward[i] ? plan->workspace : 0, back, back);
    }
}

static float *address(const struct striate_plan *plan, struct home home)
{
    return (float *)(void *)(plan->block + plan->buffers[home.buffer].offset) + home.at;
}

static void fill_fusion(struct making *m, int i, float *sums)
{
    struct fusion *fusion = &m->plan->fusions[i];
    const struct fused *f = fused_of(m, i);
    struct op_args *a = &m->plan->args[i];
    if (fusion->residual) {
        fusion->dresidual = a->din[a->ins];
        fusion->add = a->add[a->ins];
    }
    if (fusion->leave_sums) fusion->left_sums = sums;
    if (!f || f->sums_of < 0) return;
    int from = m->position[m->fused[f->sums_of].last];
    struct fusion *left = &m->plan->fusions[from];
    left->left_pivot = fusion->pivot = parameter(m->plan->graph, m->plan->nodes[i], NORM_MEAN);
    fusion->sums = left->left_sums;
    fusion->parts = m->drafts[from].plan.sums / (2 * (size_t)m->drafts[from].plan.out.c * sizeof(float));
}

static void fill_args(struct making *m, int (*scratch)[SCRATCH])
{
    struct striate_plan *plan = m->plan;
    for (int i = 0; i < plan->count; i++) {
        const struct striate_node *node = plan->nodes[i];
        const struct draft *root = &m->drafts[m->drafts[i].root];
        struct op_args *a = &plan->args[i];
        bool view = m->drafts[i].root != i;
        a->out->data = address(plan, root->value);
        if (!view) a->out->ld = root->value.ld;
        if (root->gradient.buffer != NOWHERE) {
            a->dout->data = address(plan, root->gradient);
            if (!view) a->dout->ld = root->gradient.ld;
        }
        for (int j = 0; j < node->ins; j++) {
            int from = input_of(m, i, j);
            bool asked = plan->backward[i] && has_gradient(m, m->drafts[from].root);
            ((struct tensor **)(void *)a->din)[j] = asked ? plan->args[from].dout : NULL;
        }
        void *sums, **slots[SCRATCH] = { &a->saved, &a->packed, &a->workspace, &plan->backward_workspace[i], &sums };
        for (int s = 0; s < SCRATCH; s++) *slots[s] = plan->block + plan->buffers[scratch[i][s]].offset;
        fill_fusion(m, i, sums);
        for (int p = 0; p < node->plan.params; p++) {
            const struct param *param = &plan->graph->params[node->first_param + p];
            a->param[p] = plan->graph->weights + param->offset;
            if (plan->backward[i] && param->as.kind != PARAM_STATE) a->dparam[p] = plan->gradients + param->offset;
        }
    }
}

static striate_status allocate(struct making *m)
{
    struct striate_plan *plan = m->plan;
    double bytes = 0;
    for (int i = 0; i < plan->count; i++)
        bytes += 2.0 * plan->batch * (double)shape_count(m->drafts[i].plan.out) * sizeof(float) +
                 (double)m->drafts[i].plan.saved + (double)m->drafts[i].plan.workspace;
    if (bytes > (double)(SIZE_MAX / 4))
        FAIL(NO_MEMORY, "a batch of %d images of this network is beyond any memory", plan->batch);

    size_t most = (size_t)plan->count * (2 + SCRATCH);
    int(*scratch)[SCRATCH] = arena_take(&plan->arena, (size_t)plan->count * sizeof *scratch);
    plan->buffers = arena_take(&plan->arena, most * sizeof *plan->buffers);
    plan->backward_workspace = arena_take(&plan->arena, (size_t)plan->count * sizeof *plan->backward_workspace);
    if (!scratch || !plan->buffers || !plan->backward_workspace) FAIL(NO_MEMORY, "no memory to plan %d nodes", plan->count);
    home_values(m);
    home_gradients(m);
    home_scratch(m, scratch);
    find_adds(m);
    TRY(place_buffers(&plan->block_bytes, &plan->bound, plan->buffers, plan->buffer_count));
    if (m->debug & PLAN_FORECAST) return STRIATE_OK;
    plan->block = (char *)aligned_floats(plan->block_bytes / sizeof(float));
    plan->gradients = plan->train ? aligned_floats(plan->graph->trained) : NULL;
    if (!plan->block || (plan->train && !plan->gradients))
        FAIL(NO_MEMORY, "no memory for the %.0f MB that a batch of %d images takes: choose a smaller batch",
             (double)plan->block_bytes / 1e6, plan->batch);
    fill_args(m, scratch);
    return STRIATE_OK;
}

static striate_status make(struct striate_plan *plan, unsigned debug)
{
    struct making m = { .plan = plan, .debug = debug };
    TRY(choose_nodes(&m));
    plan->labels = arena_take(&plan->arena, (size_t)plan->batch * sizeof *plan->labels);
    if (!plan->labels) FAIL(NO_MEMORY, "no memory for %d labels", plan->batch);
    TRY(draft_nodes(&m));
    choose_slices(&m);
    find_last_reads(&m);
    return allocate(&m);
}

striate_status plan_make(striate_plan **plan, striate_graph *graph, striate_plan_options options, unsigned debug)
{
    TRY(debug & PLAN_FORECAST ? graph_lay_out(graph) : graph_seal(graph));
    if (options.batch < 0) FAIL(BAD_ARGUMENT, "a batch of %d images", options.batch);
    struct striate_plan *made = calloc(1, sizeof *made);
    if (!made) FAIL(NO_MEMORY, "no memory for a plan");
    *made = (struct striate_plan){ .graph = graph,
                                   .batch = options.batch ? options.batch : 1,
                                   .train = options.train,
                                   .exact = options.exact,
                                   .seed = options.seed,
                                   .packed_version = ~graph->version,
                                   .poison = debug & PLAN_POISON };
    striate_status status = make(made, debug);
    if (status)
        striate_plan_free(made);
    else
        *plan = made;
    return status;
}

striate_status striate_compile(striate_plan **plan, striate_graph *graph, striate_plan_options options)
{
    return plan_make(plan, graph, options, 0);
}

striate_status striate_forecast(striate_plan **plan, striate_graph *graph, striate_plan_options options)
{
    return plan_make(plan, graph, options, PLAN_FORECAST);
}

void striate_plan_free(striate_plan *plan)
{
    if (!plan) return;
    free(plan->block);
    free(plan->gradients);
    arena_free(&plan->arena);
    free(plan);
}
