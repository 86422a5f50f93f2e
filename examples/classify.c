// classify.c - the three most probable classes of an image:  classify MODEL.safetensors IMAGE
#include <striate.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc < 3) return fprintf(stderr, "usage: classify MODEL.safetensors IMAGE\n"), 2;
    striate_model *model = NULL;
    striate_image image = { 0 };
    striate_prediction best[3] = { 0 };

    striate_status status = striate_model_open(&model, argv[1]);
    if (!status) status = striate_image_open(&image, argv[2]);
    if (!status) status = striate_predict(best, 3, model, &image);
    for (int i = 0; i < 3 && !status; i++)
        printf("%5.1f %%  %s\n", 100 * best[i].probability, striate_model_class_name(model, best[i].label));
    if (status) fprintf(stderr, "classify: %s\n", striate_error());

    striate_image_free(&image);
    striate_model_free(model);
    return status != STRIATE_OK;
}
