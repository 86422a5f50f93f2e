// check_text.c - text networks: what is written reads back as the same graph, and every mistake is told with its line.
#include "graph/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char lenet[] = "# LeNet, as Caffe ships it\n"
                            "\n"
                            "data  = input height=28 width=28 channels=1\n"
                            "conv1 = conv data filters=20 kernel=5 init=xavier\r\n"
                            "pool1 = max_pool conv1 size=2 stride=2   # halves\n"
                            "\tconv2 = conv pool1\tfilters=50 kernel=5 init=gaussian init_std=0.01\n"
                            "pool2 = max_pool conv2 size=2 stride=2\n"
                            "ip1 = dense pool2 units=500\n"
                            "relu1 = relu ip1\n"
                            "drop = dropout relu1 rate=0.25\n"
                            "ip2 = dense drop units=10 no_bias=1";

static striate_graph *read_text(const char *text)
{
    striate_graph *graph = NULL;
    if (striate_graph_from_text(&graph, text, strlen(text), "some.net")) fail_msg("%s", striate_error());
    return graph;
}

static char *text_of(const striate_graph *graph)
{
    char *text = NULL;
    if (striate_graph_to_text(&text, graph)) fail_msg("%s", striate_error());
    return text;
}

static void assert_same_string(const char *a, const char *b)
{
    if (a && b)
        assert_string_equal(a, b);
    else
        assert_ptr_equal(a, b);
}

static void assert_same_graph(const striate_graph *a, const striate_graph *b)
{
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        const struct striate_node *x = a->nodes[i], *y = b->nodes[i];
        assert_string_equal(x->name, y->name);
        assert_ptr_equal(x->op, y->op);
        assert_memory_equal(&x->plan.out, &y->plan.out, sizeof x->plan.out);
        assert_int_equal(x->ins, y->ins);
        for (int j = 0; j < x->ins; j++) assert_int_equal(x->in[j]->id, y->in[j]->id);
        for (const struct attribute *at = x->op->attributes; at && at->name; at++)
            if (at->type != ATTRIBUTE_TEXT)
                assert_memory_equal((char *)x->options + at->offset, (char *)y->options + at->offset, 4);
            else
                assert_same_string(*(char **)((char *)x->options + at->offset), *(char **)((char *)y->options + at->offset));
    }
}

static void reads_a_network(void **state)
{
    (void)state;
    striate_graph *graph = read_text(lenet);
    assert_int_equal(graph->count, 9);
    assert_int_equal(graph->param_count, 7);
    assert_string_equal(graph->nodes[3]->name, "conv2");
    striate_size size = striate_node_size(graph->nodes[4]);
    assert_int_equal(size.height, 4);
    assert_int_equal(size.width, 4);
    assert_int_equal(size.channels, 50);
    assert_int_equal(striate_node_size(graph_output(graph)).channels, 10);
    striate_graph_free(graph);
}

static void writes_what_differs_from_the_default(void **state)
{
    (void)state;
    striate_graph *graph = read_text(lenet);
    char *text = text_of(graph);
    assert_string_equal(text, "data  = input height=28 width=28 channels=1\n"
                              "conv1 = conv data filters=20 kernel=5 init=xavier\n"
                              "pool1 = max_pool conv1 size=2 stride=2\n"
                              "conv2 = conv pool1 filters=50 kernel=5 init=gaussian\n"
                              "pool2 = max_pool conv2 size=2 stride=2\n"
                              "ip1   = dense pool2 units=500\n"
                              "relu1 = relu ip1\n"
                              "drop  = dropout relu1 rate=0.25\n"
                              "ip2   = dense drop units=10 no_bias=1\n");
    free(text);
    striate_graph_free(graph);
}

// Every network of the zoo, and one of odd numbers: text -> graph -> text is the identity, and so is graph -> text -> graph.
static void reads_what_it_writes(void **state)
{
    (void)state;
    static const char odd[] =
        "data = input height=9 width=7 channels=3\n"
        "a = conv data filters=6 kernel_h=3 kernel_w=1 stride_h=2 pad_left=1 pad_top=2 dilation=2 groups=3\n"
        "b-1.x_Y = batch_norm a eps=1.17549435e-38 momentum=0.333333343\n"
        "c = shortcut b-1.x_Y channels=8 stride=2\n"
        "d = avg_pool c size=2 stride=1 pad=1 ceil=1 exclude_pad=1\n"
        "e = concat d d d\n"
        "f = add e e\n"
        "g = flatten f\n"
        "h = dense g units=4 init=gaussian init_std=1e-10 init_bias=-0.1\n"
        "i = softmax h\n";
    const striate_zoo_entry *zoo = striate_zoo();
    for (int i = -1; i < 0 || zoo[i].name; i++) {
        striate_graph *graph = NULL;
        if (i < 0)
            graph = read_text(odd);
        else if (striate_graph_from_zoo(&graph, zoo[i].name, (striate_zoo_options){ 0 }))
            fail_msg("%s: %s", zoo[i].name, striate_error());
        char *text = text_of(graph);
        striate_graph *again = read_text(text);
        char *text_again = text_of(again);
        assert_string_equal(text, text_again);
        assert_same_graph(graph, again);
        free(text);
        free(text_again);
        striate_graph_free(graph);
        striate_graph_free(again);
    }
}

