// check_golden.c - the networks that torchvision has (of the VGGs two) against what PyTorch computes from the same weights, which a formula gives
// (golden_pytorch.py): logits in evaluation; loss and gradients in training, without dropout and with tanh for ReLU
// and means for the largest values.
#include "base/text.h"
#include "graph/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||                       \
    __has_feature(thread_sanitizer)
enum { MOST = 30000000 }; // parameters of a network: sanitized code is slow
#else
enum { MOST = 1000000000 };
#endif

#define OK(call)                                                                                                               \
    if (call) fail_msg("%s", striate_error())

enum { IMAGES = 4, CLASSES = 10, SOME = 4 };

static const struct golden {
    const char *name;
    int side;
    double logits[IMAGES][CLASSES], loss; // loss 0: not trained
    struct {
        const char *weight;
        double norm, sum; // of its gradient; the sum after changes of signs
    } gradients[SOME];
} goldens[] = {
#include "golden_pytorch.h"
};

static uint32_t seed_of(const char *name)
{
    uint32_t seed = 2166136261u;
    for (; *name; name++) seed = (seed ^ (unsigned char)*name) * 16777619u;
    return seed;
}

static uint32_t mixed(uint32_t seed, size_t index)
{
    uint32_t x = (uint32_t)index * 2654435761u + seed;
    x = (x ^ (x >> 15)) * 2246822519u;
    return x ^ (x >> 13);
}

struct range {
    float low, step;
};

static struct range range_of(double low, double high)
{
    return (struct range){ (float)low, (float)((high - low) / 16777216) };
}

static float value(struct range range, uint32_t seed, size_t index)
{
    return (float)(mixed(seed, index) >> 8) * range.step + range.low;
}

static bool ends(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && !strcmp(name + length - tail, ending);
}

static struct range range_of_parameter(const striate_parameter *p)
{
    double bound = sqrt(6.0 * p->dims[0] / (double)p->count);
    if (ends(p->name, "running_var")) return range_of(0.75, 1.5);
    if (ends(p->name, "weight") && p->rank > 1) return range_of(-bound, bound);
    if (ends(p->name, "bn3.weight")) return range_of(0.1, 0.3);
    return ends(p->name, "weight") ? range_of(0.5, 1) : range_of(-0.1, 0.1);
}

// Files have a filter's channels before its pixels, memory the other way round: where in a file the value is that memory has at `at`.
static size_t in_file(const striate_parameter *p, size_t at)
{
    size_t pixels = (size_t)p->pixels, filter = p->count / (size_t)p->dims[0], channels = filter / pixels, rest = at % filter;
    return at - rest + rest % channels * pixels + rest / channels;
}

static void fill_parameters(striate_graph *graph)
{
    for (int i = 0; i < striate_parameter_count(graph); i++) {
        striate_parameter p;
        OK(striate_parameter_at(&p, graph, i));
        struct range range = range_of_parameter(&p);
        uint32_t seed = seed_of(p.name);
        for (size_t at = 0; at < p.count; at++) p.values[at] = value(range, seed, p.pixels > 1 ? in_file(&p, at) : at);
    }
}

static bool is_left_out(const struct golden *golden)
{
    striate_graph *graph;
    size_t count = 0;
    OK(striate_graph_from_zoo(&graph, golden->name, (striate_zoo_options){ CLASSES, golden->side, golden->side }));
    for (int i = 0; i < graph->param_count; i++) count += graph->params[i].count;
    striate_graph_free(graph);
    return count > MOST;
}

// A network's text with tanh for ReLU, and means for the largest values.
static char *smooth_text(const char *text)
{
    static const struct {
        const char *op, *smooth, *more;
    } ops[] = { { " = relu ", " = tanh ", "" }, { " = max_pool ", " = avg_pool ", " exclude_pad=1" } };
    struct text made = { 0 };
    for (; *text; text += strcspn(text, "\n") + 1) {
        int length = (int)strcspn(text, "\n"), i = 0;
        const char *at = NULL;
        for (; i < 2; i++)
            if ((at = strstr(text, ops[i].op)) && at < text + length) break;
        if (i == 2)
            text_add(&made, "%.*s\n", length, text);
        else
            text_add(&made, "%.*s%s%.*s%s\n", (int)(at - text), text, ops[i].smooth,
                     length - (int)(at - text + (int)strlen(ops[i].op)), at + strlen(ops[i].op), ops[i].more);
    }
    return made.s;
}

