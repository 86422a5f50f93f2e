// reference.h - what the ops and kernels are compared with: every formula once, naive, in double. Activations are dense x[n][h][w][c];
// gradients are written, not added to.
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

// Element by element: dx from x and dy.
double reference_sigmoid(double x);
double reference_relu_grad(double x, double dy);
double reference_sigmoid_grad(double x, double dy);
double reference_tanh_grad(double x, double dy);
double reference_scaled_tanh(double x);
double reference_scaled_tanh_grad(double x, double dy);
double reference_abs_grad(double x, double dy);
double reference_sign(double x);

struct reference_pool {
    int n, h, w, c;
    int size_h, size_w, stride_h, stride_w, pad_h, pad_w;
    bool ceil, exclude_pad;
    bool zero_fill; // pixels outside the image are zeros that count
    bool sum;       // without a division
    bool same;      // TensorFlow's padding in place of pad_h and pad_w
};
// The number of windows downwards and across; with `same` it also sets the padding.
void reference_pool_outputs(struct reference_pool *s, int *p, int *q);
// How many windows there are along a side of `length` pixels.
int reference_windows(int length, int size, int stride, int pad, bool ceil);
void reference_max_pool(const struct reference_pool *s, const double *x, double *y);
void reference_max_pool_grad(const struct reference_pool *s, const double *x, const double *dy, double *dx);
void reference_avg_pool(const struct reference_pool *s, const double *x, double *y);
void reference_avg_pool_grad(const struct reference_pool *s, const double *dy, double *dx);

// The mean over an image's pixels; its gradient.
void reference_global_avg_pool(int n, int pixels, int c, const double *x, double *y);
void reference_global_avg_pool_grad(int n, int pixels, int c, const double *dy, double *dx);

// The mean over rows floor(p h / p_count) .. ceil((p + 1) h / p_count) - 1 and columns likewise; its gradient.
void reference_adaptive_avg_pool(int n, int h, int w, int c, int p_count, int q_count, const double *x, double *y);
void reference_adaptive_avg_pool_grad(int n, int h, int w, int c, int p_count, int q_count, const double *dy, double *dx);

// Option A: y[n][ceil(h/stride)][ceil(w/stride)][k].
void reference_shortcut(int n, int h, int w, int c, int stride, int k, const double *x, double *y);
void reference_shortcut_grad(int n, int h, int w, int c, int stride, int k, const double *dy, double *dx);

// Over `rows` pixels of c channels: the mean, the biased variance, y; then the gradients, from the chain of Ioffe and Szegedy's section 3.
void reference_moments(int rows, int c, const double *x, double *mean, double *var);
void reference_normalize(int rows, int c, const double *x, const double *mean, const double *var, double eps,
                         const double *weight, const double *bias, double *y);
void reference_batch_norm_grad(int rows, int c, const double *x, double eps, const double *weight, const double *dy, double *dx,
                               double *dweight, double *dbias);

// Across the channels of each row; alpha is divided by size. The gradient is the sum of the whole Jacobian.
void reference_lrn(int rows, int c, int size, double alpha, double beta, double k, const double *x, double *y);
void reference_lrn_grad(int rows, int c, int size, double alpha, double beta, double k, const double *x, const double *dy,
                        double *dx);

void reference_softmax(int rows, int c, const double *x, double *y);
void reference_softmax_grad(int rows, int c, const double *x, const double *dy, double *dx);
// The loss of each row, and the gradient of their mean.
void reference_cross_entropy(int rows, int c, const double *x, const int *labels, double smoothing, double *loss);
void reference_cross_entropy_grad(int rows, int c, const double *x, const int *labels, double smoothing, double *dx);

#endif
