// draft.c - compile: which nodes run, and what each of them says for this batch.
#include "graph/making.h"

#include "base/parallel.h"

#include <string.h>

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

// A node's options, but that a loss without label smoothing has the plan's.
static striate_status options_of(const void **options, const struct striate_plan *plan, const struct striate_node *node,
                                 struct arena *arena)
{
    const striate_loss_options *loss = *options = node->options;
    if (node->op != &striate_op_cross_entropy || loss->smoothing > 0 || plan->label_smoothing <= 0) return STRIATE_OK;
    striate_loss_options *own = arena_take(arena, sizeof *own);
    if (!own) FAIL(NO_MEMORY, "no memory to plan node %s", node->name);
    *own = *loss;
    own->smoothing = plan->label_smoothing;
    *options = own;
    return STRIATE_OK;
}

// A node whose value comes from outside.
static striate_status as_input(struct striate_node **node, struct striate_plan *plan)
{
    struct striate_node *input = arena_take(&plan->arena, sizeof *input);
    struct input_options *size = arena_take(&plan->arena, sizeof *size);
    if (!input || !size) FAIL(NO_MEMORY, "no memory to plan node %s", (*node)->name);
    struct shape out = (*node)->plan.out;
    *size = (struct input_options){ out.h, out.w, out.c };
    *input = **node;
    input->op = &striate_op_input;
    input->options = size;
    input->ins = input->plan.params = 0;
    *node = input;
    return STRIATE_OK;
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
    if (node == plan->input && head) TRY(as_input(&node, plan));
    plan->nodes[plan->count] = node;
    plan->last[plan->count] = nodes[last];
    m->position[last] = plan->count++;
    return STRIATE_OK;
}

static striate_status choose_nodes(struct making *m)
{
    struct striate_plan *plan = m->plan;
    striate_graph *graph = plan->graph;
    bool whole = !plan->output, has_loss = false;
    if (whole) plan->output = graph_output(graph);
    bool *needed = arena_take(&m->arena, (size_t)graph->count + 1);
    plan->nodes = arena_take(&plan->arena, ((size_t)graph->count + 1) * sizeof *plan->nodes);
    plan->last = arena_take(&plan->arena, ((size_t)graph->count + 1) * sizeof *plan->last);
    m->position = arena_take(&m->arena, ((size_t)graph->count + 1) * sizeof *m->position);
    m->fused = arena_take(&m->arena, ((size_t)graph->count + 1) * sizeof *m->fused);
    if (!needed || !plan->nodes || !plan->last || !m->position || !m->fused)
        FAIL(NO_MEMORY, "no memory to plan %d nodes", graph->count);
    needed[plan->output->id] = true;
    for (int i = 0; i < graph->count; i++)
        if (plan->train && whole && graph->nodes[i]->plan.flags & LOSS) needed[i] = has_loss = true;
    for (int i = graph->count - 1; i >= 0; i--)
        for (int j = 0; needed[i] && i != plan->input->id && j < graph->nodes[i]->ins; j++)
            needed[graph->nodes[i]->in[j]->id] = true;
    bool train = plan->train || m->debug & PLAN_UNFOLDED;
    TRY(fuse_graph(m->fused, graph, needed, plan->input, plan->output, &m->arena, train, !(m->debug & PLAN_UNFUSED)));
    for (int i = 0; i < graph->count; i++) m->position[i] = NOWHERE;
    for (int i = 0; i < graph->count; i++)
        if (m->fused[i].last >= 0) m->position[m->fused[i].last] = i;
    for (int i = 0; i < graph->count; i++) // position: of the node that does the work, then where it is done
        if (m->position[i] != NOWHERE)
            TRY(add_node(m, m->position[i], i));
        else if (needed[i])
            m->position[i] = m->position[m->fused[i].value];
    if (plan->train && whole && !has_loss) {
        TRY(add_own_loss(plan));
        plan->last[plan->count] = plan->nodes[plan->count] = &plan->own_loss;
        plan->count++;
    }
    return STRIATE_OK;
}

// ---- what each node says for this batch, and who its root is ----

float *draft_parameter(const struct striate_graph *graph, const struct striate_node *node, int index)
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
    for (int p = 0; p < 4; p++) (&params->weight)[p] = draft_parameter(plan->graph, norm, p) + f->norm_first;
    params->eps = ((const striate_norm_options *)norm->options)->eps;
    fusion->norm = params;
    return STRIATE_OK;
}

// Such a batch norm uses its running statistics, and leaves them alone.
static bool is_frozen_norm(const struct striate_node *node)
{
    return node->op == &striate_op_batch_norm && graph_is_fixed(node);
}

