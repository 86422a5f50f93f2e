// cmd_train.c - fits a network to data.
#include "train.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct session {
    struct train_arguments a;
    struct train_parts parts;
    striate_training_memory memory;
    struct progress progress;
    double images_before; // this process's first image, counted from the run's start; -1: not yet known
    int rows;             // of the epoch table
    striate_training_step last;
    bool slow_told; // that reading images holds training up
    int64_t bad;    // images left out so far
    int best_epoch, last_epoch;
    double best;
};

static volatile sig_atomic_t stop, snapshot; // stop: the signal that asks for it

static void on_signal(int number)
{
    if (number == SIGHUP) {
        snapshot = 1;
        return;
    }
    stop = number;
    signal(number, SIG_DFL); // the second one kills
}

// ---- memory

// Batch sizes worth trying, from the smallest: 1..8, then multiples of 8.
static int batch_at(int index)
{
    return index < 8 ? index : 8 * (index - 7);
}

static bool fits(struct session *s, int batch, double room)
{
    striate_training how = train_arguments_training(&s->a);
    striate_training_memory memory;
    how.batch_size = batch;
    return !striate_training_forecast(&memory, s->parts.model, s->parts.train, s->parts.validation, &how) &&
           (double)memory.total <= room;
}

// The largest batch that fits, with some room left for others; 0: none does.
static int largest_batch(struct session *s, double available)
{
    int images = striate_data_about(s->parts.train).images, low = 0, high = 1;
    while (batch_at(high + 1) <= images && batch_at(high + 1) <= 65536) high++;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (fits(s, batch_at(middle), 0.9 * available))
            low = middle;
        else
            high = middle - 1;
    }
    return batch_at(low);
}

// Chooses the batch size where that is asked for, and refuses to begin what cannot end well.
static int check_memory(struct session *s)
{
    struct train_arguments *a = &s->a;
    size_t available = striate_memory_available();
    if (!a->batch_size && available == SIZE_MAX)
        return complain(CODE_USAGE, "--batch-size auto: this system does not say how much memory there is; give a number");
    int most = a->batch_size && fits(s, a->batch_size, (double)available) ? a->batch_size : largest_batch(s, (double)available);
    if (most && !a->batch_size) a->batch_size = most;
    striate_training how = train_arguments_training(&s->a);
    if (!a->batch_size) how.batch_size = 1;
    int code = report(striate_training_forecast(&s->memory, s->parts.model, s->parts.train, s->parts.validation, &how));
    if (code || (most && most == a->batch_size)) return code;
    char remedy[64] = "not even one image at a time fits";
    if (most) snprintf(remedy, sizeof remedy, "choose --batch-size %d, the largest that fits", most);
    return complain(CODE_FAILED, "training with batches of %d takes %s more, and %s are available; %s", how.batch_size,
                    bytes((double)s->memory.total).s, bytes((double)available).s, remedy);
}

// ---- what is shown

