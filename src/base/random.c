// random.c - Philox4x32-10 and what is drawn from it.
#include "base/random.h"

#include <math.h>

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