#define INPUT "data = input height=8 width=8 channels=3\n" // line 1

static const struct row {
    const char *text;
    int line;             // 0: of the whole file
    const char *parts[3]; // of the sentence
} rows[] = {
    { "", 0, { "no network in it" } },
    { "# nothing\n\n", 0, { "no network in it" } },
    { INPUT "conv1 data filters=3\n", 2, { "a line reads 'name = op inputs" } },
    { INPUT "conv1 =\n", 2, { "a line reads" } },
    { INPUT "a=relu data\n", 2, { "blanks around the first '='" } },
    { INPUT "a:b = relu data\n", 2, { "'a:b' is no name" } },
    { INPUT "a = relux data\n", 2, { "a: unknown op 'relux'", "did you mean 'relu'?" } },
    { INPUT "a = transmogrify data\n", 2, { "a: unknown op 'transmogrify'", "striate ops" } },
    { INPUT "# more\na = conv data filter=3 kernel=3\n", 3, { "a (conv)", "unknown attribute 'filter'", "'filters'?" } },
    { INPUT "a = relu data slope=3\n", 2, { "a (relu)", "unknown attribute 'slope'", "relu has none" } },
    { INPUT "a = dense data xyzzyx=3\n", 2, { "unknown attribute 'xyzzyx'", "dense has units, " } },
    { INPUT "a = conv data kernel=3\n", 2, { "a (conv)", "filters is missing" } },
    { INPUT "a = conv data filters=3 filters=4 kernel=3\n", 2, { "a (conv)", "filters is given twice" } },
    { INPUT "a = conv data filters=many kernel=3\n", 2, { "a (conv)", "filters takes a whole number, not 'many'" } },
    { INPUT "a = conv data filters=3.0 kernel=3\n", 2, { "filters takes a whole number, not '3.0'" } },
    { INPUT "a = conv data filters= kernel=3\n", 2, { "filters takes a whole number, not ''" } },
    { INPUT "a = conv data filters=99999999999 kernel=3\n", 2, { "filters takes a whole number" } },
    { INPUT "a = conv data filters=0 kernel=3\n", 2, { "filters is 0, allowed is 1 to" } },
    { INPUT "a = conv data filters=-1 kernel=3\n", 2, { "a (conv)", "filters is -1" } },
    { INPUT "a = conv data filters=3 kernel=3 stride=0\n", 2, { "stride is 0, allowed is 1 to" } },
    { INPUT "a = conv data filters=3 kernel=3 no_bias=2\n", 2, { "no_bias is a flag, 0 or 1, not '2'" } },
    { INPUT "a = conv data filters=3 kernel=3 init=hee\n", 2, { "init is one of he|xavier|gaussian|sobel|prewitt|laplacian|gabor|blur|decay|whiten, not 'hee'" } },
    { INPUT "a = conv data filters=3 kernel=3 init=x\n", 2, { "init is one of" } },
    { INPUT "a = dropout data rate=fast\n", 2, { "a (dropout)", "rate takes a number, not 'fast'" } },
    { INPUT "a = dropout data rate=nan\n", 2, { "rate takes a number, not 'nan'" } },
    { INPUT "a = dropout data rate=1e400\n", 2, { "rate takes a number, not '1e400'" } },
    { INPUT "a = dropout data rate=1e39\n", 2, { "rate takes a number, not '1e39'" } },
    { INPUT "a = dropout data rate=0\n", 2, { "a (dropout)", "rate", "0" } },
    { INPUT "a = dropout data rate=2\n", 2, { "a (dropout)", "rate is 2" } },
    { INPUT "a = conv data filters = 3 kernel=3\n", 2, { "a (conv)", "filters needs a value: write filters=VALUE" } },
    { INPUT "a = relu daat\n", 2, { "a (relu)", "no node 'daat'", "did you mean 'data'?" } },
    { INPUT "a = relu zzzzzzzz\n", 2, { "a (relu)", "no node 'zzzzzzzz'", "define it" } },
    { INPUT "a = relu b\nb = relu data\n", 2, { "a (relu)", "'b' is defined only later", "move line 3" } },
    { INPUT "a = relu a\n", 2, { "a (relu)", "a cycle", "itself" } },
    { INPUT "a = add data c\nb = relu a\nc = relu b\n", 2, { "a (add)", "a cycle", "'c', defined in line 4, depends on it" } },
    { INPUT "a = relu\n", 2, { "a (relu)", "0 inputs" } },
    { INPUT "a = relu data data\n", 2, { "a (relu)", "2 inputs" } },
    { INPUT "a = relu data\n\na = relu data\n", 4, { "a (relu)", "taken" } },
    { INPUT "a = conv data filters=3 kernel=3\nb = add data a\n", 3, { "b (add)", "8x8x3", "6x6x3" } },
    { INPUT "a = conv data filters=3 kernel=9\n", 2, { "a (conv)" } },
    { INPUT "a = conv data filters=4 kernel=3 groups=2\n", 2, { "a (conv)", "groups" } },
    { INPUT "a = cross_entropy data\nb = relu a\n", 2, { "a (cross_entropy)" } },
    { INPUT "a = relu data\x1b[31m\n", 2, { "byte 0x1b" } },
};

