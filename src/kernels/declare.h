// declare.h - what each kernel file includes: the vocabulary, and the kernels' own prototypes under this instruction set's names.
#ifndef DECLARE_H
#define DECLARE_H

#include "kernels/kernels.h"
#include "kernels/simd.h"

#define K(name, result, arguments) result KERNEL(name) arguments;
#include "kernels/kernels.def"
#undef K

#endif
