// init.c - how weights begin: normal or uniform numbers, each a function of the seed, the parameter and its place in it.
#include "base/parallel.h"
#include "graph/graph.h"

#include <math.h>

struct fill {
    float *values;
    const struct op_param *as;
    float fan_in; // inputs of one output
    struct random_key key;
};

static void fill_piece(void *context, size_t begin, size_t end)
{
    const struct fill *f = context;
    float normal = f->as->init == STRIATE_INIT_HE ? sqrtf(2 / f->fan_in) : f->as->value, uniform = sqrtf(3 / f->fan_in);
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
                             (float)(param->count / (size_t)param->as.dims[0]),
                             { .seed = seed, .use = RANDOM_WEIGHTS, .part = (uint32_t)i } };
        parallel_for(param->count, 4096, param->as.kind == PARAM_WEIGHT ? fill_piece : fill_constant, &fill);
    }
    graph->version++;
    return STRIATE_OK;
}
