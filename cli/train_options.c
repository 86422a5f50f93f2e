// train_options.c - the options of `striate train`: read, checked, kept as args.json, and told to the library.
#include "train.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(struct train_arguments, field)
const struct option train_options[] = {
    { "recipe", OPTION_TEXT, AT(recipe), "RECIPE",
      .doc = "train as published: 'striate recipe' lists how; options beside it come on top" },
    { "model", OPTION_TEXT, AT(model), "NAME|FILE.net",
      .doc = "a network of the zoo, given the data's classes and channels, or a text network, which must fit the data" },
    { "data", OPTION_TEXT, AT(data), "DIR", .doc = "the data set; 'striate data DIR' shows what it holds" },
    { "out", OPTION_TEXT, AT(out), "RUN",
      .doc = "folder for the results; else the first of runs/MODEL-1, runs/MODEL-2, ... that is free, or runs/RECIPE-1" },
    { "resume", OPTION_TEXT, AT(resume), "RUN", .doc = "go on from RUN/last.safetensors, with the options of RUN/args.json" },
    { "overwrite", OPTION_FLAG, AT(overwrite), NULL, .doc = "let --out be a folder that holds a run, which is lost" },
    { "weights", OPTION_TEXT, AT(weights), "FILE",
      .doc =
          "begin with the weights of a .safetensors file; a last layer for another number of classes is made anew, and a model "
          "file says how pixels become input, unless options do" },
    { "allow-missing", OPTION_TEXT, AT(allow_missing), "GLOB,...",
      .doc = "--weights: these parameters may be missing or of another shape, and are made anew then, as 'fc.*'" },
    { "freeze", OPTION_TEXT, AT(freeze), "GLOB,...", .doc = "parameters that are not trained, as 'features.*'" },
    { "epochs", OPTION_INT, AT(epochs), "N", .doc = "times that every image is seen", .preset = "10", .low = 1, .high = 1e6 },
    { "batch-size", OPTION_INT, AT(batch_size), "N|auto", .doc = "images per step; auto: as many as fit into memory",
      .preset = "64", .low = 1, .high = 65536, .zero = "auto" },
    { "accumulate", OPTION_INT, AT(accumulate), "N", .doc = "batches per step, which takes the mean of their gradients",
      .preset = "1", .low = 1, .high = 65536 },
    { "opt", OPTION_CHOICE, AT(opt), "sgd|adam|adamw|rmsprop|lars", .doc = "the optimizer", .preset = "sgd" },
    { "lr", OPTION_FLOAT, AT(lr), "X", .doc = "learning rate", .preset = "0.01", .low = 1e-12, .high = 1e6 },
    { "momentum", OPTION_FLOAT, AT(momentum), "X", .doc = "of sgd, rmsprop and lars; 0: none", .preset = "0.9", .low = 0,
      .high = 0.99999 },
    { "weight-decay", OPTION_FLOAT, AT(weight_decay), "X", .doc = "times the weight, added to its gradient", .preset = "1e-4",
      .low = 0, .high = 1e3 },
    { "norm-weight-decay", OPTION_FLOATS, AT(norm_weight_decay), "X",
      .doc = "of batch normalization's weight and bias, where it is another", .low = 0, .high = 1e3 },
    { "bias-weight-decay", OPTION_FLOATS, AT(bias_weight_decay), "X", .doc = "of every bias, where it is another", .low = 0,
      .high = 1e3 },
    { "nesterov", OPTION_FLAG, AT(nesterov), NULL, .doc = "sgd with Nesterov's momentum" },
    { "beta1", OPTION_FLOAT, AT(beta1), "X", .doc = "of adam and adamw", .preset = "0.9", .low = 1e-6, .high = 0.999999 },
    { "beta2", OPTION_FLOAT, AT(beta2), "X", .doc = "of adam, adamw and rmsprop; 0.999 unless given, of rmsprop 0.9",
      .low = 1e-6, .high = 0.9999999 },
    { "eps", OPTION_FLOAT, AT(eps), "X", .doc = "of adam, adamw and rmsprop; 1e-8 unless given, of rmsprop 1", .low = 1e-30,
      .high = 1e6 },
    { "trust", OPTION_FLOAT, AT(trust), "X", .doc = "of lars", .preset = "0.001", .low = 1e-12, .high = 1e6 },
    { "clip-grad-norm", OPTION_FLOAT, AT(clip_norm), "X", .doc = "scale gradients down to this norm, that of all of them",
      .low = 1e-12, .high = 1e12 },
    { "clip-grad-value", OPTION_FLOAT, AT(clip_value), "X", .doc = "cut every value of a gradient to -X..X", .low = 1e-12,
      .high = 1e12 },
    { "lr-scale", OPTION_TEXT, AT(lr_scale), "GLOB=X,...",
      .doc = "X times the learning rate for parameters whose name matches, as 'features.*=0.1'" },
    { "lr-scheduler", OPTION_CHOICE, AT(schedule), "constant|step|multistep|inv|cosine|exponential|poly|onecycle|plateau",
      .alias = "constantlr|steplr|multisteplr|invlr|cosineannealinglr|exponentiallr|polynomiallr|onecyclelr|reducelronplateau",
      .doc = "how the learning rate falls", .preset = "cosine" },
    { "lr-step-size", OPTION_INT, AT(step_size), "N", .doc = "step: times gamma every N epochs", .preset = "30", .low = 1,
      .high = 1e6 },
    { "lr-milestones", OPTION_INTS, AT(milestones), "A,B,...", .doc = "multistep: times gamma after these epochs, at most 8",
      .low = 1, .high = 1e6 },
    { "lr-gamma", OPTION_FLOAT, AT(gamma), "X", .doc = "step, multistep, exponential, plateau: 0.1 unless given; inv: 0.0001",
      .low = 1e-12, .high = 1e6 },
    { "lr-power", OPTION_FLOAT, AT(power), "X",
      .doc = "inv: lr (1 + gamma t)^-power after t steps, 0.75 unless given; poly: lr (1 - t/T)^power, 1 unless given",
      .low = 1e-6, .high = 100 },
    { "lr-min", OPTION_FLOAT, AT(lr_min), "X", .doc = "cosine: where it ends", .low = 0, .high = 1e6 },
    { "lr-patience", OPTION_INT, AT(plateau), "N",
      .doc = "plateau: times gamma when more than N epochs did not better the loss on validation", .preset = "10", .low = 1,
      .high = 1e6 },
    { "lr-warmup-epochs", OPTION_FLOAT, AT(warmup), "X", .doc = "epochs over which the learning rate first rises from 0",
      .low = 0, .high = 1e6 },
    { "lr-warmup-method", OPTION_CHOICE, AT(warmup_method), "linear|constant", .doc = "rising, or at --lr-warmup-decay",
      .preset = "linear" },
    { "lr-warmup-decay", OPTION_FLOAT, AT(warmup_decay), "X",
      .doc = "part of the learning rate that the warmup begins with; 0 unless given, constant: 0.1", .low = 0, .high = 1 },
    { "label-smoothing", OPTION_FLOAT, AT(smoothing), "X", .doc = "part of each target that is spread over all classes",
      .low = 0, .high = 1 },
    { "model-ema", OPTION_FLAG, AT(ema), NULL,
      .doc = "keep an average of the weights, and validate and save that; after the warmup" },
    { "model-ema-decay", OPTION_FLOAT, AT(ema_decay), "X", .doc = "average = X average + (1 - X) weights after each step",
      .preset = "0.999", .low = 1e-6, .high = 0.9999999 },
    { "patience", OPTION_INT, AT(patience), "N", .doc = "stop after N epochs that were not the best on validation", .low = 1,
      .high = 1e6 },
    { "seed", OPTION_SEED, AT(seed), "N", .doc = "of initial weights, order and dropout; the same seed gives the same bits",
      .preset = "1" },
    { "exact", OPTION_FLAG, AT(exact), NULL,
      .doc = "convolutions add up their products one by one: no Winograd, which rounds by about 1e-5 more" },
    { "recompute", OPTION_FLAG, AT(recompute), NULL,
      .doc =
          "take less memory and more time: most values are dropped and computed again for the backward pass. The same bits" },
    { "threads", OPTION_INT, AT(threads), "N", .doc = "threads that compute; else one per core. Results do not depend on it",
      .low = 1, .high = 4096 },
    { "val-split", OPTION_FLOAT, AT(val_split), "F",
      .doc = "hold out this part of the training images for validation; else the test split serves, or a tenth where there is "
             "none",
      .low = 1e-6, .high = 0.9 },
    { "on-bad-image", OPTION_CHOICE, AT(skip_bad), "error|skip",
      .doc = "an image that cannot be read ends the training, or is named and left out, up to 1 % of them", .preset = "error" },
    { "limit", OPTION_INT, AT(limit), "N", .doc = "train on N images only, the same random ones each time", .low = 1,
      .high = INT_MAX },
    { "save-steps", OPTION_INT, AT(save_steps), "N", .doc = "save last.safetensors every N steps too, not only each epoch",
      .low = 1, .high = INT_MAX },
    { "tensorboard", OPTION_FLAG, AT(tensorboard), NULL,
      .doc = "write RUN/events.out.tfevents.* too: steps, metrics, distributions of weights and gradients, pictures" },
    { "keep", OPTION_INT, AT(keep), "N", .doc = "keep the checkpoints of the last N epochs too, as epoch-N.safetensors",
      .low = 1, .high = 1e6 },
    { "on-nan", OPTION_CHOICE, AT(on_nan), "stop|rollback",
      .doc = "where training diverges: stop, or go back to last.safetensors and halve the rate, three times at most",
      .preset = "stop" },
    { "", OPTION_GROUP, AT(input), NULL,
      .doc = "How pixels become input (mean and std are measured on the training images unless given)",
      .group = input_options },
    { "", OPTION_GROUP, AT(augment), NULL, .doc = "How training images are changed, anew in each epoch, in this order",
      .group = augment_options },
    { 0 },
};
const struct usage train_usage = { "--model NAME|FILE.net --data DIR [options]\n"
                                   "--recipe RECIPE --data DIR [options]\n--resume RUN",
                                   "Fits a network to a data set by stochastic gradient descent and validates it after each "
                                   "epoch. RUN receives model.safetensors (the best "
                                   "on validation), last.safetensors (all that an exact resume needs), metrics.csv, "
                                   "metrics.jsonl, args.json, and, to look at, report.html and its pictures. Ctrl-C finishes "
                                   "the step, saves, and exits with 130; SIGTERM likewise, with 143. SIGHUP saves and goes on.",
                                   train_options,
                                   0,
                                   0,
                                   NULL };

