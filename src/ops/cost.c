// cost.c - what the algorithms cost, in multiply-adds at full speed, from shapes and measured constants. Only ratios matter, and they
// hardly differ between machines: transforms and products slow down together.
#include "ops/winograd.h"

#include <math.h>

// Of the peak, as measured: a product of matrices forward and backward to the data, the same where one vector holds all columns, and the
// product that sums over pixels.
static const double PRODUCT = 0.9, NARROW = 0.66, SUMS = 0.86;

enum {
    IN = 600, // per channel of a tile: 6 x 6 inputs to 36 points
    OUT = 270,
    OUT_PIXEL = 34,   // per channel of a tile and per output: 36 points to outputs
    IN_SUMS = 850,    // per channel of a tile of x or dy where all tiles are summed over
    TILE_SUMS = 6000, // per such tile
    WEIGHT = 31,      // per transformed weight
    SUM = 30,
    ROUND = 40, // per sum of the 36 points: at last, and in each round
    TURN = 40,  // per weight that is only rearranged
};

static double padded(const struct linear *l, size_t channels)
{
    size_t lanes = (size_t)l->k->lanes;
    return (double)(size_ratio(channels, lanes) * lanes);
}

double direct_cost(const struct linear *l, enum direction direction)
{
    bool data = direction == BACKWARD_DATA;
    size_t channels = data ? l->channels : l->filters;
    double rate = channels <= (size_t)l->k->lanes ? NARROW : direction == BACKWARD_WEIGHTS ? SUMS : PRODUCT;
    double weights = data ? (double)(l->groups * l->filters * l->channels * linear_taps(l)) : 0;
    return linear_macs(l) * padded(l, channels) / (double)channels / rate + TURN * weights;
}

double winograd_cost(const struct linear *l, enum direction direction)
{
    if (!winograd_fits(l)) return INFINITY;
    struct tiling t = tiling_of(l, direction == BACKWARD_DATA);
    double x = padded(l, l->channels), y = padded(l, l->filters), points = WINOGRAD_POINTS * x * y;
    double tiles = (double)t.tiles * (double)l->groups, out = OUT + OUT_PIXEL * t.size * t.size;
    if (direction == FORWARD) return tiles * (points / PRODUCT + IN * x + out * y);
    if (direction == BACKWARD_DATA) return tiles * (points / PRODUCT + IN * y + out * x) + (double)l->groups * points * WEIGHT;
    double rounds = ceil((double)t.tiles / (double)winograd_weights_round(l));
    return tiles * (points / SUMS + IN_SUMS * (x + y) + TILE_SUMS) + (double)l->groups * points * (SUM + ROUND * rounds);
}
