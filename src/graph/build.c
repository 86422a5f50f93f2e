// build.c - the builders of the public header: a function per op.
#include "graph/graph.h"

static striate_node *unary(striate_graph *graph, const struct op *op, striate_node *x)
{
    return graph_add(graph, op, NULL, &x, 1, NULL);
}

striate_node *striate_input(striate_graph *graph, int height, int width, int channels)
{
    striate_size size = { height, width, channels };
    return graph_add(graph, &striate_op_input, "data", NULL, 0, &size);
}

striate_node *striate_conv(striate_graph *graph, striate_node *x, striate_conv_options options)
{
    return graph_add(graph, &striate_op_conv, options.name, &x, 1, &options);
}

striate_node *striate_max_pool(striate_graph *graph, striate_node *x, striate_window window)
{
    return graph_add(graph, &striate_op_max_pool, window.name, &x, 1, &window);
}

striate_node *striate_avg_pool(striate_graph *graph, striate_node *x, striate_window window)
{
    return graph_add(graph, &striate_op_avg_pool, window.name, &x, 1, &window);
}

striate_node *striate_gaussian_pool(striate_graph *graph, striate_node *x, striate_window window)
{
    int channels = striate_node_size(x).channels, pad_h = window.pad_h ? window.pad_h : window.pad,
        pad_w = window.pad_w ? window.pad_w : window.pad;
    return striate_conv(graph, x,
                        (striate_conv_options){ .name = window.name,
                                                .filters = channels,
                                                .groups = channels,
                                                .kernel = window.size,
                                                .kernel_h = window.size_h,
                                                .kernel_w = window.size_w,
                                                .stride = window.stride,
                                                .stride_h = window.stride_h,
                                                .stride_w = window.stride_w,
                                                .pad_top = pad_h,
                                                .pad_bottom = pad_h,
                                                .pad_left = pad_w,
                                                .pad_right = pad_w,
                                                .no_bias = 1,
                                                .mode = window.mode,
                                                .init = STRIATE_INIT_BLUR,
                                                .frozen = 1 });
}

striate_node *striate_subsample(striate_graph *graph, striate_node *x, striate_window window)
{
    return graph_add(graph, &striate_op_subsample, window.name, &x, 1, &window);
}

striate_node *striate_upsample(striate_graph *graph, striate_node *x, striate_upsample_options options)
{
    return graph_add(graph, &striate_op_upsample, options.name, &x, 1, &options);
}

striate_node *striate_max_unpool(striate_graph *graph, striate_node *x, striate_node *image, striate_window window)
{
    return graph_add(graph, &striate_op_max_unpool, window.name, (striate_node *[]){ x, image }, 2, &window);
}

striate_node *striate_prob_max_pool(striate_graph *graph, striate_node *x, striate_window window)
{
    return graph_add(graph, &striate_op_prob_max_pool, window.name, &x, 1, &window);
}

striate_node *striate_s_cells(striate_graph *graph, striate_node *e, striate_node *q, striate_cell_options options)
{
    return graph_add(graph, &striate_op_s_cells, options.name, (striate_node *[]){ e, q }, 2, &options);
}

striate_node *striate_c_cells(striate_graph *graph, striate_node *e, striate_cell_options options)
{
    return graph_add(graph, &striate_op_c_cells, options.name, &e, 1, &options);
}

striate_node *striate_global_max_pool(striate_graph *graph, striate_node *x)
{
    return unary(graph, &striate_op_global_max_pool, x);
}

striate_node *striate_global_avg_pool(striate_graph *graph, striate_node *x)
{
    return unary(graph, &striate_op_global_avg_pool, x);
}

striate_node *striate_adaptive_avg_pool(striate_graph *graph, striate_node *x, striate_adaptive_options options)
{
    return graph_add(graph, &striate_op_adaptive_avg_pool, options.name, &x, 1, &options);
}

striate_node *striate_dense(striate_graph *graph, striate_node *x, striate_dense_options options)
{
    return graph_add(graph, &striate_op_dense, options.name, &x, 1, &options);
}

striate_node *striate_flatten(striate_graph *graph, striate_node *x)
{
    return unary(graph, &striate_op_flatten, x);
}

striate_node *striate_relu(striate_graph *graph, striate_node *x)
{
    return unary(graph, &striate_op_relu, x);
}

