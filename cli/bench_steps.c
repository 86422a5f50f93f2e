// bench_steps.c - measured steps of a network, as sentences and a table and as JSON: the median step, and each node's and each op's part.
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PHASES = 3 }; // of a node's passes, in the order shown
static const struct {
    const char *name;
    striate_pass pass;
} phases[PHASES] = { { "forward", STRIATE_FORWARD }, { "backward", STRIATE_BACKWARD_DATA }, { "pack", STRIATE_PACK } };

// A node's part, or that of all nodes of an op, or of all: the fastest of each pass, added up.
struct part {
    const char *op;
    int nodes;
    double seconds[PHASES], all, flops;
};

static void add(struct part *part, const struct bench_node *node)
{
    part->op = node->what.op;
    part->nodes++;
    for (int i = 0; i < PHASES; i++) {
        double seconds = node->fastest[phases[i].pass];
        if (!isfinite(seconds)) continue; // a pass that this node does not have
        part->seconds[i] += seconds;
        part->all += seconds;
        part->flops += node->flops[phases[i].pass];
    }
}

static struct part part_of(const struct bench_node *node)
{
    struct part part = { 0 };
    add(&part, node);
    return part;
}

static int by_time(const void *a, const void *b)
{
    const struct part *first = a, *second = b;
    return (first->all < second->all) - (first->all > second->all);
}

// One part per op that takes time, the slowest first; [node_count] of room.
static int ops_of(struct part *parts, const struct bench_steps *b)
{
    int count = 0;
    for (int i = 0; i < b->node_count; i++) {
        int at = 0;
        if (part_of(&b->nodes[i]).all <= 0) continue;
        while (at < count && strcmp(parts[at].op, b->nodes[i].what.op)) at++;
        if (at == count) parts[count++] = (struct part){ 0 };
        add(&parts[at], &b->nodes[i]);
    }
    qsort(parts, (size_t)count, sizeof *parts, by_time);
    return count;
}

// The whole, of which shares are: all nodes and the update.
static double whole(const struct bench_steps *b)
{
    double seconds = b->median.update;
    for (int i = 0; i < b->node_count; i++) seconds += part_of(&b->nodes[i]).all;
    return seconds;
}

static double gflops_of(const struct part *part)
{
    return part->all > 0 ? 1e-9 * part->flops / part->all : 0;
}

// ---- JSON

static void add_part(json_t *list, json_t *json, const struct part *part, double seconds)
{
    for (int i = 0; i < PHASES; i++) {
        char key[16];
        snprintf(key, sizeof key, "%s_ms", phases[i].name);
        json_object_set_new(json, key, json_real(1e3 * part->seconds[i]));
    }
    json_object_set_new(json, "ms", json_real(1e3 * part->all));
    json_object_set_new(json, "share", json_number(part->all / seconds));
    json_object_set_new(json, "gflops", json_real(gflops_of(part)));
    json_array_append_new(list, json);
}

static void add_parts(json_t *json, const struct bench_steps *b, const struct part *ops, int count)
{
    json_t *list = json_array(), *nodes = json_array();
    for (int i = 0; i < count; i++)
        add_part(list, json_pack("{s:s, s:i}", "op", ops[i].op, "nodes", ops[i].nodes), &ops[i], whole(b));
    for (int i = 0; i < b->node_count; i++) {
        const striate_plan_node *what = &b->nodes[i].what;
        struct part part = part_of(&b->nodes[i]);
        json_t *node = json_pack("{s:s, s:s, s:s?, s:s?, s:s?}", "node", what->name, "op", what->op, "forward", what->forward,
                                 "backward_data", what->backward_data, "backward_weights", what->backward_weights);
        add_part(nodes, node, &part, whole(b));
    }
    json_object_set_new(json, "ops", list);
    json_object_set_new(json, "nodes", nodes);
}

// ---- tables

enum { OP_WIDTH = 16, NODE_WIDTH = 28, HOW_WIDTH = 24 };

static void show_headings(const struct bench_steps *b)
{
    for (int i = 0; i < PHASES; i++)
        if (b->train || phases[i].pass == STRIATE_FORWARD) printf("  %9s", phases[i].name);
    if (b->train) printf("  %9s", "all, ms");
    printf("  %6s  %8s%s\n", "share", "GFLOP/s", color(stdout, "0"));
}

static void show_part(const struct bench_steps *b, const struct part *part)
{
    for (int i = 0; i < PHASES; i++)
        if (b->train || phases[i].pass == STRIATE_FORWARD) printf("  %9.3f", 1e3 * part->seconds[i]);
    if (b->train) printf("  %9.3f", 1e3 * part->all);
    printf("  %4.1f %%", 100 * part->all / whole(b));
    if (part->flops > 0) printf("  %8.1f", gflops_of(part));
    putchar('\n');
}

