// check_bench.c - what `striate bench --json` says of layers and networks: the members that others read, and that its figures fit together.
#include "base/value.h"

#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char command[4096];

static struct value *bench(const char *arguments)
{
    static char text[1 << 20];
    char line[8192];
    struct value *root;
    snprintf(line, sizeof line, "'%s' bench %s --json 2>/dev/null", command, arguments);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t size = fread(text, 1, sizeof text, pipe);
    assert_int_equal(pclose(pipe), 0);
    if (value_parse(&root, text, size, arguments)) fail_msg("%s", striate_error());
    return root;
}

static double number(const struct value *object, const char *key)
{
    double number;
    if (!value_number(value_get(object, key), &number)) fail_msg("%s is no number", key);
    return number;
}

static const char *word(const struct value *object, const char *key)
{
    const char *string = value_string(value_get(object, key));
    if (!string) fail_msg("%s is no text", key);
    return string;
}

static void near(double a, double b)
{
    if (fabs(a - b) > 1e-6 * fabs(b)) fail_msg("%g is not %g", a, b);
}

static void check_figures(void **state)
{
    (void)state;
    static const char *const passes[] = { "forward", "data", "weights", "pack" };
    static const int64_t layers_of[] = { 4, 3, 4, 4 }; // the first convolution reads the image
    struct value *root = bench("conv --suite lenet --batch 3 --threads 1 --seconds 1e-3");
    const struct value *layers = value_get(root, "layers"), *totals = value_get(root, "total_ms");
    const struct value *suite = value_at(value_get(root, "suites"), 0);
    double peak = number(root, "peak_gflops"), all = 0, flops = 0;
    assert_true(number(root, "threads") == 1);
    assert_true(number(root, "peak_lowest_gflops") <= peak);
    for (int pass = 0; pass < 4; pass++) {
        double sum = 0, log_sum = 0, dense = 0;
        int64_t count = 0;
        for (size_t i = 0; i < value_size(layers); i++) {
            const struct value *layer = value_at(layers, i);
            if (strcmp(word(layer, "direction"), passes[pass])) continue;
            count += (int64_t)number(layer, "count");
            sum += number(layer, "count") * number(layer, "ms");
            assert_true(strlen(word(layer, "layer")) > 5 && *word(layer, "algorithm"));
            if (pass == 3) continue;
            near(number(layer, "gflops"), 2e-6 * number(layer, "macs") * 3 / number(layer, "ms"));
            near(number(layer, "ratio"), number(layer, "gflops") / peak);
            flops += 2 * number(layer, "macs") * 3 * number(layer, "count");
            if (strcmp(word(layer, "kind"), "dense")) continue;
            log_sum += log(number(layer, "ratio"));
            dense++;
        }
        assert_int_equal(count, layers_of[pass]);
        near(number(totals, passes[pass]), sum);
        near(number(value_get(suite, "total_ms"), passes[pass]), sum);
        if (pass < 3) near(number(value_get(value_get(root, "geomean"), passes[pass]), "dense"), exp(log_sum / dense));
        all += sum;
    }
    near(number(totals, "all"), all);
    near(number(value_get(root, "total_ratio"), "all"), 1e-6 * flops / all / peak);
    value_free(root);
}

// Layers that suites share are measured once, and counted in each.
static void check_shared(void **state)
{
    (void)state;
    struct value *root = bench("conv --suite resnet18,resnet50 --shapes");
    const struct value *layers = value_get(root, "layers");
    double convolutions[2] = { 0, 0 };
    for (size_t i = 0; i < value_size(layers); i++) {
        const struct value *layer = value_at(layers, i);
        convolutions[!strcmp(word(layer, "suite"), "resnet50")] += number(layer, "count");
    }
    assert_true(convolutions[0] == 20 && convolutions[1] == 53);
    value_free(root);

    root = bench("conv --suite lenet --direction forward --seconds 1e-3");
    assert_int_equal(value_size(value_get(root, "layers")), 4);
    assert_null(value_get(value_get(root, "total_ms"), "data"));
    value_free(root);
}

