// train_lenet.c - trains LeNet on a data folder through the library alone:  train_lenet DATA MODEL.safetensors [EPOCHS]
#include <striate.h>

#include <stdio.h>
#include <stdlib.h>

static striate_node *lenet(striate_graph *g, striate_data_info about)
{
    striate_node *x = striate_input(g, about.height, about.width, about.channels);
    x = striate_conv(g, x, (striate_conv_options){ .name = "conv1", .filters = 20, .kernel = 5 });
    x = striate_max_pool(g, x, (striate_window){ .size = 2, .stride = 2 });
    x = striate_conv(g, x, (striate_conv_options){ .name = "conv2", .filters = 50, .kernel = 5 });
    x = striate_max_pool(g, x, (striate_window){ .size = 2, .stride = 2 });
    x = striate_relu(g, striate_dense(g, x, (striate_dense_options){ .name = "ip1", .units = 500 }));
    return striate_dense(g, x, (striate_dense_options){ .name = "ip2", .units = about.classes });
}

static void on_epoch(void *user, const striate_epoch *e)
{
    (void)user;
    printf("epoch %d: loss %.4f, %.2f %% right on the test images, %.0f images/s\n", e->epoch, e->train_loss, 100 * e->val_top1,
           e->images_per_second);
}

int main(int argc, char **argv)
{
    if (argc < 3) return fprintf(stderr, "usage: train_lenet DATA MODEL.safetensors [EPOCHS]\n"), 2;
    striate_data *train = NULL, *test = NULL;
    striate_graph *graph = NULL;
    striate_model *model = NULL;
    striate_evaluation *result = NULL;
    striate_training training = { .epochs = argc > 3 ? atoi(argv[3]) : 3,
                                  .learning_rate = 0.02f,
                                  .optimizer.momentum = 0.9f,
                                  .schedule = STRIATE_SCHEDULE_COSINE,
                                  .on_epoch = on_epoch };

    striate_status status = striate_data_open(&train, argv[1], STRIATE_SPLIT_TRAIN);
    if (!status) status = striate_data_open(&test, argv[1], STRIATE_SPLIT_TEST);
    if (!status) status = striate_graph_new(&graph);
    if (!status) {
        striate_data_info about = striate_data_about(train);
        striate_preprocessing how = { .height = about.height, .width = about.width, .channels = about.channels };
        lenet(graph, about);
        status = striate_model_new(&model, graph, &how, about.class_names);
    }
    if (!status) status = striate_train(model, train, test, &training);
    if (!status) status = striate_evaluate(&result, model, test, (striate_evaluate_options){ 0 });
    if (!status) status = striate_model_save(model, argv[2]);
    if (status)
        fprintf(stderr, "train_lenet: %s\n", striate_error());
    else
        printf("%d of %d test images are right; the model is in %s\n", result->correct, result->images, argv[2]);

    striate_evaluation_free(result);
    striate_model_free(model);
    striate_data_close(test);
    striate_data_close(train);
    return status != STRIATE_OK;
}
