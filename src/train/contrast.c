// contrast.c - contrastive divergence of one step (Hinton 2002) for a convolutional restricted Boltzmann machine with probabilistic max pooling
// (Lee, Grosse, Ranganath and Ng 2009, 3.2 to 3.4). Visible units v, hidden ones h in blocks of which at most one is on, in K groups:
//
//   P(h | v)  softmax over each block and "none is on" of b_k + w_k correlated with v
//   P(v | h)  Gaussian of variance 1 about c + the sum of w_k convolved with h_k, or binary with its sigmoid
//   w  +=  rate (v0 h0 - v1 h1 - decay w),  b_k  +=  rate_b (h0 - h1 + cost (sparsity - h0)),  c  +=  rate_b (v0 - v1)
//
// where h0 and h1 are probabilities, v1 is the mean of P(v | a sample of h0), and products and sums are means over the places of the hidden
// units. The authors' code has Gaussian units of deviation 0.2; here their variance is 1 and their weights 5 times as large, so that its
// biases learn 25 times as fast as its weights. The convolution is the op itself: h from v is its forward pass, v from h its backward
// pass, and v h the gradient of its weights.
#include "train/lesson.h"

#include "base/parallel.h"
#include "base/status.h"
#include "ops/pool.h"

#include <math.h>
#include <string.h>

// Above Gaussian units, and above binary ones: rates of weights and biases, and the decay of weights, times those asked for. With more decay
// filters above binary units, whose gradients are small, stay one and the same mean.
static const struct {
    float weights, biases, decay;
} rates[] = { { 1, 25, 1 }, { 5, 5, 0.02f } };
enum { HASTY_EPOCHS = 4 }; // with a momentum of 0.5, all others with 0.9

// The first half of `seen` and `units` is of the data, the second of its reconstruction.
struct contrast {
    bool binary;
    struct pool blocks;
    struct op_args args; // of the convolution
    struct op_plan plan;
    struct tensor v, h, back, *in, *din;
    bool add;
    float *seen, *units, *drawn, *dw, *db, *c;      // drawn: a sample of the first half of units
    float *speed_w, *speed_b, *speed_c, *mean, *dc; // mean: of the units of each group
    struct random_key key;
    int count; // images of the update
};

// Takes the next floats of a block, or counts them while there is none.
static float *take(float **at, size_t *total, size_t count)
{
    count = (count + PARAM_LINE - 1) / PARAM_LINE * PARAM_LINE;
    float *taken = *at;
    if (taken) *at += count;
    *total += count;
    return taken;
}

static size_t lay_out(struct contrast *s, float *at, size_t batch)
{
    size_t total = 0, weights = 1, v = shape_count(s->v.shape), h = shape_count(s->h.shape), c = (size_t)s->v.shape.c,
           k = (size_t)s->h.shape.c;
    for (int d = 0; d < 4; d++) weights *= (size_t)s->plan.param[0].dims[d];
    s->seen = take(&at, &total, 2 * batch * v);
    s->units = take(&at, &total, 2 * batch * h);
    s->drawn = take(&at, &total, batch * h);
    s->back.data = take(&at, &total, batch * v);
    s->dw = take(&at, &total, weights);
    s->db = take(&at, &total, k);
    s->c = take(&at, &total, c);
    s->speed_w = take(&at, &total, weights);
    s->speed_b = take(&at, &total, k);
    s->speed_c = take(&at, &total, c);
    s->mean = take(&at, &total, k);
    s->dc = take(&at, &total, c);
    s->args.packed = take(&at, &total, s->plan.packed / sizeof(float));
    s->args.workspace = take(&at, &total, s->plan.workspace / sizeof(float));
    return total;
}

