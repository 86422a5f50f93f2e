// lesion.h - the units of a network, which can be deleted or take each other's place after training (Veit, Wilber and Belongie 2016).
//
// A unit of a residual network is what an `add` adds to its shortcut: deleted, the shortcut alone remains. Of a network without `add` it is a
// convolution that keeps the shape, with the batch normalization and the ReLU behind it: deleted, its input goes on.
#ifndef LESION_H
#define LESION_H

#include "cli.h"

struct lesions;

int lesions_open(struct lesions **lesions, striate_model *model); // an exit code; the model must outlive it
void lesions_close(struct lesions *lesions);
int lesions_units(const struct lesions *lesions);
const char *lesions_name(const struct lesions *lesions, int unit);
bool lesions_residual(const struct lesions *lesions);
// Whether two units have weights of the same shapes.
bool lesions_alike(const struct lesions *lesions, int a, int b);
// A model without the units that `deleted` marks, where unit i has the weights of unit place[i]; NULL: all, and their own.
int lesions_model(striate_model **model, const struct lesions *lesions, const bool *deleted, const int *place);

#endif
