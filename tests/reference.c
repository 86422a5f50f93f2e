// reference.c - see reference.h. Written from the formulas, without a look at how the engine does it.
#include "reference.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

double reference_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

double reference_relu_grad(double x, double dy)
{
    return x > 0 ? dy : 0;
}

double reference_sigmoid_grad(double x, double dy)
{
    return dy * reference_sigmoid(x) * reference_sigmoid(-x);
}

double reference_tanh_grad(double x, double dy)
{
    return dy / (cosh(x) * cosh(x));
}

double reference_scaled_tanh(double x)
{
    return 1.7159 * tanh(2 * x / 3);
}

double reference_scaled_tanh_grad(double x, double dy)
{
    return 1.7159 * 2 / 3 * reference_tanh_grad(2 * x / 3, dy);
}

double reference_abs_grad(double x, double dy)
{
    return x < 0 ? -dy : dy;
}

double reference_sign(double x)
{
    return x < 0 ? -1 : 1;
}

int reference_windows(int length, int size, int stride, int pad, bool ceil)
{
    int count = 1;
    if (!ceil) {
        while (count * stride + size <= length + 2 * pad) count++;
        return count;
    }
    while ((count - 1) * stride + size < length + 2 * pad) count++; // until all is covered
    while ((count - 1) * stride - pad >= length) count--;           // but none begins below the image
    return count;
}

static void same_side(int length, int size, int stride, int *pad, int *count)
{
    *count = (int)ceil((double)length / stride);
    int lacking = (*count - 1) * stride + size - length;
    *pad = (int)floor(fmax(lacking, 0) / 2);
}

void reference_pool_outputs(struct reference_pool *s, int *p, int *q)
{
    *p = reference_windows(s->h, s->size_h, s->stride_h, s->pad_h, s->ceil || s->zero_fill);
    *q = reference_windows(s->w, s->size_w, s->stride_w, s->pad_w, s->ceil || s->zero_fill);
    if (!s->same) return;
    same_side(s->h, s->size_h, s->stride_h, &s->pad_h, p);
    same_side(s->w, s->size_w, s->stride_w, &s->pad_w, q);
}

// Calls visit for each pair of an output value and an input pixel of its window, rows first; x is OUTSIDE for zeros that count.
static const size_t OUTSIDE = SIZE_MAX;
typedef void visit_pair(void *context, size_t y, size_t x, double pixels);

static void visit_window(const struct reference_pool *s, int n, int top, int left, int c, size_t y, visit_pair *visit,
                         void *context)
{
    int inside = 0, padded = 0;
    for (int h = top; h < top + s->size_h; h++)
        for (int w = left; w < left + s->size_w; w++) {
            inside += h >= 0 && h < s->h && w >= 0 && w < s->w;
            padded += h < s->h + s->pad_h && w < s->w + s->pad_w;
        }
    double pixels = s->sum ? 1 : s->zero_fill ? s->size_h * s->size_w : s->exclude_pad || s->same ? inside : padded;
    for (int h = top; h < top + s->size_h; h++)
        for (int w = left; w < left + s->size_w; w++)
            if (h >= 0 && h < s->h && w >= 0 && w < s->w)
                visit(context, y,
                      (((size_t)n * (size_t)s->h + (size_t)h) * (size_t)s->w + (size_t)w) * (size_t)s->c + (size_t)c, pixels);
            else if (s->zero_fill)
                visit(context, y, OUTSIDE, pixels);
}

static void each_pair(const struct reference_pool *pool, visit_pair *visit, void *context)
{
    struct reference_pool s = *pool;
    int p_count, q_count;
    reference_pool_outputs(&s, &p_count, &q_count);
    size_t y = 0;
    for (int n = 0; n < s.n; n++)
        for (int p = 0; p < p_count; p++)
            for (int q = 0; q < q_count; q++)
                for (int c = 0; c < s.c; c++, y++)
                    visit_window(&s, n, p * s.stride_h - s.pad_h, q * s.stride_w - s.pad_w, c, y, visit, context);
}

static size_t outputs(const struct reference_pool *pool)
{
    struct reference_pool s = *pool;
    int p, q;
    reference_pool_outputs(&s, &p, &q);
    return (size_t)s.n * (size_t)s.c * (size_t)p * (size_t)q;
}

static size_t inputs(const struct reference_pool *s)
{
    return (size_t)s->n * (size_t)s->h * (size_t)s->w * (size_t)s->c;
}

struct pooling {
    const double *x, *dy;
    double *y, *dx;
    size_t *argmax;
};

static void take_max(void *context, size_t y, size_t x, double pixels)
{
    struct pooling *job = context;
    (void)pixels;
    double value = x == OUTSIDE ? 0 : job->x[x];
    if (value > job->y[y]) {
        job->y[y] = value;
        if (job->argmax) job->argmax[y] = x;
    }
}

void reference_max_pool(const struct reference_pool *s, const double *x, double *y)
{
    struct pooling job = { .x = x, .y = y };
    for (size_t i = 0; i < outputs(s); i++) y[i] = -INFINITY;
    each_pair(s, take_max, &job);
}

