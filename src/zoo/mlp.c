// mlp.c - networks without convolutions. Of one dense layer: the perceptron (Rosenblatt 1958), whose units say +1 or -1 and learn by its rule;
// logistic regression (Cox 1958), each unit by itself; softmax regression (Theil 1969). With sigmoid units between, and here softmax at the end,
// the multilayer perceptrons of Rumelhart, Hinton and Williams (1986) for XOR and for encoding one of 8 in 3 units.
//
//   perceptron, logistic_regression, softmax_regression  28x28x1 - 10        mlp_xor  2 - 2 - 2        mlp_8_3_8  8 - 3 - 8
#include "zoo/zoo.h"

#include <string.h>

static const struct mlp {
    const char *name;
    int side, channels, hidden, classes;
} mlps[] = {
    { "perceptron", 28, 1, 0, 10 },
    { "logistic_regression", 28, 1, 0, 10 },
    { "softmax_regression", 28, 1, 0, 10 },
    { "mlp_xor", 1, 2, 2, 2 },
    { "mlp_8_3_8", 1, 8, 3, 8 },
};

static striate_node *dense(striate_graph *g, striate_node *x, const char *name, int units)
{
    return striate_dense(g, x, (striate_dense_options){ .name = name, .units = units, .init = STRIATE_INIT_XAVIER });
}

striate_node *zoo_mlp(striate_graph *g, const char *name, striate_zoo_options o)
{
    const struct mlp *net = mlps;
    while (strcmp(net->name, name)) net++;
    striate_node *x = zoo_input(g, o, net->side, net->side, net->channels);
    if (net->hidden) x = striate_sigmoid(g, dense(g, x, "hidden", zoo_wide(o, net->hidden)));
    x = dense(g, x, "output", zoo_classes(o, net->classes));
    if (!strcmp(name, "logistic_regression")) striate_logistic(g, x, (striate_logistic_options){ .name = "loss" });
    if (strcmp(name, "perceptron")) return x;
    x = striate_sign(g, x);
    striate_squared_error(g, x, (striate_squared_error_options){ .name = "loss", .on = 1, .off = -1 });
    return x;
}
