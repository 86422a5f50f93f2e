// filters.c - the kernels of a convolution as a sheet: colours where it reads three channels, else the first channel, blue below zero and
// vermilion above. Each is scaled by its own largest weight, so that zero has one colour everywhere.
#include "picture/filters.h"

#include "picture/sheet.h"

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MOST_FILTERS = 4096, CAPTION = 40, CAPTION_BOX = 80 };

// "conv1" of the weights "conv1.weight" of a convolution; 0: not one.
static size_t conv_name(const striate_parameter *p)
{
    static const char end[] = ".weight";
    size_t length = strlen(p->name), tail = sizeof end - 1;
    return p->rank == 4 && length > tail && !strcmp(p->name + length - tail, end) ? length - tail : 0;
}

// All convolutions, for the sentence; the first eight are enough to be reminded.
static striate_status no_such(const char *path, striate_graph *graph, const char *node)
{
    struct text names = { 0 };
    int found = 0;
    for (int i = 0; i < striate_parameter_count(graph); i++) {
        striate_parameter p;
        TRY(striate_parameter_at(&p, graph, i));
        size_t length = conv_name(&p);
        if (length && found++ < 8) text_add(&names, "%s%.*s", found > 1 ? ", " : "", (int)length, p.name);
    }
    if (found > 8) text_add(&names, ", ...");
    striate_status status =
        found ? status_fail(STRIATE_BAD_ARGUMENT, "%s: \"%s\" is no convolution of this network; it has %s", path, node,
                            names.s ? names.s : "others")
              : status_fail(STRIATE_BAD_ARGUMENT, "%s: \"%s\" has no filters: this network has no convolutions", path, node);
    text_free(&names);
    return status;
}

static striate_status find_weights(striate_parameter *weights, const char *path, striate_graph *graph, const char *node)
{
    for (int i = 0; i < striate_parameter_count(graph); i++) {
        striate_parameter p;
        TRY(striate_parameter_at(&p, graph, i));
        size_t length = conv_name(&p);
        if (length && strlen(node) == length && !memcmp(p.name, node, length)) {
            *weights = p;
            return STRIATE_OK;
        }
    }
    return no_such(path, graph, node);
}

// Filter k as an image of R x S pixels; returns its largest weight. A weight that is not finite counts as zero.
static double paint(uint8_t *pixels, const striate_parameter *w, size_t k)
{
    size_t channels = (size_t)w->dims[1], area = (size_t)w->dims[2] * (size_t)w->dims[3], seen = channels == 3 ? 3 : 1;
    const float *from = w->values + k * area * channels;
    double largest = 0;
    for (size_t i = 0; i < area; i++)
        for (size_t c = 0; c < seen; c++)
            if (isfinite(from[i * channels + c])) largest = fmax(largest, fabs(from[i * channels + c]));
    for (size_t i = 0; i < area; i++) {
        double t[3] = { 0 };
        for (size_t c = 0; c < seen; c++)
            t[c] = isfinite(from[i * channels + c]) && largest > 0 ? from[i * channels + c] / largest : 0;
        unsigned signs = color_mix(PAPER, t[0] < 0 ? BLUE : VERMILION, fabs(t[0]));
        for (int c = 0; c < 3; c++)
            pixels[3 * i + (size_t)c] = seen == 3 ? (uint8_t)(127.5 + 127.5 * t[c]) : (uint8_t)(signs >> (16 - 8 * c));
    }
    return largest;
}

// Wider than high, and whole rows where the count allows.
static int choose_columns(int count)
{
    int least = (int)ceil(sqrt(count));
    for (int columns = least; columns <= 2 * least; columns++)
        if (count % columns == 0) return columns;
    return (int)ceil(1.3 * sqrt(count));
}

// Images, captions and tiles of all filters, in the arena; false when memory ran out.
static bool make_tiles(struct arena *arena, struct sheet *sheet, const striate_parameter *w)
{
    size_t filters = (size_t)w->dims[0], area = (size_t)w->dims[2] * (size_t)w->dims[3];
    striate_tile *tiles = arena_take(arena, filters * sizeof *tiles);
    striate_image *images = arena_take(arena, filters * sizeof *images);
    char(*captions)[CAPTION] = arena_take(arena, filters * CAPTION);
    uint8_t *pixels = arena_take(arena, filters * area * 3);
    if (!tiles || !images || !captions || !pixels) return false;
    for (size_t k = 0; k < filters; k++, pixels += 3 * area) {
        snprintf(captions[k], CAPTION, "%zu  \u00B1%.2g", k, paint(pixels, w, k));
        images[k] = (striate_image){ .pixels = pixels, .height = w->dims[2], .width = w->dims[3], .channels = 3 };
        tiles[k] = (striate_tile){ .image = &images[k], .caption = sheet->box >= CAPTION_BOX ? captions[k] : NULL };
    }
    sheet->tiles = tiles;
    return true;
}

striate_status filters_draw(const char *path, const char *title, const char *note, const striate_parameter *w)
{
    int filters = w->dims[0], channels = w->dims[1], height = w->dims[2], width = w->dims[3];
    if (filters > MOST_FILTERS)
        FAIL(BAD_ARGUMENT, "%s: \"%s\" has %d filters; at most %d can be drawn", path, title, filters, MOST_FILTERS);

    char subtitle[160];
    snprintf(subtitle, sizeof subtitle, "%d filters of %d \u00D7 %d \u00D7 %d, each scaled by its own largest weight%s",
             filters, height, width, channels, note);
    int side = height > width ? height : width, room = filters <= 32 ? 160 : filters <= 128 ? 120 : 48;
    struct sheet sheet = { .title = title, .subtitle = subtitle, .count = filters, .columns = choose_columns(filters) };
    sheet.box = side <= room ? room / side * side : room;
    sheet.signs = channels != 3;
    struct arena arena = { 0 };
    striate_status status = make_tiles(&arena, &sheet, w)
                                ? sheet_draw(path, &sheet)
                                : status_fail(STRIATE_NO_MEMORY, "%s: no memory for %d filters", path, filters);
    arena_free(&arena);
    return status;
}

striate_status striate_draw_filters(const char *path, striate_graph *graph, const char *node)
{
    if (!path) FAIL(BAD_ARGUMENT, "striate_draw_filters: path is NULL; name a file to write");
    if (!graph || !node) FAIL(BAD_ARGUMENT, "%s: no %s given whose filters to draw", path, graph ? "node" : "graph");
    TRY(striate_graph_status(graph));
    striate_parameter w = { 0 };
    TRY(find_weights(&w, path, graph, node));
    return filters_draw(path, node, w.dims[1] == 3 ? "; gray is zero" : w.dims[1] == 1 ? "" : "; first channel", &w);
}
