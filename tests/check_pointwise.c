// check_pointwise.c - the loops over single values, of every instruction set, against the reference: as check_kernels.c.
#include "matrix.h"

static double relu(double x)
{
    return fmax(x, 0);
}

static void check_maps(const struct kernels *k, size_t rows, size_t cols)
{
    const struct {
        const char *name;
        void (*run)(size_t rows, size_t cols, const float *x, ptrdiff_t ldx, float *y, ptrdiff_t ldy);
        void (*run_grad)(size_t rows, size_t cols, const float *y, ptrdiff_t ldy, const float *dy, ptrdiff_t lddy, float *dx,
                         ptrdiff_t lddx, bool add);
        double (*f)(double x);
        double (*slope)(double x, double dy);
        bool of_x; // the gradient reads x
    } maps[] = { { "relu", k->relu, k->relu_grad, relu, reference_relu_grad },
                 { "sigmoid", k->sigmoid, k->sigmoid_grad, reference_sigmoid, reference_sigmoid_grad },
                 { "tanh", k->tanh, k->tanh_grad, tanh, reference_tanh_grad },
                 { "scaled_tanh", k->scaled_tanh, k->scaled_tanh_grad, reference_scaled_tanh, reference_scaled_tanh_grad },
                 { "abs", k->abs, k->abs_grad, fabs, reference_abs_grad, true },
                 { "sign", k->sign, NULL, reference_sign, NULL } };
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        struct matrix x = matrix_new(rows, cols), y = matrix_new(rows, cols), dy = matrix_new(rows, cols),
                      dx = matrix_new(rows, cols);
        double *vx = values_of(&x), *want = values_of(&y), *vdy = values_of(&dy), *slopes = values_of(&dx);
        bool add = draw() % 2;
        for (size_t j = 0; j < rows * cols; j++) {
            want[j] = maps[i].f(vx[j]);
            if (maps[i].slope) slopes[j] = (add ? slopes[j] : 0) + maps[i].slope(vx[j], vdy[j]);
        }
        const struct matrix *v = maps[i].of_x ? &x : &y;
        maps[i].run(rows, cols, x.data, x.ld, y.data, y.ld);
        if (maps[i].run_grad) maps[i].run_grad(rows, cols, v->data, v->ld, dy.data, dy.ld, dx.data, dx.ld, add);
        maps[i].run(rows, cols, x.data, x.ld, x.data, x.ld);
        matrix_done(k, maps[i].name, &x, want, 3e-7);
        matrix_done(k, maps[i].name, &y, want, 3e-7);
        matrix_done(k, maps[i].name, &dy, vdy, 0);
        matrix_done(k, maps[i].name, &dx, slopes, 2e-6);
        free(vx), free(want), free(vdy), free(slopes);
    }
}

static void check_leaky_relu(const struct kernels *k, size_t rows, size_t cols)
{
    struct matrix x = matrix_new(rows, cols), dy = matrix_new(rows, cols), dx = matrix_new(rows, cols);
    double *y = values_of(&x), *vdy = values_of(&dy), *slopes = values_of(&dx);
    bool add = draw() % 2;
    for (size_t i = 0; i < rows * cols; i++) {
        double slope = y[i] > 0 ? 1 : 0.125;
        slopes[i] = (add ? slopes[i] : 0) + slope * vdy[i];
        y[i] *= slope;
    }
    k->leaky_relu(0.125f, rows, cols, x.data, x.ld, x.data, x.ld);
    k->leaky_relu_grad(0.125f, rows, cols, x.data, x.ld, dy.data, dy.ld, dx.data, dx.ld, add);
    matrix_done(k, "leaky_relu", &x, y, 0);
    matrix_done(k, "leaky_relu", &dy, vdy, 0);
    matrix_done(k, "leaky_relu_grad", &dx, slopes, 3e-7);
    free(y), free(vdy), free(slopes);
}

