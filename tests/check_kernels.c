// check_kernels.c - the loops of every instruction set against the reference: every length from 0 to 67, memory that ends at a forbidden page
// (so that it begins at odd places), gaps between rows that must stay as they are. Convolution's kernels are checked in check_conv.c.
#include "matrix.h"
#include "ops/op.h"

static void check_norm(const struct kernels *k, size_t rows, size_t cols)
{
    rows *= 1 + draw() % 6; // runs of rows, and what is left of them
    struct matrix x = matrix_new(rows, cols), r = matrix_new(rows, cols), dy = matrix_new(rows, cols),
                  y = matrix_new(rows, cols), dx = matrix_new(rows, cols), mean = matrix_new(1, cols),
                  moments = matrix_at(2, cols, 0), sums = matrix_at(2, cols, 0);
    struct matrix v[5]; // mean, scale, bias, slope, shift
    double *w[5], *vx = values_of(&x), *vr = values_of(&r), *vdy = values_of(&dy), *vy = values_of(&y), *vdx = values_of(&dx),
                  *vmean = values_of(&mean), *vmoments = calloc(2 * cols + 1, sizeof(double)),
                  *vsums = calloc(2 * cols + 1, sizeof(double));
    bool add = draw() % 2, residual = draw() % 2, relu_follows = draw() % 2;
    for (int i = 0; i < 5; i++) {
        v[i] = matrix_new(1, cols);
        w[i] = values_of(&v[i]);
    }
    struct norm n = { rows, cols, x.data, x.ld, v[0].data, v[1].data, v[2].data, relu_follows };
    k->mean(rows, cols, x.data, x.ld, mean.data);
    k->moments(rows, cols, x.data, x.ld, v[0].data, moments.data);
    k->normalize(&n, residual ? r.data : NULL, r.ld, y.data, y.ld);
    k->norm_sums(&n, residual ? y.data : NULL, y.ld, dy.data, dy.ld, sums.data);
    k->norm_grad(&n, residual ? y.data : NULL, y.ld, dy.data, dy.ld, v[3].data, v[4].data, dx.data, dx.ld, add);
    for (size_t i = 0; i < cols; i++) vmean[i] = 0;
    for (size_t i = 0; i < rows * cols; i++) {
        size_t c = i % cols;
        double d = vx[i] - w[0][c], sum = d * w[1][c] + w[2][c] + (residual ? vr[i] : 0);
        double through = relu_follows && sum <= 0 ? 0 : vdy[i];
        vmean[c] += vx[i] / (double)rows;
        vmoments[c] += d;
        vmoments[cols + c] += d * d;
        vsums[c] += through;
        vsums[cols + c] += through * d;
        vy[i] = relu_follows ? fmax(sum, 0) : sum;
        vdx[i] = w[1][c] * through + w[3][c] * d + w[4][c] + (add ? vdx[i] : 0);
    }
    for (int i = 0; i < 5; i++) {
        matrix_done(k, "norm", &v[i], w[i], 0);
        free(w[i]);
    }
    matrix_done(k, "norm", &x, vx, 0);
    matrix_done(k, "norm", &r, vr, 0);
    matrix_done(k, "norm", &dy, vdy, 0);
    matrix_done(k, "mean", &mean, vmean, 2e-6);
    matrix_done(k, "moments", &moments, vmoments, 1e-5);
    matrix_done(k, "norm_sums", &sums, vsums, 1e-5);
    matrix_done(k, "normalize", &y, vy, 2e-6);
    matrix_done(k, "norm_grad", &dx, vdx, 2e-6);
    free(vx), free(vr), free(vdy), free(vy), free(vdx), free(vmean), free(vmoments), free(vsums);
}

