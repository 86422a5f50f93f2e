// random.h - counter-based random numbers (Philox4x32-10, Salmon et al. 2011): a number is a function of what it is for, so it does not
// depend on which thread asks, or when.
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

// What a number is for: keeps the uses apart.
enum random_use { RANDOM_WEIGHTS, RANDOM_SHUFFLE, RANDOM_DROPOUT, RANDOM_AUGMENT, RANDOM_SPLIT, RANDOM_MIX, RANDOM_UNITS };

struct random_key {
    uint64_t seed;
    uint64_t place;     // epoch, step or sample
    uint32_t use, part; // a random_use, and which one of its kind (a node, a parameter)
};

// Four words number 4*block .. 4*block+3 of the stream of `key`. In the header, so that a loop over blocks becomes one over vectors.
static inline void random_words(struct random_key key, uint32_t block, uint32_t words[4])
{
    // The 128-bit counter holds block, part and place, the 64-bit key seed and use; constants from the paper.
    uint32_t c0 = block, c1 = key.part, c2 = (uint32_t)key.place, c3 = (uint32_t)(key.place >> 32);
    uint32_t k0 = (uint32_t)key.seed ^ key.use * 0x85EBCA6Bu, k1 = (uint32_t)(key.seed >> 32) ^ key.use;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

// Number `index` of the stream: uniform in [0, 1), or normal with mean 0 and variance 1.
float random_uniform(struct random_key key, uint32_t index);
float random_normal(struct random_key key, uint32_t index);

// A stream read number after number.
struct random_stream {
    struct random_key key;
    uint32_t next;
};
static inline float random_next(struct random_stream *stream)
{
    return random_uniform(stream->key, stream->next++);
}

// A random order of 0..count-1.
void random_order(struct random_key key, int *order, int count);

#endif