static int show_header(const struct session *s)
{
    const struct train_arguments *a = &s->a;
    static const char *const rules[] = { "sgd", "adam", "adamw", "rmsprop", "lars" };
    static const char *const schedules[] = { "constant",    "step", "multistep", "inv",    "cosine",
                                             "exponential", "poly", "one-cycle", "plateau" };
    striate_data_info train = striate_data_about(s->parts.train), validation = striate_data_about(s->parts.validation);
    int64_t steps = (train.images - 1) / ((int64_t)a->batch_size * a->accumulate) + 1;
    if (a->recipe) printf("recipe      %s; 'striate recipe %s' explains it\n", a->recipe, a->recipe);
    printf("network     %s%s: %s to %d classes, %s parameters, %s MACs\n", a->model, s->parts.changed,
           size3(s->parts.totals.input).s, s->parts.totals.output.channels, commas(s->parts.totals.parameters).s,
           commas(s->parts.totals.macs).s);
    printf("data        %s: %s training images (%s)\n", a->data, commas(train.images).s, train.format);
    printf("validation  %s images, %s\n", commas(validation.images).s, s->parts.validates_on);
    printf("input       pixel / 255");
    if (a->input.range != 1) printf(" * %g", (double)a->input.range);
    for (int c = 0; c < s->parts.how.channels && c < 3; c++)
        printf("%s%.4g", c ? ", " : ", minus ", (double)s->parts.how.mean[c]);
    for (int c = 0; c < s->parts.how.channels && c < 3; c++)
        printf("%s%.4g", c ? ", " : ", over ", (double)s->parts.how.std[c]);
    char batches[32] = "";
    if (a->accumulate > 1) snprintf(batches, sizeof batches, "%d x ", a->accumulate);
    printf("\ntraining    %d epoch%s of %s steps, batch %s%d, %s, lr %g %s, momentum %g%s, weight decay %g, seed %llu%s\n",
           a->epochs, a->epochs > 1 ? "s" : "", commas(steps).s, batches, a->batch_size, rules[a->opt], (double)a->lr,
           schedules[a->schedule], (double)a->momentum, a->nesterov ? " (Nesterov)" : "", (double)a->weight_decay,
           (unsigned long long)a->seed, a->exact ? ", exact" : "");
    struct augment_text augment = augment_text(&a->augment);
    if (*augment.s) printf("augment     %s\n", augment.s);
    printf("machine     %d threads, %s\n", striate_threads(a->threads), striate_isa());
    const striate_training_memory *m = &s->memory;
    printf("memory      %s: %s activations and their gradients, %s gradients and the optimizer's state, %s batches, %s "
           "validation; "
           "%s held already\n",
           bytes((double)(striate_memory_held() + m->total)).s, bytes((double)m->plan.arena).s,
           bytes((double)(m->plan.gradients + m->optimizer)).s, bytes((double)m->batches).s, bytes((double)m->validation).s,
           bytes((double)striate_memory_held()).s);
    printf("run         %s\n\n", a->out);
    fflush(stdout);
    return CODE_OK;
}

static int on_step(void *user, const striate_training_step *step)
{
    struct session *s = user;
    char what[48];
    if (!step->epoch) {
        progress_show(&s->progress, "features", (double)step->image / step->images, -1, "%s images", commas(step->image).s);
        s->progress.started = seconds_now();
        return stop ? STRIATE_STOP : STRIATE_GO_ON;
    }
    double done = (double)(step->epoch - 1) * step->images + step->image, all = (double)step->epochs * step->images;
    double elapsed = seconds_now() - s->progress.started;
    if (s->images_before < 0) s->images_before = done;
    double here = done - s->images_before;
    snprintf(what, sizeof what, "epoch %d/%d", step->epoch, step->epochs);
    progress_show(&s->progress, what, (double)step->image / step->images, here > 0 ? elapsed / here * (all - done) : -1,
                  "%s images/s  loss %.4f  top-1 %.2f %%  data %s images/s, waiting %.1f %%",
                  commas((int64_t)step->images_per_second).s, step->loss, 100 * step->top1,
                  commas((int64_t)step->prepared_per_second).s, 100 * step->waiting);
    s->last = *step;
    bool save = snapshot;
    snapshot = 0;
    return stop ? STRIATE_STOP : save ? STRIATE_SNAPSHOT : STRIATE_GO_ON;
}

static void on_bad(void *user, const char *sentences)
{
    struct session *s = user;
    progress_clear();
    for (const char *line = sentences; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        fputs("left out: ", stderr);
        fprintf(stderr, "%.*s\n", (int)strcspn(line, "\n"), line);
        s->bad++;
    }
}

// Where training waits for images more than it should, and not for a moment only.
static void tell_bottleneck(struct session *s, double seconds)
{
    const striate_training_step *step = &s->last;
    if (s->slow_told || step->waiting <= 0.05 || step->waiting * seconds < 1) return;
    s->slow_told = true;
    bool slow = step->prepared_per_second * (1 - step->waiting) < step->images_per_second;
    fprintf(stderr, "%s: training waits for images %.0f %% of its time; decoding and augmenting give %s images/s. %s\n",
            slow ? "reading images holds training up" : "the cores are too busy to read images in time", 100 * step->waiting,
            commas((int64_t)step->prepared_per_second).s,
            slow ? "Smaller files help: striate data pack DIR FOLDER --resize N"
                 : "Fewer --threads may help, or fewer other programs");
}

