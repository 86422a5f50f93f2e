// lenet.c - LeNet as Caffe ships it (examples/mnist/lenet_train_test.prototxt, 2014): LeNet-5's plan with wider layers, max pooling and
// one ReLU. 431,080 parameters, 2,293,000 multiply-adds.
//
//   28x28x1 - conv 5x5, 20 - max 2/2 - conv 5x5, 50 - max 2/2 - 500 - ReLU - 10
#include "zoo/zoo.h"

striate_node *zoo_lenet(striate_graph *g, const char *name, striate_zoo_options o)
{
    (void)name;
    int classes = zoo_classes(o, 10), xavier = STRIATE_INIT_XAVIER;
    striate_node *x = zoo_input(g, o, 28, 28, 1);
    x = striate_conv(g, x, (striate_conv_options){ .name = "conv1", .filters = zoo_wide(o, 20), .kernel = 5, .init = xavier });
    x = striate_max_pool(g, x, (striate_window){ .name = "pool1", .size = 2, .stride = 2 });
    x = striate_conv(g, x, (striate_conv_options){ .name = "conv2", .filters = zoo_wide(o, 50), .kernel = 5, .init = xavier });
    x = striate_max_pool(g, x, (striate_window){ .name = "pool2", .size = 2, .stride = 2 });
    x = striate_dense(g, x, (striate_dense_options){ .name = "ip1", .units = zoo_wide(o, 500), .init = xavier });
    x = striate_relu(g, x);
    return striate_dense(g, x, (striate_dense_options){ .name = "ip2", .units = classes, .init = xavier });
}
