// run.c - the plan's steps, one after another.
#include "graph/plan.h"

#include <math.h>
#include <string.h>

// Fills with NaN what died before `step` and what begins with it: whoever reads what nobody wrote shows.
static void poison(const struct striate_plan *plan, int step)
{
    for (int i = 0; plan->poison && i < plan->buffer_count; i++) {
        const struct buffer *b = &plan->buffers[i];
        if (b->first == step || b->last == step - 1) memset(plan->block + b->offset, 0xFF, b->bytes); // all ones is a NaN
    }
}

void striate_plan_watch(striate_plan *plan, striate_watch *watch, void *user)
{
    plan->watch = watch;
    plan->watcher = user;
}

static void run(const struct striate_plan *plan, int step, striate_pass pass, void (*pass_of_op)(const struct op_args *a))
{
    pass_of_op(&plan->args[step]);
    if (plan->watch) plan->watch(plan->watcher, plan->steps[step].node, pass);
}

static void run_forward(struct striate_plan *plan, int step, bool pack)
{
    int node = plan->steps[step].node;
    const struct op *op = plan->nodes[node]->op;
    if (plan->flags[node] & (VIEW | NO_OUTPUT)) return;
    if (pack && op->pack) run(plan, step, STRIATE_PACK, op->pack);
    run(plan, step, STRIATE_FORWARD, op->forward);
}

static void run_backward(struct striate_plan *plan, int step)
{
    int node = plan->steps[step].node;
    if (plan->backward[node] && !(plan->flags[node] & VIEW))
        run(plan, step, STRIATE_BACKWARD_DATA, plan->nodes[node]->op->backward);
}

void striate_forward(striate_plan *plan, int images, uint64_t step)
{
    plan->images = images < 1 ? 1 : images > plan->batch ? plan->batch : images;
    bool pack = plan->train || plan->packed_version != plan->graph->version;
    for (int i = 0; i < plan->step_count; i++) {
        struct op_args *a = &plan->args[i];
        a->out->n = a->dout->n = plan->images;
        a->random.place = step;
    }
    for (int i = 0; i < plan->count; i++) {
        poison(plan, i);
        run_forward(plan, i, pack);
    }
    plan->packed_version = plan->graph->version;
}

void striate_backward(striate_plan *plan)
{
    for (int i = plan->count; i < plan->step_count; i++) {
        poison(plan, i);
        if (plan->steps[i].phase == STRIATE_PHASE_RECOMPUTE)
            run_forward(plan, i, true);
        else
            run_backward(plan, i);
    }
}

double striate_loss(const striate_plan *plan)
{
    double sum = 0;
    for (int i = 0; i < plan->count; i++)
        for (int n = 0; plan->flags[i] & LOSS && n < plan->images; n++) sum += plan->args[i].out->data[n];
    return plan->images ? sum / plan->images : 0;
}

static bool finite_output(const struct tensor *t)
{
    for (size_t p = 0; p < tensor_pixels(t); p++)
        for (int c = 0; c < t->shape.c; c++)
            if (!isfinite(t->data[(ptrdiff_t)p * t->ld + c])) return false;
    return true;
}

const char *plan_first_bad(striate_plan *plan)
{
    for (int i = 0; i < plan->count; i++) {
        run_forward(plan, i, true);
        if (!finite_output(plan->args[i].out)) return plan->nodes[i]->name;
    }
    return NULL;
}

const struct op_args *plan_args(const struct striate_plan *plan, const struct striate_node *node)
{
    int i = 0;
    while (plan->last[i] != node) i++;
    return &plan->args[i];
}

float *striate_plan_input(striate_plan *plan)
{
    return plan_args(plan, plan->input)->out->data;
}

size_t plan_input_values(const striate_plan *plan)
{
    return shape_count(plan->input->plan.out);
}

int *striate_plan_labels(striate_plan *plan)
{
    return plan->labels;
}

int *striate_plan_mix(striate_plan *plan, float share)
{
    plan->share = share;
    return plan->second;
}

const float *striate_plan_output(const striate_plan *plan)
{
    return plan_args(plan, plan->output)->out->data;
}

int striate_plan_values(const striate_plan *plan)
{
    return (int)shape_count(plan->output->plan.out);
}

const float *striate_plan_gradient(const striate_plan *plan, int index)
{
    if (!plan->train || index < 0 || index >= plan->graph->param_count) return NULL;
    const struct param *param = &plan->graph->params[index];
    return param->as.kind == PARAM_STATE || param->frozen ? NULL : plan->gradients + param->offset;
}
