// matrix.h - what tests of kernels share: matrices between forbidden pages, and every length on every instruction set.
#ifndef MATRIX_H
#define MATRIX_H

#include "guard.h"
#include "kernels/kernels.h"
#include "reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { LONGEST = 67 };

static uint64_t state = 88172645463325252u;

static inline uint32_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static inline float draw_value(void)
{
    return (float)draw() / 536870912.0f - 4; // in [-4, 4]
}

// ---- matrices between forbidden pages, and what they hold, as doubles side by side ----

struct matrix {
    struct guarded memory;
    size_t rows, cols;
    ptrdiff_t ld;
    float *data;
};

static inline struct matrix matrix_at(size_t rows, size_t cols, size_t gap)
{
    struct matrix m = { .rows = rows, .cols = cols, .ld = (ptrdiff_t)(cols + gap) };
    m.memory = guard_floats(rows && cols ? (rows - 1) * (size_t)m.ld + cols : 0);
    m.data = m.memory.data;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < cols; i++) m.data[(ptrdiff_t)r * m.ld + (ptrdiff_t)i] = draw_value();
    return m;
}

static inline struct matrix matrix_new(size_t rows, size_t cols)
{
    return matrix_at(rows, cols, draw() % 2 ? draw() % 7 : 0);
}

static inline double *values_of(const struct matrix *m)
{
    double *values = malloc((m->rows * m->cols + 1) * sizeof *values);
    for (size_t i = 0; i < m->rows * m->cols; i++)
        values[i] = m->data[(ptrdiff_t)(i / m->cols) * m->ld + (ptrdiff_t)(i % m->cols)];
    return values;
}

// Compares a result with `want`, looks at the gaps, and releases the matrix.
static inline void matrix_done(const struct kernels *k, const char *what, struct matrix *m, const double *want,
                               double tolerance)
{
    bool whole = guard_whole(&m->memory);
    for (size_t i = 0; m->cols && i < m->memory.count; i++) {
        size_t row = i / (size_t)m->ld, col = i % (size_t)m->ld;
        if (col >= m->cols) {
            whole = whole && guard_is_canary(&m->data[i]);
            continue;
        }
        double expected = want[row * m->cols + col];
        if (!(fabs(m->data[i] - expected) <= tolerance * (1 + fabs(expected))))
            fail_msg("%s %s, %zux%zu: [%zu][%zu] is %.9g, not %.9g", k->isa, what, m->rows, m->cols, row, col, m->data[i],
                     expected);
    }
    if (!whole) fail_msg("%s %s, %zux%zu: wrote beside its rows", k->isa, what, m->rows, m->cols);
    guard_free(&m->memory);
}

static inline uint8_t *bytes_of(const struct guarded *memory, size_t count) // the last ones
{
    return (uint8_t *)(memory->data + memory->count) - count;
}

// ---- one check per family; each for all lengths ----

typedef void check_length(const struct kernels *k, size_t rows, size_t cols);

static inline void each_length(check_length *check, size_t shortest)
{
    static const size_t heights[] = { 1, 2, 5 };
    for (int isa = 0; kernels_at(isa); isa++)
        for (size_t cols = shortest; cols <= LONGEST; cols++)
            for (int i = 0; i < 3; i++) check(kernels_at(isa), heights[i], cols);
}

// The test `name`, which is check_NAME for every length.
#define CHECK(name, shortest)                                                                                                  \
    static void name(void **unused)                                                                                            \
    {                                                                                                                          \
        (void)unused;                                                                                                          \
        each_length(check_##name, shortest);                                                                                   \
    }

#endif
