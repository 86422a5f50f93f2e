// check_linear.c - the algorithms behind convolution, by themselves: what they do to y on its way to memory, how precise they are, and how much
// memory they ask for.
//
// check_linear NUMBER [COUNT] checks only the epilogues of random layer NUMBER, as a failure says, and COUNT - 1 that follow.
#include "ops/linear.h"
#include "problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { LAYERS = 500 };
static int first_layer, layers = LAYERS;

// x and y without data.
static struct linear linear_of(const struct problem *p, const struct kernels *k, int slots)
{
    const struct reference_conv *v = &p->v;
    struct tensor x = { .n = v->n, .shape = { v->h, v->w, v->c, 1 } };
    struct axis h = axis_forward(v->h, v->p, v->r, v->stride_h, v->pad_top, v->dilation),
                w = axis_forward(v->w, v->q, v->s, v->stride_w, v->pad_left, v->dilation);
    return linear_for(&(struct op_args){ .k = k, .slots = (size_t)slots }, &x, h, w, v->groups, v->k);
}

// ---- epilogues ----

enum { BIAS = 1, RESIDUAL = 2, RELU = 4, SUMS = 8, PIVOT = 16, EPILOGUES = 32 };

struct finishing {
    const struct problem *p;
    const struct expected *e;
    float *residual, *pivot;
    int gap; // of the residual
    const struct kernels *k;
    const struct algorithm *algorithm;
    int number;
};

struct finished {
    float *y, *sums;
    size_t parts;
};

static void give_up(const struct finishing *f, int what, const char *why, size_t at, double got, double want)
{
    char text[256];
    problem_describe(text, f->p);
    fail_msg("%s %s,%s%s%s%s%s: %s[%zu] is %g, not %g: %s\nagain: check_linear %d", f->k->isa, f->algorithm->name,
             what & BIAS ? " bias" : "", what & RESIDUAL ? " residual" : "", what & RELU ? " relu" : "",
             what & SUMS ? " sums" : "", what & PIVOT ? " pivot" : "", why, at, got, want, text, f->number);
}

// in_place: the residual lies in y.
static struct finished finish(const struct finishing *f, int what, int threads, bool low, bool in_place)
{
    const struct reference_conv *v = &f->p->v;
    const struct expected *e = f->e;
    const struct algorithm *a = f->algorithm;
    struct linear l = linear_of(f->p, f->k, threads);
    struct finished done = { .parts = a->parts(&l) };
    size_t columns = (size_t)v->k;
    struct tensor x, y, residual;
    struct shape ys = { v->p, v->q, v->k, 1 };
    struct guarded gx = guarded_activation(&x, low, v->n, (struct shape){ v->h, v->w, v->c, 1 }, f->p->ldx, e->x),
                   gy = guarded_activation(&y, low, v->n, ys, f->p->ldy, in_place ? f->residual : NULL),
                   gr = guarded_activation(&residual, low, v->n, ys, f->gap, f->residual),
                   gw = guarded_copy(low, e->weights, e->w), gb = guarded_copy(low, columns, e->b),
                   gp = guarded_copy(low, columns, f->pivot), packed = guarded_copy(low, a->packed(&l), NULL),
                   workspace = guarded_copy(low, a->workspace(&l, FORWARD), NULL),
                   sums = guarded_copy(low, what & SUMS ? done.parts * 2 * columns : 0, NULL);
    struct epilogue epilogue = { .bias = what & BIAS ? gb.data : NULL,
                                 .residual = !(what & RESIDUAL) ? NULL
                                             : in_place         ? &y
                                                                : &residual,
                                 .relu = what & RELU,
                                 .sums = what & SUMS ? sums.data : NULL,
                                 .pivot = what & PIVOT ? gp.data : NULL };
    striate_threads(threads);
    if (a->pack) a->pack(&l, gw.data, packed.data);
    a->forward(&l, &x, a->pack ? packed.data : gw.data, &epilogue, workspace.data, &y);
    done.y = guarded_values(&y);
    if (!done.y) give_up(f, what, "wrote between pixels", 0, 0, 0);
    done.sums = malloc((sums.count + 1) * sizeof *done.sums);
    if (!done.sums) abort();
    if (sums.count) memcpy(done.sums, sums.data, sums.count * sizeof *done.sums);
    struct guarded *all[] = { &gx, &gy, &gr, &gw, &gb, &gp, &packed, &workspace, &sums };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!guard_whole(all[i])) give_up(f, what, "wrote beside its memory", i, 0, 0);
        guard_free(all[i]);
    }
    return done;
}