void reference_max_pool_grad(const struct reference_pool *s, const double *x, const double *dy, double *dx)
{
    size_t count = outputs(s);
    struct pooling job = { .x = x, .y = malloc(count * sizeof(double)), .argmax = malloc(count * sizeof(size_t)) };
    for (size_t i = 0; i < count; i++) job.y[i] = -INFINITY;
    each_pair(s, take_max, &job);
    memset(dx, 0, inputs(s) * sizeof *dx);
    for (size_t i = 0; i < count; i++)
        if (job.argmax[i] != OUTSIDE) dx[job.argmax[i]] += dy[i];
    free(job.y);
    free(job.argmax);
}

static void take_mean(void *context, size_t y, size_t x, double pixels)
{
    struct pooling *job = context;
    if (x != OUTSIDE) job->y[y] += job->x[x] / pixels;
}

void reference_avg_pool(const struct reference_pool *s, const double *x, double *y)
{
    struct pooling job = { .x = x, .y = y };
    memset(y, 0, outputs(s) * sizeof *y);
    each_pair(s, take_mean, &job);
}

static void give_mean(void *context, size_t y, size_t x, double pixels)
{
    struct pooling *job = context;
    if (x != OUTSIDE) job->dx[x] += job->dy[y] / pixels;
}

void reference_avg_pool_grad(const struct reference_pool *s, const double *dy, double *dx)
{
    struct pooling job = { .dy = dy, .dx = dx };
    memset(dx, 0, inputs(s) * sizeof *dx);
    each_pair(s, give_mean, &job);
}

void reference_global_avg_pool(int n, int pixels, int c, const double *x, double *y)
{
    memset(y, 0, (size_t)n * (size_t)c * sizeof *y);
    for (int i = 0; i < n * pixels * c; i++) y[i / (pixels * c) * c + i % c] += x[i] / pixels;
}

void reference_global_avg_pool_grad(int n, int pixels, int c, const double *dy, double *dx)
{
    for (int i = 0; i < n * pixels * c; i++) dx[i] = dy[i / (pixels * c) * c + i % c] / pixels;
}

// Whether pixel i of `length` lies in window p of `count`.
static bool adaptive_holds(int p, int count, int i, int length)
{
    return i >= floor((double)p * length / count) && i < ceil((double)(p + 1) * length / count);
}

// What pixel i of x (of n*h*w*c) has to do with output j: 0, or one over the pixels of the window.
static double adaptive_share(int h, int w, int c, int p_count, int q_count, int i, int j)
{
    int p = j / c / q_count % p_count, q = j / c % q_count, rows = 0, columns = 0;
    for (int k = 0; k < h; k++) rows += adaptive_holds(p, p_count, k, h);
    for (int k = 0; k < w; k++) columns += adaptive_holds(q, q_count, k, w);
    bool held = i % c == j % c && i / c / w / h == j / c / q_count / p_count && adaptive_holds(p, p_count, i / c / w % h, h) &&
                adaptive_holds(q, q_count, i / c % w, w);
    return held ? 1.0 / (rows * columns) : 0;
}

void reference_adaptive_avg_pool(int n, int h, int w, int c, int p_count, int q_count, const double *x, double *y)
{
    for (int j = 0; j < n * p_count * q_count * c; j++) {
        y[j] = 0;
        for (int i = 0; i < n * h * w * c; i++) y[j] += x[i] * adaptive_share(h, w, c, p_count, q_count, i, j);
    }
}

void reference_adaptive_avg_pool_grad(int n, int h, int w, int c, int p_count, int q_count, const double *dy, double *dx)
{
    for (int i = 0; i < n * h * w * c; i++) {
        dx[i] = 0;
        for (int j = 0; j < n * p_count * q_count * c; j++) dx[i] += dy[j] * adaptive_share(h, w, c, p_count, q_count, i, j);
    }
}

void reference_shortcut(int n, int h, int w, int c, int stride, int k, const double *x, double *y)
{
    int p_count = (h + stride - 1) / stride, q_count = (w + stride - 1) / stride, before = (k - c) / 2;
    for (int i = 0; i < n * p_count * q_count * k; i++) {
        int channel = i % k - before, q = i / k % q_count, p = i / k / q_count % p_count, image = i / k / q_count / p_count;
        y[i] = channel >= 0 && channel < c ? x[((image * h + p * stride) * w + q * stride) * c + channel] : 0;
    }
}

void reference_shortcut_grad(int n, int h, int w, int c, int stride, int k, const double *dy, double *dx)
{
    int p_count = (h + stride - 1) / stride, q_count = (w + stride - 1) / stride, before = (k - c) / 2;
    for (int i = 0; i < n * h * w * c; i++) {
        int channel = i % c, column = i / c % w, row = i / c / w % h, image = i / c / w / h;
        bool taken = row % stride == 0 && column % stride == 0;
        dx[i] = taken ? dy[((image * p_count + row / stride) * q_count + column / stride) * k + before + channel] : 0;
    }
}

