// settings.c - one table names everything that decides the outcome of a training; args.json and checkpoints are written from it.
#include "train/settings.h"

#include "base/status.h"
#include "data/augment.h"
#include "optim/optim.h"

#include <float.h>
#include <inttypes.h>
#include <string.h>

static void add_int(struct text *text, const void *value)
{
    text_add(text, "%d", *(const int *)value);
}

static void add_word(struct text *text, const void *value)
{
    text_add(text, "%" PRIu64, *(const uint64_t *)value);
}

static void add_float(struct text *text, const void *value)
{
    text_add_float(text, *(const float *)value);
}

static void add_jitter(struct text *text, const void *value)
{
    const float *list = value;
    for (int i = 0; i < 4; i++) {
        text_add(text, i ? ", " : "[");
        text_add_float(text, list[i]);
    }
    text_add(text, "]");
}

static void add_schedule(struct text *text, const void *value)
{
    static const char *const names[] = { "constant",    "step", "multistep", "inv",    "cosine",
                                         "exponential", "poly", "one_cycle", "plateau" };
    text_add_json(text, names[*(const striate_schedule *)value]);
}

static void add_rule(struct text *text, const void *value)
{
    static const char *const names[] = { "sgd", "adam", "adamw", "rmsprop", "lars" };
    text_add_json(text, names[*(const striate_rule *)value]);
}

static void add_string(struct text *text, const void *value)
{
    const char *const *string = value;
    text_add_json(text, *string ? *string : "");
}

static void add_milestones(struct text *text, const void *value)
{
    const int *list = value;
    text_add(text, "[");
    for (int i = 0; i < 8 && list[i]; i++) text_add(text, "%s%d", i ? ", " : "", list[i]);
    text_add(text, "]");
}

#define OPTIMIZER(field) offsetof(struct settings, training.optimizer.field)
static const struct setting {
    const char *name;
    size_t offset;
    void (*add)(struct text *text, const void *value);
} table[] = {
    { "epochs", offsetof(struct settings, training.epochs), add_int },
    { "batch_size", offsetof(struct settings, training.batch_size), add_int },
    { "learning_rate", offsetof(struct settings, training.learning_rate), add_float },
    { "accumulate", offsetof(struct settings, training.accumulate), add_int },
    { "optimizer", OPTIMIZER(rule), add_rule },
    { "momentum", OPTIMIZER(momentum), add_float },
    { "weight_decay", OPTIMIZER(weight_decay), add_float },
    { "norm_weight_decay", OPTIMIZER(norm_weight_decay), add_float },
    { "bias_weight_decay", OPTIMIZER(bias_weight_decay), add_float },
    { "nesterov", OPTIMIZER(nesterov), add_int },
    { "beta1", OPTIMIZER(beta1), add_float },
    { "beta2", OPTIMIZER(beta2), add_float },
    { "eps", OPTIMIZER(eps), add_float },
    { "trust", OPTIMIZER(trust), add_float },
    { "clip_norm", OPTIMIZER(clip_norm), add_float },
    { "clip_value", OPTIMIZER(clip_value), add_float },
    { "lr_scale", OPTIMIZER(lr_scale), add_string },
    { "schedule", offsetof(struct settings, training.schedule), add_schedule },
    { "step_epochs", offsetof(struct settings, training.step_epochs), add_int },
    { "milestones", offsetof(struct settings, training.milestones), add_milestones },
    { "gamma", offsetof(struct settings, training.gamma), add_float },
    { "power", offsetof(struct settings, training.power), add_float },
    { "lr_min", offsetof(struct settings, training.lr_min), add_float },
    { "plateau_epochs", offsetof(struct settings, training.plateau_epochs), add_int },
    { "warmup_epochs", offsetof(struct settings, training.warmup_epochs), add_float },
    { "warmup_constant", offsetof(struct settings, training.warmup_constant), add_int },
    { "warmup_factor", offsetof(struct settings, training.warmup_factor), add_float },
    { "label_smoothing", offsetof(struct settings, training.label_smoothing), add_float },
    { "ema_decay", offsetof(struct settings, training.ema_decay), add_float },
    { "patience", offsetof(struct settings, training.patience), add_int },
    { "rollbacks", offsetof(struct settings, training.rollbacks), add_int },
    { "seed", offsetof(struct settings, training.seed), add_word },
    { "exact", offsetof(struct settings, training.exact), add_int },
    { "random_crop", offsetof(struct settings, training.augmentation.random_crop), add_int },
    { "crop_pad", offsetof(struct settings, training.augmentation.crop_pad), add_int },
    { "random_resized_crop", offsetof(struct settings, training.augmentation.random_resized_crop), add_float },
    { "hflip", offsetof(struct settings, training.augmentation.hflip), add_int },
    { "rand_augment", offsetof(struct settings, training.augmentation.rand_augment), add_int },
    { "rand_magnitude", offsetof(struct settings, training.augmentation.rand_magnitude), add_int },
    { "color_jitter", offsetof(struct settings, training.augmentation.color_jitter), add_jitter },
    { "rotation", offsetof(struct settings, training.augmentation.rotation), add_float },
    { "color_pca", offsetof(struct settings, training.augmentation.color_pca), add_float },
    { "random_erasing", offsetof(struct settings, training.augmentation.random_erasing), add_float },
    { "skip_bad", offsetof(struct settings, training.skip_bad), add_int },
    { "mixup_alpha", offsetof(struct settings, training.augmentation.mixup_alpha), add_float },
    { "cutmix_alpha", offsetof(struct settings, training.augmentation.cutmix_alpha), add_float },
    { "freeze", offsetof(struct settings, training.freeze), add_string },
    { "images", offsetof(struct settings, images), add_int },
    { "validation_images", offsetof(struct settings, validation_images), add_int },
    { "labels", offsetof(struct settings, labels), add_word },
};

