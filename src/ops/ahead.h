// ahead.h - which memory a chunk of places will read.
#ifndef AHEAD_H
#define AHEAD_H

#include "kernels/tile.h"
#include "ops/window.h"

enum {
    AHEAD_LINE = 16, // floats that come into the cache together
    AHEAD_AREAS = 4, // per window, at most
};

// The pixels from..to-1, among which are all that the windows of some places see.
struct range {
    size_t from, to;
};
struct range range_of(const struct window *w, size_t place, size_t places);

// What the `places` places from `next` on see of columns skip..skip+cols-1 and as many places before them do not; returns the end of the list.
struct ahead *look_ahead(struct ahead *ahead, const struct window *w, size_t skip, size_t cols, size_t next, size_t places);

#endif
