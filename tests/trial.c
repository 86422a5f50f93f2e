// trial.c - see trial.h.
#include "trial.h"

#include "base/parallel.h"

uint32_t trial_draw(struct trial *trial) // xorshift64
{
    trial->state ^= trial->state << 13;
    trial->state ^= trial->state >> 7;
    trial->state ^= trial->state << 17;
    return (uint32_t)(trial->state >> 32);
}

int trial_between(struct trial *trial, int low, int high)
{
    return low + (int)(trial_draw(trial) % (uint32_t)(high - low + 1));
}

void *trial_take(struct trial *trial, size_t bytes)
{
    void *block = calloc(bytes ? bytes : 1, 1);
    if (!block || trial->block_count == TRIAL_BLOCKS) abort();
    return trial->blocks[trial->block_count++] = block;
}

void trial_free(struct trial *trial)
{
    while (trial->block_count) free(trial->blocks[--trial->block_count]);
}

// A tensor of NaN, now and then with gaps; the last pixel ends where the memory ends.
static struct tensor make_tensor(struct trial *trial, int n, struct shape shape, bool gaps)
{
    struct tensor t = { .n = n, .shape = shape, .ld = shape.c + (gaps ? trial_between(trial, 1, 5) : 0) };
    size_t count = (tensor_pixels(&t) - 1) * (size_t)t.ld + (size_t)shape.c;
    t.data = trial_take(trial, count * sizeof *t.data);
    for (size_t i = 0; i < count; i++) t.data[i] = NAN;
    return t;
}

static float *value_at(const struct tensor *t, size_t i)
{
    return t->data + (ptrdiff_t)(i / (size_t)t->shape.c) * t->ld + (ptrdiff_t)(i % (size_t)t->shape.c);
}

void trial_fill(struct trial *trial, const struct tensor *t)
{
    size_t count = tensor_count(t);
    for (size_t i = 0; i < count; i++)
        *value_at(t, i) =
            trial->smooth ? (double)trial_draw(trial) / 1073741824.0 - 2 : 0.1 * ((double)i + 0.25 - (double)count / 2);
    for (size_t i = count; i > 1 && !trial->smooth; i--) {
        float *a = value_at(t, i - 1), *b = value_at(t, trial_draw(trial) % i), keep = *a;
        *a = *b;
        *b = keep;
    }
}

