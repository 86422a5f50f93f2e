// bench_show.c - measured layers as a table and as JSON: each of them, sums over each suite, and means over kinds of layers.
#include "bench.h"

#include <math.h>
#include <string.h>

const char *const bench_passes[PASSES] = { "forward", "data", "weights", "pack" };

// "3x3/2 64->128 56x56", and what is not as usual: groups, dilation, padding.
void bench_label(char label[64], const struct bench_shape *s)
{
    char stride[16] = "", rest[32] = "";
    int used = 0;
    if (s->dense) {
        snprintf(label, 64, "dense %d->%d batch %d", s->c, s->k, s->n);
        return;
    }
    if (s->stride_h != s->stride_w)
        snprintf(stride, sizeof stride, "/%dx%d", s->stride_h, s->stride_w);
    else if (s->stride_h > 1)
        snprintf(stride, sizeof stride, "/%d", s->stride_h);
    if (s->groups > 1) used += snprintf(rest, sizeof rest, " g%d", s->groups);
    if (s->dilation > 1) used += snprintf(rest + used, sizeof rest - (size_t)used, " d%d", s->dilation);
    if (s->top != s->dilation * (s->r - 1) / 2 || s->left != s->dilation * (s->s - 1) / 2)
        snprintf(rest + used, sizeof rest - (size_t)used, s->top == s->left ? " p%d" : " p%d,%d", s->top, s->left);
    snprintf(label, 64, "%dx%d%s %d->%d %dx%d%s", s->r, s->s, stride, s->c, s->k, s->h, s->w, rest);
}

// ---- figures

static double flops_of(const struct bench_row *row)
{
    return 2.0 * (double)row->layer.macs * row->shape.n;
}

static double gflops_of(const struct bench_row *row, int pass)
{
    return 1e-9 * flops_of(row) / row->at[pass].seconds;
}

static double weight_rate(const struct bench_row *row, int pass) // GB/s
{
    return 4e-9 * (double)row->layer.macs / row->at[pass].seconds;
}

// All layers of a suite (-1: of all suites) in one pass; STRIATE_PACK is time without FLOPs.
struct sum {
    double seconds, flops;
    int layers, shapes;
};

static struct sum sum_of(const struct bench_table *t, int suite, int pass)
{
    struct sum sum = { 0 };
    for (const struct bench_row *row = t->rows; row < t->rows + t->count; row++) {
        if ((suite >= 0 && row->suite != suite) || !row->runs[pass]) continue;
        sum.seconds += row->count * row->at[pass].seconds;
        sum.flops += pass == STRIATE_PACK ? 0 : row->count * flops_of(row);
        sum.layers += row->count;
        sum.shapes++;
    }
    return sum;
}

static struct sum sum_of_all(const struct bench_table *t, int suite)
{
    struct sum all = { 0 };
    for (int pass = 0; pass < PASSES; pass++) {
        struct sum sum = sum_of(t, suite, pass);
        all.seconds += sum.seconds;
        all.flops += sum.flops;
    }
    return all;
}

static double ratio_of(const struct bench_table *t, struct sum sum)
{
    return 1e-9 * sum.flops / sum.seconds / t->peak;
}

// ---- kinds of layers

enum kind { FIRST, ONE, THREE, FIVE, OTHER, DENSE, KINDS };
static const struct {
    const char *name, *doc;
} kinds[KINDS] = { [FIRST] = { "first", "first layers, 1 or 3 channels" },
                   [ONE] = { "1x1", "1x1" },
                   [THREE] = { "3x3", "3x3, 64 and more channels" },
                   [FIVE] = { "5x5", "5x5" },
                   [OTHER] = { "other", "other convolutions" },
                   [DENSE] = { "dense", "dense" } };

static enum kind kind_of(const struct bench_shape *s)
{
    bool plain = s->stride_h == 1 && s->stride_w == 1 && s->dilation == 1, square = s->r == s->s;
    if (s->dense) return DENSE;
    if (s->c <= 3) return FIRST;
    if (square && s->r == 1) return ONE;
    if (square && plain && s->r == 3 && s->c / s->groups >= 64 && s->k / s->groups >= 64) return THREE;
    return square && plain && s->r == 5 ? FIVE : OTHER;
}

// The geometric mean of the ratios of distinct layers.
static double mean_of(const struct bench_table *t, enum kind kind, int pass, int *shapes)
{
    double sum = 0;
    *shapes = 0;
    for (const struct bench_row *row = t->rows; row < t->rows + t->count; row++) {
        if (row->like >= 0 || !row->runs[pass] || kind_of(&row->shape) != kind) continue;
        sum += log(gflops_of(row, pass) / t->peak);
        ++*shapes;
    }
    return exp(sum / *shapes);
}

