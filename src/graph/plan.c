// plan.c - compile: a graph is drafted (draft.c), its values find their homes (home.c), and these their places in one block of memory.
#include "graph/making.h"

#include <stdlib.h>

enum { NORM_MEAN = 2 }; // the parameter of a batch norm that is its running mean

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
    left->left_pivot = fusion->pivot = draft_parameter(m->plan->graph, m->plan->nodes[i], NORM_MEAN);
    fusion->sums = left->left_sums;
    fusion->parts = m->drafts[from].plan.sums / (2 * (size_t)m->drafts[from].plan.out.c * sizeof(float));
}

static void fill_args(struct making *m)
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
        for (int s = 0; s < SCRATCH; s++) *slots[s] = plan->block + plan->buffers[m->drafts[i].scratch[s]].offset;
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
    plan->backward_workspace = arena_take(&plan->arena, (size_t)plan->count * sizeof *plan->backward_workspace);
    if (!plan->backward_workspace) FAIL(NO_MEMORY, "no memory to plan %d nodes", plan->count);
    TRY(home_all(m));
    TRY(place_buffers(&plan->block_bytes, &plan->bound, plan->buffers, plan->buffer_count));
    if (m->debug & PLAN_FORECAST) return STRIATE_OK;
    plan->block = (char *)aligned_floats(plan->block_bytes / sizeof(float));
    plan->gradients = plan->train ? aligned_floats(plan->graph->trained) : NULL;
    if (!plan->block || (plan->train && !plan->gradients))
        FAIL(NO_MEMORY, "no memory for the %.0f MB that a batch of %d images takes: choose a smaller batch",
             (double)plan->block_bytes / 1e6, plan->batch);
    fill_args(m);
    return STRIATE_OK;
}

static striate_status make(struct striate_plan *plan, unsigned debug)
{
    struct making m = { .plan = plan, .debug = debug };
    TRY(draft_nodes(&m));
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
