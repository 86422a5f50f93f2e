// seed_cells.c - how the S cells of a neocognitron organize themselves (Fukushima 1980, 3 and 4). A column is what lies at COLUMN x COLUMN places of
// all planes; columns overlap. Of each the cell with the largest output is a candidate, and of each plane the largest candidate
// is its representative: it seeds the plane, all of whose cells share weights.
//
//   a_k(x)  +=  q c(x) u(x) over what the representative sees,  b_k  +=  q / 2 sqrt(sum c u^2)
//
// with q = 1 in the first stage and 16 above; in the beginning a is small and at random and b is 0. Stages learn one after another (Fukushima 1988).
#include "train/lesson.h"

#include "base/status.h"
#include "data/batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN = 5 };

struct seeds {
    const struct tensor *x, *y; // what the planes see, and their output
    struct lesson_weights a, c; // c: of the inhibition
    float *b;
    int pad;
    int *place; // of each plane's representative, among the pixels of y; -1: none
};

static striate_status begin(struct lesson *lesson)
{
    const struct striate_node *conv = lesson->conv, *q = lesson->node->in[1];
    struct seeds *s = lesson->own = arena_take(&lesson->arena, sizeof *s);
    TRY(plan_make_part(&lesson->plan, lesson->graph, (striate_plan_options){ 0 }, (struct plan_part){ .end = lesson->node },
                       PLAN_UNSHARED));
    s->a = lesson_weights(lesson->graph, conv);
    if (q->op == &striate_op_conv) s->c = lesson_weights(lesson->graph, q);
    if (q->op != &striate_op_conv || conv->plan.params > 1 || s->c.height != s->a.height || s->c.width != s->a.width ||
        s->c.channels != s->a.channels)
        FAIL(BAD_NETWORK,
             "%s: S cells learn between a convolution without biases and one of the same window over its input's squares",
             lesson->node->name);
    s->place = arena_take(&lesson->arena, (size_t)s->a.filters * sizeof *s->place);
    if (!s->place) FAIL(NO_MEMORY, "no memory for layer %s", conv->name);
    s->x = plan_args(lesson->plan, conv)->in[0];
    s->y = plan_args(lesson->plan, lesson->node)->out;
    s->b = plan_args(lesson->plan, lesson->node)->param[0];
    s->pad = ((const striate_conv_options *)conv->options)->pad;
    size_t patch = (size_t)s->a.height * (size_t)s->a.width * (size_t)s->a.channels;
    struct random_key key = { .seed = lesson->how->seed, .use = RANDOM_UNITS, .part = (uint32_t)conv->id };
    for (size_t i = 0; i < patch * (size_t)s->a.filters; i++)
        s->a.values[i] = 1e-4f * s->c.values[i % patch] * random_uniform(key, (uint32_t)i);
    memset(s->b, 0, (size_t)s->a.filters * sizeof *s->b);
    return STRIATE_OK;
}

// The largest cell of the column at a place becomes its plane's representative, if it is larger than that.
static void look_for_seed(const struct seeds *s, int top, int left, int high, int wide)
{
    const float *y = s->y->data;
    int planes = s->a.filters, best = -1;
    for (int i = 0; i < high * wide; i++) {
        int pixel = (top + i / wide) * s->y->shape.w + left + i % wide;
        for (int k = 0; k < planes; k++)
            if (y[pixel * planes + k] > (best < 0 ? 0 : y[best])) best = pixel * planes + k;
    }
    if (best < 0) return;
    int *place = &s->place[best % planes];
    if (*place < 0 || y[best] > y[*place * planes + best % planes]) *place = best / planes;
}

static void reinforce(const struct seeds *s, int plane, float q)
{
    int top = s->place[plane] / s->y->shape.w - s->pad, left = s->place[plane] % s->y->shape.w - s->pad, c = s->a.channels;
    double squares = 0;
    float *a = s->a.values + (ptrdiff_t)plane * s->a.height * s->a.width * c;
    for (int i = 0; i < s->a.height * s->a.width; i++) {
        int row = top + i / s->a.width, column = left + i % s->a.width;
        if (row < 0 || row >= s->x->shape.h || column < 0 || column >= s->x->shape.w) continue;
        const float *u = s->x->data + ((ptrdiff_t)row * s->x->shape.w + column) * c;
        for (int j = 0; j < c; j++) {
            float seen = s->c.values[i * c + j] * u[j];
            a[i * c + j] += q * seen;
            squares += (double)seen * (double)u[j];
        }
    }
    s->b[plane] += q / 2 * (float)sqrt(squares);
}

