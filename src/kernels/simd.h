// simd.h - the vocabulary of the kernels: one vector type over GCC and Clang vector extensions, LANES floats wide per instruction set.
// Everything here is static inline: a function shared by the per-ISA builds would be compiled for only one of them.
#ifndef SIMD_H
#define SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX2__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

enum { VECTORS = 3 }; // the widest block of accumulators

// KERNEL(relu) is relu_avx2 in the AVX2 build.
#define KERNEL_PASTE(name, isa) name##_##isa
#define KERNEL_NAME(name, isa)  KERNEL_PASTE(name, isa)
#define KERNEL(name)            KERNEL_NAME(name, ISA)

#define INLINE static inline __attribute__((always_inline))

// A loop of a count that the compiler knows, unrolled whole: what its counter indexes can then stay in registers.
#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)") for
#define ROLLED   _Pragma("clang loop unroll(disable)") for
#else
#define UNROLLED _Pragma("GCC unroll 16") for
#define ROLLED   _Pragma("GCC unroll 1") for
#endif

typedef float vf __attribute__((vector_size(LANES * sizeof(float))));
typedef float vf_anywhere __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef __typeof__((vf){ 0 } < (vf){ 0 }) vmask; // all ones or all zeros per lane

INLINE vf vload(const float *p)
{
    return *(const vf_anywhere *)p;
}

INLINE void vstore(float *p, vf v)
{
    *(vf_anywhere *)p = v;
}

#if defined(__clang__)
#define STREAM(p, v) __builtin_nontemporal_store(v, (vf *)(p))
#elif defined(__AVX512F__)
#define STREAM __builtin_ia32_movntps512
#elif defined(__AVX2__)
#define STREAM __builtin_ia32_movntps256
#elif defined(__x86_64__)
#define STREAM __builtin_ia32_movntps
#else
#define STREAM(p, v) vstore(p, v)
#endif

// A store past the caches, for what will not be read soon; p is aligned as a vector is. Other threads see it when parallel_for
// has returned.
INLINE void vstream(float *p, vf v)
{
    STREAM(p, v);
}

// The first `count` < LANES floats; the rest is 0 and is not read. In pieces of fixed size, as a memcpy of any size is a call.
INLINE vf vload_some(const float *p, size_t count)
{
    vf v = { 0 };
    float *lane = (float *)&v;
    UNROLLED (size_t piece = LANES / 2; piece; piece /= 2) {
        if (!(count & piece)) continue;
        memcpy(lane, p, piece * sizeof(float));
        lane += piece;
        p += piece;
    }
    return v;
}

INLINE void vstore_some(float *p, vf v, size_t count)
{
    const float *lane = (const float *)&v;
    UNROLLED (size_t piece = LANES / 2; piece; piece /= 2) {
        if (!(count & piece)) continue;
        memcpy(p, lane, piece * sizeof(float));
        lane += piece;
        p += piece;
    }
}

INLINE vf vsplat(float x)
{
    return x - (vf){ 0 };
}

// Per lane: yes where the mask is set, else no.
INLINE vf vpick(vmask mask, vf yes, vf no)
{
    return (vf)((mask & (vmask)yes) | (~mask & (vmask)no));
}

// Lane i becomes lane i - i % group + j.
INLINE vf vspread(vf v, size_t group, size_t j)
{
#ifdef __clang__
    vf s;
    for (size_t i = 0; i < LANES; i++) s[i] = v[i - i % group + j];
    return s;
#else
    vmask from;
    UNROLLED (size_t i = 0; i < LANES; i++) from[i] = (int)(i - i % group + j);
    return __builtin_shuffle(v, from);
#endif
}

INLINE vf vmax(vf a, vf b)
{
    return vpick(a > b, a, b);
}

// The sum of all lanes, in a fixed order.
INLINE float vsum(vf v)
{
    float lanes[LANES];
    memcpy(lanes, &v, sizeof lanes);
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
    return lanes[0];
}

#endif
