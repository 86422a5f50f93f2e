// account.c - what a plan takes, buffer by buffer.
#include "graph/plan.h"

size_t striate_plan_bytes(const striate_plan *plan)
{
    striate_memory memory = striate_plan_memory(plan);
    return memory.arena + memory.gradients;
}

striate_memory striate_plan_memory(const striate_plan *plan)
{
    size_t trained = plan->train ? plan->graph->trained * sizeof(float) : 0;
    return (striate_memory){ plan->block_bytes, plan->bound, plan->graph->total * sizeof(float), trained, trained };
}

int striate_plan_buffer_count(const striate_plan *plan)
{
    return plan->buffer_count;
}

striate_buffer striate_plan_buffer(const striate_plan *plan, int index)
{
    if (index < 0 || index >= plan->buffer_count) return (striate_buffer){ .node = "" };
    const struct buffer *b = &plan->buffers[index];
    return (striate_buffer){ plan->nodes[b->node]->name, b->kind, b->first, b->last, b->offset, b->bytes };
}

int striate_plan_node_count(const striate_plan *plan)
{
    return plan->count;
}

striate_plan_node striate_plan_node_at(const striate_plan *plan, int index)
{
    if (index < 0 || index >= plan->count) return (striate_plan_node){ .name = "", .op = "" };
    const char *const *algorithm = plan->algorithms[index];
    return (striate_plan_node){ plan->nodes[index]->name, plan->nodes[index]->op->name, algorithm[FORWARD],
                                algorithm[BACKWARD_DATA], algorithm[BACKWARD_WEIGHTS] };
}

int striate_plan_step_count(const striate_plan *plan)
{
    return plan->step_count;
}

striate_plan_step striate_plan_step_at(const striate_plan *plan, int step)
{
    if (step < 0 || step >= plan->step_count) return (striate_plan_step){ -1, STRIATE_PHASE_FORWARD };
    return (striate_plan_step){ plan->steps[step].node, plan->steps[step].phase };
}