// The sums over all parts against those of y as it is, so that y's own errors do not count.
static void check_sums(const struct finishing *f, int what, const struct finished *done)
{
    size_t columns = (size_t)f->p->v.k, pixels = f->e->count[Y] / columns;
    for (size_t k = 0; k < columns; k++) {
        double want[2] = { 0 }, scale[2] = { 0 }, got[2] = { 0 }, pivot = what & PIVOT ? (double)f->pivot[k] : 0;
        for (size_t i = 0; i < pixels; i++) {
            double apart = (double)done->y[i * columns + k] - pivot;
            want[0] += apart;
            scale[0] += fabs(apart);
            scale[1] = want[1] += apart * apart;
        }
        for (size_t part = 0; part < done->parts; part++)
            for (size_t i = 0; i < 2; i++) got[i] += (double)done->sums[(part * 2 + i) * columns + k];
        for (int i = 0; i < 2; i++)
            if (!(fabs(got[i] - want[i]) <= 2e-5 * scale[i] + 1e-30))
                give_up(f, what, i ? "sum of squares" : "sum", k, got[i], want[i]);
    }
}

static void check_epilogue(const struct finishing *f, int what)
{
    const struct expected *e = f->e;
    size_t columns = (size_t)f->p->v.k;
    int threads = (const int[]){ 2, 3, 4, 8 }[what % 4];
    struct finished one = finish(f, what, 1, f->number % 2, false),
                    more = finish(f, what, threads, f->number % 2 == 0, what & RESIDUAL && !f->algorithm->apart);
    for (size_t i = 0; i < e->count[Y]; i++) {
        double bias = (double)e->b[i % columns], residual = (double)f->residual[i], want = e->value[Y][i];
        double most = f->algorithm->exact ? e->scale[Y][i] : e->largest[Y];
        if (!(what & BIAS)) want -= bias; // the problem has one
        if (what & RESIDUAL) want += residual, most += fabs(residual);
        if (what & RELU && want < 0) want = 0;
        if (!(fabs((double)one.y[i] - want) <= 2e-5 * most + 1e-30)) give_up(f, what, "y", i, (double)one.y[i], want);
    }
    if (memcmp(one.y, more.y, e->count[Y] * sizeof(float)))
        give_up(f, what, "other bits on more threads or in place: y", 0, 0, 0);
    if (what & SUMS) {
        check_sums(f, what, &one);
        if (memcmp(one.sums, more.sums, one.parts * 2 * columns * sizeof(float)))
            give_up(f, what, "other bits on more threads: sums", 0, 0, 0);
    }
    free(one.y), free(one.sums), free(more.y), free(more.sums);
}

// What is no number stays none, through ReLU too.
static void check_nan(const struct finishing *f)
{
    const struct problem *p = f->p;
    struct expected poisoned = *f->e;
    struct finishing g = *f;
    g.e = &poisoned;
    size_t bad_x = problem_draw() % f->e->count[DX], bad_y = problem_draw() % f->e->count[Y];
    float keep_x = poisoned.x[bad_x], keep_y = f->residual[bad_y];
    poisoned.x[bad_x] = f->residual[bad_y] = NAN;
    double *x = calloc(poisoned.count[DX], sizeof *x), *y = calloc(poisoned.count[Y], sizeof *y),
           *w = calloc(poisoned.weights, sizeof *w);
    if (!x || !y || !w) abort();
    for (size_t i = 0; i < poisoned.count[DX]; i++) x[i] = (double)poisoned.x[i];
    reference_conv_forward(&p->v, x, w, NULL, y);
    struct finished done = finish(&g, BIAS | RESIDUAL | RELU, 1, true, false);
    y[bad_y] = NAN;
    for (size_t i = 0; i < poisoned.count[Y]; i++)
        if (isnan(y[i]) && !isnan(done.y[i])) give_up(&g, BIAS | RESIDUAL | RELU, "y", i, (double)done.y[i], y[i]);
    poisoned.x[bad_x] = keep_x;
    f->residual[bad_y] = keep_y;
    free(x), free(y), free(w), free(done.y), free(done.sums);
}

