// plan.c - compile: a graph is drafted (draft.c), its steps are chosen (recompute.c), its values find their homes (home.c), and these their
// places in one block of memory.
#include "graph/making.h"

#include <stdlib.h>

enum { NORM_MEAN = 2 }; // the parameter of a batch norm that is its running mean

static float *address(const struct striate_plan *plan, struct home home)
{
    return (float *)(void *)(plan->block + plan->buffers[home.buffer].offset) + home.at;
}

static void *scratch_of(const struct making *m, int step, enum scratch which)
{
    return m->plan->block + m->plan->buffers[m->drafts[step].scratch[which]].offset;
}

static void fill_value(struct making *m, int step)
{
    const struct draft *d = &m->drafts[step], *root = &m->drafts[d->root];
    struct op_args *a = &m->plan->args[step];
    a->out->data = address(m->plan, root->value);
    if (d->root == step) a->out->ld = root->value.ld;
    a->packed = scratch_of(m, step, PACKED);
    a->workspace = scratch_of(m, step, WORK_FORWARD);
}

static void fill_fusion(struct making *m, int i)
{
    struct fusion *fusion = &m->plan->fusions[i];
    const struct fused *f = fused_of(m, i);
    struct op_args *a = &m->plan->args[i];
    if (fusion->residual) {
        fusion->dresidual = a->din[a->ins];
        fusion->add = a->add[a->ins];
    }
    if (fusion->leave_sums) fusion->left_sums = scratch_of(m, i, SUMS);
    if (!f || f->sums_of < 0) return;
    int from = m->position[m->fused[f->sums_of].last];
    struct fusion *left = &m->plan->fusions[from];
    left->left_pivot = fusion->pivot = draft_parameter(m->plan->graph, m->plan->nodes[i], NORM_MEAN);
    fusion->sums = left->left_sums;
    fusion->parts = m->drafts[from].plan->sums / (2 * (size_t)m->drafts[from].plan->out.c * sizeof(float));
}

static void fill_args(struct making *m)
{
    struct striate_plan *plan = m->plan;
    for (int i = 0; i < plan->count; i++) {
        const struct striate_node *node = plan->nodes[i];
        const struct draft *root = &m->drafts[m->drafts[i].root];
        struct op_args *a = &plan->args[i];
        fill_value(m, i);
        if (root->gradient.buffer != NOWHERE) {
            a->dout->data = address(plan, root->gradient);
            if (m->drafts[i].root == i) a->dout->ld = root->gradient.ld;
        }
        for (int j = 0; j < node->ins; j++) {
            int from = input_of(m, i, j);
            bool asked = plan->backward[i] && has_gradient(m, m->drafts[from].root);
            ((struct tensor **)(void *)a->din)[j] = asked ? plan->args[from].dout : NULL;
        }
        a->saved = scratch_of(m, i, SAVED);
        fill_fusion(m, i);
        for (int p = 0; p < node->plan.params; p++) {
            const struct param *param = &plan->graph->params[node->first_param + p];
            a->param[p] = plan->graph->weights + param->offset;
            if (plan->backward[i] && param->as.kind != PARAM_STATE && !graph_is_fixed(node))
                a->dparam[p] = plan->gradients + param->offset;
        }
    }
}

// The steps after the forward pass: as the node's there, but for what was computed again.
static striate_status fill_later(struct making *m)
{
    struct striate_plan *plan = m->plan;
    for (int i = plan->count; i < plan->step_count; i++) {
        int node = plan->steps[i].node, ins = plan->nodes[node]->ins;
        struct op_args *a = &plan->args[i];
        struct fusion *fusion = &plan->fusions[i];
        struct tensor **in = arena_take(&plan->arena, (size_t)ins * sizeof *in), *out = arena_take(&plan->arena, sizeof *out);
        if (!in || !out) FAIL(NO_MEMORY, "no memory to plan node %s", plan->nodes[node]->name);
        for (int j = 0; j < ins; j++) in[j] = plan->args[input_at(m, i, j)].out;
        *a = plan->args[node];
        *fusion = plan->fusions[node];
        a->in = in;
        if (a->fused) a->fused = fusion;
        if (fusion->residual) fusion->residual = in[a->ins];
        if (plan->steps[i].phase == STRIATE_PHASE_BACKWARD) {
            a->out = plan->args[value_left(m, node)].out;
            a->workspace = scratch_of(m, node, WORK_BACKWARD);
            continue;
        }
        *out = *a->out;
        a->out = out;
        a->again = true;
        fusion->leave_sums = false;
        fusion->left_sums = NULL;
        fill_value(m, i);
    }
    return STRIATE_OK;
}

static striate_status allocate(struct making *m)
{
    struct striate_plan *plan = m->plan;
    double bytes = 0;
    for (int i = 0; i < plan->count; i++)
        bytes += 2.0 * plan->batch * (double)shape_count(m->drafts[i].plan->out) * sizeof(float) +
                 (double)m->drafts[i].plan->saved + (double)m->drafts[i].plan->workspace;
    if (bytes > (double)(SIZE_MAX / 4))
        FAIL(NO_MEMORY, "a batch of %d images of this network is beyond any memory", plan->batch);
    TRY(home_begin(m));
    TRY(recompute_choose(m));
    TRY(place_bound(&plan->bound, plan->buffers, plan->buffer_count));
    TRY(place_buffers(&plan->block_bytes, plan->bound, plan->buffers, plan->buffer_count));
    if (m->debug & PLAN_FORECAST) return STRIATE_OK;
    plan->block = (char *)aligned_floats(plan->block_bytes / sizeof(float));
    plan->gradients = plan->train ? aligned_floats(plan->graph->trained) : NULL;
    if (!plan->block || (plan->train && !plan->gradients))
        FAIL(NO_MEMORY, "no memory for the %.0f MB that a batch of %d images takes: choose a smaller batch",
             (double)plan->block_bytes / 1e6, plan->batch);
    fill_args(m);
    return fill_later(m);
}

static striate_status make(struct striate_plan *plan, unsigned debug)
{
    struct making m = { .plan = plan, .debug = debug };
    striate_status status = draft_nodes(&m);
    if (!status) status = allocate(&m);
    arena_free(&m.arena);
    return status;
}

striate_status plan_make_part(striate_plan **plan, striate_graph *graph, striate_plan_options options, struct plan_part part,
                              unsigned debug)
{
    TRY(debug & PLAN_FORECAST ? graph_lay_out(graph) : graph_seal(graph));
    if (options.batch < 0) FAIL(BAD_ARGUMENT, "a batch of %d images", options.batch);
    if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1))
        FAIL(BAD_ARGUMENT, "label smoothing is %g; it must lie between 0 and 1", (double)options.label_smoothing);
    struct striate_plan *made = calloc(1, sizeof *made);
    if (!made) FAIL(NO_MEMORY, "no memory for a plan");
    *made = (struct striate_plan){ .graph = graph,
                                   .input = part.begin ? part.begin : graph->nodes[0],
                                   .output = part.end,
                                   .batch = options.batch ? options.batch : 1,
                                   .train = options.train,
                                   .exact = options.exact,
                                   .recompute = options.train && options.recompute,
                                   .label_smoothing = options.label_smoothing,
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

striate_status plan_make(striate_plan **plan, striate_graph *graph, striate_plan_options options, unsigned debug)
{
    return plan_make_part(plan, graph, options, (struct plan_part){ 0 }, debug);
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
