// rows.h - a row per op: random shapes and options, and what the op should make of them by tests/reference.c.
#ifndef ROWS_H
#define ROWS_H

#include "reference.h"
#include "trial.h"

struct expected {
    double *x, *y, *dy; // given: the values as they are
    double *want_y, *want_dx;
};

struct row {
    const char *op;
    void (*draw)(struct trial *trial);
    void (*expect)(struct trial *trial, struct expected *expected);      // NULL: central differences alone
    void (*infer)(struct trial *trial, const double *x, double *want_y); // NULL: without training y is the same
    bool estimate;                                                       // its gradient is by definition, no derivative
    const char *algorithm;                                               // of a convolution; NULL: as it chooses
};

// Every list ends with a row of zeros; row_at goes through all of them and gives NULL past the last.
extern const struct row rows_layer[], rows_pool[], rows_pointwise[], rows_join[], rows_norm[], rows_loss[];
const struct row *row_at(int index);

struct shape draw_shape(struct trial *trial, int side, int channels); // at most, or a multiple of it for large trials
void draw_one(struct trial *trial);                                   // one input without options
void draw_smooth(struct trial *trial);                                // the same for an op without kinks

void assert_close(const char *what, const double *got, const double *want, size_t count);
// Expects f of each value, and slope of each value and its dy as gradient.
void each_value(struct trial *trial, struct expected *expected, double f(double x), double slope(double x, double dy));

#endif