// "run/name"; false if that is longer than a path can be.
static bool run_path(char path[PATH_MAX], const char *run, const char *name)
{
    return snprintf(path, PATH_MAX, "%s/%s", run, name) < PATH_MAX;
}

static bool holds_run(const char *run)
{
    char path[PATH_MAX];
    return run_path(path, run, "last.safetensors") && !access(path, F_OK);
}

// runs/MODEL-N, the first that is free.
static void choose_out(struct train_arguments *a, char path[PATH_MAX])
{
    const char *base = a->recipe ? a->recipe : strrchr(a->model, '/') ? strrchr(a->model, '/') + 1 : a->model;
    int length = (int)(strrchr(base, '.') ? (size_t)(strrchr(base, '.') - base) : strlen(base));
    int n = 1;
    do snprintf(path, PATH_MAX, "runs/%.*s-%d", length, base, n++);
    while (!access(path, F_OK));
    a->out = path;
}

char *train_arguments_json(const struct train_arguments *a)
{
    struct train_arguments full = *a;
    char data[PATH_MAX], model[PATH_MAX], weights[PATH_MAX];
    if (realpath(a->data, data)) full.data = data;
    if (!is_zoo_name(a->model) && realpath(a->model, model)) full.model = model;
    if (a->weights && realpath(a->weights, weights)) full.weights = weights;
    full.resume = full.out = NULL;
    json_t *json = options_to_json(&train_usage, &full);
    json_object_del(json, "overwrite");
    json_object_del(json, "threads");
    json_object_set_new(json, "striate", json_string(striate_version()));
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(json);
    return text;
}

