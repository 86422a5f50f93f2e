// conv_dbn.c - a convolutional deep belief network (Lee, Grosse, Ranganath and Ng 2009, 4.1: two restricted Boltzmann machines on natural images,
// of 24 and 100 filters of 10x10, blocks of 2x2), which learns without labels: `striate pretrain`. Whitening and contrast normalization, which
// the authors do to their images beforehand, are its first layers, and a classifier is its last, as their support vector machine; the sizes of
// the image and of the whitening are ours. The conditional probability of the paper's hidden units is a convolution with a turned
// kernel, which is the cross-correlation with the kernel that the visible units are made of.
//
//   99x99x1 - whiten 13x13 - contrast - conv 10x10, 24 - blocks 2x2 - conv 10x10, 100 - blocks 2x2 - classes
#include "zoo/zoo.h"

striate_node *zoo_conv_dbn(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    striate_node *x = zoo_input(g, o, 99, 99, 1);
    x = striate_conv(
        g, x,
        (striate_conv_options){
            .name = "whiten", .filters = 1, .kernel = 13, .init = STRIATE_INIT_WHITEN, .frozen = 1, .no_bias = 1 });
    x = striate_lrn(
        g, x,
        (striate_lrn_options){
            .name = "contrast", .size = 25, .alpha = 0.25f, .beta = 0.5f, .k = 2.5e-5f, .region = STRIATE_LRN_WITHIN });
    x = striate_conv(
        g, x,
        (striate_conv_options){
            .name = "rbm1", .filters = zoo_wide(o, 24), .kernel = 10, .init = STRIATE_INIT_GAUSSIAN, .init_std = 0.01f });
    x = striate_prob_max_pool(g, x, (striate_window){ .name = "pool1", .size = 2 });
    x = striate_conv(
        g, x,
        (striate_conv_options){
            .name = "rbm2", .filters = zoo_wide(o, 100), .kernel = 10, .init = STRIATE_INIT_GAUSSIAN, .init_std = 0.05f });
    x = striate_prob_max_pool(g, x, (striate_window){ .name = "pool2", .size = 2 });
    return striate_dense(g, x, (striate_dense_options){ .name = "classifier", .units = zoo_classes(o, 101) });
}
