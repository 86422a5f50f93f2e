// fuzz_cifar.c - any bytes as a batch of CIFAR-10 or CIFAR-100.
#include "data/cifar.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct cifar *const kinds[] = { &cifar_10, &cifar_100 };
    for (int kind = 0; kind < 2; kind++) {
        int images;
        if (cifar_count(&images, kinds[kind], size, "fuzz")) continue;
        uint8_t *pixels = malloc((size_t)images * CIFAR_IMAGE);
        int *labels = malloc((size_t)images * sizeof *labels);
        if (pixels && labels && !cifar_unpack(pixels, labels, kinds[kind], bytes, images, "fuzz"))
            for (int i = 0; i < images; i++)
                if (labels[i] < 0 || labels[i] >= kinds[kind]->classes) __builtin_trap();
        free(pixels);
        free(labels);
    }
    return 0;
}