static void learn(struct lesson *lesson, const float *image)
{
    struct seeds *s = lesson->own;
    int high = s->y->shape.h < COLUMN ? s->y->shape.h : COLUMN, wide = s->y->shape.w < COLUMN ? s->y->shape.w : COLUMN;
    size_t cells = shape_count(s->y->shape), on = 0;
    memcpy(striate_plan_input(lesson->plan), image, shape_count(lesson->graph->nodes[0]->plan.out) * sizeof *image);
    striate_forward(lesson->plan, 1, lesson->step);
    for (int k = 0; k < s->a.filters; k++) s->place[k] = -1;
    for (int top = 0; top <= s->y->shape.h - high; top++)
        for (int left = 0; left <= s->y->shape.w - wide; left++) look_for_seed(s, top, left, high, wide);
    for (int k = 0; k < s->a.filters; k++)
        if (s->place[k] >= 0) reinforce(s, k, lesson->stage ? 16 : 1);
    for (size_t i = 0; i < cells; i++) on += s->y->data[i] > 0;
    lesson->active += (double)on / (double)cells;
    lesson->graph->version++;
}

static void step(struct lesson *lesson, const float *images, int count)
{
    size_t values = shape_count(lesson->graph->nodes[0]->plan.out);
    for (int i = 0; i < count; i++) learn(lesson, images + (size_t)i * values);
}

const struct learner learner_seed_cells = {
    .op = &striate_op_s_cells, .epochs = 20, .padded = true, .begin = begin, .step = step
};

// ---- names ----

// What the channels do for each class: the sums of their values, and how many images there were.
struct answers {
    int classes, channels;
    double *sums, *images; // [classes][channels], [classes]
};

static striate_status listen(struct answers *all, striate_plan *plan, struct batches *batches)
{
    struct batch batch;
    TRY(batches_start(batches, 0, 0));
    for (;;) {
        TRY(batches_next(&batch, batches));
        if (!batch.images) return STRIATE_OK;
        memcpy(striate_plan_input(plan), batch.x, shape_count(plan->graph->nodes[0]->plan.out) * sizeof *batch.x);
        striate_forward(plan, 1, 0);
        all->images[batch.labels[0]]++;
        for (int i = 0; i < all->channels; i++)
            all->sums[batch.labels[0] * all->channels + i] += (double)striate_plan_output(plan)[i];
    }
}

static void name(float *weights, const struct answers *all)
{
    for (int k = 0; k < all->channels; k++) {
        int best = 0;
        double most = 0;
        for (int c = 0; c < all->classes; c++) {
            double mean = all->images[c] > 0 ? all->sums[c * all->channels + k] / all->images[c] : 0;
            if (mean > most) best = c;
            if (mean > most) most = mean;
        }
        for (int c = 0; c < all->classes; c++) weights[c * all->channels + k] = c == best && most > 0;
    }
}

striate_status seed_cells_name(striate_graph *graph, const striate_data *data, const striate_preprocessing *preprocessing)
{
    const struct striate_node *dense = graph->nodes[graph->count - 1], *cells = dense->ins ? dense->in[0] : NULL;
    int classes = striate_data_about(data).classes;
    if (!cells || dense->op != &striate_op_dense || cells->op != &striate_op_c_cells || dense->plan.out.c != classes)
        return STRIATE_OK;
    striate_plan *plan = NULL;
    struct batches *batches = NULL;
    struct answers all = { classes, (int)shape_count(cells->plan.out), NULL, NULL };
    all.sums = calloc((size_t)classes * ((size_t)all.channels + 1), sizeof *all.sums);
    if (!all.sums) FAIL(NO_MEMORY, "no memory for %d classes", classes);
    all.images = all.sums + (size_t)classes * (size_t)all.channels;
    striate_status status = plan_make_part(&plan, graph, (striate_plan_options){ 0 }, (struct plan_part){ .end = cells }, 0);
    if (!status)
        status =
            batches_open(&batches, &(struct batch_options){ .data = data, .preprocessing = preprocessing, .batch_size = 1 });
    if (!status) status = listen(&all, plan, batches);
    if (!status) name(lesson_weights(graph, dense).values, &all);
    graph->version++;
    batches_close(batches);
    striate_plan_free(plan);
    free(all.sums);
    return status;
}