static void check_dense(void **state)
{
    (void)state;
    struct value *root = bench("dense --batch 1,2 --shapes");
    const struct value *layers = value_get(root, "layers");
    assert_int_equal(value_size(layers), 8);
    assert_string_equal(word(value_at(layers, 3), "layer"), "dense 25088->4096 batch 2");
    assert_true(number(value_at(layers, 3), "macs") == 25088.0 * 4096);
    value_free(root);
}

static void check_sums(const struct value *of, const char *const *phases, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) sum += number(of, phases[i]);
    near(number(of, phases[count]), sum);
}

// Caffe's LeNet: the multiply-adds of its layers, and how often training does them: the first has no gradient of its input.
static const struct {
    const char *name;
    double macs, passes;
} lenet[] = {
    { "conv1", 24 * 24 * 20 * 25, 2 }, { "conv2", 8 * 8 * 50 * 500, 3 }, { "ip1", 800 * 500, 3 }, { "ip2", 500 * 10, 3 }
};

static void check_nodes(const struct value *root, bool train)
{
    static const char *const times[] = { "forward_ms", "backward_ms", "pack_ms", "ms" };
    const struct value *nodes = value_get(root, "nodes"), *ops = value_get(root, "ops");
    double all = number(root, "update_ms"), shares = 0, of_ops = 0;
    size_t found = 0;
    for (size_t i = 0; i < value_size(nodes); i++) {
        const struct value *node = value_at(nodes, i);
        check_sums(node, times, 3);
        all += number(node, "ms");
        shares += number(node, "share");
        if (!train) assert_true(number(node, "backward_ms") == 0 && number(node, "pack_ms") == 0);
        if (found == 4 || strcmp(word(node, "node"), lenet[found].name)) continue;
        assert_true(*word(node, "forward"));
        assert_true(!value_string(value_get(node, "backward_data")) == (!train || !found));
        near(number(node, "gflops"), 2e-6 * lenet[found].macs * 3 * (train ? lenet[found].passes : 1) / number(node, "ms"));
        found++;
    }
    assert_int_equal(found, 4);
    for (size_t i = 0; i < value_size(ops); i++) {
        const struct value *op = value_at(ops, i);
        double sum = 0, count = 0;
        check_sums(op, times, 3);
        for (size_t j = 0; j < value_size(nodes); j++) {
            if (strcmp(word(value_at(nodes, j), "op"), word(op, "op")) || number(value_at(nodes, j), "ms") == 0) continue;
            sum += number(value_at(nodes, j), "ms");
            count++;
        }
        near(number(op, "ms"), sum);
        assert_true(number(op, "nodes") == count);
        of_ops += sum;
    }
    near(of_ops + number(root, "update_ms"), all);
    near(shares + number(root, "update_ms") / all, 1);
}

static void check_network(void **state)
{
    (void)state;
    static const char *const parts[] = { "forward_ms", "backward_ms", "update_ms", "milliseconds_per_step" };
    for (int train = 0; train < 2; train++) {
        struct value *root = bench(train ? "train --model lenet --batch 3 --steps 5 --threads 1 --ops"
                                         : "infer --model lenet --batch-size 3 --seconds 1e-3 --threads 1 --cpu-time --ops");
        assert_string_equal(word(root, "bench"), train ? "train" : "infer");
        assert_true(number(root, "batch_size") == 3 && number(root, "peak_memory_bytes") > 1e6);
        assert_true(train ? number(root, "steps") == 5 : number(root, "steps") >= 3);
        check_sums(root, parts, 3);
        if (!train) assert_true(number(root, "backward_ms") == 0 && number(root, "update_ms") == 0);
        near(number(root, "images_per_second"), 3e3 / number(root, "milliseconds_per_step"));
        near(number(root, "gflops"), (train ? 3 : 1) * 2e-9 * 2293000 * number(root, "images_per_second"));
        near(number(root, "of_peak"), number(root, "gflops") / number(root, "peak_gflops"));
        check_nodes(root, train);
        value_free(root);
    }
    struct value *root = bench("infer --model lenet --batch 1 --steps 1");
    assert_null(value_get(root, "ops"));
    value_free(root);
}

int main(void)
{
    const char *given = getenv("STRIATE");
    if (!realpath(given ? given : "../striate", command)) {
        puts("SKIP: this build has no command");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_figures),
        cmocka_unit_test(check_shared),
        cmocka_unit_test(check_dense),
        cmocka_unit_test(check_network),
    };
    return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
