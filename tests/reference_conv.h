// reference_conv.h - convolution by the book: naive, in double, written apart from the library and not like it.
#ifndef REFERENCE_CONV_H
#define REFERENCE_CONV_H

// x[n][h][w][c], weights[k][r][s][c / groups], y[n][p][q][k], all without gaps.
struct reference_conv {
    int n, h, w, c, k, r, s, p, q;
    int stride_h, stride_w, pad_top, pad_left, dilation, groups;
};

void reference_conv_forward(const struct reference_conv *v, const double *x, const double *weights, const double *bias,
                            double *y);

// The full convolution of dy, spread by the stride, with the weights turned by 180 degrees; then cut to the image.
void reference_conv_data(const struct reference_conv *v, const double *dy, const double *weights, double *dx);
void reference_conv_weights(const struct reference_conv *v, const double *x, const double *dy, double *dw, double *db);

#endif
