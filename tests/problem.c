// problem.c - see problem.h.
#include "problem.h"

#include <math.h>
#include <stdio.h>

// ---- random numbers ----

static uint64_t state;

void problem_seed(uint32_t number)
{
    state = 0x9E3779B97F4A7C15u * ((uint64_t)number + 1);
    for (int i = 0; i < 8; i++) problem_draw();
}

uint32_t problem_draw(void) // xorshift64
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

int problem_between(int low, int high)
{
    return low + (int)(problem_draw() % (uint32_t)(high - low + 1));
}

float problem_uniform(void)
{
    return (float)problem_between(-1000, 1000) / 1000;
}

float problem_normal(void)
{
    double u = (problem_draw() + 1.0) / 4294967296.0, v = problem_draw() / 4294967296.0;
    return (float)(sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}

static int between(int low, int high)
{
    return problem_between(low, high);
}

// Small more often than large.
static int up_to(int high)
{
    return between(1, between(1, high));
}

// ---- drawing problems ----

enum { SIDE = 67, WORK = 30000, MUCH_WORK = 1000000 };

// One kind of convolution: fills the options and the channels; sizes of images are drawn for all kinds alike.
typedef void draw_kind(striate_conv_options *o, int *channels);

static void pad_anyhow(striate_conv_options *o, int most)
{
    o->pad = between(0, 1) ? 0 : between(1, most);
    if (between(0, 2)) return;
    o->pad_top = between(0, most);
    o->pad_bottom = between(0, most);
    o->pad_left = between(0, most);
    o->pad_right = between(0, most);
}

static void any(striate_conv_options *o, int *channels)
{
    o->groups = between(0, 3) ? 1 : up_to(12);
    o->filters = o->groups * up_to(o->groups > 1 ? 20 : SIDE);
    *channels = o->groups * up_to(o->groups > 1 ? 20 : SIDE);
    o->kernel = up_to(7);
    if (!between(0, 3)) o->kernel_h = up_to(7), o->kernel_w = up_to(7);
    o->stride = between(0, 1) ? 1 : up_to(4);
    if (!between(0, 3)) o->stride_h = up_to(4), o->stride_w = up_to(4);
    o->dilation = between(0, 2) ? 1 : up_to(3);
    pad_anyhow(o, 4);
}

static void dense_square(striate_conv_options *o, int *channels) // what Winograd is for
{
    o->kernel = between(0, 2) ? 3 : 5;
    o->filters = up_to(SIDE);
    *channels = up_to(SIDE);
    pad_anyhow(o, o->kernel);
}

static void depthwise(striate_conv_options *o, int *channels)
{
    *channels = o->groups = up_to(SIDE);
    o->filters = o->groups * (between(0, 3) ? 1 : between(1, 3));
    o->kernel = between(0, 2) ? 3 : up_to(7);
    if (!between(0, 3)) o->kernel_w = up_to(7);
    o->stride = between(0, 2) ? 1 : between(2, 3);
    o->dilation = between(0, 3) ? 1 : between(2, 3);
    pad_anyhow(o, 3);
}

static void pointwise(striate_conv_options *o, int *channels)
{
    o->kernel = 1;
    o->groups = between(0, 5) ? 1 : between(2, 5);
    o->filters = o->groups * up_to(SIDE / o->groups);
    *channels = o->groups * up_to(SIDE / o->groups);
    o->stride = between(0, 1) ? 1 : between(2, 3);
    if (!between(0, 7)) o->pad_left = between(0, 2);
}

static void line(striate_conv_options *o, int *channels)
{
    o->kernel_h = o->kernel_w = 1;
    *(between(0, 1) ? &o->kernel_h : &o->kernel_w) = between(2, 9);
    o->pad_top = o->pad_bottom = o->kernel_h / 2;
    o->pad_left = o->pad_right = o->kernel_w / 2;
    o->filters = up_to(SIDE);
    *channels = up_to(SIDE);
}

static void first_layer(striate_conv_options *o, int *channels)
{
    *channels = between(1, 4);
    o->filters = up_to(SIDE);
    o->kernel = (const int[]){ 3, 5, 7, 11 }[between(0, 3)];
    o->stride = between(1, 4);
    pad_anyhow(o, 5);
}

static void mostly_padding(striate_conv_options *o, int *channels)
{
    *channels = up_to(9);
    o->filters = up_to(9);
    o->kernel_h = up_to(9), o->kernel_w = up_to(9);
    o->stride_h = up_to(9), o->stride_w = up_to(9);
    o->dilation = up_to(9);
    pad_anyhow(o, 60);
}

static draw_kind *const kinds[] = { any,       any,       any,       dense_square, dense_square, dense_square,  depthwise,
                                    depthwise, pointwise, pointwise, line,         first_layer,  mostly_padding };

static void set_gaps(struct problem *p)
{
    p->ldx = between(0, 2) ? 0 : up_to(20);
    p->lddx = between(0, 2) ? 0 : up_to(20);
    p->ldy = between(0, 2) ? 0 : up_to(20);
    p->lddy = between(0, 2) ? 0 : up_to(20);
    p->add = between(0, 1);
    p->batch = p->v.n + (between(0, 3) ? 0 : up_to(20));
}

static double macs(const struct reference_conv *v)
{
    return (double)v->n * v->p * v->q * v->k * v->r * v->s * (v->c / v->groups);
}

struct problem problem_conv(void)
{
    double most = between(0, 49) ? WORK : MUCH_WORK;
    for (;;) {
        struct problem p = { 0 };
        int channels, n = between(0, 4) ? up_to(6) : between(12, 30); // many images are taken place by place
        int w = between(0, 15) ? up_to(SIDE) : between(200, 500);     // wide ones in pieces
        kinds[(size_t)between(0, (int)(sizeof kinds / sizeof *kinds) - 1)](&p.conv, &channels);
        p.conv.no_bias = !between(0, 3);
        if (!problem_of_conv(&p, n, up_to(SIDE), w, channels) || macs(&p.v) > most) continue;
        if (most > WORK && macs(&p.v) < WORK) continue;
        set_gaps(&p);
        return p;
    }
}

struct problem problem_dense(void)
{
    for (;;) {
        bool image = between(0, 1);
        struct problem p = problem_of_dense(up_to(40), image ? up_to(9) : 1, image ? up_to(9) : 1, up_to(image ? 40 : 700),
                                            up_to(100), !between(0, 3));
        if (macs(&p.v) > WORK) continue;
        set_gaps(&p);
        return p;
    }
}

static int outputs(int size, int before, int after, int kernel, int dilation, int stride)
{
    int room = size + before + after - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}

bool problem_of_conv(struct problem *p, int n, int h, int w, int c)
{
    striate_conv_options *o = &p->conv;
    p->op = &striate_op_conv;
    p->batch = n;
    if (!o->stride) o->stride = 1;
    if (!o->dilation) o->dilation = 1;
    if (!o->groups) o->groups = 1;
    struct reference_conv v = { .n = n, .h = h, .w = w, .c = c, .k = o->filters, .dilation = o->dilation, .groups = o->groups };
    v.r = o->kernel_h ? o->kernel_h : o->kernel;
    v.s = o->kernel_w ? o->kernel_w : o->kernel;
    v.stride_h = o->stride_h ? o->stride_h : o->stride;
    v.stride_w = o->stride_w ? o->stride_w : o->stride;
    v.pad_top = o->pad + o->pad_top;
    v.pad_left = o->pad + o->pad_left;
    v.p = outputs(h, v.pad_top, o->pad + o->pad_bottom, v.r, v.dilation, v.stride_h);
    v.q = outputs(w, v.pad_left, o->pad + o->pad_right, v.s, v.dilation, v.stride_w);
    p->v = v;
    return v.p && v.q;
}

struct problem problem_of_dense(int n, int h, int w, int c, int units, bool no_bias)
{
    struct reference_conv v = { .n = n, .h = h, .w = w, .c = c, .k = units, .r = h, .s = w, .p = 1, .q = 1, .stride_h = 1 };
    v.stride_w = v.dilation = v.groups = 1;
    return (struct problem){ .op = &striate_op_dense, .dense = { .units = units, .no_bias = no_bias }, .v = v, .batch = n };
}

bool problem_has_bias(const struct problem *p)
{
    return p->op == &striate_op_conv ? !p->conv.no_bias : !p->dense.no_bias;
}

void problem_describe(char text[256], const struct problem *p)
{
    const struct reference_conv *v = &p->v;
    snprintf(text, 256,
             "%s n%d of %d %dx%dx%d k%d %dx%d stride %d,%d pad %d,%d out %dx%d dilation %d groups %d gaps %d,%d,%d,%d add %d",
             p->op->name, v->n, p->batch, v->h, v->w, v->c, v->k, v->r, v->s, v->stride_h, v->stride_w, v->pad_top, v->pad_left,
             v->p, v->q, v->dilation, v->groups, p->ldx, p->lddx, p->ldy, p->lddy, p->add);
}

// ---- what the book says ----

static float *random_floats(size_t count, float random(void))
{
    float *x = malloc((count + 1) * sizeof *x);
    if (!x) abort();
    for (size_t i = 0; i < count; i++) x[i] = random();
    return x;
}

static double *doubles(const float *x, size_t count, bool absolute)
{
    double *d = calloc(count + 1, sizeof *d);
    if (!d) abort();
    for (size_t i = 0; x && i < count; i++) d[i] = absolute ? fabs((double)x[i]) : (double)x[i];
    return d;
}

static void compute(const struct problem *p, const struct expected *e, bool absolute, double *result[RESULTS])
{
    double *x = doubles(e->x, e->count[DX], absolute), *w = doubles(e->w, e->weights, absolute);
    double *b = doubles(e->b, e->count[DB], absolute), *dy = doubles(e->dy, e->count[Y], absolute);
    for (int r = 0; r < RESULTS; r++) result[r] = doubles(NULL, e->count[r], false);
    reference_conv_forward(&p->v, x, w, problem_has_bias(p) ? b : NULL, result[Y]);
    reference_conv_data(&p->v, dy, w, result[DX]);
    reference_conv_weights(&p->v, x, dy, result[DW], result[DB]);
    for (size_t i = 0; p->add && i < e->count[DX]; i++)
        result[DX][i] += absolute ? fabs((double)e->old_dx[i]) : (double)e->old_dx[i];
    free(x);
    free(w);
    free(b);
    free(dy);
}

struct expected problem_expect(const struct problem *p, float random(void))
{
    const struct reference_conv *v = &p->v;
    struct expected e = { .weights = (size_t)v->k * (size_t)v->r * (size_t)v->s * (size_t)(v->c / v->groups) };
    e.count[DX] = (size_t)v->n * (size_t)v->h * (size_t)v->w * (size_t)v->c;
    e.count[Y] = (size_t)v->n * (size_t)v->p * (size_t)v->q * (size_t)v->k;
    e.count[DW] = e.weights;
    e.count[DB] = (size_t)v->k;
    e.x = random_floats(e.count[DX], random);
    e.w = random_floats(e.weights, random);
    e.b = random_floats(e.count[DB], random);
    e.dy = random_floats(e.count[Y], random);
    e.old_dx = random_floats(e.count[DX], random);
    compute(p, &e, false, e.value);
    compute(p, &e, true, e.scale);
    for (int r = 0; r < RESULTS; r++)
        for (size_t i = 0; i < e.count[r]; i++) e.largest[r] = fmax(e.largest[r], e.scale[r][i]);
    return e;
}

void expected_free(struct expected *e)
{
    for (int r = 0; r < RESULTS; r++) {
        free(e->value[r]);
        free(e->scale[r]);
    }
    free(e->x);
    free(e->w);
    free(e->b);
    free(e->dy);
    free(e->old_dx);
}

// ---- guarded memory ----

struct guarded guarded_activation(struct tensor *t, bool low, int n, struct shape shape, int gap, const float *values)
{
    *t = (struct tensor){ .n = n, .shape = shape, .ld = shape.c + gap };
    size_t pixels = tensor_pixels(t), c = (size_t)shape.c;
    struct guarded g = guard_floats_at(low, (pixels - 1) * (size_t)t->ld + c);
    t->data = g.data;
    for (size_t i = 0; values && i < pixels; i++) memcpy(g.data + i * (size_t)t->ld, values + i * c, c * sizeof *values);
    return g;
}

float *guarded_values(const struct tensor *t)
{
    size_t c = (size_t)t->shape.c, pixels = tensor_pixels(t);
    float *values = malloc(pixels * c * sizeof *values);
    if (!values) abort();
    for (size_t i = 0; i < pixels; i++) {
        const float *row = t->data + i * (size_t)t->ld;
        memcpy(values + i * c, row, c * sizeof *values);
        for (size_t j = c; j < (size_t)t->ld && i + 1 < pixels; j++)
            if (!guard_is_canary(row + j)) return free(values), NULL;
    }
    return values;
}

struct guarded guarded_copy(bool low, size_t count, const float *values)
{
    struct guarded g = guard_floats_at(low, count);
    if (values && count) memcpy(g.data, values, count * sizeof *values);
    return g;
}
