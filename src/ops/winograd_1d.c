// winograd_1d.c - strips by Winograd's minimal filtering along the lines (kernels/winograd_1d.c), forward. A kernel of stride s sees columns of s
// kinds, each through every s-th of its taps: these are convolutions of stride 1 over s times as many channels.
#include "ops/strip.h"
#include "ops/winograd.h"

#include <math.h>

enum {
    SMALLEST = 2, // outputs of a tile
    LARGEST = 4,
    WIDEST = 32,   // floats of a panel's row, at most
    PRODUCTS = 14, // that what happens to a tile besides costs
};

// Taps that an output has in columns of one kind.
static size_t taps_of(const struct linear *l)
{
    return size_ratio((size_t)l->w.taps, (size_t)l->w.step);
}

static struct strips strips_by_tiles(const struct linear *l)
{
    struct strips s = strips_of(l);
    const size_t lanes = (size_t)l->k->lanes;
    s.size = WINOGRAD_SIDE + 1 - taps_of(l);
    s.points = WINOGRAD_SIDE;
    s.group = s.size * lanes;
    const size_t groups = size_ratio((size_t)l->w.outs, s.group);
    s.planes *= s.size;
    s.width = groups * lanes + size_ratio(WINOGRAD_SIDE, s.size) - 1;
    s.columns = (size_t)l->w.step;
    s.depth = (size_t)l->h.taps * s.columns * l->channels;
    s.plane = groups * lanes * WINOGRAD_SIDE;
    s.line = s.columns * l->channels * s.plane;
    s.run = l->k->winograd_1d;
    return s;
}

static bool fits(const struct linear *l)
{
    size_t taps = taps_of(l);
    if (l->w.dilate != 1 || taps > WINOGRAD_SIDE + 1 - SMALLEST || taps < WINOGRAD_SIDE + 1 - LARGEST) return false;
    struct strips s = strips_by_tiles(l);
    return strips_fit(&s);
}

// Against the direct computation: six products for an output's taps, of as many outputs as a tile has.
double winograd_1d_cost(const struct linear *l, enum direction direction)
{
    if (direction != FORWARD || !fits(l)) return INFINITY;
    struct strips s = strips_by_tiles(l);
    double tiles = (double)size_ratio((size_t)l->w.outs, s.size), points = (double)(s.depth * s.points + PRODUCTS);
    return direct_cost(l, direction) * tiles * points / (double)((size_t)l->w.outs * linear_taps(l) * l->channels);
}

size_t winograd_1d_packed(const struct linear *l)
{
    struct strips s = strips_by_tiles(l);
    return s.panels.vectors * s.panels.lanes * s.depth * s.points;
}

size_t winograd_1d_workspace(const struct linear *l, enum direction direction)
{
    (void)direction;
    struct strips s = strips_by_tiles(l);
    return l->slots * strip_floats(&s);
}

size_t winograd_1d_parts(const struct linear *l)
{
    return strip_parts(l);
}

void winograd_1d_pack(const struct linear *l, const float *weights, float *packed)
{
    const struct strips s = strips_by_tiles(l);
    const size_t taps = (size_t)l->w.taps, step = (size_t)l->w.step, depth = linear_taps(l) * l->channels;
    for (size_t i = 0; i < s.panels.count; i++) {
        struct panel panel = panel_at(&s.panels, i);
        for (size_t tap = 0; tap < s.depth; tap++, packed += s.points * panel.width) {
            float w[WINOGRAD_SIDE * WIDEST] = { 0 };
            size_t c = tap % l->channels, kind = tap / l->channels % step, row = tap / l->channels / step;
            for (size_t column = kind; column < taps; column += step)
                for (size_t k = 0; k < panel.cols; k++)
                    w[column / step * panel.width + k] =
                        weights[(panel.first + k) * depth + (row * taps + column) * l->channels + c];
            l->k->winograd_1d_taps(s.size, panel.width, w, packed);
        }
    }
}

void winograd_1d_forward(const struct linear *l, const struct tensor *x, const float *packed, const struct epilogue *epilogue,
                         float *workspace, const struct tensor *y)
{
    strip_run(strips_by_tiles(l), x, packed, epilogue, workspace, y);
}
