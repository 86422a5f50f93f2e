// random.h - counter-based random numbers (Philox4x32-10, Salmon et al. 2011): a number is a function of what it is for, so it does not
// depend on which thread asks, or when.
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

// What a number is for: keeps the uses apart.
enum random_use { RANDOM_WEIGHTS, RANDOM_SHUFFLE, RANDOM_DROPOUT, RANDOM_AUGMENT, RANDOM_SPLIT };

struct random_key {
    uint64_t seed;
    uint64_t place;     // epoch, step or sample
    uint32_t use, part; // a random_use, and which one of its kind (a node, a parameter)
};

// Four words number 4*block .. 4*block+3 of the stream of `key`.
void random_words(struct random_key key, uint32_t block, uint32_t words[4]);

// Number `index` of the stream: uniform in [0, 1), or normal with mean 0 and variance 1.
float random_uniform(struct random_key key, uint32_t index);
float random_normal(struct random_key key, uint32_t index);

// A random order of 0..count-1.
void random_order(struct random_key key, int *order, int count);

#endif
