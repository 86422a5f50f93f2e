// init.c - how weights begin: normal or uniform numbers, each a function of the seed, the parameter and its place in it; or as their op says.
#include "base/parallel.h"
#include "graph/graph.h"

#include <math.h>

struct fill {
    float *values;
    const struct op_param *as;
    struct random_key key;
};

static void fill_piece(void *context, size_t begin, size_t end)
{
    const struct fill *f = context;
    float normal = f->as->init == STRIATE_INIT_HE ? sqrtf(2 / f->as->fan_in) : f->as->value, uniform = sqrtf(3 / f->as->fan_in);
    for (size_t i = begin; i < end; i++)
        f->values[i] = f->as->init == STRIATE_INIT_XAVIER ? uniform * (2 * random_uniform(f->key, (uint32_t)i) - 1)
                                                          : normal * random_normal(f->key, (uint32_t)i);
}

static void fill_constant(void *context, size_t begin, size_t end)
{
    const struct fill *f = context;
    for (size_t i = begin; i < end; i++) f->values[i] = f->as->value;
}

striate_status striate_init_weights(striate_graph *graph, uint64_t seed)
{
    TRY(graph_seal(graph));
    for (int i = 0; i < graph->param_count; i++) {
        const struct param *param = &graph->params[i];
        struct fill fill = { graph->weights + param->offset,
                             &param->as,
                             { .seed = seed, .use = RANDOM_WEIGHTS, .part = (uint32_t)i } };
        if (param->as.fill)
            param->as.fill(fill.values, fill.as, fill.key);
        else
            parallel_for(param->count, 4096, param->as.fan_in > 0 ? fill_piece : fill_constant, &fill);
    }
    graph->version++;
    return STRIATE_OK;
}