static void assert_refused(const char *text, size_t size, int line, const char *const *parts)
{
    striate_graph *graph = NULL;
    assert_int_equal(striate_graph_from_text(&graph, text, size, "some.net"), STRIATE_BAD_NETWORK);
    assert_null(graph);
    char place[40];
    snprintf(place, sizeof place, line ? "some.net:%d: " : "some.net: ", line);
    if (strncmp(striate_error(), place, strlen(place))) fail_msg("'%s' does not begin with '%s'", striate_error(), place);
    for (int i = 0; i < 3 && parts[i]; i++)
        if (!strstr(striate_error(), parts[i])) fail_msg("'%s' does not say '%s'", striate_error(), parts[i]);
}

static void tells_every_mistake_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(rows[i].text, strlen(rows[i].text), rows[i].line, rows[i].parts);
}

static void refuses_what_is_no_text(void **state)
{
    (void)state;
    static const char zero[] = INPUT "a = relu\0 data\n";
    assert_refused(zero, sizeof zero - 1, 2, (const char *[3]){ "byte 0x00" });

    enum { LONG = 5 << 20 };
    char *text = malloc(LONG);
    assert_non_null(text);
    memset(text, ' ', LONG);
    text[0] = '\n';
    assert_refused(text, 20000, 2, (const char *[3]){ "more than 16384 bytes" });
    assert_refused(text, LONG, 0, (const char *[3]){ "at most 4194304" });
    free(text);
}

// 100,000 nodes are read, in a moment; one more is refused with its line.
static void bounds_the_nodes(void **state)
{
    (void)state;
    enum { MOST = 100000, BYTES = 32 };
    char *text = malloc((size_t)(MOST + 2) * BYTES);
    assert_non_null(text);
    size_t size = (size_t)sprintf(text, "0 = input height=1 width=1 channels=1\n");
    for (int i = 1; i < MOST; i++) size += (size_t)sprintf(text + size, "%d = relu %d\n", i, i - 1);
    striate_graph *graph = NULL;
    if (striate_graph_from_text(&graph, text, size, "some.net")) fail_msg("%s", striate_error());
    assert_int_equal(graph->count, MOST);
    striate_graph_free(graph);
    size += (size_t)sprintf(text + size, "end = relu 0\n");
    assert_refused(text, size, MOST + 1, (const char *[3]){ "more than 100000 nodes" });
    free(text);
}

static void writes_only_names_it_reads(void **state)
{
    (void)state;
    striate_graph *graph;
    char *text = NULL;
    assert_int_equal(striate_graph_new(&graph), STRIATE_OK);
    striate_scope(graph, "a b");
    striate_relu(graph, striate_input(graph, 2, 2, 1));
    assert_int_equal(striate_graph_to_text(&text, graph), STRIATE_BAD_NETWORK);
    assert_non_null(strstr(striate_error(), "a b"));
    assert_null(text);
    striate_graph_free(graph);
}

static void lists_the_ops(void **state)
{
    (void)state;
    int count, found = 0;
    const striate_op_info *ops = striate_ops(&count);
    while (op_at(found)) found++;
    assert_int_equal(count, found);
    for (int i = 0; i < count; i++) {
        assert_string_equal(ops[i].name, op_at(i)->name);
        assert_non_null(ops[i].doc);
        for (int j = 0; j < ops[i].attribute_count; j++) {
            assert_non_null(ops[i].attributes[j].type);
            assert_non_null(ops[i].attributes[j].doc);
        }
        if (strcmp(ops[i].name, "conv")) continue;
        const striate_attribute_info *a = ops[i].attributes;
        for (int j = 0; j < ops[i].attribute_count; j++) {
            if (!strcmp(a[j].name, "filters")) assert_null(a[j].default_value);
            if (!strcmp(a[j].name, "stride")) assert_string_equal(a[j].default_value, "1");
            if (!strcmp(a[j].name, "init")) assert_string_equal(a[j].type, "he|xavier|gaussian|sobel|prewitt|laplacian|gabor|blur|decay|whiten");
            if (!strcmp(a[j].name, "init")) assert_string_equal(a[j].default_value, "he");
            if (!strcmp(a[j].name, "init_std")) assert_string_equal(a[j].default_value, "0.01");
        }
    }
    assert_ptr_equal(striate_ops(&count), ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_network),
        cmocka_unit_test(writes_what_differs_from_the_default),
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(tells_every_mistake_with_its_line),
        cmocka_unit_test(refuses_what_is_no_text),
        cmocka_unit_test(bounds_the_nodes),
        cmocka_unit_test(writes_only_names_it_reads),
        cmocka_unit_test(lists_the_ops),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