static void check_lrn(const struct kernels *k, size_t rows, size_t cols)
{
    if (cols == LONGEST) cols = 1500; // several chunks
    struct lrn how = { 1 + (int)(draw() % (draw() % 4 ? 9 : LRN_SIZE)), (float)(draw() % 4), 0.25f * (float)(draw() % 6),
                       1.5f };
    struct matrix x = matrix_new(rows, cols), y = matrix_new(rows, cols), dy = matrix_new(rows, cols),
                  dx = matrix_new(rows, cols), s = matrix_new(rows, cols), z = matrix_new(rows, cols);
    double *vx = values_of(&x), *vy = values_of(&y), *vdy = values_of(&dy), *before = values_of(&dx), *vdx = values_of(&dx);
    double alpha = (double)how.alpha * how.size, *vz = values_of(&z);
    bool add = draw() % 2;
    for (size_t i = 0; i < rows * cols; i++) {
        float *sum = &s.data[(ptrdiff_t)(i / cols) * s.ld + (ptrdiff_t)(i % cols)];
        *sum = fabsf(*sum);
        vz[i] = vx[i] * pow(how.k + (double)how.alpha * (double)*sum, -(double)how.beta) + (add ? vz[i] : 0);
    }
    double *vs = values_of(&s);
    k->lrn_scale(&how, rows, cols, s.data, s.ld, x.data, x.ld, z.data, z.ld, add);
    matrix_done(k, "lrn_scale", &s, vs, 0);
    matrix_done(k, "lrn_scale", &z, vz, 1e-6);
    k->lrn(&how, rows, cols, x.data, x.ld, y.data, y.ld);
    k->lrn_grad(&how, rows, cols, x.data, x.ld, dy.data, dy.ld, dx.data, dx.ld, add);
    reference_lrn((int)rows, (int)cols, how.size, alpha, how.beta, how.k, vx, vy);
    reference_lrn_grad((int)rows, (int)cols, how.size, alpha, how.beta, how.k, vx, vdy, vdx);
    for (size_t i = 0; i < rows * cols && add; i++) vdx[i] += before[i];
    matrix_done(k, "lrn", &x, vx, 0);
    matrix_done(k, "lrn", &y, vy, 1e-6);
    matrix_done(k, "lrn", &dy, vdy, 0);
    matrix_done(k, "lrn_grad", &dx, vdx, 3e-6);
    free(vx), free(vy), free(vdy), free(before), free(vdx), free(vz), free(vs);
}

static void check_softmax(const struct kernels *k, size_t rows, size_t cols)
{
    struct matrix x = matrix_new(rows, cols), y = matrix_new(rows, cols), dy = matrix_new(rows, cols),
                  dx = matrix_new(rows, cols), loss = matrix_new(rows, 1);
    double *vx = values_of(&x), *vy = values_of(&y), *vdy = values_of(&dy), *before = values_of(&dx), *vdx = values_of(&dx),
           *losses = values_of(&loss);
    struct guarded p = guard_floats(rows * cols);
    bool add = draw() % 2;
    float smoothing = draw() % 2 ? 0.1f : 0;
    int labels[8];
    for (size_t i = 0; i < rows; i++) labels[i] = (int)(draw() % cols);
    k->softmax(rows, cols, x.data, x.ld, y.data, y.ld);
    k->softmax_grad(rows, cols, y.data, y.ld, dy.data, dy.ld, dx.data, dx.ld, add);
    k->cross_entropy(rows, cols, x.data, x.ld, labels, smoothing, loss.data, loss.ld, p.data);
    reference_softmax((int)rows, (int)cols, vx, vy);
    reference_softmax_grad((int)rows, (int)cols, vx, vdy, vdx);
    reference_cross_entropy((int)rows, (int)cols, vx, labels, smoothing, losses);
    for (size_t i = 0; i < rows * cols; i++) {
        assert_true(fabs(p.data[i] - vy[i] + smoothing / (double)cols) <= 1e-6 * (vy[i] + smoothing));
        vdx[i] += add ? before[i] : 0;
    }
    matrix_done(k, "softmax", &x, vx, 0);
    matrix_done(k, "softmax", &y, vy, 5e-7);
    matrix_done(k, "softmax", &dy, vdy, 0);
    matrix_done(k, "softmax_grad", &dx, vdx, 2e-6);
    matrix_done(k, "cross_entropy", &loss, losses, 5e-7);
    assert_true(guard_whole(&p));
    guard_free(&p);
    free(vx), free(vy), free(vdy), free(before), free(vdx), free(losses);
}

