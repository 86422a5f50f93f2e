// reference_conv.c - convolution by the book, in double.
#include "reference_conv.h"

#include <stdlib.h>
#include <string.h>

static double *zeroed(int a, int b, int c, int d)
{
    double *p = calloc((size_t)a * (size_t)b * (size_t)c * (size_t)d + 1, sizeof *p);
    if (!p) abort();
    return p;
}

// Index of [a][b][c][d] in an array of dims [..][nb][nc][nd].
static size_t at(int a, int b, int c, int d, int nb, int nc, int nd)
{
    return (((size_t)a * (size_t)nb + (size_t)b) * (size_t)nc + (size_t)c) * (size_t)nd + (size_t)d;
}

// Valid cross-correlation of an image that has its padding already, kernel taps `dilation` apart: the only loop of both directions.
static void valid(const double *x, int n, int h, int w, int c, const double *weights, int k, int r, int s, int dilation,
                  int stride_h, int stride_w, int groups, double *y, int p, int q)
{
    int cg = c / groups, kg = k / groups;
    for (int in = 0; in < n; in++)
        for (int ip = 0; ip < p; ip++)
            for (int iq = 0; iq < q; iq++)
                for (int ik = 0; ik < k; ik++) {
                    double sum = 0;
                    for (int ir = 0; ir < r; ir++)
                        for (int is = 0; is < s; is++)
                            for (int ic = 0; ic < cg; ic++)
                                sum += weights[at(ik, ir, is, ic, r, s, cg)] *
                                       x[at(in, ip * stride_h + ir * dilation, iq * stride_w + is * dilation, ik / kg * cg + ic,
                                            h, w, c)];
                    y[at(in, ip, iq, ik, p, q, k)] = sum;
                }
}

void reference_conv_forward(const struct reference_conv *v, const double *x, const double *weights, const double *bias,
                            double *y)
{
    int h = (v->p - 1) * v->stride_h + (v->r - 1) * v->dilation + 1,
        w = (v->q - 1) * v->stride_w + (v->s - 1) * v->dilation + 1;
    double *padded = zeroed(v->n, h, w, v->c);
    for (int n = 0; n < v->n; n++)
        for (int i = 0; i < v->h; i++)
            for (int j = 0; j < v->w; j++) {
                int row = i + v->pad_top, col = j + v->pad_left;
                if (row >= h || col >= w) continue; // what a stride leaves over
                memcpy(padded + at(n, row, col, 0, h, w, v->c), x + at(n, i, j, 0, v->h, v->w, v->c), (size_t)v->c * sizeof *x);
            }
    valid(padded, v->n, h, w, v->c, weights, v->k, v->r, v->s, v->dilation, v->stride_h, v->stride_w, v->groups, y, v->p, v->q);
    for (size_t i = 0; bias && i < (size_t)v->n * (size_t)v->p * (size_t)v->q * (size_t)v->k; i++)
        y[i] += bias[i % (size_t)v->k];
    free(padded);
}

void reference_conv_data(const struct reference_conv *v, const double *dy, const double *weights, double *dx)
{
    int reach_h = (v->r - 1) * v->dilation, reach_w = (v->s - 1) * v->dilation, cg = v->c / v->groups, kg = v->k / v->groups;
    // dy spread by the stride, in a border as wide as the kernel reaches, in a plane that every pixel of the padded image can look at
    int full_h = v->h + v->pad_top, full_w = v->w + v->pad_left;
    if (full_h < (v->p - 1) * v->stride_h + reach_h + 1) full_h = (v->p - 1) * v->stride_h + reach_h + 1;
    if (full_w < (v->q - 1) * v->stride_w + reach_w + 1) full_w = (v->q - 1) * v->stride_w + reach_w + 1;
    int h = full_h + reach_h, w = full_w + reach_w;
    double *spread = zeroed(v->n, h, w, v->k), *full = zeroed(v->n, full_h, full_w, v->c),
           *turned = zeroed(v->c, v->r, v->s, kg);
    for (int n = 0; n < v->n; n++)
        for (int p = 0; p < v->p; p++)
            for (int q = 0; q < v->q; q++)
                memcpy(spread + at(n, p * v->stride_h + reach_h, q * v->stride_w + reach_w, 0, h, w, v->k),
                       dy + at(n, p, q, 0, v->p, v->q, v->k), (size_t)v->k * sizeof *dy);
    for (int c = 0; c < v->c; c++)
        for (int r = 0; r < v->r; r++)
            for (int s = 0; s < v->s; s++)
                for (int k = 0; k < kg; k++)
                    turned[at(c, v->r - 1 - r, v->s - 1 - s, k, v->r, v->s, kg)] =
                        weights[at(c / cg * kg + k, r, s, c % cg, v->r, v->s, cg)];
    valid(spread, v->n, h, w, v->k, turned, v->c, v->r, v->s, v->dilation, 1, 1, v->groups, full, full_h, full_w);
    for (int n = 0; n < v->n; n++)
        for (int i = 0; i < v->h; i++)
            for (int j = 0; j < v->w; j++)
                memcpy(dx + at(n, i, j, 0, v->h, v->w, v->c),
                       full + at(n, i + v->pad_top, j + v->pad_left, 0, full_h, full_w, v->c), (size_t)v->c * sizeof *dx);
    free(spread);
    free(full);
    free(turned);
}

void reference_conv_weights(const struct reference_conv *v, const double *x, const double *dy, double *dw, double *db)
{
    int cg = v->c / v->groups, kg = v->k / v->groups;
    for (int k = 0; k < v->k; k++)
        for (int r = 0; r < v->r; r++)
            for (int s = 0; s < v->s; s++)
                for (int c = 0; c < cg; c++) {
                    double sum = 0;
                    for (int n = 0; n < v->n; n++)
                        for (int p = 0; p < v->p; p++)
                            for (int q = 0; q < v->q; q++) {
                                int i = p * v->stride_h - v->pad_top + r * v->dilation;
                                int j = q * v->stride_w - v->pad_left + s * v->dilation;
                                if (i < 0 || i >= v->h || j < 0 || j >= v->w) continue;
                                sum += dy[at(n, p, q, k, v->p, v->q, v->k)] * x[at(n, i, j, k / kg * cg + c, v->h, v->w, v->c)];
                            }
                    dw[at(k, r, s, c, v->r, v->s, cg)] = sum;
                }
    for (int k = 0; k < v->k; k++) {
        db[k] = 0;
        for (int i = 0; i < v->n * v->p * v->q; i++) db[k] += dy[(size_t)i * (size_t)v->k + (size_t)k];
    }
}