static void check_sums(const struct kernels *k, size_t rows, size_t cols)
{
    struct matrix a = matrix_new(rows, cols), b = matrix_new(rows, cols), y = matrix_new(rows, cols),
                  z = matrix_new(rows, cols), m = matrix_new(rows, cols), f = matrix_new(rows, cols),
                  s = matrix_new(rows, cols), t = matrix_new(rows, cols);
    double *va = values_of(&a), *vb = values_of(&b), *sum = values_of(&y), *copy = values_of(&z), *masked = values_of(&m),
           *filled = values_of(&f), *spread = values_of(&s), *scaled = values_of(&t);
    struct guarded memory = guard_floats((rows * cols + 3) / 4);
    uint8_t *keep = bytes_of(&memory, rows * cols);
    bool add = draw() % 2;
    for (size_t i = 0; i < rows * cols; i++) {
        keep[i] = draw() % 2;
        sum[i] = va[i] + 0.75 * vb[i];
        copy[i] = va[i] + (add ? copy[i] : 0);
        masked[i] = keep[i] * va[i] * 2.5 + (add ? masked[i] : 0);
        filled[i] = 1.5;
        spread[i] = va[i % cols] * 0.25 + (add ? spread[i] : 0);
        scaled[i] = va[i] * 0.25 + (add ? scaled[i] : 0);
    }
    k->add(rows, cols, a.data, a.ld, 0.75f, b.data, b.ld, y.data, y.ld);
    k->copy(rows, cols, a.data, a.ld, z.data, z.ld, add);
    k->mask(rows, cols, keep, 2.5f, a.data, a.ld, m.data, m.ld, add);
    k->fill(rows, cols, 1.5f, f.data, f.ld);
    k->scale(rows, cols, a.data, 0, 0.25f, s.data, s.ld, add);
    k->scale(rows, cols, a.data, a.ld, 0.25f, t.data, t.ld, add);
    matrix_done(k, "add", &y, sum, 3e-7);
    matrix_done(k, "copy", &z, copy, 1e-7);
    matrix_done(k, "mask", &m, masked, 3e-7);
    matrix_done(k, "fill", &f, filled, 0);
    matrix_done(k, "spread", &s, spread, 3e-7);
    matrix_done(k, "scale", &t, scaled, 3e-7);
    matrix_done(k, "sums", &a, va, 0);
    matrix_done(k, "sums", &b, vb, 0);
    free(va), free(vb), free(sum), free(copy), free(masked), free(filled), free(spread), free(scaled);
    guard_free(&memory);
}

static void check_gates(const struct kernels *k, size_t rows, size_t cols)
{
    enum { T, H, X, DY, Y, DT, DH, DX, MATRICES };
    struct matrix m[MATRICES];
    double *v[MATRICES];
    bool add = draw() % 2;
    for (int i = 0; i < MATRICES; i++) {
        m[i] = matrix_new(rows, cols);
        v[i] = values_of(&m[i]);
    }
    for (size_t i = 0; i < rows * cols; i++) {
        double t = v[T][i], h = v[H][i], x = v[X][i], dy = v[DY][i];
        v[Y][i] = t * h + (1 - t) * x;
        v[DT][i] = dy * (h - x) + (add ? v[DT][i] : 0);
        v[DH][i] = dy * t + (add ? v[DH][i] : 0);
        v[DX][i] = dy * (1 - t) + (add ? v[DX][i] : 0);
    }
    k->gate(rows, cols, m[T].data, m[T].ld, m[H].data, m[H].ld, m[X].data, m[X].ld, m[Y].data, m[Y].ld);
    k->gate_grad(rows, cols, m[H].data, m[H].ld, m[X].data, m[X].ld, m[DY].data, m[DY].ld, m[DT].data, m[DT].ld, add);
    k->mul(rows, cols, m[T].data, m[T].ld, m[DY].data, m[DY].ld, m[DH].data, m[DH].ld, add);
    k->gate_carry(rows, cols, m[T].data, m[T].ld, m[DY].data, m[DY].ld, m[DX].data, m[DX].ld, add);
    for (int i = 0; i < MATRICES; i++) {
        matrix_done(k, "gate", &m[i], v[i], i < Y ? 0 : 4e-6);
        free(v[i]);
    }
}

CHECK(maps, 0)
CHECK(leaky_relu, 0)
CHECK(sums, 0)
CHECK(gates, 0)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps),
        cmocka_unit_test(leaky_relu),
        cmocka_unit_test(sums),
        cmocka_unit_test(gates),
    };
    return cmocka_run_group_tests_name("pointwise", tests, NULL, NULL);
}
