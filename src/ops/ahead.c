// ahead.c - what the windows of a chunk of places see, asked for while the chunk before it is computed.
#include "ops/ahead.h"

#include "ops/linear.h"

#include <string.h>

static size_t pixel_of(const struct window *w, size_t place, int tap)
{
    size_t line = place / (size_t)w->w.outs, image = line / (size_t)w->h.outs;
    ptrdiff_t row = (ptrdiff_t)(line % (size_t)w->h.outs) * w->h.step + w->h.offset + (ptrdiff_t)tap * w->h.dilate;
    row = row < 0 ? 0 : row > w->h.ins ? w->h.ins : row;
    return (image * (size_t)w->h.ins + (size_t)row) * (size_t)w->w.ins;
}

struct range range_of(const struct window *w, size_t place, size_t places)
{
    size_t last = place + places - 1, pixels = w->images * (size_t)w->h.ins * (size_t)w->w.ins;
    if (window_plain(w) || !places) return (struct range){ place, place + places };
    return (struct range){ pixel_of(w, place, 0), size_min(pixels, pixel_of(w, last, w->h.taps - 1) + (size_t)w->w.ins) };
}

void look_ahead(struct ahead *ahead, const struct window *w, size_t skip, size_t cols, struct range range, size_t places)
{
    size_t step = w->taps > 1 ? 1 : (size_t)w->w.step; // many taps see every pixel
    size_t pixels = (range.to - range.from) / step;
    const float *at = w->data + (ptrdiff_t)range.from * w->ld + skip;
    memset(ahead, 0, AHEAD_AREAS * sizeof *ahead);
    if (range.from >= range.to) return;
    if (cols == (size_t)w->ld && step == 1) {
        *ahead = (struct ahead){ at, AHEAD_LINE, (ptrdiff_t)(AHEAD_LINE * places), pixels * cols / AHEAD_LINE / places };
        return;
    }
    ptrdiff_t apart = (ptrdiff_t)step * w->ld;
    for (size_t i = 0; i < pixels / places && i < AHEAD_AREAS; i++, at += (ptrdiff_t)places * apart)
        ahead[i] = (struct ahead){ at, apart, AHEAD_LINE, size_ratio(cols, AHEAD_LINE) };
}