static void epilogues(void **state)
{
    (void)state;
    for (int number = first_layer; number < first_layer + layers; number++) {
        problem_seed(1000000 + (uint32_t)number);
        struct problem p = problem_conv();
        p.conv.no_bias = p.add = false;
        struct expected e = problem_expect(&p, problem_uniform);
        struct finishing f = { .p = &p, .e = &e, .gap = problem_between(0, 1) * problem_between(1, 9), .number = number };
        f.residual = malloc(e.count[Y] * sizeof(float));
        f.pivot = malloc(e.count[DB] * sizeof(float));
        if (!f.residual || !f.pivot) abort();
        for (size_t i = 0; i < e.count[Y]; i++) f.residual[i] = problem_uniform();
        for (size_t i = 0; i < e.count[DB]; i++) f.pivot[i] = problem_uniform();
        for (int isa = 0; kernels_at(isa); isa++)
            for (int i = 0; algorithm_at(i); i++) {
                f.k = kernels_at(isa);
                f.algorithm = algorithm_at(i);
                struct linear l = linear_of(&p, f.k, 1);
                if (f.algorithm->cost(&l, FORWARD) == INFINITY) continue;
                // All combinations in turn: none, all and a few more each time.
                check_epilogue(&f, 0);
                check_epilogue(&f, EPILOGUES - 1);
                for (int j = 0; j < 5; j++) check_epilogue(&f, (number * 5 + j) % EPILOGUES);
                check_nan(&f);
            }
        free(f.residual);
        free(f.pivot);
        expected_free(&e);
    }
}

// ---- precision ----

struct worst {
    double error[RESULTS]; // of y, dx and dw, relative to their standard deviations
};

static struct worst measure(const struct problem *p, const struct expected *e, const struct linear *l,
                            const struct algorithm *const a[DIRECTIONS])
{
    const struct reference_conv *v = &p->v;
    struct shape xs = { v->h, v->w, v->c, 1 }, ys = { v->p, v->q, v->k, 1 };
    float *result[RESULTS], *packed = malloc((a[FORWARD]->packed(l) + 1) * sizeof(float));
    for (int r = 0; r < RESULTS; r++) result[r] = malloc(e->count[r] * sizeof(float));
    float *workspace[DIRECTIONS];
    for (int d = 0; d < DIRECTIONS; d++) workspace[d] = malloc((a[d]->workspace(l, (enum direction)d) + 1) * sizeof(float));
    struct tensor x = { e->x, v->n, xs, v->c }, dx = { result[DX], v->n, xs, v->c }, y = { result[Y], v->n, ys, v->k },
                  dy = { e->dy, v->n, ys, v->k };
    if (a[FORWARD]->pack) a[FORWARD]->pack(l, e->w, packed);
    a[FORWARD]->forward(l, &x, a[FORWARD]->pack ? packed : e->w, &(struct epilogue){ .bias = e->b }, workspace[FORWARD], &y);
    a[BACKWARD_DATA]->data(l, &dy, e->w, workspace[BACKWARD_DATA], &dx, false);
    a[BACKWARD_WEIGHTS]->weights(l, &x, &dy, workspace[BACKWARD_WEIGHTS], result[DW], result[DB]);
    struct worst worst = { 0 };
    for (int r = 0; r < RESULTS; r++) {
        double squares = 0, most = 0;
        for (size_t i = 0; i < e->count[r]; i++) {
            squares += e->value[r][i] * e->value[r][i];
            most = fmax(most, fabs((double)result[r][i] - e->value[r][i]));
        }
        worst.error[r] = most / sqrt(squares / (double)e->count[r]);
        free(result[r]);
    }
    for (int d = 0; d < DIRECTIONS; d++) free(workspace[d]);
    free(packed);
    return worst;
}

