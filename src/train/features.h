// features.h - what the frozen part of a network makes of images: computed once, where every step would compute the same.
#ifndef FEATURES_H
#define FEATURES_H

#include "data/batch.h"
#include "train/model.h"
#include "train/settings.h"

// The trained part of a model, for inference, and what it is fed with.
struct head {
    striate_plan *plan;
    struct ready ready; // of every image of the data
};

// The last node of the frozen part, if what it makes of all images is kept: nothing random comes before it, every image is there and never
// changed at random, and all of it takes no more than half of the memory there is. NULL: not. Results do not depend on it.
const struct striate_node *features_border(const striate_model *model, const struct settings *settings);
size_t features_bytes(const struct striate_node *border, const struct settings *settings);

// features[images][values] of the value of `border`, by the steps that training takes or by those of inference. on_batch: called with how many
// images are done; a failure ends it.
struct features_job {
    striate_model *model;
    const struct striate_node *border;
    const striate_data *data;
    bool train;
    int batch, exact;
    striate_status (*on_batch)(void *user, int done);
    void *user;
};
striate_status features_make(float *features, const struct features_job *job);

// As striate_evaluate, by the head alone; NULL: by the model. options.batch_size is the head's.
striate_status evaluate_head(striate_evaluation **evaluation, striate_model *model, const striate_data *data,
                             striate_evaluate_options options, const struct head *head);

#endif
