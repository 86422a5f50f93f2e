// window.h - where the taps of a sliding window lie, as lists of pointers into an activation.
#ifndef WINDOW_H
#define WINDOW_H

#include "base/tensor.h"

#include <stdbool.h>

// One side of a window that slides over `ins` positions. Its i-th place is output position first + i * every, and its tap t, which is row (or
// column) tap_first + t * tap_every of the kernel, reads input position i * step + offset + t * dilate; outside 0..ins-1 lies padding.
struct axis {
    int outs, first, every;
    int ins, step, offset;
    int taps, tap_first, tap_every, dilate;
};

struct axis axis_forward(int ins, int outs, int kernel, int stride, int pad, int dilation);

// The same window seen from the input: input positions residue, residue + stride, ... read the output's gradient, each through the same taps.
struct axis axis_backward(const struct axis *forward, int residue);

enum { WINDOW_RUN = 512 }; // the longest run that padding may stand for

// A window over x[images][h.ins][w.ins], `channels` of which begin at `data`. Its places are h.outs x w.outs per image, counted image by image,
// or, `by_place`, all images of the first place, then all of the second: then neighbours see the same padding.
struct window {
    struct axis h, w;
    const float *data;
    ptrdiff_t ld;
    size_t channels, images;
    size_t taps, run; // a tap is a run of values that lie side by side: a pixel's channels, or a whole row of the window
    bool rows;        // it is a row
    bool by_place;
};

// `longest`: a row of the window is one run if its pixels are neighbours and its values no more than this.
struct window window_of(struct axis h, struct axis w, size_t images, const float *data, ptrdiff_t ld, size_t channels,
                        size_t longest);

size_t window_places(const struct window *w);

// Whether each place sees one pixel, and they lie side by side as places do.
bool window_plain(const struct window *w);

// The part of all taps that lies in the image.
double window_inside(const struct window *w);

// list[t * places + i] = value `skip` of the run of tap first_tap + t at place first + i. Padding is a row of zeros, window_padding; a run that
// is partly padding, or whose pixels do not lie side by side, is put together in scratch[places * taps * run].
void window_list(const float **list, float *scratch, const struct window *w, size_t first, size_t places, size_t first_tap,
                 size_t taps, size_t skip);
extern const float window_padding[WINDOW_RUN];

// list[i] = channel `first_channel` of the output position of place first + i.
void window_outputs(float **list, const struct window *w, size_t first, size_t places, const struct tensor *y,
                    size_t first_channel);

// list[i * (h.every * w.every - 1) + j] = the same of the pixels right of and below that position that no place has, as many as lie in the
// image; else NULL. The first place has the first position.
void window_blanks(float **list, const struct window *w, size_t first, size_t places, const struct tensor *y,
                   size_t first_channel);

#endif
