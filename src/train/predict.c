// predict.c - a model on one image, and what its outputs say.
#include "base/status.h"
#include "data/image.h"
#include "data/preprocess.h"
#include "train/model.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// log sum exp, without overflow.
static double log_sum(const float *outputs, int classes)
{
    double most = outputs[0], sum = 0;
    for (int c = 1; c < classes; c++)
        if (outputs[c] > most) most = outputs[c];
    for (int c = 0; c < classes; c++) sum += exp(outputs[c] - most);
    return most + log(sum);
}

double model_loss(const striate_model *model, const float *outputs, int label)
{
    if (model->probabilities) return -log(outputs[label] < FLT_MIN ? FLT_MIN : outputs[label]);
    return log_sum(outputs, model->classes) - outputs[label];
}

void model_merge(float *outputs, const striate_model *model, const float *views)
{
    int count = model_views(model), classes = model->classes;
    if (count == 1) {
        memcpy(outputs, views, (size_t)classes * sizeof *outputs);
        return;
    }
    double shift[PREPROCESS_TEN] = { 0 };
    for (int v = 0; v < count && !model->probabilities; v++) shift[v] = log_sum(views + (ptrdiff_t)v * classes, classes);
    for (int c = 0; c < classes; c++) {
        double sum = 0;
        for (int v = 0; v < count; v++) {
            double output = views[(ptrdiff_t)v * classes + c];
            sum += model->probabilities ? output : exp(output - shift[v]);
        }
        sum /= count;
        outputs[c] = (float)(model->probabilities ? sum : log(sum < DBL_MIN ? DBL_MIN : sum));
    }
}

// outputs[classes], for free().
static striate_status run(float **outputs, striate_model *model, const striate_image *image)
{
    striate_plan *plan;
    struct preprocess ready;
    striate_preprocessing how = model_look(model);
    int views = model_views(model);
    TRY(image_check_pixels(image, "image"));
    TRY(model_plan(&plan, model, views, false));
    TRY(preprocess_begin(&ready, &how));
    TRY((views > 1 ? preprocess_ten : preprocess_image)(striate_plan_input(plan), image, &ready, "image"));
    striate_forward(plan, views, 0);
    float *merged = malloc((size_t)model->classes * sizeof *merged);
    if (!merged) FAIL(NO_MEMORY, "no memory for %d outputs", model->classes);
    model_merge(merged, model, striate_plan_output(plan));
    *outputs = merged;
    return STRIATE_OK;
}

striate_status striate_predict(striate_prediction *best, int topk, striate_model *model, const striate_image *image)
{
    if (topk < 1 || topk > model->classes)
        FAIL(BAD_ARGUMENT, "the best %d of %d classes cannot be told: ask for 1 to %d", topk, model->classes, model->classes);
    float *outputs;
    TRY(run(&outputs, model, image));
    int told = 0;
    for (int c = 0; c < model->classes; c++) { // insertion into the best so far; the lower class first where two are equal
        int place = told < topk ? told++ : topk;
        while (place > 0 && outputs[c] > outputs[best[place - 1].label]) {
            if (place < topk) best[place] = best[place - 1];
            place--;
        }
        if (place < topk) best[place].label = c;
    }
    double all = log_sum(outputs, model->classes);
    for (int i = 0; i < topk; i++) {
        float output = outputs[best[i].label];
        best[i].probability = model->probabilities ? output : (float)exp(output - all);
    }
    free(outputs);
    return STRIATE_OK;
}

striate_status striate_logits(float *logits, striate_model *model, const striate_image *image)
{
    float *outputs;
    TRY(run(&outputs, model, image));
    memcpy(logits, outputs, (size_t)model->classes * sizeof *logits);
    free(outputs);
    return STRIATE_OK;
}
