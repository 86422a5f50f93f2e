// fuzz_idx.c - any bytes as an IDX file of images or labels, raw or gzipped.
#include "data/gzip.h"
#include "data/idx.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static unsigned sum;

static void parse(const uint8_t *bytes, size_t size)
{
    for (int rank = 1; rank <= 3; rank += 2) {
        struct idx idx;
        if (idx_parse(&idx, rank, bytes, size, "fuzz")) continue;
        size_t values = (size_t)idx.dims[0] * (size_t)idx.dims[1] * (size_t)idx.dims[2];
        for (size_t i = 0; i < values; i++) sum += idx.values[i];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct bytes file = { (uint8_t *)bytes, size }, whole;
    parse(bytes, size);
    if (gzip_is(&file) && !gzip_inflate(&whole, &file, 1 << 20, "fuzz")) {
        parse(whole.data, whole.size);
        free(whole.data);
    }
    return 0;
}
