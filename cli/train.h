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

// The arguments of the command line; of a run that is resumed those of its args.json, and what the command line says on top. *json holds texts
// that `a` points to, `out` the folder where none was named.
int train_arguments_read(struct train_arguments *a, json_t **json, char out[PATH_MAX], int argc, char **argv);
// They as the text of args.json, with paths that hold anywhere; free() releases it. NULL: out of memory.
char *train_arguments_json(const struct train_arguments *a);
// They as the library takes them.
striate_training train_arguments_training(const struct train_arguments *a);

// ---- cmd_recipe.c: trainings known by name, recipes.def

const char *recipe_name(int index); // NULL past the last
// Sets the options of a verb that has those of train to their presets, and then to what the recipe says; complains about an unknown one.
int recipe_read(const struct usage *usage, void *arguments, const char *name);

#endif
