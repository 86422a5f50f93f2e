// plan_show.c - a plan as text and as JSON: its sums, the step that needs most, the algorithms, and a map of steps and bytes.
#include "plan.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 68, ROWS = 20, LARGEST = 10 };

const char *const plan_kinds[PLAN_KINDS] = { "value", "gradient", "saved", "packed", "workspace" };
static const char *const phases[] = { "forward", "recomputation", "backward" };
static const char letters[PLAN_KINDS] = { 'v', 'g', 's', 'p', 'w' };

int plan_peak(const striate_plan *plan)
{
    int peak = 0, steps = striate_plan_step_count(plan);
    double *more = calloc((size_t)steps + 1, sizeof *more), most = 0,
           now = 0; // bytes that begin at a step, less those that end before it
    for (int i = 0; more && i < striate_plan_buffer_count(plan); i++) {
        striate_buffer b = striate_plan_buffer(plan, i);
        more[b.first < 0 ? 0 : b.first] += (double)b.bytes;
        more[b.last < steps ? b.last + 1 : steps] -= (double)b.bytes;
    }
    for (int step = 0; more && step < steps; step++)
        if ((now += more[step]) > most) {
            most = now;
            peak = step;
        }
    free(more);
    return peak;
}

struct plan_step plan_step(const striate_plan *plan, int step)
{
    striate_plan_step at = striate_plan_step_at(plan, step);
    struct plan_step text;
    snprintf(text.s, sizeof text.s, "%s of %.70s", phases[at.phase], striate_plan_node_at(plan, at.node).name);
    return text;
}

// ---- text

