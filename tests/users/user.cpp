// The same from C++: what C frees by hand, unique_ptr frees.
#include <cstdio>
#include <memory>
#include <striate.h>

int main()
{
    striate_graph *graph = nullptr;
    striate_plan *plan = nullptr;
    striate_status status = striate_graph_from_zoo(&graph, "lenet", striate_zoo_options());
    std::unique_ptr<striate_graph, decltype(&striate_graph_free)> graph_owner(graph, striate_graph_free);
    if (!status) status = striate_init_weights(graph, 1);
    if (!status) status = striate_compile(&plan, graph, striate_plan_options());
    std::unique_ptr<striate_plan, decltype(&striate_plan_free)> plan_owner(plan, striate_plan_free);
    if (!status) striate_forward(plan, 1, 0);
    std::printf("%s: %s\n", striate_isa(), status ? striate_error() : "fine");
    return status;
}
