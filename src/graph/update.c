// update.c - the step from gradients to weights, which is taken only if the loss and every gradient are finite.
#include "graph/update.h"

#include "base/text.h"
#include "graph/plan.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static striate_status check_options(const striate_optimizer_options *o)
{
    const struct {
        const char *name;
        float value;
        double low, high;
    } rows[] = {
        { "momentum", o->momentum, 0, 1 },
        { "weight_decay", o->weight_decay, 0, FLT_MAX },
        { "norm_weight_decay", o->norm_weight_decay, -FLT_MAX, FLT_MAX },
        { "bias_weight_decay", o->bias_weight_decay, -FLT_MAX, FLT_MAX },
        { "beta1", o->beta1, 0, 0.999999 },
        { "beta2", o->beta2, 0, 0.9999999 },
        { "eps", o->eps, 0, FLT_MAX },
        { "trust", o->trust, 0, FLT_MAX },
        { "clip_norm", o->clip_norm, 0, FLT_MAX },
        { "clip_value", o->clip_value, 0, FLT_MAX },
    };
    if (!optim_rule((int)o->rule)) FAIL(BAD_ARGUMENT, "there is no optimizer %d", (int)o->rule);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!((double)rows[i].value >= rows[i].low && (double)rows[i].value <= rows[i].high))
            FAIL(BAD_ARGUMENT, "%s is %g; it must lie between %g and %g", rows[i].name, (double)rows[i].value, rows[i].low,
                 rows[i].high);
    if (o->nesterov && o->momentum == 0) FAIL(BAD_ARGUMENT, "Nesterov's method needs a momentum above 0; 0.9 is usual");
    if (o->nesterov && o->rule != STRIATE_SGD) FAIL(BAD_ARGUMENT, "Nesterov's method is one of sgd");
    return STRIATE_OK;
}

// ---- groups ----

static float decay_of(const striate_optimizer_options *o, const struct param *param)
{
    float decay = param->node->op == &striate_op_batch_norm ? o->norm_weight_decay : o->weight_decay;
    if (param->as.kind == PARAM_BIAS && o->bias_weight_decay != 0) decay = o->bias_weight_decay;
    return decay < 0 ? 0 : decay;
}

static striate_status scale_of(float *scale, const char *list, const struct param *param)
{
    const char *text = NULL;
    *scale = 1;
    if (text_match(list, param->name, &text) < 0) return STRIATE_OK;
    char number[32] = "";
    double value = 0;
    if (text) snprintf(number, sizeof number, "%.*s", (int)strcspn(text, ","), text);
    if (!text_to_float(number, &value) || value < 0 || value > 1e6)
        FAIL(BAD_ARGUMENT, "lr_scale '%s': '%s' is no factor from 0 to 1e6; write GLOB=FACTOR,...", list, number);
    *scale = (float)value;
    return STRIATE_OK;
}

// A group per parameter; neighbours that are treated alike become one.
static striate_status make_groups(struct optim *optim, const striate_graph *graph)
{
    const striate_optimizer_options *o = &optim->options;
    optim->groups = malloc(((size_t)graph->param_count + 1) * sizeof *optim->groups);
    if (!optim->groups) FAIL(NO_MEMORY, "no memory for an optimizer");
    TRY(graph_check_globs(graph, "lr_scale", o->lr_scale));
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *param = &graph->params[i];
        if (param->as.kind == PARAM_STATE || param->frozen) continue;
        size_t end = param->offset + (param->count + PARAM_LINE - 1) / PARAM_LINE * PARAM_LINE;
        struct group group = { .begin = param->offset,
                               .end = end,
                               .decay = decay_of(o, param),
                               .adapt = optim->rule->norms && param->as.kind == PARAM_WEIGHT };
        struct group *before = optim->count ? &optim->groups[optim->count - 1] : NULL;
        TRY(scale_of(&group.rate, o->lr_scale, param));
        if (before && before->end == group.begin && before->rate == group.rate && before->decay == group.decay &&
            !group.adapt && !before->adapt)
            before->end = end;
        else
            optim->groups[optim->count++] = group;
    }
    if (graph->param_count && !optim->count) FAIL(BAD_ARGUMENT, "every parameter is frozen: there is nothing to train");
    return STRIATE_OK;
}

// ---- the optimizer ----