// A step of each optimizer on its own weights and state, its gradient scaled and cut.
static void check_update(const struct kernels *k, size_t rows, size_t cols)
{
    enum { W, G, A, B, BLOCKS };
    static const char *const names[] = { "sgd", "sgd without momentum", "adam", "rmsprop", "rmsprop without momentum" };
    struct descent d = { .scale = rows == 1 ? 1 : 0.25f,
                         .limit = rows == 2 ? INFINITY : 0.5f,
                         .rate = 0.1f,
                         .decay = rows == 2 ? 0 : 0.01f,
                         .shrink = 0.02f,
                         .momentum = 0.9f,
                         .nesterov = draw() % 2,
                         .beta1 = 0.8f,
                         .beta2 = 0.7f,
                         .eps = 1e-3f,
                         .root = 1.25f };
    double rate = (double)d.rate, momentum = (double)d.momentum, beta1 = (double)d.beta1, beta2 = (double)d.beta2;
    for (int rule = 0; rule < 5; rule++) {
        struct matrix m[BLOCKS];
        double *v[BLOCKS];
        for (int b = 0; b < BLOCKS; b++) {
            m[b] = matrix_new(1, cols);
            for (size_t i = 0; i < cols && b >= A; i++) m[b].data[i] = fabsf(m[b].data[i]);
            v[b] = values_of(&m[b]);
        }
        float *w = m[W].data, *g = m[G].data, *a = m[A].data, *b = m[B].data;
        if (rule < 2) k->sgd(cols, &d, w, g, rule ? NULL : a);
        if (rule == 2) k->adam(cols, &d, w, g, a, b);
        if (rule > 2) k->rmsprop(cols, &d, w, g, a, rule == 3 ? b : NULL);
        for (size_t i = 0; i < cols; i++) {
            double limit = (double)d.limit,
                   x = fmax(-limit, fmin(limit, v[G][i] * (double)d.scale)) + (double)d.decay * v[W][i];
            if (rule == 0) {
                v[A][i] = momentum * v[A][i] + x;
                x = d.nesterov ? x + momentum * v[A][i] : v[A][i];
            } else if (rule == 2) {
                v[A][i] = beta1 * v[A][i] + (1 - beta1) * x;
                v[B][i] = beta2 * v[B][i] + (1 - beta2) * x * x;
                x = v[A][i] / ((double)d.root * sqrt(v[B][i]) + (double)d.eps) + (double)d.shrink * v[W][i] / rate;
            } else if (rule > 2) {
                v[A][i] = beta2 * v[A][i] + (1 - beta2) * x * x;
                x /= sqrt(v[A][i]) + (double)d.eps;
                if (rule == 3) x = v[B][i] += x - (1 - momentum) * v[B][i];
            }
            v[W][i] -= rate * x;
        }
        for (int j = 0; j < BLOCKS; j++) matrix_done(k, names[rule], &m[j], v[j], j == G ? 0 : 1e-6);
        for (int j = 0; j < BLOCKS; j++) free(v[j]);
    }
}

static void check_blocks(const struct kernels *k, size_t rows, size_t cols)
{
    (void)rows;
    struct matrix x = matrix_new(1, cols), sum = matrix_new(1, cols), mean = matrix_new(1, cols);
    double *vx = values_of(&x), *vsum = values_of(&sum), *vmean = values_of(&mean), squares = 0;
    k->accumulate(cols, 0.75f, x.data, sum.data);
    k->approach(cols, 0.125f, x.data, mean.data);
    for (size_t i = 0; i < cols; i++) {
        vsum[i] += 0.75 * vx[i];
        vmean[i] += 0.125 * (vx[i] - vmean[i]);
        squares += vx[i] * vx[i];
    }
    assert_true(fabs(k->squares(cols, x.data) - squares) <= 1e-13 * squares);
    assert_true(k->all_finite(cols, x.data));
    for (size_t i = 0; i < cols; i++) {
        float keep = x.data[i];
        x.data[i] = draw() % 2 ? NAN : -INFINITY;
        assert_false(k->all_finite(cols, x.data));
        assert_false(isfinite(k->squares(cols, x.data)));
        x.data[i] = keep;
    }
    matrix_done(k, "blocks", &x, vx, 0);
    matrix_done(k, "accumulate", &sum, vsum, 5e-7);
    matrix_done(k, "approach", &mean, vmean, 5e-7);
    free(vx), free(vsum), free(vmean);
}