const char *settings_name(int index)
{
    return (size_t)index < sizeof table / sizeof *table ? table[index].name : NULL;
}

void settings_add_value(struct text *text, const struct settings *settings, int index)
{
    table[index].add(text, (const char *)settings + table[index].offset);
}

static striate_status check(const striate_training *t)
{
    const struct {
        const char *name;
        double value, low, high;
    } rows[] = {
        { "epochs", t->epochs, 1, 1000000 },
        { "batch_size", t->batch_size, 1, 1 << 20 },
        { "learning_rate", t->learning_rate, 0, FLT_MAX },
        { "accumulate", t->accumulate, 1, 1 << 16 },
        { "schedule", t->schedule, STRIATE_SCHEDULE_CONSTANT, STRIATE_SCHEDULE_PLATEAU },
        { "step_epochs", t->step_epochs, 1, 1000000 },
        { "gamma", t->gamma, 0, FLT_MAX },
        { "power", t->power, -FLT_MAX, FLT_MAX },
        { "lr_min", t->lr_min, 0, t->learning_rate },
        { "plateau_epochs", t->plateau_epochs, 1, 1000000 },
        { "warmup_epochs", t->warmup_epochs, 0, 1000000 },
        { "warmup_factor", t->warmup_factor, 0, 1 },
        { "label_smoothing", t->label_smoothing, 0, 1 },
        { "ema_decay", t->ema_decay, 0, 1 },
        { "patience", t->patience, 0, 1000000 },
        { "save_steps", t->save_steps, 0, 1 << 30 },
        { "keep", t->keep, 0, 1000000 },
        { "rollbacks", t->rollbacks, 0, 30 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!(rows[i].value >= rows[i].low && rows[i].value <= rows[i].high))
            FAIL(BAD_ARGUMENT, "%s is %g; it must lie between %g and %g", rows[i].name, rows[i].value, rows[i].low,
                 rows[i].high);
    for (int i = 0; i < 8 && t->milestones[i]; i++)
        if (t->milestones[i] <= (i ? t->milestones[i - 1] : 0))
            FAIL(BAD_ARGUMENT, "milestone %d is epoch %d; milestones must rise and begin at 1", i + 1, t->milestones[i]);
    return STRIATE_OK;
}

static uint64_t hash_labels(uint64_t hash, const striate_data *data, int images) // Fowler, Noll and Vo's 1a
{
    for (int i = 0; i < images; i++) hash = (hash ^ (uint64_t)striate_data_label(data, i)) * 0x100000001b3;
    return hash;
}

striate_status settings_make(struct settings *settings, const striate_training *training, const striate_data *data,
                             const striate_data *validation)
{
    striate_training t = *training;
    if (!t.epochs) t.epochs = 10;
    if (!t.batch_size) t.batch_size = 64;
    if (t.learning_rate == 0) t.learning_rate = 0.01f;
    if (!t.step_epochs) t.step_epochs = 30;
    if (t.gamma == 0) t.gamma = t.schedule == STRIATE_SCHEDULE_INV ? 0.0001f : 0.1f;
    if (t.power == 0) t.power = t.schedule == STRIATE_SCHEDULE_POLY ? 1 : 0.75f;
    if (!t.plateau_epochs) t.plateau_epochs = 10;
    t.warmup_constant = !!t.warmup_constant;
    if (t.warmup_constant && t.warmup_factor == 0) t.warmup_factor = 0.1f;
    if (!t.accumulate) t.accumulate = 1;
    if (!optim_rule((int)t.optimizer.rule)) FAIL(BAD_ARGUMENT, "there is no optimizer %d", (int)t.optimizer.rule);
    t.optimizer = optim_complete(t.optimizer);
    t.optimizer.accumulate = t.accumulate > 1;
    t.exact = !!t.exact;
    TRY(check(&t));
    static const striate_augmentation none;
    bool augmented = memcmp(&t.augmentation, &none, sizeof none) != 0;
    TRY(augment_check(&t.augmentation));
    if (t.rollbacks && !t.out) FAIL(BAD_ARGUMENT, "rollbacks need a run folder, which holds what to go back to");
    if (!validation && (t.patience || t.schedule == STRIATE_SCHEDULE_PLATEAU))
        FAIL(BAD_ARGUMENT, "%s looks at validation, and there is none", t.patience ? "patience" : "the plateau schedule");
    int images = striate_data_about(data).images, validation_images = validation ? striate_data_about(validation).images : 0;
    if (!images || (validation && !validation_images)) FAIL(BAD_ARGUMENT, "there is no image to train or to validate on");
    uint64_t labels = hash_labels(hash_labels(0xcbf29ce484222325, data, images), validation, validation_images);
    *settings = (struct settings){ t, images, validation_images, augmented, labels };
    return STRIATE_OK;
}