void reference_moments(int rows, int c, const double *x, double *mean, double *var)
{
    for (int j = 0; j < c; j++) {
        mean[j] = var[j] = 0;
        for (int i = 0; i < rows; i++) mean[j] += x[i * c + j] / rows;
        for (int i = 0; i < rows; i++) var[j] += (x[i * c + j] - mean[j]) * (x[i * c + j] - mean[j]) / rows;
    }
}

void reference_normalize(int rows, int c, const double *x, const double *mean, const double *var, double eps,
                         const double *weight, const double *bias, double *y)
{
    for (int i = 0; i < rows * c; i++) y[i] = weight[i % c] * (x[i] - mean[i % c]) / sqrt(var[i % c] + eps) + bias[i % c];
}

void reference_batch_norm_grad(int rows, int c, const double *x, double eps, const double *weight, const double *dy, double *dx,
                               double *dweight, double *dbias)
{
    for (int j = 0; j < c; j++) {
        double mean = 0, var = 0, dvar = 0, dmean = 0, away = 0;
        for (int i = 0; i < rows; i++) mean += x[i * c + j] / rows;
        for (int i = 0; i < rows; i++) var += pow(x[i * c + j] - mean, 2) / rows;
        dweight[j] = dbias[j] = 0;
        for (int i = 0; i < rows; i++) {
            double d = x[i * c + j] - mean, dhat = dy[i * c + j] * weight[j];
            dweight[j] += dy[i * c + j] * d / sqrt(var + eps);
            dbias[j] += dy[i * c + j];
            dvar += dhat * d * -0.5 * pow(var + eps, -1.5);
            dmean -= dhat / sqrt(var + eps);
            away += d;
        }
        dmean += dvar * -2 * away / rows;
        for (int i = 0; i < rows; i++)
            dx[i * c + j] =
                dy[i * c + j] * weight[j] / sqrt(var + eps) + dvar * 2 * (x[i * c + j] - mean) / rows + dmean / rows;
    }
}

static double lrn_scale(int c, int size, double alpha, double k, const double *x, int at)
{
    double sum = 0;
    for (int j = at - size / 2; j < at - size / 2 + size; j++) sum += j >= 0 && j < c ? x[j] * x[j] : 0;
    return k + alpha / size * sum;
}

void reference_lrn(int rows, int c, int size, double alpha, double beta, double k, const double *x, double *y)
{
    for (int i = 0; i < rows; i++, x += c, y += c)
        for (int j = 0; j < c; j++) y[j] = x[j] / pow(lrn_scale(c, size, alpha, k, x, j), beta);
}

void reference_lrn_grad(int rows, int c, int size, double alpha, double beta, double k, const double *x, const double *dy,
                        double *dx)
{
    for (int i = 0; i < rows; i++, x += c, dy += c, dx += c) {
        for (int j = 0; j < c; j++) dx[j] = 0;
        for (int j = 0; j < c; j++) { // dy_j / dx_m
            double s = lrn_scale(c, size, alpha, k, x, j);
            dx[j] += dy[j] * pow(s, -beta);
            for (int m = j - size / 2; m < j - size / 2 + size; m++)
                if (m >= 0 && m < c) dx[m] -= dy[j] * x[j] * beta * pow(s, -beta - 1) * alpha / size * 2 * x[m];
        }
    }
}

void reference_softmax(int rows, int c, const double *x, double *y)
{
    for (int i = 0; i < rows; i++, x += c, y += c) {
        double max = x[0], sum = 0;
        for (int j = 0; j < c; j++) max = fmax(max, x[j]);
        for (int j = 0; j < c; j++) sum += exp(x[j] - max);
        for (int j = 0; j < c; j++) y[j] = exp(x[j] - max) / sum;
    }
}

void reference_softmax_grad(int rows, int c, const double *x, const double *dy, double *dx)
{
    double *y = malloc((size_t)c * sizeof *y);
    for (int i = 0; i < rows; i++, x += c, dy += c, dx += c) {
        reference_softmax(1, c, x, y);
        for (int j = 0; j < c; j++) {
            dx[j] = 0;
            for (int k = 0; k < c; k++) dx[j] += dy[k] * y[k] * ((j == k) - y[j]);
        }
    }
    free(y);
}

void reference_cross_entropy(int rows, int c, const double *x, const int *labels, double smoothing, double *loss)
{
    for (int i = 0; i < rows; i++, x += c) {
        double max = x[0], sum = 0;
        for (int j = 0; j < c; j++) max = fmax(max, x[j]);
        for (int j = 0; j < c; j++) sum += exp(x[j] - max);
        loss[i] = 0;
        for (int j = 0; j < c; j++) loss[i] += ((1 - smoothing) * (j == labels[i]) + smoothing / c) * (log(sum) + max - x[j]);
    }
}

void reference_cross_entropy_grad(int rows, int c, const double *x, const int *labels, double smoothing, double *dx)
{
    reference_softmax(rows, c, x, dx);
    for (int i = 0; i < rows; i++) dx[i * c + labels[i]] -= 1 - smoothing;
    for (int i = 0; i < rows * c; i++) dx[i] = (dx[i] - smoothing / c) / rows;
}
