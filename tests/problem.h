// problem.h - random convolutions and dense layers, and what the book says of them.
#ifndef PROBLEM_H
#define PROBLEM_H

#include "guard.h"
#include "ops/op.h"
#include "reference_conv.h"

struct problem {
    const struct op *op;
    striate_conv_options conv;
    striate_dense_options dense;
    struct reference_conv v;
    int ldx, lddx, ldy, lddy; // how much more than the channels
    int batch;                // that the plan is for: v.n or more
    bool add;
};

// Random problems: each is drawn from a number of its own. Most are small, as the book computes slowly.
void problem_seed(uint32_t number);
uint32_t problem_draw(void);
int problem_between(int low, int high);
struct problem problem_conv(void);
struct problem problem_dense(void);

// A problem of given options; false where the kernel does not fit into the image.
bool problem_of_conv(struct problem *p, int n, int h, int w, int c);
struct problem problem_of_dense(int n, int h, int w, int c, int units, bool no_bias);
bool problem_has_bias(const struct problem *p);

// What every run has in common.
void problem_describe(char text[256], const struct problem *p);

enum result { Y, DX, DW, DB, RESULTS };

// What the book says, and the sums of absolute terms that errors are measured against; values in float, sums in double.
struct expected {
    size_t count[RESULTS];
    double *value[RESULTS], *scale[RESULTS];
    double largest[RESULTS]; // of the scales
    float *x, *w, *b, *dy, *old_dx;
    size_t weights;
};
struct expected problem_expect(const struct problem *p, float random(void));
void expected_free(struct expected *e);
float problem_uniform(void); // in [-1, 1]
float problem_normal(void);  // of variance 1

// An activation [n][h][w][c] between forbidden pages with `gap` floats between its pixels, filled from `values` or left as it is; and its values
// without the gaps, or NULL if these are no longer untouched.
struct guarded guarded_activation(struct tensor *t, bool low, int n, struct shape shape, int gap, const float *values);
float *guarded_values(const struct tensor *t);

// `count` floats, likewise.
struct guarded guarded_copy(bool low, size_t count, const float *values);

#endif
