// scatter.h - the gradient of the input of a convolution with few channels.
#ifndef SCATTER_H
#define SCATTER_H

#include "ops/linear.h"

double scatter_cost(const struct linear *l, enum direction direction);
size_t scatter_workspace(const struct linear *l, enum direction direction);
void scatter_data(const struct linear *l, const struct tensor *dy, const float *weights, float *workspace,
                  const struct tensor *dx, bool add);

#endif
