// window.c - where the taps of a sliding window lie.
#include "ops/window.h"

#include <string.h>

static const float zeros[WINDOW_RUN];

struct axis axis_forward(int ins, int outs, int kernel, int stride, int pad, int dilation)
{
    return (struct axis){
        .outs = outs, .every = 1, .ins = ins, .step = stride, .offset = -pad, .taps = kernel, .tap_every = 1, .dilate = dilation
    };
}

// Output p reads input h through tap r where p * stride - pad + r * dilation = h. For h = residue + i * stride that is
// p = i + (residue + pad - r * dilation) / stride, for those r that divide; they are equally far apart.
struct axis axis_backward(const struct axis *forward, int residue)
{
    int stride = forward->step, rows[2], found = 0;
    for (int r = 0; r < forward->taps && found < 2; r++)
        if ((residue - forward->offset - r * forward->dilate) % stride == 0) rows[found++] = r;
    struct axis a = { .outs = residue < forward->ins ? (forward->ins - residue - 1) / stride + 1 : 0,
                      .first = residue,
                      .every = stride,
                      .ins = forward->outs,
                      .step = 1 };
    if (!found) return a;
    a.tap_first = rows[0];
    a.tap_every = found == 2 ? rows[1] - rows[0] : forward->taps;
    a.taps = (forward->taps - 1 - a.tap_first) / a.tap_every + 1;
    a.offset = (residue - forward->offset - a.tap_first * forward->dilate) / stride;
    a.dilate = -(a.tap_every * forward->dilate) / stride;
    return a;
}

struct window window_of(struct axis h, struct axis w, const float *data, ptrdiff_t ld, size_t channels, size_t longest)
{
    size_t row = (size_t)w.taps * channels;
    bool rows = w.taps > 1 && w.dilate == 1 && ld == (ptrdiff_t)channels && row <= longest;
    return (struct window){ .h = h,
                            .w = w,
                            .data = data,
                            .ld = ld,
                            .channels = channels,
                            .rows = rows,
                            .taps = (size_t)h.taps * (size_t)(rows ? 1 : w.taps),
                            .run = rows ? row : channels };
}

size_t window_places(const struct window *w, size_t images)
{
    return images * (size_t)w->h.outs * (size_t)w->w.outs;
}

struct place {
    size_t image;
    int row, col;
};

static struct place place_at(const struct window *w, size_t index)
{
    size_t cols = (size_t)w->w.outs, rows = (size_t)w->h.outs;
    return (struct place){ index / cols / rows, (int)(index / cols % rows), (int)(index % cols) };
}

static void place_next(const struct window *w, struct place *p)
{
    if (++p->col < w->w.outs) return;
    p->col = 0;
    if (++p->row < w->h.outs) return;
    p->row = 0;
    p->image++;
}

static const float *pixel(const struct window *w, size_t image, int row, int col)
{
    return w->data + ((ptrdiff_t)((size_t)w->h.ins * image) + row) * w->w.ins * w->ld + col * w->ld;
}

static void list_pixels(const float **list, const struct window *w, struct place p, size_t stride, size_t first_tap,
                        size_t taps, size_t skip)
{
    int r = (int)(first_tap / (size_t)w->w.taps), s = (int)(first_tap % (size_t)w->w.taps);
    int row = p.row * w->h.step + w->h.offset + r * w->h.dilate, left = p.col * w->w.step + w->w.offset;
    for (size_t t = 0; t < taps; row += w->h.dilate, s = 0) {
        bool inside = row >= 0 && row < w->h.ins;
        const float *line = inside ? pixel(w, p.image, row, 0) + skip : zeros;
        for (; s < w->w.taps && t < taps; s++, t++, list += stride) {
            int col = left + s * w->w.dilate;
            *list = inside && col >= 0 && col < w->w.ins ? line + col * w->ld : zeros;
        }
    }
}

static void list_rows(const float **list, float **scratch, const struct window *w, struct place p, size_t stride,
                      size_t first_tap, size_t taps, size_t skip)
{
    int left = p.col * w->w.step + w->w.offset, right = left + w->w.taps;
    int from = left < 0 ? 0 : left, to = right > w->w.ins ? w->w.ins : right;
    for (size_t t = 0; t < taps; t++, list += stride) {
        int row = p.row * w->h.step + w->h.offset + (int)(first_tap + t) * w->h.dilate;
        if (row < 0 || row >= w->h.ins || from >= to) {
            *list = zeros;
        } else if (from == left && to == right) {
            *list = pixel(w, p.image, row, left) + skip;
        } else {
            memset(*scratch, 0, w->run * sizeof **scratch);
            memcpy(*scratch + (size_t)(from - left) * w->channels, pixel(w, p.image, row, from),
                   (size_t)(to - from) * w->channels * sizeof **scratch);
            *list = *scratch + skip;
            *scratch += w->run;
        }
    }
}

void window_list(const float **list, float *scratch, const struct window *w, size_t first, size_t places, size_t first_tap,
                 size_t taps, size_t skip)
{
    struct place p = place_at(w, first);
    for (size_t i = 0; taps && i < places; i++, place_next(w, &p))
        if (w->rows)
            list_rows(list + i, &scratch, w, p, places, first_tap, taps, skip);
        else
            list_pixels(list + i, w, p, places, first_tap, taps, skip);
}

void window_outputs(float **list, const struct window *w, size_t first, size_t places, float *y, ptrdiff_t ld, int out_h,
                    int out_w)
{
    struct place p = place_at(w, first);
    for (size_t i = 0; i < places; i++, place_next(w, &p)) {
        size_t row = p.image * (size_t)out_h + (size_t)(w->h.first + p.row * w->h.every);
        list[i] = y + (ptrdiff_t)(row * (size_t)out_w + (size_t)(w->w.first + p.col * w->w.every)) * ld;
    }
}