static void on_epoch(void *user, const striate_epoch *e)
{
    struct session *s = user;
    progress_clear();
    tell_bottleneck(s, e->seconds);
    if (!s->rows++)
        printf("%5s  %8s  %9s  %8s  %9s  %9s  %9s  %9s  %7s\n", "epoch", "loss", "top-1", "val loss", "val top-1", "val top-5",
               "lr", "images/s", "time");
    printf("%5d  %8.4f  %7.2f %%  %8.4f  %7.2f %%  %7.2f %%  %9.4g  %9s  %7s%s%s%s\n", e->epoch, e->train_loss,
           100 * e->train_top1, e->val_loss, 100 * e->val_top1, 100 * e->val_top5, e->learning_rate,
           commas((int64_t)e->images_per_second).s, clock_time(e->seconds).s, color(stdout, "32"), e->best ? "  best" : "",
           color(stdout, "0"));
    fflush(stdout);
    s->last_epoch = e->epoch;
    if (!e->best) return;
    s->best_epoch = e->epoch;
    s->best = e->val_top1;
}

static void on_note(void *user, const char *sentence)
{
    (void)user;
    progress_clear();
    printf("%s\n", sentence);
    fflush(stdout);
}

static void show_end(const struct session *s)
{
    const char *out = s->a.out;
    if (!s->rows) printf(s->a.patience ? "no epoch is left\n" : "all %d epochs are done\n", s->a.epochs);
    if (s->last_epoch && s->last_epoch < s->a.epochs)
        printf("stopped after epoch %d: %d epochs were not the best\n", s->last_epoch, s->a.patience);
    if (s->bad) printf("\nleft out  %s images that could not be read, each time they were met\n", commas(s->bad).s);
    if (s->best_epoch) printf("\nbest      epoch %d, %.2f %% top-1 on validation\n", s->best_epoch, 100 * s->best);
    printf("%smodel     %s/model.safetensors\n", s->best_epoch ? "" : "\n", out);
    printf("curves    %s/curve.png, metrics.csv, metrics.jsonl\n", out);
    printf("try next  striate eval %s/model.safetensors --data %s\n", out, s->a.data);
}

// ---- the work

static int train(struct session *s)
{
    const struct train_arguments *a = &s->a;
    char *json = train_arguments_json(a);
    if (!json) return no_memory();
    striate_training how = train_arguments_training(&s->a);
    how.arguments = json;
    how.on_step = on_step;
    how.on_epoch = on_epoch;
    how.on_bad = on_bad;
    how.on_note = on_note;
    how.user = s;
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    for (int i = 0; i < 3; i++)
        sigaction(signals[i], &(struct sigaction){ .sa_handler = on_signal, .sa_flags = SA_RESTART }, NULL);
    s->images_before = -1;
    progress_start(&s->progress);
    striate_status status = striate_train(s->parts.model, s->parts.train, s->parts.validation, &how);
    progress_clear();
    free(json);
    if (status == STRIATE_INTERRUPTED)
        return complain(128 + stop, "interrupted, and saved; to go on: striate train --resume %s", a->out);
    if (!status) show_end(s);
    return report(status);
}

int cmd_train(int argc, char **argv)
{
    struct session s = { 0 };
    json_t *json = NULL; // holds the texts of resumed arguments
    char out[PATH_MAX];
    int code = train_arguments_read(&s.a, &json, out, argc, argv);
    if (!code) {
        striate_threads(s.a.threads);
        code = train_parts_open(&s.parts, &s.a);
    }
    if (!code) code = check_memory(&s);
    if (!code) code = show_header(&s);
    if (!code) code = train(&s);
    train_parts_close(&s.parts);
    json_decref(json);
    return code;
}
