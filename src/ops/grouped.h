// grouped.h - convolution in groups of few channels, by vectors of channels.
#ifndef GROUPED_H
#define GROUPED_H

#include "ops/linear.h"

double grouped_cost(const struct linear *l, enum direction direction);
size_t grouped_packed(const struct linear *l);
size_t grouped_workspace(const struct linear *l, enum direction direction);
size_t grouped_parts(const struct linear *l);
void grouped_pack(const struct linear *l, const float *weights, float *packed);
void grouped_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                     float *workspace, const struct tensor *y);
void grouped_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                  const struct tensor *dx, bool add);
void grouped_weights(const struct linear *l, const struct tensor *x, const struct tensor *dy, float *workspace, float *dw,
                     float *db);

#endif