// The options of a run to be resumed; those on the command line come on top.
static int read_arguments(struct train_arguments *a, json_t **json, int argc, char **argv)
{
    char path[PATH_MAX];
    const char *key, *run = a->resume;
    json_error_t error;
    if (!run_path(path, run, "args.json")) return complain(CODE_USAGE, "--resume: the name is too long");
    *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!*json && access(path, R_OK))
        return complain(CODE_BAD_INPUT, "%s: %s; --resume takes the folder of an earlier run", path, strerror(errno));
    if (!*json) return complain(CODE_BAD_INPUT, "%s, line %d: %s", path, error.line, error.text);
    memset(a, 0, sizeof *a);
    options_preset(&train_usage, a);
    if (!options_from_json(&train_usage, a, *json, &key))
        return complain(CODE_BAD_INPUT, "%s: \"%s\" has a value that --%s would not take", path, key, key);
    options_parse(&train_usage, a, argc, argv);
    if (!a->out) a->out = run;
    return CODE_OK;
}

int train_arguments_check(const struct train_arguments *a, const char *verb)
{
    if (!a->model)
        return complain(CODE_USAGE, "%s needs --model NAME|FILE.net; 'striate zoo' lists the networks known by name", verb);
    if (!a->data) return complain(CODE_USAGE, "%s needs --data DIR", verb);
    if (is_model_file(a->model))
        return complain(CODE_USAGE, "--model %s: a trained model; --model takes a name of the zoo or a text network", a->model);
    if (a->allow_missing && !a->weights) return complain(CODE_USAGE, "--allow-missing goes with --weights FILE");
    if (a->norm_weight_decay.count > 1 || a->bias_weight_decay.count > 1)
        return complain(CODE_USAGE, "--norm-weight-decay and --bias-weight-decay take one number");
    if (a->nesterov && a->opt != STRIATE_SGD) return complain(CODE_USAGE, "--nesterov is a way of --opt sgd");
    if (a->nesterov && a->momentum <= 0) return complain(CODE_USAGE, "--nesterov needs --momentum above 0");
    if (a->schedule == STRIATE_SCHEDULE_MULTISTEP && !a->milestones.count)
        return complain(CODE_USAGE, "--lr-scheduler multistep needs --lr-milestones A,B,...");
    for (int i = 1; i < a->milestones.count; i++)
        if (a->milestones.at[i] <= a->milestones.at[i - 1]) return complain(CODE_USAGE, "--lr-milestones must rise");
    return CODE_OK;
}

