// random.c - Philox4x32-10 and what is drawn from it.
#include "base/random.h"

#include <math.h>

void random_words(struct random_key key, uint32_t block, uint32_t words[4])
{
    // The 128-bit counter holds block, part and place, the 64-bit key seed and use; constants from the paper.
    uint32_t c[4] = { block, key.part, (uint32_t)key.place, (uint32_t)(key.place >> 32) };
    uint32_t k[2] = { (uint32_t)key.seed ^ key.use * 0x85EBCA6Bu, (uint32_t)(key.seed >> 32) ^ key.use };
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
        uint32_t next[4] = { (uint32_t)(b >> 32) ^ c[1] ^ k[0], (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k[1], (uint32_t)a };
        for (int i = 0; i < 4; i++) c[i] = next[i];
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; i++) words[i] = c[i];
}

static uint32_t word(struct random_key key, uint32_t index)
{
    uint32_t words[4];
    random_words(key, index / 4, words);
    return words[index % 4];
}

float random_uniform(struct random_key key, uint32_t index)
{
    return (float)(word(key, index) >> 8) * (1.0f / 16777216.0f);
}

float random_normal(struct random_key key, uint32_t index) // Box and Muller 1958
{
    uint32_t words[4];
    random_words(key, index / 2, words);
    double u = (words[0] + 1.0) / 4294967296.0, angle = 6.283185307179586 * (words[1] / 4294967296.0);
    return (float)(sqrt(-2.0 * log(u)) * (index % 2 ? sin(angle) : cos(angle)));
}

void random_order(struct random_key key, int *order, int count) // Fisher and Yates
{
    for (int i = 0; i < count; i++) order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        int j = (int)(((uint64_t)word(key, (uint32_t)i) * ((uint64_t)i + 1)) >> 32);
        int swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}