static striate_status begin(struct lesson *lesson)
{
    const struct striate_node *conv = lesson->conv, *below = conv->in[0];
    size_t batch = (size_t)lesson->how->batch_size;
    struct contrast *s = lesson->own = arena_take(&lesson->arena, sizeof *s);
    if (!s) FAIL(NO_MEMORY, "no memory for layer %s", conv->name);
    if (conv->plan.params < 2) FAIL(BAD_NETWORK, "%s: a Boltzmann machine needs biases; leave out no_bias", conv->name);
    TRY(plan_make_part(&lesson->plan, lesson->graph, (striate_plan_options){ .batch = lesson->how->batch_size },
                       (struct plan_part){ .end = below }, 0));
    s->binary = below->op == &striate_op_prob_max_pool;
    s->blocks = prob_max_pool_geometry(lesson->node->options, conv->plan.out);
    s->v = (struct tensor){ .n = 2 * (int)batch, .shape = below->plan.out, .ld = below->plan.out.c };
    s->h = (struct tensor){ .n = 2 * (int)batch, .shape = conv->plan.out, .ld = conv->plan.out.c };
    s->back = s->v;
    s->in = &s->v;
    s->args = (struct op_args){ .k = kernels_pick(),
                                .options = conv->options,
                                .ins = 1,
                                .in = &s->in,
                                .din = &s->din,
                                .add = &s->add,
                                .out = &s->h,
                                .batch = s->v.n,
                                .slots = (size_t)parallel_threads(),
                                .train = true };
    TRY(conv->op->shape(&s->args, &s->plan));
    for (int p = 0; p < 2; p++) s->args.param[p] = lesson->graph->weights + lesson->graph->params[conv->first_param + p].offset;
    lesson->floats = aligned_floats(lay_out(s, NULL, batch));
    if (!lesson->floats) FAIL(NO_MEMORY, "no memory for layer %s with %zu images at a time", conv->name, batch);
    lay_out(s, lesson->floats, batch);
    s->key = (struct random_key){ .seed = lesson->how->seed, .use = RANDOM_UNITS, .part = (uint32_t)conv->id };
    return STRIATE_OK;
}

static void infer_rows(void *context, size_t begin_row, size_t end)
{
    const struct contrast *s = context;
    s->args.k->block_units(&s->blocks, begin_row, end, s->h.data, s->h.ld, NULL, 0, s->h.data, s->h.ld, false);
}

// P(h | v) of the first or the second half.
static void infer(struct contrast *s, int half)
{
    s->v.n = s->h.n = s->count;
    s->v.data = s->seen + (half ? tensor_count(&s->v) : 0);
    s->h.data = s->units + (half ? tensor_count(&s->h) : 0);
    striate_op_conv.forward(&s->args);
    parallel_for((size_t)s->count * (size_t)s->blocks.p, 4, infer_rows, s);
}

static void draw_rows(void *context, size_t first_row, size_t end)
{
    enum { WORDS = 4 };
    const struct contrast *s = context;
    const struct pool *b = &s->blocks;
    size_t c = (size_t)b->c, fours = (c + WORDS - 1) / WORDS;
    for (size_t block = first_row * (size_t)b->q; block < end * (size_t)b->q; block++) {
        int q = (int)(block % (size_t)b->q), row = (int)(block / (size_t)b->q), top = row % b->p * b->size_h,
            left = q * b->size_w;
        const float *p = s->units + ((ptrdiff_t)(row / b->p * b->h + top) * b->w + left) * b->c;
        float *h = s->drawn + (p - s->units);
        uint32_t words[WORDS] = { 0 };
        for (size_t k = 0; k < c; k++) {
            if (k % WORDS == 0) random_words(s->key, (uint32_t)(block * fours + k / WORDS), words);
            float left_over = (float)(words[k % WORDS] >> 8) * (1.0f / 16777216.0f); // of the chance, until a unit takes it
            for (int y = 0; y < b->size_h && top + y < b->h; y++)
                for (int x = 0; x < b->size_w && left + x < b->w; x++) {
                    size_t at = ((size_t)y * (size_t)b->w + (size_t)x) * c + k;
                    h[at] = left_over >= 0 && left_over < p[at];
                    left_over -= p[at];
                }
        }
    }
}

// The second half of `seen`, from a sample of the units; the mean squared difference from the first.
static double reconstruct(struct contrast *s)
{
    struct tensor drawn = s->h;
    size_t count = tensor_count(&s->v), c = (size_t)s->v.shape.c;
    double sum = 0;
    parallel_for((size_t)s->count * (size_t)s->blocks.p, 4, draw_rows, s);
    drawn.data = s->drawn;
    s->back.n = s->count;
    s->din = &s->back;
    s->args.dout = &drawn;
    s->args.dparam[0] = s->args.dparam[1] = NULL;
    striate_op_conv.backward(&s->args);
    for (size_t i = 0; i < count; i++) {
        float v = s->back.data[i] + s->c[i % c];
        v = s->binary ? 1 / (1 + expf(-v)) : v;
        s->seen[count + i] = v;
        sum += (double)(v - s->seen[i]) * (double)(v - s->seen[i]);
    }
    return sum / (double)count;
}