// Windows over every channel count: overlapping, padded, ragged.
static void check_pools(const struct kernels *k, size_t rows, size_t cols)
{
    struct reference_pool r = { .n = 2, .h = 2 + (int)rows, .w = 1 + (int)(draw() % 6), .c = (int)cols };
    r.size_h = 2 + (int)(draw() % 2);
    r.size_w = 1 + (int)(draw() % (unsigned)r.w);
    r.stride_h = 1 + (int)(draw() % 3);
    r.stride_w = 1 + (int)(draw() % 3);
    r.pad_h = (int)(draw() % (unsigned)r.size_h);
    r.pad_w = (int)(draw() % (unsigned)r.size_w);
    r.ceil = draw() % 2;
    r.exclude_pad = draw() % 2;
    r.zero_fill = draw() % 4 == 0;
    r.sum = draw() % 4 == 0;
    struct pool s = { .h = r.h, .w = r.w, .c = r.c, .size_h = r.size_h, .size_w = r.size_w, .stride_h = r.stride_h };
    s.stride_w = r.stride_w, s.pad_h = r.pad_h, s.pad_w = r.pad_w, s.exclude_pad = r.exclude_pad;
    s.zeros = r.zero_fill, s.sum = r.sum;
    reference_pool_outputs(&r, &s.p, &s.q);
    size_t in = (size_t)(r.n * r.h * r.w), out = (size_t)(r.n * s.p * s.q), half = (size_t)(s.p + 1);
    for (int mean = 0; mean < 2; mean++) {
        struct matrix x = matrix_new(in, cols), y = matrix_new(out, cols), dy = matrix_new(out, cols),
                      dx = matrix_new(in, cols), z = matrix_new(out, cols);
        double *vx = values_of(&x), *vy = values_of(&y), *vdy = values_of(&dy), *before = values_of(&dx), *vdx = values_of(&dx);
        double *vz = values_of(&z);
        struct guarded memory = guard_floats((out * cols + 3) / 4);
        uint8_t *places = bytes_of(&memory, out * cols);
        bool add = draw() % 2;
        if (mean) {
            k->avg_pool(&s, 0, half, x.data, x.ld, y.data, y.ld, false);
            k->avg_pool(&s, half, (size_t)(r.n * s.p), x.data, x.ld, y.data, y.ld, false);
            k->avg_pool(&s, 0, (size_t)(r.n * s.p), x.data, x.ld, z.data, z.ld, add);
            k->avg_pool_grad(&s, 0, (size_t)(r.n * s.h), dy.data, dy.ld, dx.data, dx.ld, add);
            reference_avg_pool(&r, vx, vy);
            reference_avg_pool_grad(&r, vdy, vdx);
        } else {
            k->max_pool(&s, 0, half, x.data, x.ld, y.data, y.ld, places);
            k->max_pool(&s, half, (size_t)(r.n * s.p), x.data, x.ld, y.data, y.ld, places);
            k->max_pool_grad(&s, 0, (size_t)(r.n * s.h), places, dy.data, dy.ld, dx.data, dx.ld, add);
            k->max_unpool_grad(&s, 0, (size_t)(r.n * s.p), places, x.data, x.ld, z.data, z.ld, add); // finds the maxima
            reference_max_pool(&r, vx, vy);
            reference_max_pool_grad(&r, vx, vdy, vdx);
        }
        for (size_t i = 0; i < in * cols && add; i++) vdx[i] += before[i];
        for (size_t i = 0; i < out * cols; i++) vz[i] = vy[i] + (add ? vz[i] : 0);
        double tolerance = r.sum ? 1e-5 : 1e-6; // terms of a sum may cancel
        matrix_done(k, "pool", &z, vz, tolerance);
        matrix_done(k, "pool", &x, vx, 0);
        matrix_done(k, "pool", &y, vy, tolerance);
        matrix_done(k, "pool", &dy, vdy, 0);
        matrix_done(k, "pool_grad", &dx, vdx, 10 * tolerance); // up to 18 values of at most 4, rounded each time
        guard_free(&memory);
        free(vx), free(vy), free(vdy), free(before), free(vdx), free(vz);
    }
}

