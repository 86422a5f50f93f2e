// conv_fixed.c - kernels by formula. Each filter's is the same for all its channels, divided by their number: it sees their mean.
#include "ops/conv.h"

#include <math.h>

static const double pi = 3.14159265358979;

// Derivatives to the right, for even filters, and downwards, for odd ones; `middle`: the weight of the row in the middle.
static double derivative(int k, int r, int s, double middle)
{
    int along = k % 2 ? r : s, across = k % 2 ? s : r;
    return (along - 1) * (across == 1 ? middle : 1);
}

static double sobel(int k, int filters, double r, double s, const int *size)
{
    (void)filters, (void)size;
    return derivative(k, (int)r, (int)s, 2);
}

static double prewitt(int k, int filters, double r, double s, const int *size)
{
    (void)filters, (void)size;
    return derivative(k, (int)r, (int)s, 1);
}

static double laplacian(int k, int filters, double r, double s, const int *size)
{
    (void)k, (void)filters, (void)size;
    double away = fabs(r - 1) + fabs(s - 1);
    return away == 0 ? -4 : away == 1;
}

// A wave under a bell: the wave's length is half the kernel's, the bell one octave wide and twice as long as it is wide (Jones and Palmer
// 1987). Filter k of K looks for edges turned by pi k / K.
static double gabor(int k, int filters, double r, double s, const int *size)
{
    double y = r - (size[0] - 1) / 2.0, x = s - (size[1] - 1) / 2.0, turn = pi * k / filters;
    double across = x * cos(turn) + y * sin(turn), along = y * cos(turn) - x * sin(turn);
    double length = (size[0] + size[1]) / 4.0, sigma = 0.56 * length;
    return exp(-(across * across + along * along / 4) / (2 * sigma * sigma)) * cos(2 * pi * across / length);
}

static double blur(int k, int filters, double r, double s, const int *size)
{
    (void)k, (void)filters;
    double y = (r - (size[0] - 1) / 2.0) / (size[0] / 4.0), x = (s - (size[1] - 1) / 2.0) / (size[1] / 4.0);
    return exp(-(x * x + y * y) / 2);
}

static double decay(int k, int filters, double r, double s, const int *size)
{
    (void)k, (void)filters;
    return pow(0.9, hypot(r - (size[0] - 1) / 2.0, s - (size[1] - 1) / 2.0));
}

// The inverse Fourier transform of f exp(-(f / 0.4)^4), summed up over a quarter of the plane of frequencies.
static double whiten(int k, int filters, double r, double s, const int *size)
{
    (void)k, (void)filters;
    enum { STEPS = 16 };
    double y = r - (size[0] - 1) / 2.0, x = s - (size[1] - 1) / 2.0, sum = 0;
    for (int i = 0; i < STEPS * STEPS; i++) {
        double v = (i / STEPS + 0.5) / (2 * STEPS), u = (i % STEPS + 0.5) / (2 * STEPS), f = hypot(u, v);
        sum += f * exp(-pow(f / 0.4, 4)) * cos(2 * pi * u * x) * cos(2 * pi * v * y);
    }
    return sum / (STEPS * STEPS);
}

static const struct fixed {
    double (*value)(int k, int filters, double r, double s, const int *size);
    int size;      // 0: any
    int mean, sum; // 1: the mean is taken off; the sum is made 1
} fixed[] = { { sobel, 3 },          { prewitt, 3 },         { laplacian, 3 },        { gabor, 0, .mean = 1 },
              { blur, 0, .sum = 1 }, { decay, 0, .sum = 1 }, { whiten, 0, .mean = 1 } };

striate_status conv_fixed_check(int init, int kernel_h, int kernel_w)
{
    int size = fixed[init - STRIATE_INIT_SOBEL].size;
    if (size && (kernel_h != size || kernel_w != size))
        FAIL(BAD_NETWORK, "this init is a kernel of %dx%d, not %dx%d", size, size, kernel_h, kernel_w);
    return STRIATE_OK;
}

void conv_fixed(float *values, const struct op_param *param, struct random_key key)
{
    (void)key;
    const struct fixed *f = &fixed[param->init - STRIATE_INIT_SOBEL];
    int filters = param->dims[0], channels = param->dims[1], pixels = param->pixels, width = param->dims[3];
    for (int k = 0; k < filters; k++, values += pixels * channels) {
        double sum = 0;
        for (int p = 0; p < pixels; p++) sum += f->value(k, filters, p / width, p % width, param->dims + 2);
        for (int i = 0; i < pixels * channels; i++) {
            int p = i / channels;
            double v = f->value(k, filters, p / width, p % width, param->dims + 2);
            values[i] = (float)((f->mean ? v - sum / pixels : f->sum ? v / sum : v) / channels);
        }
    }
}
