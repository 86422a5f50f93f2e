// place.c - lifetimes to offsets.
//
//   offset
//     ^   +-----------------+
//     |   |  b (large)      |  +--------+
//     |   +-----------------+  |   d    |
//     |   | a |        | c     +--------+
//     +---+---+--------+----------------+--> step
//
// The smallest block is NP-hard to find. Here each buffer in turn takes the lowest gap that is free while it lives. Several orders are tried,
// and the best is improved: a buffer at the top of the block moves to an earlier turn, and stays there if that is no worse. All draws are
// from one seed: the same buffers always get the same offsets.
#include "graph/plan.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

// A block within 1/ENOUGH of the bound will do; WORK: pairs of buffers compared, at most, to improve it.
enum { ENOUGH = 100, WORK = 1 << 23 };

struct piece {
    size_t bytes, offset;
    int first, last, index;
};

struct search {
    struct piece *best, *order, *placed; // [count] each: the best order, the one being tried, and its pieces so far by offset
    int count;
    size_t peak, bound; // peak: of the best
    int64_t pairs;      // compared
    uint32_t draws;
};

striate_status place_bound(size_t *bound, const struct buffer *buffers, int count)
{
    int end = 0;
    for (int i = 0; i < count; i++)
        if (buffers[i].last > end) end = buffers[i].last;
    size_t *change = calloc((size_t)end + 3, sizeof *change), alive = 0, most = 0; // from step -1 on
    if (!change) FAIL(NO_MEMORY, "no memory to place %d buffers", count);
    for (int i = 0; i < count; i++) {
        change[buffers[i].first + 1] += buffers[i].bytes;
        change[buffers[i].last + 2] -= buffers[i].bytes;
    }
    for (int step = 0; step < end + 2; step++)
        if ((alive += change[step]) > most) most = alive;
    free(change);
    *bound = most;
    return STRIATE_OK;
}

// ---- orders ----

static int larger_first(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    return a->index - b->index;
}

static int longer_first(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;
    int a_steps = a->last - a->first, b_steps = b->last - b->first;
    return a_steps != b_steps ? b_steps - a_steps : larger_first(left, right);
}

static int wider_first(const void *left, const void *right) // bytes x steps
{
    const struct piece *a = left, *b = right;
    double a_area = (double)a->bytes * (a->last - a->first + 1), b_area = (double)b->bytes * (b->last - b->first + 1);
    if (a_area != b_area) return a_area < b_area ? 1 : -1;
    return a->index - b->index;
}

static int sooner_first(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;
    return a->first != b->first ? a->first - b->first : larger_first(left, right);
}

// Places the pieces of s->order in turn. Where that is no worse than the best, it becomes the best.
static void place(struct search *s)
{
    size_t peak = 0;
    for (int i = 0; i < s->count; i++) {
        struct piece *p = &s->order[i];
        int j = 0, at = i;
        for (p->offset = 0; j < i; j++) {
            const struct piece *other = &s->placed[j];
            if (other->first > p->last || p->first > other->last) continue; // never alive together
            if (other->offset >= p->offset + p->bytes) break;
            if (other->offset + other->bytes > p->offset) p->offset = other->offset + other->bytes;
        }
        s->pairs += j;
        if (p->offset + p->bytes > peak) peak = p->offset + p->bytes;
        if (peak > s->peak) return;
        for (; at > 0 && s->placed[at - 1].offset > p->offset; at--) s->placed[at] = s->placed[at - 1];
        s->placed[at] = *p;
    }
    memcpy(s->best, s->order, (size_t)s->count * sizeof *s->best);
    s->peak = peak;
}

static int draw_below(struct search *s, int n)
{
    uint32_t words[4];
    random_words((struct random_key){ 0 }, s->draws++, words);
    return (int)(words[0] % (uint32_t)n);
}

static void move(struct search *s, int from, int to)
{
    struct piece piece = s->order[from];
    if (from < to)
        memmove(&s->order[from], &s->order[from + 1], (size_t)(to - from) * sizeof piece);
    else
        memmove(&s->order[to + 1], &s->order[to], (size_t)(from - to) * sizeof piece);
    s->order[to] = piece;
}

// One of the pieces that end at the peak moves to an earlier turn, and every other time any piece to any turn.
static void improve(struct search *s)
{
    int top = 0, tops = 0;
    for (int i = 0; i < s->count; i++)
        if (s->best[i].offset + s->best[i].bytes == s->peak && !draw_below(s, ++tops)) top = i;
    memcpy(s->order, s->best, (size_t)s->count * sizeof *s->order);
    s->pairs += s->count;
    move(s, top, draw_below(s, top + 1));
    if (draw_below(s, 2)) move(s, draw_below(s, s->count), draw_below(s, s->count));
    place(s);
}

static bool enough(const struct search *s)
{
    return s->peak <= s->bound + s->bound / ENOUGH;
}

static void search(struct search *s)
{
    static int (*const orders[])(const void *, const void *) = { longer_first, wider_first, larger_first, sooner_first };
    s->peak = SIZE_MAX;
    for (size_t i = 0; i < sizeof orders / sizeof *orders && !enough(s); i++) {
        qsort(s->order, (size_t)s->count, sizeof *s->order, orders[i]);
        place(s);
    }
    for (int64_t until = s->pairs + WORK; s->pairs < until && !enough(s);) improve(s);
}

striate_status place_buffers(size_t *bytes, size_t bound, struct buffer *buffers, int count)
{
    struct piece *pieces = malloc(3 * (size_t)(count + !count) * sizeof *pieces);
    if (!pieces) FAIL(NO_MEMORY, "no memory to place %d buffers", count);
    struct search s = { .order = pieces, .bound = bound };
    for (int i = 0; i < count; i++)
        if (buffers[i].bytes)
            pieces[s.count++] =
                (struct piece){ .bytes = buffers[i].bytes, .first = buffers[i].first, .last = buffers[i].last, .index = i };
    s.best = pieces + s.count;
    s.placed = s.best + s.count;
    search(&s);
    for (int i = 0; i < s.count; i++) buffers[s.best[i].index].offset = s.best[i].offset;
    *bytes = s.count ? s.peak : 0;
    free(pieces);
    return STRIATE_OK;
}