static striate_status draft_all(struct making *m)
{
    struct striate_plan *plan = m->plan;
    size_t room = (size_t)plan->count * (plan->train ? 3 : 1);
    struct op_plan *plans = arena_take(&m->arena, (size_t)plan->count * sizeof *plans);
    m->drafts = arena_take(&m->arena, room * sizeof *m->drafts);
    plan->steps = arena_take(&plan->arena, room * sizeof *plan->steps);
    plan->args = arena_take(&plan->arena, room * sizeof *plan->args);
    plan->fusions = arena_take(&plan->arena, room * sizeof *plan->fusions);
    plan->backward = arena_take(&plan->arena, (size_t)plan->count * sizeof *plan->backward);
    plan->flags = arena_take(&plan->arena, (size_t)plan->count * sizeof *plan->flags);
    plan->algorithms = arena_take(&plan->arena, (size_t)plan->count * sizeof *plan->algorithms);
    if (!plans || !m->drafts || !plan->steps || !plan->args || !plan->fusions || !plan->backward || !plan->flags ||
        !plan->algorithms)
        FAIL(NO_MEMORY, "no memory to plan %d nodes", plan->count);
    for (int i = 0; i < plan->count; i++) {
        const struct striate_node *node = plan->nodes[i];
        struct op_args *a = &plan->args[i];
        struct tensor *tensors = arena_take(&plan->arena, 2 * sizeof *tensors);
        struct tensor **ins = arena_take(&plan->arena, 2 * (size_t)node->ins * sizeof *ins);
        bool *add = arena_take(&plan->arena, (size_t)node->ins);
        if (!tensors || !ins || !add) FAIL(NO_MEMORY, "no memory to plan node %s", node->name);
        for (int j = 0; j < node->ins; j++) ins[j] = plan->args[input_of(m, i, j)].out;
        const void *options;
        TRY(options_of(&options, plan, node, &plan->arena));
        *a = (struct op_args){ .k = kernels_pick(),
                               .batch = m->plan->batch,
                               .slots = (size_t)parallel_threads(),
                               .exact = m->plan->exact,
                               .algorithm = m->debug & PLAN_WINOGRAD ? "winograd" : NULL,
                               .options = options,
                               .ins = node->ins,
                               .in = ins,
                               .din = ins + node->ins,
                               .add = add,
                               .out = &tensors[0],
                               .dout = &tensors[1],
                               .labels = plan->labels,
                               .second = plan->second,
                               .share = &plan->share,
                               .train = plan->train && !is_frozen_norm(node),
                               .random = { .seed = plan->seed, .use = RANDOM_DROPOUT, .part = (uint32_t)node->id } };
        TRY(draft_fusion(m, i));
        struct draft *d = &m->drafts[i];
        TRY(node->op->shape(a, &plans[i]));
        d->plan = &plans[i];
        plan->flags[i] = d->plan->flags;
        memcpy(plan->algorithms[i], d->plan->algorithm, sizeof d->plan->algorithm);
        tensors[0] = tensors[1] = (struct tensor){ .n = plan->batch, .shape = d->plan->out, .ld = d->plan->out.c };
        d->root = d->plan->flags & VIEW ? root_of_input(m, i, 0) : i;
        d->slice_of = NOWHERE;
        if (d->root != i) m->drafts[d->root].viewed = true;
        if (plan->last[i] == plan->output) m->drafts[d->root].output = true;
        d->needs = !graph_is_fixed(node);
        for (int j = 0; j < node->ins; j++) d->needs |= m->drafts[input_of(m, i, j)].needs;
    }
    for (int i = plan->count - 1; i >= 0; i--) {
        struct draft *d = &m->drafts[i];
        if (d->plan->flags & LOSS) d->reaches = true;
        for (int j = 0; d->reaches && j < plan->nodes[i]->ins; j++) m->drafts[input_of(m, i, j)].reaches = true;
    }
    for (int i = 0; i < plan->count; i++) {
        bool asked = false;
        plan->backward[i] = has_gradient(m, i);
        for (int j = 0; j < plan->nodes[i]->ins; j++) asked |= plan->backward[i] && has_gradient(m, root_of_input(m, i, j));
        if (!asked) plan->algorithms[i][BACKWARD_DATA] = NULL;
        if (!plan->backward[i] || graph_is_fixed(plan->nodes[i])) plan->algorithms[i][BACKWARD_WEIGHTS] = NULL;
    }
    return STRIATE_OK;
}

striate_status draft_nodes(struct making *m)
{
    struct striate_plan *plan = m->plan;
    TRY(choose_nodes(m));
    plan->labels = arena_take(&plan->arena, (size_t)plan->batch * sizeof *plan->labels);
    plan->second = arena_take(&plan->arena, (size_t)plan->batch * sizeof *plan->second);
    plan->share = 1;
    if (!plan->labels || !plan->second) FAIL(NO_MEMORY, "no memory for %d labels", plan->batch);
    return draft_all(m);
}