static void check_column_max(const struct kernels *k, size_t rows, size_t cols)
{
    struct matrix x = matrix_new(rows, cols), y = matrix_new(1, cols);
    struct guarded memory = guard_floats(cols);
    double *vx = values_of(&x), *want = values_of(&y);
    int *row = (int *)(void *)memory.data;
    if (rows > 2 && cols)
        for (size_t i = 0; i < cols; i++) x.data[x.ld + (ptrdiff_t)i] = x.data[2 * x.ld + (ptrdiff_t)i]; // the first of equals
    free(vx);
    vx = values_of(&x);
    k->column_max(rows, cols, x.data, x.ld, y.data, row);
    for (size_t i = 0; i < cols; i++) {
        size_t best = 0;
        for (size_t r = 1; r < rows; r++) best = vx[r * cols + i] > vx[best * cols + i] ? r : best;
        want[i] = vx[best * cols + i];
        assert_int_equal(row[i], best);
    }
    matrix_done(k, "column_max", &x, vx, 0);
    matrix_done(k, "column_max", &y, want, 0);
    assert_true(guard_whole(&memory));
    guard_free(&memory);
    free(vx), free(want);
}

// The same words from any place on.
static void check_words(const struct kernels *k, size_t rows, size_t cols)
{
    struct random_key key = { draw(), draw(), RANDOM_DROPOUT, draw() };
    struct guarded memory = guard_floats((rows * cols + 3) / 4);
    uint8_t *keep = bytes_of(&memory, rows * cols);
    uint32_t first = draw() % 100, least = draw();
    k->draw(key, first, rows * cols, least, keep);
    for (uint32_t i = 0; i < rows * cols; i++) {
        uint32_t words[4];
        random_words(key, (first + i) / 4, words);
        assert_int_equal(keep[i], words[(first + i) % 4] >= least);
    }
    assert_true(guard_whole(&memory));
    guard_free(&memory);
}

// Sums of bytes are exact, so every instruction set has the same; weights that do not add up to one are cut at 255.
static void check_weigh(const struct kernels *k, size_t rows, size_t cols)
{
    enum { BITS = 22 };
    struct guarded memory = guard_floats((rows * cols + 3) / 4), out = guard_floats((cols + 3) / 4);
    uint8_t *x = bytes_of(&memory, rows * cols), *y = bytes_of(&out, cols);
    int *weights = malloc(rows * sizeof *weights);
    for (size_t i = 0; i < rows * cols; i++) x[i] = (uint8_t)draw();
    for (size_t r = 0; r < rows; r++) weights[r] = (int)((int64_t)(draw() % 5000 + 1) * (1 << BITS) / 4000 / (int64_t)rows);
    k->weigh_rows(cols, (int)rows, weights, BITS, x, (ptrdiff_t)cols, y);
    for (size_t c = 0; c < cols; c++) {
        int64_t sum = 1 << (BITS - 1);
        for (size_t r = 0; r < rows; r++) sum += (int64_t)weights[r] * x[r * cols + c];
        assert_int_equal(y[c], sum >> BITS > 255 ? 255 : sum >> BITS);
    }
    assert_true(guard_whole(&memory) && guard_whole(&out));
    guard_free(&memory);
    guard_free(&out);
    free(weights);
}

CHECK(weigh, 1)