striate_node *striate_sigmoid(striate_graph *graph, striate_node *x)
{
    return unary(graph, &striate_op_sigmoid, x);
}

striate_node *striate_tanh(striate_graph *graph, striate_node *x)
{
    return unary(graph, &striate_op_tanh, x);
}

striate_node *striate_scaled_tanh(striate_graph *graph, striate_node *x)
{
    return unary(graph, &striate_op_scaled_tanh, x);
}

striate_node *striate_leaky_relu(striate_graph *graph, striate_node *x, striate_leaky_relu_options options)
{
    return graph_add(graph, &striate_op_leaky_relu, options.name, &x, 1, &options);
}

striate_node *striate_abs(striate_graph *graph, striate_node *x)
{
    return unary(graph, &striate_op_abs, x);
}

striate_node *striate_sign(striate_graph *graph, striate_node *x)
{
    return unary(graph, &striate_op_sign, x);
}

striate_node *striate_dropout(striate_graph *graph, striate_node *x, striate_dropout_options options)
{
    return graph_add(graph, &striate_op_dropout, options.name, &x, 1, &options);
}

striate_node *striate_add(striate_graph *graph, striate_node *a, striate_node *b)
{
    return graph_add(graph, &striate_op_add, NULL, (striate_node *[]){ a, b }, 2, NULL);
}

striate_node *striate_scaled_add(striate_graph *graph, striate_node *a, striate_node *b, striate_scaled_add_options options)
{
    return graph_add(graph, &striate_op_scaled_add, options.name, (striate_node *[]){ a, b }, 2, &options);
}

striate_node *striate_mul(striate_graph *graph, striate_node *a, striate_node *b)
{
    return graph_add(graph, &striate_op_mul, NULL, (striate_node *[]){ a, b }, 2, NULL);
}

striate_node *striate_gate(striate_graph *graph, striate_node *t, striate_node *h, striate_node *x)
{
    return graph_add(graph, &striate_op_gate, NULL, (striate_node *[]){ t, h, x }, 3, NULL);
}

striate_node *striate_average(striate_graph *graph, striate_node *const *inputs, int count, striate_average_options options)
{
    return graph_add(graph, &striate_op_average, options.name, inputs, count, &options);
}

striate_node *striate_shortcut(striate_graph *graph, striate_node *x, striate_shortcut_options options)
{
    return graph_add(graph, &striate_op_shortcut, options.name, &x, 1, &options);
}

striate_node *striate_concat(striate_graph *graph, striate_node *const *inputs, int count)
{
    return graph_add(graph, &striate_op_concat, NULL, inputs, count, NULL);
}

striate_node *striate_batch_norm(striate_graph *graph, striate_node *x, striate_norm_options options)
{
    return graph_add(graph, &striate_op_batch_norm, options.name, &x, 1, &options);
}

striate_node *striate_lrn(striate_graph *graph, striate_node *x, striate_lrn_options options)
{
    return graph_add(graph, &striate_op_lrn, options.name, &x, 1, &options);
}

striate_node *striate_softmax(striate_graph *graph, striate_node *x)
{
    return unary(graph, &striate_op_softmax, x);
}

striate_node *striate_cross_entropy(striate_graph *graph, striate_node *logits, striate_loss_options options)
{
    return graph_add(graph, &striate_op_cross_entropy, options.name, &logits, 1, &options);
}

striate_node *striate_rbf(striate_graph *graph, striate_node *x, striate_rbf_options options)
{
    return graph_add(graph, &striate_op_rbf, options.name, &x, 1, &options);
}

striate_node *striate_squared_error(striate_graph *graph, striate_node *outputs, striate_squared_error_options options)
{
    return graph_add(graph, &striate_op_squared_error, options.name, &outputs, 1, &options);
}

striate_node *striate_logistic(striate_graph *graph, striate_node *outputs, striate_logistic_options options)
{
    return graph_add(graph, &striate_op_logistic, options.name, &outputs, 1, &options);
}

striate_node *striate_rbf_loss(striate_graph *graph, striate_node *outputs, striate_rbf_loss_options options)
{
    return graph_add(graph, &striate_op_rbf_loss, options.name, &outputs, 1, &options);
}
