// session.h - what a training works with, and one step of it.
#ifndef SESSION_H
#define SESSION_H

#include "data/batch.h"
#include "graph/update.h"
#include "train/board.h"
#include "train/checkpoint.h"
#include "train/features.h"
#include "train/model.h"

struct session {
    struct settings settings;
    striate_model *model;
    striate_graph *graph; // the model's
    const striate_data *data, *validation;
    striate_plan *plan;
    striate_optimizer *optimizer;
    struct block blocks[RULE_STATES + 2]; // beside the weights all that a checkpoint holds
    float *average;                       // of the weights and running statistics; NULL: not kept
    struct batches *batches;
    const struct striate_node *border; // the last node of the frozen part, if that is computed once; else NULL
    float *features;                   // of the images of data, then of validation
    struct head head;                  // for validation
    struct run_folder folder;          // where training.out is not NULL
    struct events *events;             // where TensorBoard is wanted
    struct progress progress;
    int64_t steps_per_epoch;
    double seconds;                 // this process spent on the epoch under way
    int64_t begun_at;               // the image of the epoch that this process began with
    striate_evaluation *evaluation; // the last on validation
    double drawn, drawing;          // when the folder's pictures were, by the clock, and how long that took
};

// Makes everything but the folder, for the model and data that are in it; call session_close also after a failure.
striate_status session_open(struct session *s, const striate_training *training);
void session_close(struct session *s);

// Once the weights are there: computes what the frozen part makes of all images, where that is done once.
striate_status session_prepare(struct session *s);

// The rate of a step.
double session_rate(const struct session *s, int64_t step);
// Images of the epoch so far that took part.
double session_images(const struct session *s);
// Tells the caller why images are left out. session: a struct session.
void session_bad(void *session, const char *sentences);
// Forward and backward of the batches of a step, and the update.
striate_status session_step(struct session *s);

// Begins the average of weights anew with what they are. And exchanges the two, if there is an average.
void session_begin_average(struct session *s);
void session_exchange(struct session *s);

#endif
