// ahead.c - what the windows of a chunk of places see, asked for while the chunk before it is computed.
#include "ops/ahead.h"

#include "ops/linear.h"

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
    if (window_plain(w)) return (struct range){ place, place + places };
    return (struct range){ pixel_of(w, place, 0), size_min(pixels, pixel_of(w, last, w->h.taps - 1) + (size_t)w->w.ins) };
}

struct ahead *look_ahead(struct ahead *ahead, const struct window *w, size_t skip, size_t cols, size_t next, size_t places)
{
    struct range now = range_of(w, next - places, places), then = range_of(w, next, places);
    size_t from = size_max(now.to, then.from), pixels = then.to - size_min(from, then.to);
    const float *at = w->data + (ptrdiff_t)from * w->ld + skip;
    if (cols == (size_t)w->ld) {
        *ahead++ = (struct ahead){ at, AHEAD_LINE, (ptrdiff_t)(AHEAD_LINE * places), pixels * cols / AHEAD_LINE / places };
        return ahead;
    }
    for (size_t i = 0; i < pixels / places && i < AHEAD_AREAS; i++, at += (ptrdiff_t)places * w->ld)
        *ahead++ = (struct ahead){ at, w->ld, AHEAD_LINE, size_ratio(cols, AHEAD_LINE) };
    return ahead;
}
