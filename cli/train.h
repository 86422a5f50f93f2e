// train.h - the options of `striate train`, and what they say to the library.
#ifndef CLI_TRAIN_H
#define CLI_TRAIN_H

#include "cli.h"

#include <limits.h>

// The options of `striate train`.
struct train_arguments {
    const char *model, *data, *out, *resume, *recipe;
    int epochs, batch_size, accumulate, opt, nesterov, schedule, step_size, save_steps, limit, threads, overwrite, exact,
        skip_bad, recompute, tensorboard;
    int warmup_method, plateau, patience, ema, keep, on_nan;
    float lr, momentum, weight_decay, beta1, beta2, eps, trust, clip_norm, clip_value, gamma, power, lr_min, warmup,
        warmup_decay, smoothing, ema_decay, val_split;
    struct floats norm_weight_decay, bias_weight_decay; // count 0: not given
    const char *lr_scale, *weights, *allow_missing, *freeze;
    struct ints milestones;
    uint64_t seed;
    struct input_arguments input;
    struct augment_arguments augment;
};

extern const struct option train_options[];

// The arguments of the command line; of a run that is resumed those of its args.json, and what the command line says on top. *json holds texts
// that `a` points to, `out` the folder where none was named.
int train_arguments_read(struct train_arguments *a, json_t **json, char out[PATH_MAX], int argc, char **argv);
// They as the text of args.json, with paths that hold anywhere; free() releases it. NULL: out of memory.
char *train_arguments_json(const struct train_arguments *a);
// They as the library takes them.
striate_training train_arguments_training(const struct train_arguments *a);
// Complains about what does not go together, but for the run folder.
int train_arguments_check(const struct train_arguments *a, const char *verb);

// What a training is made of.
struct train_parts {
    struct train_arguments *a;
    striate_data *all, *test, *train_part, *held_part;
    const striate_data *train, *validation; // two of the above
    const char *validates_on;
    striate_model *model;
    struct totals totals;
    striate_preprocessing how;
    char changed[96]; // how the network differs from the published one
};
// Opens the data and makes the model; measured mean and std become arguments. Call train_parts_close also after a failure.
int train_parts_open(struct train_parts *parts, struct train_arguments *a);
void train_parts_close(struct train_parts *parts);
// Gives the model the weights that a training begins with; `note` is told which of a file's are made anew.
int train_parts_begin(const struct train_parts *parts, void (*note)(void *user, const char *sentence));

// ---- cmd_recipe.c: trainings known by name, recipes.def

const char *recipe_name(int index); // NULL past the last
// Sets the options of a verb that has those of train to their presets, and then to what the recipe says; complains about an unknown one.
int recipe_read(const struct usage *usage, void *arguments, const char *name);

#endif