// ---- JSON

static json_t *shape_json(const struct bench_table *t, const struct bench_row *row)
{
    const struct bench_shape *s = &row->shape;
    char label[64];
    bench_label(label, s);
    return json_pack("{s:s, s:s, s:s, s:i, s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:[ii], s:[iiii], s:i, s:i, s:b, s:b, s:b}",
                     "suite", t->suites[row->suite].name, "layer", label, "kind", kinds[kind_of(s)].name, "count", row->count,
                     "macs", (json_int_t)row->layer.macs, "n", s->n, "h", s->h, "w", s->w, "c", s->c, "k", s->k, "r", s->r, "s",
                     s->s, "stride", s->stride_h, s->stride_w, "pad", s->top, s->bottom, s->left, s->right, "dilation",
                     s->dilation, "groups", s->groups, "bias", s->bias, "dense", s->dense, "input_gradient",
                     row->layer.input_gradient);
}

static json_t *layers_json(const struct bench_table *t)
{
    json_t *list = json_array();
    for (const struct bench_row *row = t->rows; row < t->rows + t->count; row++) {
        if (t->a->shapes) json_array_append_new(list, shape_json(t, row));
        for (int pass = 0; pass < PASSES && !t->a->shapes; pass++) {
            if (!row->runs[pass]) continue;
            json_t *json = shape_json(t, row);
            bool counts = pass != STRIATE_PACK;
            json_object_set_new(json, "direction", json_string(bench_passes[pass]));
            json_object_set_new(json, "algorithm", json_string(row->at[pass].algorithm));
            json_object_set_new(json, "ms", json_real(1e3 * row->at[pass].seconds));
            json_object_set_new(json, "gflops", counts ? json_real(gflops_of(row, pass)) : json_null());
            json_object_set_new(json, "ratio", counts ? json_real(gflops_of(row, pass) / t->peak) : json_null());
            if (t->reads) json_object_set_new(json, "weights_gb_per_second", json_real(weight_rate(row, pass)));
            json_array_append_new(list, json);
        }
    }
    return list;
}

static void add_sums(json_t *json, const struct bench_table *t, int suite)
{
    json_t *ms = json_object(), *ratio = json_object();
    for (int pass = 0; pass <= PASSES; pass++) {
        const char *name = pass < PASSES ? bench_passes[pass] : "all";
        struct sum sum = pass < PASSES ? sum_of(t, suite, pass) : sum_of_all(t, suite);
        if (sum.seconds > 0) json_object_set_new(ms, name, json_real(1e3 * sum.seconds));
        if (sum.flops > 0) json_object_set_new(ratio, name, json_real(ratio_of(t, sum)));
    }
    json_object_set_new(json, "total_ms", ms);
    json_object_set_new(json, "total_ratio", ratio);
}

static json_t *means_json(const struct bench_table *t)
{
    json_t *means = json_object();
    for (int pass = 0; pass < STRIATE_PACK; pass++) {
        json_t *of_pass = json_object();
        for (int kind = 0; kind < KINDS; kind++) {
            int shapes;
            double mean = mean_of(t, (enum kind)kind, pass, &shapes);
            if (shapes) json_object_set_new(of_pass, kinds[kind].name, json_real(mean));
        }
        json_object_set_new(means, bench_passes[pass], of_pass);
    }
    return means;
}

static int64_t macs_of(const struct bench_table *t, int suite)
{
    int64_t macs = 0;
    for (const struct bench_row *row = t->rows; row < t->rows + t->count; row++)
        if (row->suite == suite) macs += row->count * row->layer.macs;
    return macs;
}

static int show_json(const struct bench_table *t)
{
    json_t *json =
        json_pack("{s:s, s:i, s:b}", "isa", striate_isa(), "threads", striate_threads(t->a->threads), "exact", t->a->exact);
    json_t *suites = json_array();
    for (int i = 0; i < t->suite_count; i++) {
        json_t *suite = json_pack("{s:s, s:I, s:I}", "suite", t->suites[i].name, "macs", (json_int_t)macs_of(t, i),
                                  "network_macs", (json_int_t)t->suites[i].macs);
        if (!t->a->shapes) add_sums(suite, t, i);
        json_array_append_new(suites, suite);
    }
    if (!t->a->shapes) {
        json_object_set_new(json, "peak_gflops", json_real(t->peak));
        json_object_set_new(json, "peak_lowest_gflops", json_real(t->peak_lowest));
        if (t->reads) json_object_set_new(json, "bandwidth_gb_per_second", json_real(t->bandwidth));
    }
    json_object_set_new(json, "layers", layers_json(t));
    if (!t->a->shapes) {
        add_sums(json, t, -1);
        json_object_set_new(json, "geomean", means_json(t));
    }
    json_object_set_new(json, "suites", suites);
    return print_json(json);
}

