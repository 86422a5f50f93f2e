// update.c - the step from gradients to weights, which is taken only if the loss and every gradient are finite.
#include "graph/update.h"

#include "graph/plan.h"
#include "optim/sgd.h"

#include <math.h>
#include <stdlib.h>

striate_status striate_sgd_new(striate_optimizer **optimizer, striate_graph *graph, striate_sgd_options options)
{
    TRY(graph_seal(graph));
    if (!(options.momentum >= 0 && options.momentum <= 1))
        FAIL(BAD_ARGUMENT, "momentum is %g; it must lie between 0 and 1", (double)options.momentum);
    if (!(options.weight_decay >= 0 && isfinite(options.weight_decay)))
        FAIL(BAD_ARGUMENT, "weight decay is %g; it must be 0 or more", (double)options.weight_decay);
    if (options.nesterov && options.momentum == 0)
        FAIL(BAD_ARGUMENT, "Nesterov's method needs a momentum above 0; 0.9 is usual");
    striate_optimizer *made = malloc(sizeof *made);
    float *velocity = aligned_floats(graph->trained);
    if (!made || !velocity) {
        free(made);
        free(velocity);
        FAIL(NO_MEMORY, "no memory for the velocity of %zu weights", graph->trained);
    }
    *made = (striate_optimizer){ graph, options, velocity };
    *optimizer = made;
    return STRIATE_OK;
}

void striate_optimizer_free(striate_optimizer *optimizer)
{
    if (!optimizer) return;
    free(optimizer->velocity);
    free(optimizer);
}

const struct param *update_first_bad(const striate_graph *graph, const float *block, size_t count)
{
    if (sgd_finite(block, count)) return NULL;
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *param = &graph->params[i];
        if (param->offset < count && !sgd_finite(block + param->offset, param->count)) return param;
    }
    return NULL;
}

striate_status striate_update(striate_optimizer *optimizer, striate_plan *plan, float learning_rate)
{
    striate_graph *graph = optimizer->graph;
    if (plan->graph != graph || !plan->train)
        FAIL(BAD_ARGUMENT, "an update needs a plan for training of the optimizer's own graph");
    if (!isfinite(learning_rate)) FAIL(BAD_ARGUMENT, "the learning rate is not finite");
    const struct param *bad = update_first_bad(graph, plan->gradients, graph->trained);
    if (bad || !isfinite(striate_loss(plan))) {
        const char *node = plan_first_bad(plan);
        if (node) FAIL(DIVERGED, "training diverged: the output of %s is not finite; try a lower learning rate", node);
        if (bad) FAIL(DIVERGED, "training diverged: the gradient of %s is not finite; try a lower learning rate", bad->name);
        FAIL(DIVERGED, "training diverged: the loss is not finite; try a lower learning rate");
    }
    sgd_step(optimizer->options, learning_rate, graph->trained, graph->weights, plan->gradients, optimizer->velocity);
    graph->version++;
    return STRIATE_OK;
}