static striate_status make(striate_optimizer *optimizer, striate_optimizer_options options)
{
    struct optim *optim = &optimizer->optim;
    const striate_graph *graph = optimizer->graph;
    optim->options = optim_complete(options);
    optim->rule = optim_rule((int)options.rule);
    TRY(make_groups(optim, graph));
    optim->options.lr_scale = NULL; // the caller's
    bool fine = optim_cut(optim);
    for (int i = 0; i < optim_states(&options); i++) fine &= (optim->state[i] = aligned_floats(graph->trained)) != NULL;
    if (options.accumulate) fine &= (optimizer->sum = aligned_floats(graph->trained)) != NULL;
    if (!fine) FAIL(NO_MEMORY, "no memory for the optimizer's state of %zu weights", graph->trained);
    return STRIATE_OK;
}

striate_status striate_optimizer_new(striate_optimizer **optimizer, striate_graph *graph, striate_optimizer_options options)
{
    TRY(graph_seal(graph));
    TRY(check_options(&options));
    striate_optimizer *made = calloc(1, sizeof *made);
    if (!made) FAIL(NO_MEMORY, "no memory for an optimizer");
    made->graph = graph;
    striate_status status = make(made, options);
    if (status)
        striate_optimizer_free(made);
    else
        *optimizer = made;
    return status;
}

void striate_optimizer_free(striate_optimizer *optimizer)
{
    if (!optimizer) return;
    for (int i = 0; i < RULE_STATES; i++) free(optimizer->optim.state[i]);
    free(optimizer->optim.groups);
    optim_release(&optimizer->optim);
    free(optimizer->sum);
    free(optimizer);
}

size_t update_bytes(const striate_graph *graph, const striate_optimizer_options *options)
{
    size_t blocks = (size_t)optim_states(options) + (options->accumulate != 0);
    return blocks * aligned_bytes(graph->trained * sizeof(float));
}

// ---- updates ----

const struct param *update_first_bad(const striate_graph *graph, const float *block, size_t count)
{
    if (optim_finite(block, count)) return NULL;
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *param = &graph->params[i];
        if (param->offset < count && !optim_finite(block + param->offset, param->count)) return param;
    }
    return NULL;
}

static striate_status check_plan(const striate_optimizer *optimizer, const striate_plan *plan)
{
    if (plan->graph != optimizer->graph || !plan->train)
        FAIL(BAD_ARGUMENT, "an update needs a plan for training of the optimizer's own graph");
    return STRIATE_OK;
}

// Tells where what is not finite comes from.
static striate_status diverged(striate_plan *plan, const float *gradients)
{
    const struct param *bad = update_first_bad(plan->graph, gradients, plan->graph->trained);
    const char *node = plan_first_bad(plan);
    if (node) FAIL(DIVERGED, "training diverged: the output of %s is not finite; try a lower learning rate", node);
    if (bad) FAIL(DIVERGED, "training diverged: the gradient of %s is not finite; try a lower learning rate", bad->name);
    FAIL(DIVERGED, "training diverged: the loss is not finite; try a lower learning rate");
}

striate_status striate_accumulate(striate_optimizer *optimizer, striate_plan *plan)
{
    TRY(check_plan(optimizer, plan));
    if (!optimizer->sum) FAIL(BAD_ARGUMENT, "this optimizer was made without `accumulate`");
    if (!isfinite(striate_loss(plan))) return diverged(plan, plan->gradients);
    size_t count = optimizer->graph->trained;
    if (optimizer->images == 0) memset(optimizer->sum, 0, count * sizeof(float));
    optim_accumulate(count, (float)plan->images, plan->gradients, optimizer->sum);
    optimizer->images += plan->images;
    return STRIATE_OK;
}

striate_status striate_update(striate_optimizer *optimizer, striate_plan *plan, float learning_rate)
{
    striate_graph *graph = optimizer->graph;
    TRY(check_plan(optimizer, plan));
    if (!isfinite(learning_rate)) FAIL(BAD_ARGUMENT, "the learning rate is not finite");
    bool sum = optimizer->images > 0;
    if (sum) TRY(striate_accumulate(optimizer, plan));
    const float *gradients = sum ? optimizer->sum : plan->gradients;
    float total = sum ? (float)optimizer->images : 1;
    if (!isfinite(striate_loss(plan)) || !optim_step(&optimizer->optim, learning_rate, total, graph->weights, gradients))
        return diverged(plan, gradients);
    optimizer->images = 0;
    graph->version++;
    return STRIATE_OK;
}
