// cli.h - what the verbs share: the command table, exit codes, sentences and numbers fit to print, the progress bar.
#ifndef CLI_H
#define CLI_H

#include "options.h"

#include <striate.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv); // argv[0] is the verb; returns an exit code
    const struct usage *usage;
    const char *doc;
};
extern const struct command commands[]; // main.c; ended by a NULL name
const struct command *command_find(const char *name);
int unknown_verb(const char *verb); // complains, with a suggestion

extern const struct usage train_usage, pretrain_usage, recipe_usage, lr_find_usage, eval_usage, compare_usage, lesion_usage,
    predict_usage, summary_usage, zoo_usage, ops_usage, data_usage, bench_usage, help_usage, version_usage;
int cmd_train(int argc, char **argv);
int cmd_pretrain(int argc, char **argv);
int cmd_recipe(int argc, char **argv);
int cmd_lr_find(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_lesion(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_summary(int argc, char **argv);
int cmd_zoo(int argc, char **argv);
int cmd_ops(int argc, char **argv);
int cmd_data(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_version(int argc, char **argv);

enum exit_code { CODE_OK, CODE_FAILED, CODE_USAGE, CODE_BAD_INPUT, CODE_DIVERGED, CODE_INTERRUPTED = 130 };

// ---- say.c: sentences and numbers

// Prints striate_error() unless `status` is STRIATE_OK; the exit code that belongs to it.
int report(striate_status status);
// Prints "striate: ..." on stderr and returns `code`.
int complain(int code, const char *format, ...) STRIATE_PRINTF(2, 3);
int no_memory(void);
// Flushes stdout and returns `code`, or CODE_BAD_INPUT if something printed there was lost.
int finish(int code);

// An ANSI colour ("32": green) where `file` is a terminal that wants it, else "". "0" ends it.
const char *color(FILE *file, const char *code);
bool is_terminal(FILE *file);

struct label {
    char s[32];
};
struct label commas(int64_t n);        // 60,000
struct label bytes(double n);          // 1.7 MB
struct label clock_time(double s);     // 1:05 or 2:01:05
struct label size3(striate_size size); // 28x28x1
struct label size2(int h, int w);      // 5x5

// A name from outside, without control characters, cut to and padded to `width` columns (0: neither).
void print_name(FILE *file, const char *name, int width);
// How wide the widest of the names is, at most 24.
int names_width(const char *const *names, int count);

double seconds_now(void);

char *copy(const char *s); // for free(); NULL when memory ran out

// JSON for a number, null where it is not finite; prints and releases a document.
json_t *json_number(double x);
json_t *json_text(const char *s); // bytes that are no UTF-8 become '?'
int print_json(json_t *root);

// ---- completion.c: prints the script for a shell: 0 bash, 1 zsh, 2 fish
void completion(int shell);

// ---- progress.c: a bar on a terminal, a line every ten seconds elsewhere

struct progress {
    double started, shown; // seconds_now() of the start and of what was shown last
};
void progress_start(struct progress *p);
// fraction: of the bar; left: seconds to go, negative: unknown; the rest is text beside it.
void progress_show(struct progress *p, const char *what, double fraction, double left, const char *format, ...)
    STRIATE_PRINTF(5, 6);
void progress_clear(void);
// A striate_progress for images; user: a struct progress.
int progress_images(void *progress, int done, int all);

// ---- augment.c: how training images are changed

struct augment_arguments {
    int random_crop, crop_pad, hflip, rand_augment, rand_magnitude;
    float random_resized_crop, rotation, color_pca, random_erasing, mixup_alpha, cutmix_alpha;
    struct floats color_jitter;
};
extern const struct option augment_options[];
striate_augmentation augment_of(const struct augment_arguments *a);
// The options that are not zero, on one line: "crop-pad 4, hflip"; nothing where all are.
struct augment_text {
    char s[256];
};
struct augment_text augment_text(const struct augment_arguments *a);

// ---- source.c: where a model comes from, and what it is fed with

struct input_arguments {
    float range;
    struct floats mean, std; // count 0: not given
    int bgr, resize, pad;
};
struct model_arguments {
    const char *model, *weights;
    struct input_arguments input;
};
extern const struct option input_options[], model_options[];

// MODEL: the model file `path`, or, where it is NULL, --model and --weights. names: the classes if there are `classes` of them.
int source_model(striate_model **model, const char *path, const struct model_arguments *a, const char *const *names,
                 int classes);
// How images enter a network of this input size: as `a` says, or, where it is silent, with mean 0 and std 1.
int source_preprocessing(striate_preprocessing *how, striate_size input, const struct input_arguments *a);
// The network of a zoo name, of a text network or of a model file; *model owns the graph if it is one.
int source_graph(striate_graph **graph, striate_model **model, const char *name, striate_zoo_options options);
bool is_zoo_name(const char *name);
bool is_model_file(const char *path);

struct totals { // without what only training needs
    striate_size input, output;
    int64_t parameters, macs, flops, activation_bytes, values, connections;
};
int source_totals(struct totals *totals, const striate_graph *graph);

#endif