// Windows anywhere in a row of RGB pixels, the last of them at its end: nothing behind a row's last byte is read.
static void check_pixels(const struct kernels *k, size_t rows, size_t width)
{
    enum { BITS = 22, TAPS = 5, CHANNELS = 3 };
    size_t cols = width / 2 + 3;
    struct guarded memory = guard_floats((CHANNELS * rows * width + 3) / 4),
                   out = guard_floats((CHANNELS * rows * cols + 3) / 4);
    uint8_t *x = bytes_of(&memory, CHANNELS * rows * width), *y = bytes_of(&out, CHANNELS * rows * cols);
    int *begin = malloc((TAPS + 2) * cols * sizeof *begin), *count = begin + cols, *weights = count + cols;
    for (size_t i = 0; i < CHANNELS * rows * width; i++) x[i] = (uint8_t)draw();
    for (size_t q = 0; q < cols; q++) {
        begin[q] = (int)(q + 1 < cols ? draw() % width : width - 1);
        count[q] = (int)(1 + draw() % TAPS);
        if (begin[q] + count[q] > (int)width) count[q] = (int)width - begin[q];
        for (int t = 0; t < count[q]; t++)
            weights[q * TAPS + (size_t)t] = (int)(draw() % 5000) * ((1 << BITS) / 4000) / count[q];
    }
    k->weigh_pixels(&(struct weigh){ BITS, (int)width, TAPS, begin, count, weights }, rows, cols, x,
                    CHANNELS * (ptrdiff_t)width, y, CHANNELS * (ptrdiff_t)cols);
    for (size_t i = 0; i < CHANNELS * rows * cols; i++) {
        size_t row = i / CHANNELS / cols, q = i / CHANNELS % cols;
        int64_t sum = 1 << (BITS - 1);
        for (int t = 0; t < count[q]; t++)
            sum += (int64_t)weights[q * TAPS + (size_t)t] * x[CHANNELS * (row * width + (size_t)(begin[q] + t)) + i % CHANNELS];
        assert_int_equal(y[i], sum >> BITS > 255 ? 255 : sum >> BITS);
    }
    assert_true(guard_whole(&memory) && guard_whole(&out));
    guard_free(&memory);
    guard_free(&out);
    free(begin);
}

CHECK(pixels, 1)
CHECK(norm, 0)
CHECK(lrn, 0)
CHECK(words, 0)
CHECK(softmax, 1)
CHECK(update, 0)
CHECK(blocks, 0)
CHECK(pools, 1)
CHECK(column_max, 0)

// ---- what lengths do not show ----

// The exponential function is ours: a few units in the last place, over all its range.
static void accuracy(void **unused)
{
    (void)unused;
    enum { COUNT = 200000 };
    float *x = malloc(3 * COUNT * sizeof *x), *y = x + COUNT, *z = y + COUNT;
    for (int i = 0; i < COUNT; i++)
        x[i] = i % 2 ? -80 + (float)i * (160.0f / COUNT) : ldexpf(draw_value(), -(int)(draw() % 24));
    for (int isa = 0; kernels_at(isa); isa++) {
        kernels_at(isa)->sigmoid(1, COUNT, x, COUNT, y, COUNT);
        kernels_at(isa)->tanh(1, COUNT, x, COUNT, z, COUNT);
        for (int i = 0; i < COUNT; i++) {
            assert_true(fabs(y[i] - reference_sigmoid(x[i])) <= 3e-7 * reference_sigmoid(x[i]));
            assert_true(fabs(z[i] - tanh(x[i])) <= 3e-7 * fabs(tanh(x[i])));
        }
    }
    free(x);
}

// Infinities have limits, and what is no number stays none, so that a network that diverges is found out.
static void special_values(void **unused)
{
    (void)unused;
    const float x[4] = { NAN, INFINITY, -INFINITY, -0.0f }, large[4] = { 1e30f, -1e30f, 0, 88 };
    for (int isa = 0; kernels_at(isa); isa++) {
        const struct kernels *k = kernels_at(isa);
        float y[4], loss[2], p[8];
        k->relu(1, 4, x, 4, y, 4);
        assert_true(isnan(y[0]) && isinf(y[1]) && y[2] == 0 && y[3] == 0);
        k->leaky_relu(0.5f, 1, 4, x, 4, y, 4);
        assert_true(isnan(y[0]) && y[1] == INFINITY && y[2] == -INFINITY && y[3] == 0);
        k->abs(1, 4, x, 4, y, 4);
        assert_true(isnan(y[0]) && y[1] == INFINITY && y[2] == INFINITY && y[3] == 0);
        k->sign(1, 4, x, 4, y, 4);
        assert_true(isnan(y[0]) && y[1] == 1 && y[2] == -1 && y[3] == 1);
        k->sigmoid(1, 4, x, 4, y, 4);
        assert_true(isnan(y[0]) && y[1] == 1 && y[2] == 0 && y[3] == 0.5f);
        k->tanh(1, 4, x, 4, y, 4);
        assert_true(isnan(y[0]) && y[1] == 1 && y[2] == -1 && y[3] == 0);
        k->softmax(1, 4, large, 4, y, 4);
        assert_true(y[0] == 1 && y[1] == 0 && y[2] == 0 && y[3] == 0);
        k->softmax(1, 4, x, 4, y, 4);
        assert_true(isnan(y[0]) && isnan(y[3]));
        k->cross_entropy(1, 4, large, 4, (int[]){ 2 }, 0, loss, 1, p);
        assert_true(loss[0] == 1e30f);
        k->cross_entropy(2, 4, (float[8]){ 0 }, 4, (int[]){ -1, 4 }, 0, loss, 1, NULL); // labels out of range
        assert_true(isnan(loss[0]) && isnan(loss[1]));
        uint8_t place;
        struct pool s = { .h = 2, .w = 2, .c = 1, .p = 1, .q = 1, .size_h = 2, .size_w = 2, .stride_h = 2, .stride_w = 2 };
        k->max_pool(&s, 0, 1, (float[]){ 1, NAN, 3, 4 }, 1, y, 1, &place);
        assert_true(isnan(y[0]) && place == 1);
        k->max_pool(&s, 0, 1, (float[]){ 2, 7, 7, 4 }, 1, y, 1, &place); // the first of equals
        assert_true(y[0] == 7 && place == 1);
    }
}