// The network with its weights, without dropout.
static striate_graph *make(const struct golden *golden, bool smooth)
{
    striate_graph *graph;
    OK(striate_graph_from_zoo(&graph, golden->name, (striate_zoo_options){ CLASSES, golden->side, golden->side }));
    if (smooth) {
        char *text, *smoothed;
        OK(striate_graph_to_text(&text, graph));
        striate_graph_free(graph);
        smoothed = smooth_text(text);
        OK(striate_graph_from_text(&graph, smoothed, strlen(smoothed), golden->name));
        free(text);
        free(smoothed);
    }
    for (int i = 0; i < graph->count; i++)
        if (graph->nodes[i]->op == &striate_op_dropout) ((striate_dropout_options *)graph->nodes[i]->options)->rate = 1e-12f;
    fill_parameters(graph);
    return graph;
}

static void fill_images(float *x, int side)
{
    size_t pixels = (size_t)side * (size_t)side;
    struct range range = range_of(-2, 2);
    uint32_t seed = seed_of("images");
    for (size_t n = 0; n < IMAGES; n++)
        for (size_t at = 0; at < pixels; at++)
            for (size_t c = 0; c < 3; c++) *x++ = value(range, seed, (n * 3 + c) * pixels + at);
}

static double off(double got, double wanted, double scale)
{
    return fabs(got - wanted) / scale;
}

// How far the gradient of a weight is off, in norms.
static double check_gradient(const striate_plan *plan, striate_graph *graph, const char *name, double norm, double sum)
{
    striate_parameter p;
    int i = 0;
    do OK(striate_parameter_at(&p, graph, i++));
    while (strcmp(p.name, name));
    double square = 0, changed = 0;
    uint32_t seed = seed_of("signs");
    for (size_t at = 0; at < p.count; at++) {
        double g = striate_plan_gradient(plan, i - 1)[at];
        square += g * g;
        changed += mixed(seed, in_file(&p, at)) >> 31 ? -g : g;
    }
    return fmax(off(sqrt(square), norm, norm), off(changed, sum, norm));
}

static void train(const struct golden *golden)
{
    striate_graph *graph = make(golden, true);
    striate_plan *plan;
    double loss, worst = 0;
    OK(striate_compile(&plan, graph, (striate_plan_options){ .batch = IMAGES, .train = 1 }));
    fill_images(striate_plan_input(plan), golden->side);
    for (int i = 0; i < IMAGES; i++) striate_plan_labels(plan)[i] = i;
    striate_forward(plan, IMAGES, 1);
    striate_backward(plan);
    loss = off(striate_loss(plan), golden->loss, golden->loss);
    for (int i = 0; i < SOME && golden->gradients[i].weight; i++)
        worst = fmax(worst, check_gradient(plan, graph, golden->gradients[i].weight, golden->gradients[i].norm,
                                           golden->gradients[i].sum));
    printf("# %s: loss off by %.1e, gradients by %.1e\n", golden->name, loss, worst);
    assert_true(loss < 1e-4);
    assert_true(worst < 1e-3);
    striate_plan_free(plan);
    striate_graph_free(graph);
}

static void infer(const struct golden *golden)
{
    striate_graph *graph = make(golden, false);
    striate_plan *plan;
    double largest = 1, worst = 0;
    OK(striate_compile(&plan, graph, (striate_plan_options){ .batch = IMAGES }));
    fill_images(striate_plan_input(plan), golden->side);
    striate_forward(plan, IMAGES, 1);
    for (int i = 0; i < IMAGES * CLASSES; i++) {
        double wanted = golden->logits[i / CLASSES][i % CLASSES];
        largest = fmax(largest, fabs(wanted));
        worst = fmax(worst, off(striate_plan_output(plan)[i], wanted, 1));
    }
    striate_plan_free(plan);
    striate_graph_free(graph);
    printf("# %s: logits off by %.1e of %.1f\n", golden->name, worst, largest);
    assert_true(worst < 1e-4 * largest);
}

static void logits_are_pytorchs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++)
        if (!is_left_out(&goldens[i])) infer(&goldens[i]);
}

static void gradients_are_pytorchs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++)
        if (goldens[i].loss > 0 && !is_left_out(&goldens[i])) train(&goldens[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(logits_are_pytorchs), cmocka_unit_test(gradients_are_pytorchs) };
    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
