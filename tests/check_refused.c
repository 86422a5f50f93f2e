// check_refused.c - shapes and options that ops refuse, each with a sentence that names what is wrong.
#include "ops/op.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void bad_networks(void **state)
{
    (void)state;
    static const struct {
        const char *op;
        struct shape x[2];
        striate_window window;
        const char *sentence;
    } bad[] = {
        { "add", { { 28, 28, 512, 1 }, { 14, 14, 512, 1 } }, { 0 }, "28x28x512 and 14x14x512" },
        { "concat", { { 28, 28, 4, 1 }, { 14, 28, 4, 1 } }, { 0 }, "input 2 is 14x28" },
        { "concat", { { 1, 1, 4, 1 }, { 1, 1, 4, 4 } }, { 0 }, "input 2 is flattened" },
        { "max_pool", { { 8, 8, 4, 1 } }, { 0 }, "size is missing" },
        { "max_pool", { { 8, 8, 4, 1 } }, { .size = 9 }, "9x9 is larger than the input of 8x8" },
        { "max_pool", { { 80, 80, 4, 1 } }, { .size = 17 }, "more than 256" },
        { "avg_pool", { { 8, 8, 4, 1 } }, { .size = 2, .pad = 2 }, "padding of 2x2" },
        { "max_pool", { { 8, 8, 4, 1 } }, { .size = 2, .mode = STRIATE_MODE_SAME, .pad = 1 }, "leave out pad" },
        { "max_unpool",
          { { 4, 4, 3, 1 }, { 8, 8, 4, 1 } },
          { .size = 2, .stride = 2 },
          "4x4x3, but the pooled image is 4x4x4" },
        { "upsample", { { 16384, 16384, 64, 1 } }, { .size = 2 }, "too many" },
        { "flatten", { { 16384, 16384, 64, 1 } }, { 0 }, "too large" },
        { "cross_entropy", { { 2, 1, 10, 1 } }, { 0 }, "2x1x10" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tensor in[2] = { { .n = 1, .shape = bad[i].x[0] }, { .n = 1, .shape = bad[i].x[1] } };
        struct tensor *at[2] = { &in[0], &in[1] };
        striate_window window = bad[i].window;
        if (!window.stride) window.stride = 1;
        struct op_args a = { .options = &window, .ins = bad[i].x[1].c ? 2 : 1, .in = at };
        struct op_plan plan = { 0 };
        assert_int_equal(op_find(bad[i].op)->shape(&a, &plan), STRIATE_BAD_NETWORK);
        if (!strstr(striate_error(), bad[i].sentence)) fail_msg("%s: %s", bad[i].op, striate_error());
    }
    struct tensor in = { .n = 1, .shape = { 8, 8, 16, 1 } }, *at[1] = { &in };
    striate_shortcut_options o = { .channels = 8, .stride = 1 };
    struct op_args a = { .options = &o, .ins = 1, .in = at };
    assert_int_equal(op_find("shortcut")->shape(&a, &(struct op_plan){ 0 }), STRIATE_BAD_NETWORK);
    assert_non_null(strstr(striate_error(), "the input has 16"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bad_networks) };
    return cmocka_run_group_tests_name("refused", tests, NULL, NULL);
}
