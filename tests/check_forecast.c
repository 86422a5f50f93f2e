// check_forecast.c - what a training will take is known before it begins: within a tenth of what the process then holds at most. And what
// the system says of memory is read as it is meant.
#include "base/memory.h"
#include "scratch.h"

#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#define SANITIZER __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZER 1
#else
#define SANITIZER 0
#endif

// ---- forecasts ----

static size_t most_held(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    size_t kilobytes = 0;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %zu", &kilobytes) == 1) break;
    if (file) fclose(file);
    return 1024 * kilobytes;
}

#ifndef STRIATE_TEST_DATA
#define STRIATE_TEST_DATA "/nowhere"
#endif

struct task {
    const char *network, *data;
    int images, validation, batch, recompute;
    striate_preprocessing how;
    const char *freeze;
};

// In a process of its own: 0 where the forecast was right, 1 where not, 2 where something failed.
static int train(const struct task *t, const char *out)
{
    striate_data *all, *data, *validation;
    striate_graph *graph;
    striate_model *model;
    striate_training_memory forecast;
    striate_training training = { .epochs = 1,
                                  .batch_size = t->batch,
                                  .optimizer.momentum = 0.9f,
                                  .seed = 1,
                                  .recompute = t->recompute,
                                  .out = out,
                                  .freeze = t->freeze };
    if (striate_data_open(&all, t->data, STRIATE_SPLIT_TEST) || striate_data_part(&data, all, 0, t->images, 1) ||
        striate_data_part(&validation, all, t->images, t->validation, 1) ||
        striate_graph_from_zoo(&graph, t->network, (striate_zoo_options){ 0 }) ||
        striate_model_new(&model, graph, &t->how, NULL) ||
        striate_training_forecast(&forecast, model, data, validation, &training))
        return 2;
    double expected = (double)(striate_memory_held() + forecast.total);
    if (striate_train(model, data, validation, &training)) return 2;
    double held = (double)most_held();
    printf("# %s, batch %d: %.1f MB expected, %.1f MB held\n", t->network, t->batch, expected / 1e6, held / 1e6);
    fflush(stdout);
    return held < 0.9 * expected || held > 1.1 * expected;
}

static void trainings(void **state)
{
    (void)state;
    static const char packed[] = STRIATE_TEST_DATA "/cifar10/test_batch.bin.xz";
    char command[512], cifar[128];
    snprintf(cifar, sizeof cifar, "%s/cifar", scratch);
    const struct task tasks[] = {
        { "lenet", STRIATE_TEST_DATA "/mnist", 512, 256, 64, 0, { .height = 28, .width = 28, .channels = 1 } },
        { "lenet", STRIATE_TEST_DATA "/mnist", 1024, 1000, 1000, 0, { .height = 28, .width = 28, .channels = 1 } },
        { "lenet", STRIATE_TEST_DATA "/mnist", 6000, 1000, 64, 0, { .height = 28, .width = 28, .channels = 1 }, "conv1.*" },
        { "cifar_resnet20", cifar, 256, 128, 128, 0, { .height = 32, .width = 32, .channels = 3 } },
        { "cifar_resnet20", cifar, 256, 64, 256, 1, { .height = 32, .width = 32, .channels = 3 } },
    };
    if (SANITIZER || access(packed, F_OK) || !most_held() || system("xz --version > /dev/null 2>&1")) skip();
    snprintf(command, sizeof command, "xz -dc '%s' > '%s'", packed, scratch_path("cifar/test_batch.bin"));
    assert_int_equal(system(command), 0);
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        char name[32];
        int status;
        snprintf(name, sizeof name, "run%zu", i);
        pid_t child = fork();
        if (!child) _exit(train(&tasks[i], scratch_path(name)));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

// A larger batch takes more; a plan that is only looked at takes nothing, and says what the one that is made says.
static void plans(void **state)
{
    (void)state;
    size_t before = 0;
    for (int batch = 1; batch <= 256; batch *= 4) {
        striate_graph *graph;
        striate_plan *forecast, *plan;
        striate_plan_options options = { .batch = batch, .train = 1 };
        assert_int_equal(striate_graph_from_zoo(&graph, "lenet", (striate_zoo_options){ 0 }), STRIATE_OK);
        assert_int_equal(striate_forecast(&forecast, graph, options), STRIATE_OK);
        assert_int_equal(striate_compile(&plan, graph, options), STRIATE_OK);
        striate_memory a = striate_plan_memory(forecast), b = striate_plan_memory(plan);
        assert_memory_equal(&a, &b, sizeof a);
        assert_true(a.arena > before && a.arena >= a.bound && a.gradients && a.momentum && a.weights >= a.gradients);
        assert_int_equal(striate_plan_bytes(plan), a.arena + a.gradients);
        assert_int_equal(striate_plan_buffer_count(plan), striate_plan_buffer_count(forecast));
        for (int i = 0; i < striate_plan_buffer_count(plan); i++) {
            striate_buffer x = striate_plan_buffer(forecast, i), y = striate_plan_buffer(plan, i);
            assert_string_equal(x.node, y.node);
            assert_true(x.offset == y.offset && x.bytes == y.bytes && x.offset + x.bytes <= a.arena && x.first <= x.last);
        }
        before = a.arena;
        striate_plan_free(forecast);
        striate_plan_free(plan);
        striate_graph_free(graph);
    }
}

// ---- what the system says ----

static void write_line(const char *name, const char *text)
{
    scratch_write(name, text, strlen(text));
}

static void system_memory(void **state)
{
    (void)state;
    const char *root = scratch_path("system/");
    char path[512];
    snprintf(path, sizeof path, "%.*s", (int)strlen(root) - 1, root);
    assert_true(memory_available(path) == SIZE_MAX); // nothing is known
    write_line("system/proc/meminfo", "MemTotal:       24000000 kB\nMemFree:  1 kB\nMemAvailable:   20000 kB\n");
    assert_int_equal(memory_available(path), 20480000);
    write_line("system/proc/self/cgroup", "0::/user/job\n");
    write_line("system/sys/fs/cgroup/user/job/memory.max", "max\n");
    write_line("system/sys/fs/cgroup/user/job/memory.current", "5000000\n");
    assert_int_equal(memory_available(path), 20480000);
    write_line("system/sys/fs/cgroup/user/job/memory.max", "9000000\n");
    assert_int_equal(memory_available(path), 4000000);
    write_line("system/sys/fs/cgroup/user/job/memory.stat", "anon 7\ninactive_file 1000000\nactive_file 3\n");
    assert_int_equal(memory_available(path), 5000000); // pages of files can go
    write_line("system/sys/fs/cgroup/user/memory.max", "9000000\n");
    write_line("system/sys/fs/cgroup/user/memory.current", "9500000\n");
    assert_int_equal(memory_available(path), 0); // the group above has none left
    write_line("system/proc/self/cgroup", "12:cpu:/\n4:memory:/old\n");
    write_line("system/sys/fs/cgroup/memory/old/memory.limit_in_bytes", "3000000\n");
    write_line("system/sys/fs/cgroup/memory/old/memory.usage_in_bytes", "1000000\n");
    assert_int_equal(memory_available(path), 2000000);
    assert_true(striate_memory_available() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(system_memory), cmocka_unit_test(plans), cmocka_unit_test(trainings) };
    return cmocka_run_group_tests_name("forecast", tests, scratch_begin, scratch_end);
}
