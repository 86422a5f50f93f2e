// npy.c - a matrix as NumPy's .npy file, version 1.0.
#include "base/file.h"
#include "base/status.h"

#include <stdio.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "'<f4' is written as it lies in memory");

striate_status striate_save_npy(const char *path, const float *values, size_t rows, size_t columns)
{
    enum { HEAD = 128, PREFIX = 10 }; // the data begins at a multiple of 64
    if (rows && columns > SIZE_MAX / sizeof *values / rows)
        FAIL(BAD_ARGUMENT, "%s: %zu x %zu values are more than memory holds", path, rows, columns);
    char head[HEAD + 1];
    snprintf(head + PREFIX, sizeof head - PREFIX, "%-*s\n", HEAD - PREFIX - 1, "");
    int length = snprintf(head + PREFIX, sizeof head - PREFIX,
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
    head[PREFIX + length] = ' ';
    memcpy(head, "\x93NUMPY\x01\x00", 8);
    head[8] = HEAD - PREFIX;
    head[9] = 0;
    return file_write(path, (struct span[]){ { head, HEAD }, { values, rows * columns * sizeof *values } }, 2);
}
