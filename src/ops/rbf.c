// rbf.c - the output layer of LeNet-5 (LeCun et al. 1998, II.B): a unit per class, whose penalty is the squared distance of x from its code; the
// output is the penalty with a minus, so that the largest is the class. Codes are +-1 and not trained.
//   shape     1x1xunits
//   forward   y_k = -sum (x_d - w_kd)^2
//   gradient  dx_d += sum over k of 2 dy_k (w_kd - x_d)      (reads x)
#include "ops/op.h"

#include "base/parallel.h"

#include <stddef.h>
#include <stdint.h>

typedef striate_rbf_options options;
enum { DIGITS, RANDOM, CLASSES = 10, ROWS = 12, COLUMNS = 7, PIXELS = ROWS * COLUMNS };

static const struct attribute attributes[] = {
    { "units", ATTRIBUTE_INT, offsetof(options, units), "outputs", .low = 1, .high = 1 << 20, .required = true },
    { "codes", ATTRIBUTE_CHOICE, offsetof(options, codes), "pictures of the digits, or at random", .choices = "digits|random" },
    { 0 },
};

// The digits side by side, a blank column between them.
static const char *const digits[ROWS] = {
    "..###.. ...##.. ..###.. ..###.. ....##. ####### ..####. ####### ..###.. ..###..",
    ".#####. ..###.. .#####. .#####. ...###. ####### .##.... ####### .#####. .#####.",
    "##...## .####.. ##...## ##...## ..####. ##..... ##..... .....## ##...## ##...##",
    "##...## ...##.. .....## .....## ..#.##. ##..... ##..... .....## ##...## ##...##",
    "##...## ...##.. .....## .....## .##.##. ##..... #####.. ....##. .##.##. ##...##",
    "##...## ...##.. ....##. ..####. .#..##. ######. ######. ....##. ..###.. .######",
    "##...## ...##.. ...##.. ..####. ##..##. .....## ##...## ...##.. .##.##. ..#####",
    "##...## ...##.. ..##... .....## ####### .....## ##...## ...##.. ##...## .....##",
    "##...## ...##.. .##.... .....## ####### .....## ##...## ..##... ##...## .....##",
    "##...## ...##.. ##..... ##...## ....##. ##...## ##...## ..##... ##...## ....##.",
    ".#####. .###### ####### .#####. ....##. .#####. .#####. .##.... .#####. ...##..",
    "..###.. .###### ####### ..###.. ....##. ..###.. ..###.. .##.... ..###.. .###...",
};

static void fill_digits(float *values, const struct op_param *param, struct random_key key)
{
    (void)param, (void)key;
    for (int i = 0; i < CLASSES * PIXELS; i++)
        values[i] = digits[i / COLUMNS % ROWS][i / PIXELS * (COLUMNS + 1) + i % COLUMNS] == '#' ? 1 : -1;
}

static void fill_random(float *values, const struct op_param *param, struct random_key key)
{
    for (int i = 0; i < param->dims[0] * param->dims[1]; i++) values[i] = random_uniform(key, (uint32_t)i) < 0.5f ? -1 : 1;
}

static striate_status shape(const struct op_args *a, struct op_plan *plan)
{
    const options *o = a->options;
    struct shape x = a->in[0]->shape;
    if (x.h != 1 || x.w != 1) FAIL(BAD_NETWORK, "the input is %dx%dx%d, not 1x1xvalues; flatten first", x.h, x.w, x.c);
    if (o->codes == DIGITS && (o->units != CLASSES || x.c != PIXELS))
        FAIL(BAD_NETWORK, "codes=digits are %d of %d values, not %d of %d; use codes=random", CLASSES, PIXELS, o->units, x.c);
    if ((double)o->units * x.c > INT32_MAX) FAIL(BAD_NETWORK, "%d units of %d values are too many", o->units, x.c);
    plan->out = (struct shape){ 1, 1, o->units, 1 };
    plan->flags = READS_INPUT;
    plan->params = 1;
    plan->param[0] =
        (struct op_param){ "weight",          PARAM_STATE, 2,
                           { o->units, x.c }, .pixels = 1, .fill = o->codes == DIGITS ? fill_digits : fill_random };
    return STRIATE_OK;
}

static void forward_images(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    int units = a->out->shape.c, values = a->in[0]->shape.c;
    for (size_t n = begin; n < end; n++) {
        const float *x = a->in[0]->data + (ptrdiff_t)n * a->in[0]->ld, *w = a->param[0];
        for (int k = 0; k < units; k++, w += values) {
            float sum = 0;
            for (int d = 0; d < values; d++) sum += (x[d] - w[d]) * (x[d] - w[d]);
            a->out->data[(ptrdiff_t)n * a->out->ld + k] = -sum;
        }
    }
}

static void forward(const struct op_args *a)
{
    parallel_for((size_t)a->out->n, 16, forward_images, (void *)(uintptr_t)a);
}

static void backward_images(void *context, size_t begin, size_t end)
{
    const struct op_args *a = context;
    int units = a->out->shape.c, values = a->in[0]->shape.c;
    for (size_t n = begin; n < end; n++) {
        const float *x = a->in[0]->data + (ptrdiff_t)n * a->in[0]->ld, *w = a->param[0];
        float *dx = a->din[0]->data + (ptrdiff_t)n * a->din[0]->ld;
        for (int d = 0; d < values && !a->add[0]; d++) dx[d] = 0;
        for (int k = 0; k < units; k++, w += values) {
            float dy = a->dout->data[(ptrdiff_t)n * a->dout->ld + k];
            for (int d = 0; d < values; d++) dx[d] += 2 * dy * (w[d] - x[d]);
        }
    }
}

static void backward(const struct op_args *a)
{
    if (a->din[0]) parallel_for((size_t)a->out->n, 16, backward_images, (void *)(uintptr_t)a);
}

static void cost(const struct op_args *a, struct op_cost *cost)
{
    int64_t macs = (int64_t)a->in[0]->shape.c * a->out->shape.c;
    *cost = (struct op_cost){ macs, .kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1 };
}

const struct op striate_op_rbf = { .name = "rbf",
                                   .doc = "minus the squared distance from each unit's code",
                                   .min_ins = 1,
                                   .max_ins = 1,
                                   .options_size = sizeof(options),
                                   .attributes = attributes,
                                   .shape = shape,
                                   .forward = forward,
                                   .backward = backward,
                                   .cost = cost };
