// cifar.h - the binary batches of CIFAR-10 and CIFAR-100: records of one or two label bytes and 32 x 32 pixels, red, green, blue plane.
#ifndef CIFAR_H
#define CIFAR_H

#include "striate.h"

enum { CIFAR_SIDE = 32, CIFAR_PLANE = CIFAR_SIDE * CIFAR_SIDE, CIFAR_IMAGE = 3 * CIFAR_PLANE };

struct cifar {
    const char *format;
    int classes, coarse;            // coarse: how many coarse labels there are, in a byte before the label; 0: no such byte
    const char *train[6], *test[2]; // files, each list ended by NULL
    const char *names_file, *const *names; // class names, a line each; what they are without that file
};
extern const struct cifar cifar_10, cifar_100;

// The number of records in a file of `size` bytes. `name` begins the sentence.
striate_status cifar_count(int *images, const struct cifar *cifar, size_t size, const char *name);
// Its records to pixels[images][32][32][3] and labels[images].
striate_status cifar_unpack(uint8_t *pixels, int *labels, const struct cifar *cifar, const uint8_t *bytes, int images,
                            const char *name);

#endif
