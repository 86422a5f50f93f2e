// neocognitron.c - Fukushima's neocognitron (Biological Cybernetics 36, 1980), the network of its simulation: three stages of 24 planes of S cells,
// each of which has learned a pattern, and C cells, which see whether that is anywhere around. It learns without labels and without
// gradients: `striate pretrain`.
//
//   16x16 - S 14x14x24 - C 10x10x24 - S 8x8x24 - C 6x6x24 - S 2x2x24 - C 1x1x24 - classes
//
// Published: sizes, 5x5 connections (2x2 to the last C cells) and the formulas. The paper's S cells
// of stage 1 have another ring around them, which no C cell sees. Ours: the fixed weights c and d, of which it says that they decrease with the
// distance; that those of d at a cell's own place are about 1; a selectivity of 2 everywhere (4, 1.5 and 1.5), which with these weights tells all five patterns apart and knows them deformed; and the
// last layer, which names the planes of the last stage by the classes that they answer to.
#include "zoo/zoo.h"

#include <stdbool.h>

// The weighted mean of what C cells see, or of the squares that S cells are inhibited by.
static striate_node *mean(striate_graph *g, striate_node *x, const char *name, int filters, int groups, int height, int width,
                          int pad)
{
    return striate_conv(g, x,
                        (striate_conv_options){ .name = name,
                                                .filters = filters,
                                                .groups = groups,
                                                .kernel_h = height,
                                                .kernel_w = width,
                                                .pad = pad,
                                                .no_bias = 1,
                                                .init = STRIATE_INIT_DECAY,
                                                .frozen = 1 });
}

striate_node *zoo_neocognitron(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    static const struct stage {
        float selectivity;
        int s_pad, c_pad;
    } stages[] = { { 2, 1, 0 }, { 2, 1, 1 }, { 2, 0, 0 } };
    enum { STAGES = 3, SIZE = 5 };
    int planes = zoo_wide(o, 24);
    striate_node *x = zoo_input(g, o, 16, 16, 1);
    for (int i = 0; i < STAGES; i++) {
        const struct stage *s = &stages[i];
        striate_scope(g, "stage%d", i + 1);
        striate_node *q = mean(g, striate_mul(g, x, x), "q", 1, 1, SIZE, SIZE, s->s_pad);
        x = striate_conv(
            g, x, (striate_conv_options){ .name = "e", .filters = planes, .kernel = SIZE, .pad = s->s_pad, .no_bias = 1 });
        x = striate_s_cells(g, x, q, (striate_cell_options){ .name = "s", .selectivity = s->selectivity });
        striate_size size = striate_node_size(x);
        bool last = i == STAGES - 1;
        x = mean(g, x, "d", planes, planes, last ? size.height : SIZE, last ? size.width : SIZE, s->c_pad);
        x = striate_c_cells(g, x, (striate_cell_options){ .name = "c", .gain = SIZE * SIZE });
    }
    striate_scope(g, "%s", "");
    return striate_dense(g, x, (striate_dense_options){ .name = "names", .units = zoo_classes(o, 5), .no_bias = 1 });
}
