// tiling.c - where the tiles of Winograd's algorithm lie.
#include "ops/winograd.h"

enum { WIDE = 3072, MANY = 512 * 512 }; // channels, and weights per tap, beyond which the workspace would be too large

bool winograd_fits(const struct linear *l)
{
    return l->h.step == 1 && l->w.step == 1 && l->h.dilate == 1 && l->w.dilate == 1 && l->h.taps == l->w.taps &&
           (l->h.taps == 3 || l->h.taps == 5) && l->channels <= WIDE && l->filters <= WIDE && l->channels * l->filters <= MANY;
}

struct tiling tiling_of(const struct linear *l, bool backward)
{
    struct axis h = l->h, w = l->w;
    if (backward) { // the taps run backwards: turned by 180 degrees they run forwards, from the last
        h = axis_backward(&l->h, 0);
        w = axis_backward(&l->w, 0);
        h.offset += (h.taps - 1) * h.dilate;
        w.offset += (w.taps - 1) * w.dilate;
    }
    int size = WINOGRAD_SIDE + 1 - h.taps;
    size_t rows = size_ratio((size_t)h.outs, (size_t)size), cols = size_ratio((size_t)w.outs, (size_t)size);
    return (
        struct tiling){ size, h.taps, h.ins, w.ins, h.outs, w.outs, h.offset, w.offset, rows, cols, l->images * rows * cols };
}

static struct patch patch_at(size_t image, int row, int col, int rows, int cols, float *data, ptrdiff_t ld)
{
    ptrdiff_t down = cols * ld;
    return (struct patch){ .x = data + ((ptrdiff_t)image * rows + row) * down + col * ld,
                           .row = down,
                           .col = ld,
                           .top = -row,
                           .bottom = rows - row,
                           .left = -col,
                           .right = cols - col };
}

struct patch tiling_ins(const struct tiling *t, size_t tile, float *data, ptrdiff_t ld)
{
    int row = (int)(tile / t->cols % t->rows) * t->size + t->first_h, col = (int)(tile % t->cols) * t->size + t->first_w;
    return patch_at(tile / t->cols / t->rows, row, col, t->ins_h, t->ins_w, data, ld);
}

struct patch tiling_outs(const struct tiling *t, size_t tile, float *data, ptrdiff_t ld)
{
    int row = (int)(tile / t->cols % t->rows) * t->size, col = (int)(tile % t->cols) * t->size;
    return patch_at(tile / t->cols / t->rows, row, col, t->outs_h, t->outs_w, data, ld);
}

void patch_fetch(const struct patch *p, int side, size_t channels)
{
    enum { LINE = 16 };
    int bottom = p->bottom < side ? p->bottom : side, right = p->right < side ? p->right : side;
    for (int i = p->top > 0 ? p->top : 0; i < bottom; i++)
        for (int j = p->left > 0 ? p->left : 0; j < right; j++)
            for (size_t c = 0; c < channels; c += LINE) __builtin_prefetch(p->x + i * p->row + j * p->col + c);
}
