// model.h - a network with what is needed to use it: weights, class names, preprocessing, and plans to run it.
#ifndef MODEL_H
#define MODEL_H

#include "base/arena.h"
#include "formats/safetensors.h"

#include <stdbool.h>

struct striate_model {
    striate_graph *graph;
    striate_preprocessing preprocessing; // defaults filled in
    int classes;
    const char **names;
    bool probabilities; // the network ends in a softmax
    bool exact;         // unless an evaluation wants it so anyway
    striate_crops crops;
    struct arena arena; // the names
    struct model_plan { // for inference: one of a single image, one of the last batch size asked for
        striate_plan *plan;
        int batch;
        bool exact;
    } plans[2];
};

// An inference plan for `batch` images, compiled at its first use and kept.
striate_status model_plan(striate_plan **plan, striate_model *model, int batch, bool exact);

// Fails where a class of the data is another class of the model: the same names in another order.
striate_status model_check_order(const struct striate_model *model, const striate_data *data);

// What the model looks at of an image: so many views by this preprocessing.
int model_views(const struct striate_model *model);
striate_preprocessing model_look(const struct striate_model *model);
// outputs[classes] of an image, from those of its views: where there are several, the log of their mean probabilities (or these themselves where
// the network ends in a softmax).
void model_merge(float *outputs, const struct striate_model *model, const float *views);

// A model from an open file, all of which may be untrusted.
striate_status model_from_file(striate_model **model, const struct safetensors *file);

// Whether the file's network, class names and preprocessing are the model's; the failure names the first that is not.
striate_status model_check_same(const striate_model *model, const struct safetensors *file);

// Writes the model file; more entries (their names begin with WEIGHTS_OWN) and notes follow the model's own.
striate_status model_write(const striate_model *model, const char *path, const struct safetensors_entry *entries, int count,
                           const struct safetensors_note *notes, int note_count);

// -log of the label's probability: by the softmax of the outputs, unless the network has taken it.
double model_loss(const striate_model *model, const float *outputs, int label);

#endif
