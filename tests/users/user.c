// A user's program in ten lines: a network of the zoo, one image forward.
#include <striate.h>
#include <stdio.h>

int main(void)
{
    striate_graph *graph = NULL;
    striate_plan *plan = NULL;
    striate_status status = striate_graph_from_zoo(&graph, "lenet", (striate_zoo_options){ 0 });
    if (!status) status = striate_init_weights(graph, 1);
    if (!status) status = striate_compile(&plan, graph, (striate_plan_options){ 0 });
    if (!status) striate_forward(plan, 1, 0);
    printf("%s %s: %d values\n%s\n", striate_version(), striate_isa(), plan ? striate_plan_values(plan) : 0, striate_error());
    striate_plan_free(plan);
    striate_graph_free(graph);
    return status;
}
