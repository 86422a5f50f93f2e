// window.c - where the taps of a sliding window lie.
#include "ops/window.h"

#include <string.h>

const float window_padding[WINDOW_RUN];

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

struct window window_of(struct axis h, struct axis w, size_t images, const float *data, ptrdiff_t ld, size_t channels,
                        size_t longest)
{
    size_t row = (size_t)w.taps * channels;
    bool rows = w.taps > 1 && w.dilate == 1 && row <= longest;
    return (struct window){ .h = h,
                            .w = w,
                            .images = images,
                            .data = data,
                            .ld = ld,
                            .channels = channels,
                            .rows = rows,
                            .taps = (size_t)h.taps * (size_t)(rows ? 1 : w.taps),
                            .run = rows ? row : channels };
}

size_t window_places(const struct window *w)
{
    return w->images * (size_t)w->h.outs * (size_t)w->w.outs;
}

// How many of a * i + b for i = 0, 1, ..., count-1 are below `limit`.
static int below(int limit, int a, int b, int count)
{
    if (b >= limit) return 0;
    int n = (limit - b + a - 1) / a;
    return n < count ? n : count;
}

static double axis_inside(const struct axis *a)
{
    double inside = 0;
    for (int t = 0; t < a->taps; t++) {
        int first = a->offset + t * a->dilate;
        inside += below(a->ins, a->step, first, a->outs) - below(0, a->step, first, a->outs);
    }
    return inside / ((double)a->outs * a->taps);
}

static bool passes_through(const struct axis *a)
{
    return a->step == 1 && !a->offset && a->ins == a->outs;
}

bool window_plain(const struct window *w)
{
    return w->taps == 1 && w->run == w->channels && passes_through(&w->h) && passes_through(&w->w);
}

double window_inside(const struct window *w)
{
    return axis_inside(&w->h) * axis_inside(&w->w);
}

// Places that follow one another at the same distance: of one row, or of one place in many images.
struct stretch {
    size_t image, places;
    int row, col, cols; // cols: of them, how many columns; 1 or places
};

static struct stretch stretch_at(const struct window *w, size_t place, size_t most)
{
    size_t cols = (size_t)w->w.outs, rows = (size_t)w->h.outs, image = place / cols / rows;
    if (w->by_place) image = place % w->images, place /= w->images;
    size_t col = place % cols, left = w->by_place ? w->images - image : cols - col;
    struct stretch s = { image, left < most ? left : most, (int)(place / cols % rows), (int)col, 1 };
    if (!w->by_place) s.cols = (int)s.places;
    return s;
}

static void fill(const float **list, size_t places, const float *first, ptrdiff_t step)
{
    for (size_t i = 0; i < places; i++) list[i] = first + (ptrdiff_t)i * step;
}

// row = `pixels` pixels of x side by side.
static void join_pixels(float *row, const float *x, size_t pixels, const struct window *w)
{
    bool joined = w->ld == (ptrdiff_t)w->channels;
    size_t count = joined ? pixels * w->channels : w->channels;
    for (size_t i = 0; i < (joined ? 1 : pixels); i++) memcpy(row + i * count, x + (ptrdiff_t)i * w->ld, count * sizeof *row);
}

static void list_tap(const float **list, float **scratch, const struct window *w, const struct stretch *s, size_t tap,
                     size_t skip)
{
    size_t cols = (size_t)w->w.taps;
    int r = (int)(w->rows ? tap : tap / cols), c = w->rows ? 0 : (int)(tap % cols), reach = w->rows ? w->w.taps : 1;
    int row = s->row * w->h.step + w->h.offset + r * w->h.dilate;
    int left = s->col * w->w.step + w->w.offset + c * w->w.dilate, step = w->w.step;
    if (row < 0 || row >= w->h.ins) {
        fill(list, s->places, window_padding, 0);
        return;
    }
    const float *line = w->data + ((ptrdiff_t)(s->image * (size_t)w->h.ins) + row) * w->w.ins * w->ld;
    int from = below(0, step, left, s->cols), to = below(w->w.ins - reach + 1, step, left, s->cols);
    if (to < from) to = from;
    if (w->rows && w->ld != (ptrdiff_t)w->channels) from = to = 0;
    if (w->by_place) {
        bool inside = to > from;
        fill(list, s->places, inside ? line + left * w->ld + skip : window_padding, inside ? w->ld * w->w.ins * w->h.ins : 0);
        return;
    }
    fill(list + from, (size_t)(to - from), line + (left + from * step) * w->ld + skip, step * w->ld);
    for (int i = from ? 0 : to; i < s->cols; i = i + 1 == from ? to : i + 1) { // those to be put together
        int begin = left + i * step, lost = begin < 0 ? -begin : 0, end = begin + reach > w->w.ins ? w->w.ins - begin : reach;
        list[i] = window_padding;
        if (lost >= end) continue;
        memset(*scratch, 0, w->run * sizeof **scratch);
        join_pixels(*scratch + (size_t)lost * w->channels, line + (begin + lost) * w->ld, (size_t)(end - lost), w);
        list[i] = *scratch + skip;
        *scratch += w->run;
    }
}

void window_list(const float **list, float *scratch, const struct window *w, size_t first, size_t places, size_t first_tap,
                 size_t taps, size_t skip)
{
    if (window_plain(w) && !w->by_place) {
        fill(list, places, w->data + (ptrdiff_t)first * w->ld + skip, w->ld);
        return;
    }
    for (size_t i = 0; i < places;) {
        struct stretch s = stretch_at(w, first + i, places - i);
        for (size_t t = 0; t < taps; t++) list_tap(list + t * places + i, &scratch, w, &s, first_tap + t, skip);
        i += s.places;
    }
}

void window_outputs(float **list, const struct window *w, size_t first, size_t places, const struct tensor *y,
                    size_t first_channel)
{
    size_t rows = (size_t)y->shape.h, cols = (size_t)y->shape.w;
    bool all = !w->by_place && rows == (size_t)w->h.outs && cols == (size_t)w->w.outs; // places are pixels of y
    for (size_t i = 0; i < places && all; i++) list[i] = y->data + first_channel + (ptrdiff_t)(first + i) * y->ld;
    for (size_t i = 0; i < places && !all;) {
        struct stretch s = stretch_at(w, first + i, places - i);
        size_t row = s.image * rows + (size_t)(w->h.first + s.row * w->h.every);
        size_t step = w->by_place ? rows * cols : (size_t)w->w.every;
        float *at = y->data + first_channel + (ptrdiff_t)(row * cols + (size_t)(w->w.first + s.col * w->w.every)) * y->ld;
        for (size_t j = 0; j < s.places; j++) list[i++] = at + (ptrdiff_t)(j * step) * y->ld;
    }
}

void window_blanks(float **list, const struct window *w, size_t first, size_t places, const struct tensor *y,
                   size_t first_channel)
{
    for (size_t i = 0; i < places; i++) {
        struct stretch s = stretch_at(w, first + i, 1);
        int top = s.row * w->h.every, left = s.col * w->w.every;
        for (int j = 1; j < w->h.every * w->w.every; j++) {
            int row = top + j / w->w.every, col = left + j % w->w.every;
            bool inside = row < y->shape.h && col < y->shape.w;
            ptrdiff_t pixel = ((ptrdiff_t)s.image * y->shape.h + row) * y->shape.w + col;
            *list++ = inside ? y->data + first_channel + pixel * y->ld : NULL;
        }
    }
}