// v0 h0 - v1 h1 in one pass: the second half of the units with a minus.
static void differ(struct contrast *s)
{
    size_t c = (size_t)s->v.shape.c, k = (size_t)s->h.shape.c, pixels = tensor_pixels(&s->v), places = tensor_pixels(&s->h);
    const struct kernels *with = s->args.k;
    with->column_sum(places, k, s->units, (ptrdiff_t)k, s->mean, false);
    with->scale(places, k, s->h.data, (ptrdiff_t)k, -1, s->h.data, (ptrdiff_t)k, false);
    s->v.data = s->seen;
    s->h.data = s->units;
    s->v.n = s->h.n = 2 * s->count;
    s->din = NULL;
    s->args.dout = &s->h;
    s->args.dparam[0] = s->dw;
    s->args.dparam[1] = s->db;
    striate_op_conv.backward(&s->args);
    for (size_t i = 0; i < pixels * c; i++) s->seen[i] -= s->seen[pixels * c + i];
    with->column_sum(pixels, c, s->seen, (ptrdiff_t)c, s->dc, false);
}

static void update(const struct lesson *lesson, struct contrast *s)
{
    const striate_pretraining *how = lesson->how;
    size_t weights = lesson->graph->params[lesson->conv->first_param].count, k = (size_t)s->h.shape.c, c = (size_t)s->v.shape.c;
    float places = (float)(s->count * s->blocks.h * s->blocks.w), pixels = (float)(s->count * s->v.shape.h * s->v.shape.w);
    float rate = how->learning_rate / (1 + 0.01f * (float)(lesson->epoch + 1));
    struct descent d = { .limit = INFINITY, .momentum = lesson->epoch < HASTY_EPOCHS ? 0.5f : 0.9f };
    d.rate = rates[s->binary].weights * rate;
    d.scale = -1 / places;
    d.decay = how->weight_decay * rates[s->binary].decay;
    s->args.k->sgd(weights, &d, s->args.param[0], s->dw, s->speed_w);
    for (size_t i = 0; i < k; i++) s->db[i] += how->sparsity_cost * (how->sparsity * places - s->mean[i]);
    d.rate = rates[s->binary].biases * rate;
    d.decay = 0;
    s->args.k->sgd(k, &d, s->args.param[1], s->db, s->speed_b);
    d.scale = -1 / pixels;
    s->args.k->sgd(c, &d, s->c, s->dc, s->speed_c);
    lesson->graph->version++;
}

// In the beginning, with weights near 0, machines reconstruct the mean of what they see (Hinton 2010, 8.1), and are on as often as they should
// be: else what all filters learn first is the mean, and they stay alike.
static void begin_biases(const struct lesson *lesson, struct contrast *s)
{
    size_t pixels = (size_t)s->count * (size_t)s->v.shape.h * (size_t)s->v.shape.w, c = (size_t)s->v.shape.c;
    float p = lesson->how->sparsity, all = p * (float)(s->blocks.size_h * s->blocks.size_w);
    for (int i = 0; i < s->h.shape.c; i++) s->args.param[1][i] = logf(p / (all < 0.5f ? 1 - all : 0.5f));
    s->args.k->mean(pixels, c, s->seen, (ptrdiff_t)c, s->c);
    for (size_t i = 0; i < c && s->binary; i++) {
        float mean = fminf(fmaxf(s->c[i], 1e-4f), 1 - 1e-4f);
        s->c[i] = logf(mean / (1 - mean));
    }
}

static void step(struct lesson *lesson, const float *images, int count)
{
    struct contrast *s = lesson->own;
    const struct striate_node *input = lesson->graph->nodes[0];
    memcpy(striate_plan_input(lesson->plan), images, (size_t)count * shape_count(input->plan.out) * sizeof *images);
    striate_forward(lesson->plan, count, lesson->step);
    s->count = count;
    s->key.place = lesson->step;
    memcpy(s->seen, striate_plan_output(lesson->plan), (size_t)count * shape_count(s->v.shape) * sizeof(float));
    if (!lesson->step) begin_biases(lesson, s);
    striate_op_conv.pack(&s->args);
    infer(s, 0);
    lesson->error += reconstruct(s) * count;
    infer(s, 1);
    differ(s);
    double sum = 0;
    for (int i = 0; i < s->h.shape.c; i++) sum += (double)s->mean[i];
    lesson->active += sum / (double)shape_count(s->h.shape);
    update(lesson, s);
}

const struct learner learner_contrast = {
    .op = &striate_op_prob_max_pool, .epochs = 100, .measures = true, .begin = begin, .step = step
};