static int larger_first(const void *left, const void *right)
{
    const striate_buffer *a = left, *b = right;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static void show_peak(const striate_plan *plan)
{
    int peak = plan_peak(plan), count = 0;
    size_t all = 0, shown = 0;
    striate_buffer *alive = malloc((size_t)striate_plan_buffer_count(plan) * sizeof *alive);
    for (int i = 0; alive && i < striate_plan_buffer_count(plan); i++) {
        striate_buffer b = striate_plan_buffer(plan, i);
        if (b.first > peak || peak > b.last || !b.bytes) continue;
        alive[count++] = b;
        all += b.bytes;
    }
    if (count) qsort(alive, (size_t)count, sizeof *alive, larger_first);
    printf("\npeak        %s in use at step %d, %s:\n", bytes((double)all).s, peak, plan_step(plan, peak).s);
    for (int i = 0; i < count && i < LARGEST; i++) {
        printf("  %8s  %4.1f %%  %-9s  ", bytes((double)alive[i].bytes).s, 100.0 * (double)alive[i].bytes / (double)all,
               plan_kinds[alive[i].kind]);
        print_name(stdout, alive[i].node, 24);
        printf("  steps %d..%d\n", alive[i].first, alive[i].last);
        shown += alive[i].bytes;
    }
    if (count > LARGEST) printf("  %8s  in %d more\n", bytes((double)(all - shown)).s, count - LARGEST);
    free(alive);
}

static void show_algorithms(const striate_plan *plan)
{
    printf("\n%-24s  %-10s  %-10s  %-10s\n", "algorithms", "forward", "data", "weights");
    for (int i = 0; i < striate_plan_node_count(plan); i++) {
        striate_plan_node node = striate_plan_node_at(plan, i);
        if (!node.forward) continue;
        print_name(stdout, node.name, 24);
        printf("  %-10s  %-10s  %-10s\n", node.forward, node.backward_data ? node.backward_data : "-",
               node.backward_weights ? node.backward_weights : "-");
    }
}

// How much of [begin, end) lies in [from, to).
static double overlap(double begin, double end, double from, double to)
{
    double low = begin > from ? begin : from, high = end < to ? end : to;
    return high > low ? high - low : 0;
}

// Each cell has the letter of the kind that fills most of it, or a dot where nothing fills half of it.
static void show_map(const striate_plan *plan)
{
    static double area[ROWS][COLUMNS][PLAN_KINDS];
    memset(area, 0, sizeof area);
    double arena = (double)striate_plan_memory(plan).arena, row = arena / ROWS;
    int steps = striate_plan_step_count(plan), columns = steps < COLUMNS ? COLUMNS / steps * steps : COLUMNS;
    double column = (double)steps / columns;
    for (int i = 0; i < striate_plan_buffer_count(plan); i++) {
        striate_buffer b = striate_plan_buffer(plan, i);
        double begin = (double)b.offset, end = begin + (double)b.bytes;
        for (int r = (int)(begin / row); r < ROWS && r * row < end; r++)
            for (int c = 0; c < columns; c++)
                area[r][c][b.kind] += overlap(begin, end, r * row, (r + 1) * row) / row *
                                      overlap(b.first, b.last + 1, c * column, (c + 1) * column) / column;
    }
    printf("\nmap         v value  g gradient  s saved  p packed weights  w workspace  . free\n\n");
    for (int r = ROWS - 1; r >= 0; r--) {
        printf("%9s |", (r + 1) % 5 ? "" : bytes((r + 1) * row).s);
        for (int c = 0; c < columns; c++) {
            double used = 0;
            int most = 0;
            for (int k = 0; k < PLAN_KINDS; k++) {
                used += area[r][c][k];
                if (area[r][c][k] > area[r][c][most]) most = k;
            }
            putchar(used < 0.5 ? '.' : letters[most]);
        }
        putchar('\n');
    }
    bool trains = striate_plan_memory(plan).gradients;
    int turn = (int)(striate_plan_node_count(plan) / column);
    printf("%9s +", "0 B");
    for (int c = 0; c < columns; c++) putchar(trains && c == turn ? '|' : '-');
    printf("> step %d\n", steps - 1);
    if (trains) printf("%*s\n", 11 + turn + 8, "backward");
}

static int count_again(const striate_plan *plan)
{
    int count = 0;
    for (int i = 0; i < striate_plan_step_count(plan); i++)
        count += striate_plan_step_at(plan, i).phase == STRIATE_PHASE_RECOMPUTE;
    return count;
}

void plan_show(const striate_plan *plan, const char *what)
{
    striate_memory m = striate_plan_memory(plan);
    int again = count_again(plan);
    printf("plan        %s: %d nodes", what, striate_plan_node_count(plan));
    if (again) printf(", %d of them computed twice", again);
    putchar('\n');
    printf("arena       %s; at most %s in use at once, the ratio is %.3f\n", bytes((double)m.arena).s, bytes((double)m.bound).s,
           m.bound ? (double)m.arena / (double)m.bound : 1);
    printf("weights     %s", bytes((double)m.weights).s);
    if (m.gradients) printf(", gradients %s, momentum %s", bytes((double)m.gradients).s, bytes((double)m.momentum).s);
    printf("\ntotal       %s\n", bytes((double)(m.arena + m.weights + m.gradients + m.momentum)).s);
    show_peak(plan);
    show_algorithms(plan);
    show_map(plan);
}

// ---- JSON

static json_t *maybe(const char *s)
{
    return s ? json_text(s) : json_null();
}

json_t *plan_json(const striate_plan *plan)
{
    striate_memory m = striate_plan_memory(plan);
    json_t *buffers = json_array(), *nodes = json_array(), *steps = json_array();
    for (int i = 0; i < striate_plan_buffer_count(plan); i++) {
        striate_buffer b = striate_plan_buffer(plan, i);
        if (b.bytes)
            json_array_append_new(buffers, json_pack("{s:o, s:s, s:i, s:i, s:I, s:I}", "node", json_text(b.node), "kind",
                                                     plan_kinds[b.kind], "first", b.first, "last", b.last, "offset",
                                                     (json_int_t)b.offset, "bytes", (json_int_t)b.bytes));
    }
    for (int i = 0; i < striate_plan_node_count(plan); i++) {
        striate_plan_node n = striate_plan_node_at(plan, i);
        json_array_append_new(nodes, json_pack("{s:o, s:s, s:o, s:o, s:o}", "name", json_text(n.name), "op", n.op, "forward",
                                               maybe(n.forward), "backward_data", maybe(n.backward_data), "backward_weights",
                                               maybe(n.backward_weights)));
    }
    for (int i = 0; i < striate_plan_step_count(plan); i++) {
        striate_plan_step step = striate_plan_step_at(plan, i);
        json_array_append_new(steps, json_pack("{s:i, s:s}", "node", step.node, "phase", phases[step.phase]));
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:i, s:o, s:o, s:o}", "arena", (json_int_t)m.arena, "bound",
                     (json_int_t)m.bound, "weights", (json_int_t)m.weights, "gradients", (json_int_t)m.gradients, "momentum",
                     (json_int_t)m.momentum, "peak_step", plan_peak(plan), "nodes", nodes, "steps", steps, "buffers", buffers);
}