// ---- tables

enum { WIDE = 32 };

static void show_shapes(const struct bench_table *t, int suite)
{
    printf("%-*s  %5s  %15s\n", WIDE, "layer", "count", "MACs");
    for (const struct bench_row *row = t->rows; row < t->rows + t->count; row++) {
        char label[64];
        bench_label(label, &row->shape);
        if (row->suite == suite) printf("%-*s  %5d  %15s\n", WIDE, label, row->count, commas(row->layer.macs).s);
    }
}

static void show_figures(const struct bench_table *t, struct sum sum)
{
    if (sum.flops > 0)
        printf("  %9.3f  %8.1f  %5.2f", 1e3 * sum.seconds, 1e-9 * sum.flops / sum.seconds, ratio_of(t, sum));
    else
        printf("  %9.3f", 1e3 * sum.seconds);
}

static void show_pass(const struct bench_table *t, int suite, int pass)
{
    struct sum total = sum_of(t, suite, pass);
    if (!total.layers) return;
    bool counts = pass != STRIATE_PACK;
    printf("\n%s%-*s%s  %5s  %-9s  %9s", color(stdout, "1"), WIDE, bench_passes[pass], color(stdout, "0"), "count", "algorithm",
           "ms");
    if (counts) printf("  %8s  %5s", "GFLOP/s", "ratio");
    printf("%s\n", t->reads && counts ? "  weights GB/s  ratio" : "");
    for (const struct bench_row *row = t->rows; row < t->rows + t->count; row++) {
        if (row->suite != suite || !row->runs[pass]) continue;
        char label[64];
        bench_label(label, &row->shape);
        printf("%-*s  %5d  %-9s", WIDE, label, row->count, row->at[pass].algorithm);
        show_figures(t, (struct sum){ row->at[pass].seconds, counts ? flops_of(row) : 0, 1, 1 });
        if (t->reads && counts) printf("  %12.1f  %5.2f", weight_rate(row, pass), weight_rate(row, pass) / t->bandwidth);
        putchar('\n');
    }
    printf("%-*s  %5d  %-9s", WIDE, "total", total.layers, "");
    show_figures(t, total);
    putchar('\n');
}

static void show_means(const struct bench_table *t)
{
    printf("\n%-*s  %6s", WIDE, "geometric means of ratios", "shapes");
    for (int pass = 0; pass < STRIATE_PACK; pass++) printf("  %7s", bench_passes[pass]);
    putchar('\n');
    for (int kind = 0; kind < KINDS; kind++) {
        double means[STRIATE_PACK];
        int shapes, most = 0;
        for (int pass = 0; pass < STRIATE_PACK; pass++) {
            means[pass] = mean_of(t, (enum kind)kind, pass, &shapes);
            if (shapes > most) most = shapes;
        }
        if (!most) continue;
        printf("%-*s  %6d", WIDE, kinds[kind].doc, most);
        for (int pass = 0; pass < STRIATE_PACK; pass++) {
            if (isfinite(means[pass]))
                printf("  %7.2f", means[pass]);
            else
                printf("  %7s", "-");
        }
        putchar('\n');
    }
}

int bench_show(const struct bench_table *t)
{
    if (t->a->json) return show_json(t);
    for (int i = 0; i < t->suite_count; i++) {
        if (!t->reads)
            printf("%s%s, batch %d: %s of %s MACs an image\n", i ? "\n" : "", t->suites[i].name, t->rows[0].shape.n,
                   commas(macs_of(t, i)).s, commas(t->suites[i].macs).s);
        if (t->a->shapes) {
            show_shapes(t, i);
            continue;
        }
        for (int pass = 0; pass < PASSES; pass++) show_pass(t, i, pass);
        if (t->a->direction != PASSES) continue;
        printf("\n%-*s  %5s  %-9s", WIDE, "all directions", "", "");
        show_figures(t, sum_of_all(t, i));
        putchar('\n');
    }
    if (t->a->shapes) return CODE_OK;
    if (!t->reads) show_means(t);
    printf("\n%s, %d threads; peak %.1f GFLOP/s, to which ratios are (measured between rounds; the lowest %.1f)\n",
           striate_isa(), striate_threads(t->a->threads), t->peak, t->peak_lowest);
    if (t->reads) printf("reading memory %.1f GB/s\n", t->bandwidth);
    return CODE_OK;
}
