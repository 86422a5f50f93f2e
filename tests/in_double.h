// in_double.h - included before everything when the engine is compiled in double precision: gradients then agree with central differences
// to many digits, and an error in a formula cannot hide behind rounding.
#ifndef IN_DOUBLE_H
#define IN_DOUBLE_H

// What the system declares with float stays float.
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define float double
#define expf  exp
#define logf  log
#define sqrtf sqrt
#define powf  pow
#define fabsf fabs

#undef __x86_64__ // one instruction set is enough: pick.c then knows the plain kernels only
#undef __aarch64__

// In place of kernels/exp.h, whose polynomials are made for 24 bits.
#define EXP_H
#include "kernels/simd.h"

INLINE vf vexp(vf x)
{
    for (int i = 0; i < LANES; i++) x[i] = exp(x[i]);
    return x;
}

INLINE vf vlog(vf x)
{
    for (int i = 0; i < LANES; i++) x[i] = log(x[i]);
    return x;
}

INLINE vf vsigmoid(vf x)
{
    return 1.0 / (1.0 + vexp(-x));
}

INLINE vf vtanh(vf x)
{
    for (int i = 0; i < LANES; i++) x[i] = tanh(x[i]);
    return x;
}

#endif
