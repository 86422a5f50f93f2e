// zoo.h - what the networks' files share: the public header, their builders, and the sizes a caller may change.
#ifndef ZOO_H
#define ZOO_H

#include "striate.h"

#include <math.h>

typedef striate_node *zoo_builder(striate_graph *graph, const char *name, striate_zoo_options options);

#define ZOO(name, year, builder, title) zoo_builder zoo_##builder;
#include "zoo/zoo.def"
#undef ZOO

// The input of a network: the caller's size where given, else the published one.
static inline striate_node *zoo_input(striate_graph *graph, striate_zoo_options options, int height, int width, int channels)
{
    return striate_input(graph, options.height ? options.height : height, options.width ? options.width : width,
                         options.channels ? options.channels : channels);
}

static inline int zoo_classes(striate_zoo_options options, int classes)
{
    return options.classes ? options.classes : classes;
}

// So many filters or units, times what the caller asks for.
static inline int zoo_wide(striate_zoo_options options, int filters)
{
    float wide = options.widen > 0 ? roundf((float)filters * options.widen) : (float)filters;
    return wide < 1 ? 1 : wide < 1e6f ? (int)wide : 1000000;
}

// Means over size x size windows where they are more or fewer, so that the dense layer behind has its published weights for any input.
static inline striate_node *zoo_pool_to(striate_graph *graph, striate_node *x, int size)
{
    striate_size now = striate_node_size(x);
    if (now.height == size && now.width == size) return x;
    return striate_adaptive_avg_pool(graph, x, (striate_adaptive_options){ .height = size, .width = size });
}

#endif
