// linear.c - which algorithm computes a convolution or a dense layer: of those that can, the one whose cost is least. Costs are computed from
// shapes and measured constants, never from a clock, so that a network is computed the same way every time.
#include "ops/linear.h"

#include "ops/depthwise.h"
#include "ops/grouped.h"
#include "ops/scatter.h"
#include "ops/strip.h"
#include "ops/winograd.h"

#include <math.h>
#include <string.h>

static const struct algorithm algorithms[] = {
    { "direct", true, direct_cost, direct_packed, direct_workspace, direct_parts, direct_pack, direct_forward, direct_data,
      direct_weights },
    { "winograd", false, winograd_cost, winograd_packed, winograd_workspace, winograd_parts, winograd_pack, winograd_forward,
      winograd_data, winograd_weights },
    { "depthwise", true, depthwise_cost, depthwise_packed, depthwise_workspace, depthwise_parts, depthwise_pack,
      depthwise_forward, depthwise_data, depthwise_weights },
    { "grouped", true, grouped_cost, grouped_packed, grouped_workspace, grouped_parts, grouped_pack, grouped_forward,
      grouped_data, grouped_weights },
    { "strip", true, strip_cost, strip_packed, strip_workspace, strip_parts, strip_pack, strip_forward, NULL, strip_weights },
    { .name = "winograd_1d", .cost = winograd_1d_cost, .packed = winograd_1d_packed, .workspace = winograd_1d_workspace,
      .parts = winograd_1d_parts, .pack = winograd_1d_pack, .forward = winograd_1d_forward },
    { .name = "scatter", .exact = true, .cost = scatter_cost, .workspace = scatter_workspace, .data = scatter_data },
    { "matrix", true, matrix_cost, matrix_packed, matrix_workspace, matrix_parts, NULL, matrix_forward, matrix_data,
      matrix_weights, true },
};

const struct algorithm *algorithm_at(int index)
{
    return (size_t)index < sizeof algorithms / sizeof *algorithms ? &algorithms[index] : NULL;
}

const struct algorithm *algorithm_find(const char *name)
{
    for (int i = 0; name && algorithm_at(i); i++)
        if (!strcmp(algorithm_at(i)->name, name)) return algorithm_at(i);
    return NULL;
}

struct linear linear_for(const struct op_args *a, const struct tensor *x, struct axis h, struct axis w, int groups, int filters)
{
    return (struct linear){ .k = a->k,
                            .h = h,
                            .w = w,
                            .images = (size_t)x->n,
                            .batch = (size_t)(a->batch ? a->batch : x->n),
                            .groups = (size_t)groups,
                            .channels = (size_t)(x->shape.c / groups),
                            .filters = (size_t)(filters / groups),
                            .slots = a->slots,
                            .exact = a->exact,
                            .only = algorithm_find(a->algorithm) };
}

const struct algorithm *linear_algorithm(const struct linear *of, enum direction direction)
{
    struct linear planned = *of, *l = &planned;
    l->images = of->batch;
    if (l->only && l->only->cost(l, direction) < INFINITY) return l->only;
    const struct algorithm *best = algorithms;
    for (int i = 1; algorithm_at(i); i++) {
        const struct algorithm *a = algorithm_at(i);
        if ((a->exact || !l->exact) && a->cost(l, direction) < best->cost(l, direction)) best = a;
    }
    return best;
}

struct panels panels_of(const struct kernels *k, size_t cols)
{
    size_t lanes = (size_t)k->lanes, vectors = size_ratio(cols, lanes);
    return (struct panels){ size_max(1, vectors / 2), cols, vectors, lanes };
}

struct panel panel_at(const struct panels *panels, size_t index)
{
    size_t from = panels->vectors * index / panels->count, to = panels->vectors * (index + 1) / panels->count;
    size_t first = from * panels->lanes, width = (to - from) * panels->lanes;
    return (struct panel){ first, size_min(width, panels->cols - first), width, (int)(to - from) };
}
