// predict.c - a model on one image, and what its outputs say.
#include "base/status.h"
#include "train/model.h"

#include <float.h>
#include <math.h>
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

static striate_status run(const float **outputs, striate_model *model, const striate_image *image)
{
    striate_plan *plan;
    TRY(model_plan(&plan, model, 1, false));
    TRY(striate_preprocess(striate_plan_input(plan), image, &model->preprocessing));
    striate_forward(plan, 1, 0);
    *outputs = striate_plan_output(plan);
    return STRIATE_OK;
}

striate_status striate_predict(striate_prediction *best, int topk, striate_model *model, const striate_image *image)
{
    if (topk < 1 || topk > model->classes)
        FAIL(BAD_ARGUMENT, "the best %d of %d classes cannot be told: ask for 1 to %d", topk, model->classes, model->classes);
    const float *outputs;
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
    return STRIATE_OK;
}

striate_status striate_logits(float *logits, striate_model *model, const striate_image *image)
{
    const float *outputs;
    TRY(run(&outputs, model, image));
    memcpy(logits, outputs, (size_t)model->classes * sizeof *logits);
    return STRIATE_OK;
}
