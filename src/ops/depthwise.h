// depthwise.h - convolution of every channel with a filter of its own, by vectors of channels.
#ifndef DEPTHWISE_H
#define DEPTHWISE_H

#include "ops/linear.h"

double depthwise_cost(const struct linear *l, enum direction direction);
size_t depthwise_packed(const struct linear *l);
size_t depthwise_workspace(const struct linear *l, enum direction direction);
size_t depthwise_parts(const struct linear *l);
void depthwise_pack(const struct linear *l, const float *weights, float *packed);
void depthwise_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                       float *workspace, const struct tensor *y);
void depthwise_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                    const struct tensor *dx, bool add);
void depthwise_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                       float *db);

#endif
