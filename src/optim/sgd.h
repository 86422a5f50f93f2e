// sgd.h - one step of stochastic gradient descent over all parameters, which are one block of floats.
#ifndef SGD_H
#define SGD_H

#include "striate.h"

#include <stdbool.h>

// w -= f(g) by the rule of striate_sgd_options; v is the velocity. All are [count].
void sgd_step(striate_sgd_options options, float learning_rate, size_t count, float *w, const float *g, float *v);

// Whether no value is infinite or not a number.
bool sgd_finite(const float *x, size_t count);

#endif