// The largest errors on normal data, against the bounds that the project promises. The side that is not summed over is narrow, as the book is slow.
static void precision(void **state)
{
    (void)state;
    static const struct {
        int n, side, c, k, kernel;
    } rows[] = { { 1, 28, 512, 8, 3 }, { 1, 28, 8, 512, 3 },  { 2, 7, 512, 24, 3 },
                 { 2, 7, 24, 512, 3 }, { 1, 14, 128, 24, 5 }, { 1, 14, 24, 128, 5 } };
    striate_threads(0);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        int c = rows[row].c, kernel = rows[row].kernel, side = rows[row].side;
        problem_seed((uint32_t)row);
        struct problem p = { .conv = { .filters = rows[row].k, .kernel = kernel, .pad = kernel / 2 } };
        assert_true(problem_of_conv(&p, rows[row].n, side, side, c));
        struct expected e = problem_expect(&p, problem_normal);
        for (int isa = 0; kernels_at(isa); isa++) {
            struct linear l = linear_of(&p, kernels_at(isa), striate_threads(0));
            for (int i = 0; algorithm_at(i); i++) {
                const struct algorithm *a[DIRECTIONS], *wanted = algorithm_at(i);
                bool used = false;
                l.only = wanted;
                for (int d = 0; d < DIRECTIONS; d++) used |= (a[d] = linear_algorithm(&l, (enum direction)d)) == wanted;
                if (!used) continue;
                struct worst worst = measure(&p, &e, &l, a);
                printf("# %dx%d, %dx%d c%d k%d, %s %s: error y %.2g dx %.2g dw %.2g\n", kernel, kernel, side, side, c,
                       rows[row].k, l.k->isa, wanted->name, worst.error[Y], worst.error[DX], worst.error[DW]);
                for (int r = 0; r < RESULTS; r++) assert_true(worst.error[r] <= (wanted->exact ? 2e-5 : 1e-4));
            }
        }
        expected_free(&e);
    }
}

// ---- memory and shapes without any ----

// A convolution that could not be computed here: sizes and costs are known all the same.
static struct linear large_linear(int images, int side, int channels, int filters, int kernel, int stride)
{
    struct tensor x = { .n = images, .shape = { side, side, channels, 1 } };
    int outs = (side - 1) / stride + 1;
    struct axis a = axis_forward(side, outs, kernel, stride, kernel / 2, 1);
    return linear_for(&(struct op_args){ .k = kernels_pick(), .slots = 8 }, &x, a, a, 1, filters);
}