static int check_arguments(struct train_arguments *a, char out[PATH_MAX])
{
    if (a->resume && strcmp(a->out, a->resume))
        return complain(CODE_USAGE, "--resume goes on in its own folder; leave --out away");
    int code = train_arguments_check(a, "train");
    if (code) return code;
    if (!a->out) choose_out(a, out);
    if (!a->resume && !a->overwrite && holds_run(a->out))
        return complain(CODE_USAGE, "%s holds a run already; --resume %s goes on with it, --overwrite begins anew", a->out,
                        a->out);
    return CODE_OK;
}

int train_arguments_read(struct train_arguments *a, json_t **json, char out[PATH_MAX], int argc, char **argv)
{
    options_preset(&train_usage, a);
    options_parse(&train_usage, a, argc, argv);
    if (a->resume && a->recipe)
        return complain(CODE_USAGE, "--recipe begins a training; --resume goes on with the options that it has");
    int code = a->resume ? read_arguments(a, json, argc, argv) : a->recipe ? recipe_read(&train_usage, a, a->recipe) : CODE_OK;
    if (!code && a->recipe && !a->resume) options_parse(&train_usage, a, argc, argv);
    return code ? code : check_arguments(a, out);
}

// As striate_optimizer_options has it: 0 where it was not given, below 0 where it was given as 0.
static float decay_of(const struct floats *given)
{
    return !given->count ? 0 : given->at[0] > 0 ? given->at[0] : -1;
}

striate_training train_arguments_training(const struct train_arguments *a)
{
    striate_training how = { .epochs = a->epochs,
                             .batch_size = a->batch_size,
                             .learning_rate = a->lr,
                             .accumulate = a->accumulate,
                             .optimizer = { .rule = (striate_rule)a->opt,
                                            .momentum = a->momentum,
                                            .weight_decay = a->weight_decay,
                                            .norm_weight_decay = decay_of(&a->norm_weight_decay),
                                            .bias_weight_decay = decay_of(&a->bias_weight_decay),
                                            .nesterov = a->nesterov,
                                            .beta1 = a->beta1,
                                            .beta2 = a->beta2,
                                            .eps = a->eps,
                                            .trust = a->trust,
                                            .clip_norm = a->clip_norm,
                                            .clip_value = a->clip_value,
                                            .lr_scale = a->lr_scale },
                             .schedule = (striate_schedule)a->schedule,
                             .step_epochs = a->step_size,
                             .gamma = a->gamma,
                             .power = a->power,
                             .lr_min = a->lr_min,
                             .plateau_epochs = a->plateau,
                             .warmup_epochs = a->warmup,
                             .warmup_constant = a->warmup_method,
                             .warmup_factor = a->warmup_decay,
                             .label_smoothing = a->smoothing,
                             .ema_decay = a->ema ? a->ema_decay : 0,
                             .patience = a->patience,
                             .weights = a->weights,
                             .allow_missing = a->allow_missing,
                             .freeze = a->freeze,
                             .seed = a->seed,
                             .exact = a->exact,
                             .recompute = a->recompute,
                             .out = a->out,
                             .resume = a->resume != NULL,
                             .overwrite = a->overwrite,
                             .keep = a->keep,
                             .rollbacks = a->on_nan ? 3 : 0,
                             .save_steps = a->save_steps,
                             .tensorboard = a->tensorboard,
                             .skip_bad = a->skip_bad,
                             .augmentation = augment_of(&a->augment) };
    for (int i = 0; i < a->milestones.count; i++) how.milestones[i] = a->milestones.at[i];
    return how;
}