// "winograd", or "winograd/winograd/direct" where the gradients differ.
static struct label how_of(const striate_plan_node *what)
{
    struct label how = { "" };
    const char *all[] = { what->forward, what->backward_data, what->backward_weights };
    bool differ = false;
    int used = 0;
    for (int i = 1; i < 3; i++) differ |= all[0] && all[i] && strcmp(all[0], all[i]);
    for (int i = 0; i < (differ ? 3 : 1) && all[0]; i++)
        used += snprintf(how.s + used, sizeof how.s - (size_t)used, "%s%s", i ? "/" : "", all[i] ? all[i] : "-");
    return how;
}

static void show_parts(const struct bench_steps *b, const struct part *ops, int count)
{
    struct part all = { 0 };
    printf("\n%s%-*s  %5s", color(stdout, "1"), OP_WIDTH, "op", "nodes");
    show_headings(b);
    for (int i = 0; i < count; i++) {
        printf("%-*s  %5d", OP_WIDTH, ops[i].op, ops[i].nodes);
        show_part(b, &ops[i]);
    }
    for (int i = 0; i < b->node_count; i++) add(&all, &b->nodes[i]);
    all.all += b->median.update;
    if (b->train)
        printf("%-*s  %5s  %9s  %9s  %9s  %9.3f  %4.1f %%\n", OP_WIDTH, "update", "", "", "", "", 1e3 * b->median.update,
               100 * b->median.update / whole(b));
    printf("%-*s  %5d", OP_WIDTH, "all", all.nodes);
    show_part(b, &all);
    printf("\n%s%-*s  %-*s  %-*s", color(stdout, "1"), NODE_WIDTH, "node", OP_WIDTH, "op", HOW_WIDTH, "algorithm");
    show_headings(b);
    for (int i = 0; i < b->node_count; i++) {
        struct part part = part_of(&b->nodes[i]);
        if (part.all <= 0) continue; // the input, and views
        print_name(stdout, b->nodes[i].what.name, NODE_WIDTH);
        printf("  %-*s  %-*s", OP_WIDTH, b->nodes[i].what.op, HOW_WIDTH, how_of(&b->nodes[i].what).s);
        show_part(b, &part);
    }
}

// ---- the median step

static int show_json(const struct bench_steps *b, double gflops, const struct part *ops, int count)
{
    const struct bench_step *s = &b->median;
    json_t *json =
        json_pack("{s:s, s:s, s:i, s:i, s:i, s:s, s:b, s:b, s:b, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I}", "bench",
                  b->what, "model", b->a->model, "batch_size", b->batch, "steps", b->count, "threads", b->threads, "isa",
                  striate_isa(), "exact", b->a->exact, "recompute", b->a->recompute, "cpu_time", b->a->cpu_time,
                  "images_per_second", b->batch / s->all, "milliseconds_per_step", 1e3 * s->all, "forward_ms", 1e3 * s->forward,
                  "backward_ms", 1e3 * s->backward, "update_ms", 1e3 * s->update, "gflops", gflops, "peak_gflops",
                  b->peak_gflops, "of_peak", gflops / b->peak_gflops, "peak_memory_bytes", (json_int_t)b->peak_bytes);
    if (b->nodes) add_parts(json, b, ops, count);
    return print_json(json);
}

int bench_steps_show(const struct bench_steps *b)
{
    const struct bench_step *s = &b->median;
    double gflops = (b->train ? 3 : 1) * 2e-9 * (double)b->totals.macs * b->batch / s->all;
    struct part *ops = calloc((size_t)b->node_count + 1, sizeof *ops);
    if (!ops) return no_memory();
    int count = ops_of(ops, b), code = CODE_OK;
    if (b->a->json) {
        code = show_json(b, gflops, ops, count);
    } else {
        printf("%s %s, batch %d, %d steps, %d thread%s, %s%s\n", b->what, b->a->model, b->batch, b->count, b->threads,
               b->threads > 1 ? "s" : "", striate_isa(), b->a->cpu_time ? ", CPU time" : "");
        printf("speed   %s images/s, %.3g ms the median step", commas((int64_t)(b->batch / s->all)).s, 1e3 * s->all);
        if (b->train)
            printf(": %.3g forward, %.3g backward, %.3g update", 1e3 * s->forward, 1e3 * s->backward, 1e3 * s->update);
        printf("\nFLOPs   %.1f GFLOP/s, %.0f %% of the machine's %.0f\n", gflops, 100 * gflops / b->peak_gflops,
               b->peak_gflops);
        printf("memory  %s at its peak\n", bytes(b->peak_bytes).s);
        if (b->nodes) show_parts(b, ops, count);
    }
    free(ops);
    return code;
}
