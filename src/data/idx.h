// idx.h - IDX, the format of MNIST: four bytes of magic (0, 0, type, rank), a big-endian 32-bit number per dimension, the values.
#ifndef IDX_H
#define IDX_H

#include "striate.h"

struct idx {
    int dims[3];
    const uint8_t *values; // in the bytes parsed
};

// Bytes of `rank` 1 (labels) or 3 (images), and nothing more or less than the header says. `name` begins the sentence.
striate_status idx_parse(struct idx *idx, int rank, const uint8_t *bytes, size_t size, const char *name);

#endif