// Large batches, far from zero: statistics in float lose no digits that matter.
static void batch_statistics(void **unused)
{
    (void)unused;
    enum { N = 64, SIDE = 56, C = 3, ROWS = N * SIDE * SIDE };
    float *x = malloc(2 * (size_t)ROWS * C * sizeof *x), *y = x + (size_t)ROWS * C;
    double mean[C] = { 0 }, var[C] = { 0 };
    for (size_t i = 0; i < (size_t)ROWS * C; i++) x[i] = (i % C == 0 ? 1000.0f : 0.0f) + draw_value();
    for (size_t i = 0; i < (size_t)ROWS * C; i++) mean[i % C] += x[i] / (double)ROWS;
    for (size_t i = 0; i < (size_t)ROWS * C; i++) var[i % C] += (x[i] - mean[i % C]) * (x[i] - mean[i % C]) / ROWS;
    struct tensor in = { x, N, { SIDE, SIDE, C, 1 }, C }, out = { y, N, { SIDE, SIDE, C, 1 }, C }, *ins[] = { &in };
    striate_norm_options o = { .eps = 1e-5f, .momentum = 1 };
    float weight[C] = { 1, 1, 1 }, bias[C] = { 0 }, running_mean[C] = { 0 }, running_var[C] = { 1, 1, 1 };
    for (int isa = 0; kernels_at(isa); isa++) {
        struct op_args a = { .k = kernels_at(isa), .options = &o, .ins = 1, .in = ins, .out = &out, .train = true };
        a.param[0] = weight, a.param[1] = bias, a.param[2] = running_mean, a.param[3] = running_var;
        struct op_plan plan = { 0 };
        assert_int_equal(striate_op_batch_norm.shape(&a, &plan), STRIATE_OK);
        a.saved = malloc(plan.saved);
        a.workspace = malloc(plan.workspace);
        striate_op_batch_norm.forward(&a);
        for (int c = 0; c < C; c++) {
            assert_true(fabs(running_mean[c] - mean[c]) <= 1e-7 * (1 + fabs(mean[c])));
            assert_true(fabs(running_var[c] - var[c] * ROWS / (ROWS - 1.0)) <= 1e-6 * var[c]);
        }
        double sum[C] = { 0 }, squares[C] = { 0 };
        for (size_t i = 0; i < (size_t)ROWS * C; i++) {
            sum[i % C] += y[i];
            squares[i % C] += (double)y[i] * y[i];
        }
        for (int c = 0; c < C; c++) {
            assert_true(fabs(sum[c] / ROWS) < 1e-4);
            assert_true(fabs(squares[c] / ROWS - 1) < 1e-4);
        }
        free(a.saved);
        free(a.workspace);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weigh),
        cmocka_unit_test(pixels),
        cmocka_unit_test(norm),
        cmocka_unit_test(lrn),
        cmocka_unit_test(words),
        cmocka_unit_test(softmax),
        cmocka_unit_test(update),
        cmocka_unit_test(blocks),
        cmocka_unit_test(pools),
        cmocka_unit_test(column_max),
        cmocka_unit_test(accuracy),
        cmocka_unit_test(special_values),
        cmocka_unit_test(batch_statistics),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
