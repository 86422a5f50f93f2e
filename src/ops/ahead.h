// ahead.h - which memory a chunk of places will read.
#ifndef AHEAD_H
#define AHEAD_H

#include "kernels/tile.h"
#include "ops/window.h"

enum {
    AHEAD_LINE = 16,          // floats that come into the cache together
    AHEAD_AREAS = AHEADS / 2, // of a window
};

// The pixels from..to-1, among which are all that the windows of some places see.
struct range {
    size_t from, to;
};
struct range range_of(const struct window *w, size_t place, size_t places);

// Fills ahead[AHEAD_AREAS] with columns skip..skip+cols-1 of these pixels, a chunk of `places` at a time.
void look_ahead(struct ahead *ahead, const struct window *w, size_t skip, size_t cols, struct range range, size_t places);

#endif