static void workspaces_are_bounded(void **state)
{
    (void)state;
    static const struct {
        int images, side, c, k, kernel, stride;
    } rows[] = { { 16, 224, 3, 64, 3, 1 },   { 16, 224, 64, 64, 3, 1 },  { 16, 112, 128, 128, 3, 1 },
                 { 16, 56, 256, 256, 3, 1 }, { 16, 28, 512, 512, 3, 1 }, { 16, 14, 512, 512, 3, 1 },
                 { 16, 7, 512, 512, 3, 1 },  { 16, 224, 3, 64, 7, 2 },   { 16, 28, 32, 96, 5, 1 },
                 { 16, 14, 128, 256, 5, 1 }, { 16, 56, 64, 256, 1, 1 },  { 16, 56, 256, 512, 1, 2 },
                 { 16, 28, 256, 256, 3, 2 }, { 256, 224, 64, 64, 3, 1 }, { 1, 4096, 64, 64, 3, 1 },
                 { 1, 1, 2048, 1000, 1, 1 }, { 16, 14, 3072, 85, 3, 1 }, { 16, 14, 4096, 64, 3, 1 },
                 { 16, 14, 64, 4096, 3, 1 }, { 16, 14, 512, 512, 5, 1 }, { 256, 1, 9216, 4096, 1, 1 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct linear l = large_linear(rows[i].images, rows[i].side, rows[i].c, rows[i].k, rows[i].kernel, rows[i].stride);
        double weights = (double)size_max(36, linear_taps(&l)) * (rows[i].c + 32) * (rows[i].k + 32); // transformed, in panels
        for (int j = 0; algorithm_at(j); j++)
            for (int d = 0; d < DIRECTIONS; d++) {
                const struct algorithm *a = algorithm_at(j);
                if (a->cost(&l, (enum direction)d) == INFINITY) continue;
                double bytes = (double)a->workspace(&l, (enum direction)d) * 4;
                if (bytes > (64 << 20) + weights * 4)
                    fail_msg("%s, direction %d of row %zu: %.0f MB", a->name, d, i, bytes / 1e6);
                assert_true(d != FORWARD || (double)a->packed(&l) <= weights);
            }
    }
}

// A plan's memory is enough for all that it may be asked: any part of its batch.
static void fewer_images_need_no_more(void **state)
{
    (void)state;
    for (int number = 0; number < 400; number++) {
        problem_seed((uint32_t)number);
        int side = problem_between(1, 20), c = problem_between(1, 64) * problem_between(1, 64);
        int k = problem_between(1, 64) * (number % 2 ? 6 : 1), kernel = problem_between(0, 2) * 2 + 1;
        int batch = problem_between(1, 200);
        struct linear l = large_linear(batch, side, c, k, kernel, 1);
        l.slots = (size_t)problem_between(1, 32);
        for (int i = 0; algorithm_at(i); i++)
            for (int d = 0; d < DIRECTIONS; d++) {
                const struct algorithm *a = algorithm_at(i);
                if (a->cost(&l, (enum direction)d) == INFINITY) continue;
                l.images = (size_t)batch;
                size_t planned = a->workspace(&l, (enum direction)d), parts = d == FORWARD ? a->parts(&l) : 0;
                for (l.images = 1; d == FORWARD && l.images <= (size_t)batch; l.images++)
                    if (a->parts(&l) > parts)
                        fail_msg("%s, %dx%d, side %d, c%d k%d: %zu parts for %d images, %zu for %zu", a->name, kernel, kernel,
                                 side, c, k, parts, batch, a->parts(&l), l.images);
                for (l.images = 1; l.images <= (size_t)batch; l.images++)
                    if (a->workspace(&l, (enum direction)d) > planned)
                        fail_msg("%s, direction %d, %dx%d, side %d, c%d k%d, %zu slots: %zu floats for %d images, %zu for %zu",
                                 a->name, d, kernel, kernel, side, c, k, l.slots, planned, batch,
                                 a->workspace(&l, (enum direction)d), l.images);
            }
    }
}

// Nothing overflows where sizes are as large as the options allow: what is asked for is more than any memory, not a little by chance.
static void huge_shapes_have_huge_sizes(void **state)
{
    (void)state;
    struct linear l = large_linear(1 << 20, 16384, 1 << 20, 1 << 20, 3, 1);
    for (int i = 0; algorithm_at(i); i++)
        for (int d = 0; d < DIRECTIONS; d++) {
            const struct algorithm *a = algorithm_at(i);
            double cost = a->cost(&l, (enum direction)d);
            if (cost == INFINITY) continue;
            assert_true(cost > 1e20);
            assert_true(d != FORWARD || (double)a->packed(&l) >= 9.0 * (1 << 20) * (1 << 20));
            assert_true(d != FORWARD || a->parts(&l) >= 1);
            assert_true(d != BACKWARD_DATA || a->workspace(&l, BACKWARD_DATA) >= (size_t)9 << 40);
        }
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epilogues),
        cmocka_unit_test(precision),
        cmocka_unit_test(workspaces_are_bounded),
        cmocka_unit_test(fewer_images_need_no_more),
        cmocka_unit_test(huge_shapes_have_huge_sizes),
    };
    if (count > 1) {
        const struct CMUnitTest few[] = { tests[0] };
        first_layer = atoi(arguments[1]);
        layers = count > 2 ? atoi(arguments[2]) : 1;
        return cmocka_run_group_tests(few, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