static float *make_values(struct trial *trial, size_t count)
{
    float *values = trial_take(trial, count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = trial_between(trial, 50, 150) / 100.0 * (trial_draw(trial) % 2 ? 1 : -1);
    return values;
}

static void complete_options(struct trial *trial)
{
    for (const struct attribute *a = trial->op->attributes; a && a->name; a++) {
        void *field = (char *)&trial->options + a->offset;
        if (a->type == ATTRIBUTE_TEXT) continue;
        if (a->type == ATTRIBUTE_FLOAT && *(float *)field == 0) *(float *)field = a->value;
        if (a->type != ATTRIBUTE_FLOAT && *(int *)field == 0) *(int *)field = (int)a->value;
    }
}

bool trial_prepare(struct trial *trial)
{
    complete_options(trial);
    for (int i = 0; i < trial->ins; i++) {
        trial->in[i] = (struct tensor){ .n = trial->n, .shape = trial->x[i], .ld = trial->x[i].c };
        trial->ins_at[i] = &trial->in[i];
    }
    trial->args = (struct op_args){ .k = kernels_pick(),
                                    .options = &trial->options,
                                    .ins = trial->ins,
                                    .in = trial->ins_at,
                                    .din = trial->dins_at,
                                    .add = trial->add,
                                    .slots = (size_t)parallel_threads(),
                                    .algorithm = trial->algorithm,
                                    .labels = trial->labels,
                                    .second = trial->second,
                                    .share = trial->share > 0 ? &trial->share : NULL,
                                    .train = true,
                                    .random = { trial->state, 3, RANDOM_DROPOUT, 1 } };
    if (trial->op->shape(&trial->args, &trial->plan)) {
        fprintf(stderr, "%s: %s\n", trial->op->name, striate_error());
        return false;
    }

    bool contiguous = trial->plan.flags & VIEW;
    for (int i = 0; i < trial->ins; i++) {
        trial->in[i] = make_tensor(trial, trial->n, trial->x[i], !contiguous && trial_draw(trial) % 2);
        trial_fill(trial, &trial->in[i]);
        trial->din[i] = make_tensor(trial, trial->n, trial->x[i], trial_draw(trial) % 2);
        trial->dins_at[i] = &trial->din[i];
        trial->add[i] = trial_draw(trial) % 2;
        if (trial->add[i]) trial_fill(trial, &trial->din[i]);
        trial->before[i] = trial_values(trial, &trial->din[i]);
    }
    trial->out = make_tensor(trial, trial->n, trial->plan.out, trial_draw(trial) % 2);
    trial->dout = make_tensor(trial, trial->n, trial->plan.out, trial_draw(trial) % 2);
    trial_fill(trial, &trial->dout);
    if (trial->plan.flags & LOSS) trial->dout.data = NULL;
    trial->args.out = &trial->out;
    trial->args.dout = &trial->dout;

    for (int i = 0; i < trial->plan.params; i++) {
        const struct op_param *param = &trial->plan.param[i];
        trial->count[i] = 1;
        for (int d = 0; d < param->rank; d++) trial->count[i] *= (size_t)param->dims[d];
        trial->args.param[i] = make_values(trial, trial->count[i]);
        bool constant = param->kind == PARAM_STATE && param->fan_in == 0;
        for (size_t j = 0; j < trial->count[i] && constant; j++) trial->args.param[i][j] = param->value;
        if (param->fill) param->fill(trial->args.param[i], param, trial->args.random);
        if (param->kind != PARAM_STATE) trial->args.dparam[i] = make_values(trial, trial->count[i]);
    }
    trial->args.saved = memset(trial_take(trial, trial->plan.saved), 0xff, trial->plan.saved);
    trial->args.packed = memset(trial_take(trial, trial->plan.packed), 0xff, trial->plan.packed);
    trial->args.workspace = memset(trial_take(trial, trial->plan.workspace), 0xff, trial->plan.workspace);
    int classes = trial->x[0].c == 1 && trial->op != op_find("cross_entropy") ? 2 : trial->x[0].c; // of one output two
    for (int i = 0; i < trial->n; i++) {
        trial->labels[i] = trial_between(trial, 0, classes - 1);
        trial->second[i] = trial_between(trial, 0, classes - 1);
    }
    return true;
}

void trial_forward(struct trial *trial)
{
    if (trial->op->pack) trial->op->pack(&trial->args);
    if (!(trial->plan.flags & VIEW)) trial->op->forward(&trial->args);
}

void trial_backward(struct trial *trial)
{
    if (!(trial->plan.flags & VIEW)) trial->op->backward(&trial->args);
}

double *trial_values(struct trial *trial, const struct tensor *t)
{
    double *values = trial_take(trial, tensor_count(t) * sizeof *values);
    for (size_t i = 0; i < tensor_count(t); i++) values[i] = *value_at(t, i);
    return values;
}

double *trial_gradient(struct trial *trial, int i)
{
    double *values = trial_values(trial, &trial->din[i]);
    for (size_t j = 0; j < tensor_count(&trial->din[i]) && trial->add[i]; j++) values[j] -= trial->before[i][j];
    return values;
}

bool trial_intact(const struct tensor *t)
{
    size_t count = (tensor_pixels(t) - 1) * (size_t)t->ld + (size_t)t->shape.c;
    for (size_t i = 0; i < count; i++)
        if (isnan(t->data[i]) != (i % (size_t)t->ld >= (size_t)t->shape.c)) return false;
    return true;
}

double trial_objective(const struct trial *trial)
{
    const struct tensor *y = &trial->out, *u = &trial->dout;
    double sum = 0;
    for (size_t i = 0; i < tensor_count(y); i++) sum += *value_at(y, i) * (u->data ? *value_at(u, i) : 1.0 / trial->n);
    return sum;
}

static uint64_t hash_values(uint64_t hash, const double *values, size_t count) // FNV-1a over words
{
    for (size_t i = 0; values && i < count; i++) {
        uint64_t word;
        memcpy(&word, &values[i], sizeof word);
        hash = (hash ^ word) * 1099511628211u;
    }
    return hash;
}

uint64_t trial_hash(struct trial *trial)
{
    uint64_t hash = hash_values(14695981039346656037u, trial_values(trial, &trial->out), tensor_count(&trial->out));
    for (int i = 0; i < trial->ins; i++)
        hash = hash_values(hash, trial_values(trial, &trial->din[i]), tensor_count(&trial->din[i]));
    for (int i = 0; i < trial->plan.params; i++) {
        hash = hash_values(hash, trial->args.param[i], trial->count[i]);
        hash = hash_values(hash, trial->args.dparam[i], trial->count[i]);
    }
    return hash;
}
