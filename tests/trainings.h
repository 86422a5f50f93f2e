// trainings.h - trainings in processes of their own, which may be killed, lose their rights or their disk space, and what they leave.
//
// Two tasks: a tiny network on 8x8 images of 3 classes, five steps an epoch, the last one of 6 images; and LeNet on noise with labels that
// nothing but memory can tell. Without options a training takes EPOCHS epochs of batches of BATCH images.
#ifndef TRAININGS_H
#define TRAININGS_H

#include "base/file.h"
#include "striate.h"

#include <stdbool.h>
#include <sys/types.h>

enum { TRAIN = 70, VALIDATION = 20, BATCH = 16, EPOCHS = 5, STEPS = 25 };

struct job {
    striate_training training;
    const char *network; // text; NULL: the tiny one
    bool lenet, no_validation;
    int images, threads;      // 0: TRAIN; 1
    int resize;               // of the preprocessing
    int64_t kill_at, stop_at; // this step ends in SIGKILL; after this step the caller asks to stop, at -1 before the first
    int64_t snapshot_at;      // after this step it asks to save
    long disk;                // bytes that a file may have; 0: any number
    bool no_rights;           // runs as nobody
    bool rival;               // in its second step another training wants the folder
};

extern struct report { // what the last training said
    char sentence[1024];
    striate_epoch last;
    int64_t steps;
    char note[1024]; // the last one
    int notes;
} * report;

pid_t training_start(const struct job *job);
// Its status, or minus the signal that ended it.
int training_finish(pid_t child);
// Runs a training that must end with this status and a sentence that holds these words; NULL: any.
void expect(const struct job *job, int status, const char *words);

// The folder of a training that nothing disturbed.
const char *straight(void);

// Paths live until the group ends, and so does what is in the folder that holds all the others.
int trainings_begin(void **state);
int trainings_end(void **state);
const char *in(const char *folder, const char *name);
const char *fresh(const char *name); // a folder that is not there yet

struct bytes slurp(const char *path);
void put(const char *path, const void *data, size_t size);
bool same(const char *path, const char *other);

void expect_text(const char *path, const char *words);
void expect_same_run(const char *folder, const char *other); // the same model.safetensors and last.safetensors
void expect_tidy(const char *folder);                        // nothing in it but whole files of a run
void expect_rows(const char *folder, int epochs);            // its metrics have one row for each of the epochs 1..epochs

#endif
