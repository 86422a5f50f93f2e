// check_transfer.c - weights that are taken over in part, layers that are frozen, and trainings that begin with both.
#include "trainings.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK(call)                                                                                                               \
    do                                                                                                                         \
        if (call) fail_msg("%s", striate_error());                                                                             \
    while (0)

static const char network[] = "data = input height=8 width=8 channels=1\nfeatures.conv = conv data filters=%d kernel=3 pad=1\n"
                              "features.norm = batch_norm features.conv\nfeatures.relu = relu features.norm\n"
                              "fc = dense features.relu units=%d\n";

// A model of this network with weights of this seed.
static striate_model *make(int filters, int classes, uint64_t seed)
{
    char text[512];
    striate_graph *graph = NULL;
    striate_model *model = NULL;
    snprintf(text, sizeof text, network, filters, classes);
    OK(striate_graph_from_text(&graph, text, strlen(text), "net"));
    OK(striate_init_weights(graph, seed));
    OK(striate_model_new(&model, graph, &(striate_preprocessing){ .height = 8, .width = 8, .channels = 1 }, NULL));
    return model;
}

static bool same_parameter(striate_model *a, striate_model *b, const char *name)
{
    striate_parameter p, q;
    for (int i = 0; i < striate_parameter_count(striate_model_graph(a)); i++) {
        OK(striate_parameter_at(&p, striate_model_graph(a), i));
        OK(striate_parameter_at(&q, striate_model_graph(b), i));
        assert_string_equal(p.name, q.name);
        if (!strcmp(p.name, name)) return p.count == q.count && !memcmp(p.values, q.values, p.count * sizeof(float));
    }
    fail_msg("no %s", name);
    return false;
}

static char note[1024];

static void take_note(void *user, const char *sentence)
{
    (void)user;
    snprintf(note, sizeof note, "%s", sentence);
}

static void check_loading(void **state)
{
    (void)state;
    static const struct {
        int filters, classes; // of the network; the file has 4 filters and 3 classes
        bool new_head;
        const char *allow, *words; // words: of the note, or of the error
        striate_status status;
    } rows[] = {
        { 4, 3, false, NULL, "", STRIATE_OK },
        { 4, 3, true, NULL, "", STRIATE_OK },
        { 4, 5, false, NULL, "2 disagreements, the first: 'fc.weight' should be F32 [5,256], is F32 [3,256]; 'fc.bias'",
          STRIATE_BAD_FILE },
        { 4, 5, true, NULL, "new head: fc tells 5 classes apart, in ", STRIATE_OK },
        { 4, 5, false, "fc.*", "not read but new: fc.weight, fc.bias", STRIATE_OK },
        { 5, 3, true, NULL, "7 disagreements, the first: 'features.conv.weight' should be F32 [5,1,3,3], is F32 [4,1,3,3]; ",
          STRIATE_BAD_FILE },
        { 5, 5, true, "features.*", "'fc.weight' should be F32 [5,320]", STRIATE_BAD_FILE },
        { 5, 5, true, "*", "holds none of this network's weights", STRIATE_BAD_FILE },
        { 4, 3, false, "head.*", "allow_missing: 'head.*' is the first to match no parameter of this network and no tensor of ",
          STRIATE_BAD_ARGUMENT },
    };
    const char *file = in(fresh("files"), "model.safetensors");
    OK(file_make_folder(in(fresh("files"), "")));
    striate_model *saved = make(4, 3, 1);
    OK(striate_model_save(saved, file));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        striate_model *model = make(rows[i].filters, rows[i].classes, 2), *before = make(rows[i].filters, rows[i].classes, 2);
        striate_load_options how = { rows[i].allow, rows[i].new_head, take_note, NULL };
        *note = 0;
        assert_int_equal(striate_load_some_weights(striate_model_graph(model), file, &how), rows[i].status);
        if (!strstr(rows[i].status ? striate_error() : note, rows[i].words)) fail_msg("%s%s", striate_error(), note);
        bool read = !rows[i].status, whole = rows[i].classes == 3;
        assert_true(same_parameter(model, read ? saved : before, "features.conv.weight"));
        assert_true(same_parameter(model, read && whole ? saved : before, "fc.weight"));
        striate_model_free(model);
        striate_model_free(before);
    }
    striate_model_free(saved);
}

// What the network lacks and the file has is an error too, unless it is named.
static void check_extra(void **state)
{
    (void)state;
    const char *file = in(fresh("files"), "model.safetensors");
    OK(file_make_folder(in(fresh("files"), "")));
    striate_model *saved = make(4, 3, 1);
    OK(striate_model_save(saved, file));
    static const char text[] = "data = input height=8 width=8 channels=1\nfeatures.conv = conv data filters=4 kernel=3 pad=1\n"
                               "fc = dense features.conv units=3\n";
    striate_graph *graph = NULL;
    OK(striate_graph_from_text(&graph, text, strlen(text), "net"));
    assert_int_equal(striate_load_weights(graph, file), STRIATE_BAD_FILE);
    assert_non_null(strstr(striate_error(), "the network has no 'features.norm.weight', F32 [4]"));
    static const char *const globs[] = { "features.*", "features.norm.*", "fc.*,features.norm.*" };
    for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
        OK(striate_load_some_weights(graph, file, &(striate_load_options){ .allow_missing = globs[i] }));
    striate_graph_free(graph);
    striate_model_free(saved);
}

// A training that begins with weights and freezes some leaves those as they are, and can be killed like any other.
static void check_training(void **state)
{
    (void)state;
    const char *file = in(straight(), "model.safetensors");
    struct job job = { .training = { .out = fresh("head"), .weights = file, .freeze = "conv.*,norm.*", .epochs = 3 } };
    expect(&job, STRIATE_OK, NULL);
    struct job killed = job;
    killed.kill_at = 7;
    killed.training.out = fresh("killed");
    killed.training.save_steps = 3;
    expect(&killed, -SIGKILL, NULL);
    killed.kill_at = 0;
    killed.training.resume = 1;
    killed.training.weights = "gone";
    expect(&killed, STRIATE_OK, NULL);
    expect_same_run(job.training.out, killed.training.out);
    killed.training.freeze = "conv.*";
    expect(&killed, STRIATE_BAD_ARGUMENT, "was trained with freeze \"conv.*,norm.*\", not \"conv.*\"");

    striate_model *model = NULL, *from = NULL;
    OK(striate_model_open(&model, in(job.training.out, "last.safetensors")));
    OK(striate_model_open(&from, file));
    static const char *const frozen[] = { "conv.weight", "conv.bias",         "norm.weight",
                                          "norm.bias",   "norm.running_mean", "norm.running_var" };
    for (int i = 0; i < 6; i++) assert_true(same_parameter(model, from, frozen[i]));
    assert_false(same_parameter(model, from, "fc.weight"));
    striate_model_free(model);
    striate_model_free(from);

    job = (struct job){ .training = { .out = fresh("none"), .freeze = "*" } };
    expect(&job, STRIATE_BAD_ARGUMENT, "every parameter is frozen");
    job.training.freeze = "conf.*";
    expect(&job, STRIATE_BAD_ARGUMENT,
           "freeze: 'conf.*' is the first to match no parameter of this network; one is called conv.weight");
    job.training.freeze = NULL;
    job.training.weights = "nowhere";
    expect(&job, STRIATE_IO, "nowhere");
}

static const char branched[] = "data = input height=8 width=8 channels=1\n"
                               "a = conv data filters=8 kernel=3 pad=1\n"
                               "na = batch_norm a\n"
                               "ra = relu na\n"
                               "b = conv ra filters=8 kernel=3 pad=1\n"
                               "nb = batch_norm b\n"
                               "sum = add nb ra\n"
                               "rb = relu sum\n"
                               "c = conv rb filters=5 kernel=1\n"
                               "d = conv rb filters=6 kernel=5 pad=2\n"
                               "both = concat c d\n"
                               "drop = dropout both rate=0.5\n"
                               "e = conv drop filters=6 kernel=3\n"
                               "ne = batch_norm e\n"
                               "re = relu ne\n"
                               "flat = flatten re\n"
                               "f = dense flat units=9\n"
                               "rf = relu f\n"
                               "more = dropout rf rate=0.3\n"
                               "fc = dense more units=3\n";

#define JOINED(join)                                                                                                           \
    "data = input height=8 width=8 channels=1\na = conv data filters=4 kernel=3\nb = conv a filters=4 kernel=3 pad=1\ny "      \
    "= " join "\nfc = dense y units=3\n"

static void expect_same_parameters(const char *a, const char *b)
{
    striate_parameter p;
    striate_model *left = NULL, *right = NULL;
    OK(striate_model_open(&left, a));
    OK(striate_model_open(&right, b));
    for (int i = 0; i < striate_parameter_count(striate_model_graph(left)); i++) {
        OK(striate_parameter_at(&p, striate_model_graph(left), i));
        if (!same_parameter(left, right, p.name)) fail_msg("%s of %s is not that of %s", p.name, a, b);
    }
    striate_model_free(left);
    striate_model_free(right);
}

// What the frozen part makes of images is computed once, where it can be, to the same bits: images that may be left out prevent it.
static void check_features(void **state)
{
    (void)state;
    static const struct {
        const char *network, *freeze, *border; // border: how the note begins; NULL: nothing is computed once
    } rows[] = {
        { NULL, "conv.weight", NULL }, // its bias is trained
        { NULL, "norm.*", NULL },
        { NULL, "fc.*", NULL },
        { NULL, "conv.*", NULL }, // the batch norm behind it is part of its step
        { NULL, "conv.*,norm.*", "frozen up to pool: its 4x4x4 values are computed once" },
        { branched, "a.*,na.*", NULL }, // two readers, an add and a convolution
        { branched, "a.*,na.*,b.*,nb.*", "frozen up to rb: its 8x8x8" },
        { branched, "a.*,na.*,b.*,nb.*,c.*", NULL }, // what is trained reads two values
        { branched, "a.*,na.*,b.*,nb.*,c.*,d.*", "frozen up to both: its 8x8x11" },
        { branched, "a.*,na.*,b.*,nb.*,c.*,d.*,e.*,ne.*,f.*", "frozen up to both: its 8x8x11" }, // dropout is drawn each step
        { JOINED("scaled_add a b scale=0.5"), "a.*,b.*", "frozen up to y: its 6x6x4" },
        { JOINED("scaled_add a b drop=0.5"), "a.*,b.*", NULL },
        { JOINED("average a b"), "a.*,b.*", "frozen up to y: its 6x6x4" },
        { JOINED("average a b drop=0.5"), "a.*,b.*", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *folders[] = { fresh("once"), fresh("each step") };
        striate_epoch last[2];
        for (int each = 0; each < (rows[i].border ? 2 : 1); each++) {
            struct job job = { .network = rows[i].network, .threads = each ? 1 : 1 + (int)i % 3 };
            job.training = (striate_training){ .freeze = rows[i].freeze,
                                               .epochs = 1,
                                               .batch_size = i % 2 ? 7 : 32,
                                               .accumulate = 2,
                                               .ema_decay = 0.5f,
                                               .skip_bad = each,
                                               .out = folders[each] };
            expect(&job, STRIATE_OK, NULL);
            last[each] = report->last;
            if (rows[i].border && !each ? !strstr(report->note, rows[i].border) : report->notes)
                fail_msg("%s: %s", rows[i].freeze, report->note);
        }
        if (!rows[i].border) continue;
        expect_same_parameters(in(folders[0], "last.safetensors"), in(folders[1], "last.safetensors"));
        expect_same_parameters(in(folders[0], "model.safetensors"), in(folders[1], "model.safetensors"));
        assert_true(last[0].train_loss == last[1].train_loss && last[0].train_top1 == last[1].train_top1);
        assert_true(last[0].val_loss == last[1].val_loss && last[0].val_top1 == last[1].val_top1);
    }
    struct job job = { .training = { .freeze = "conv.*,norm.*", .epochs = 1, .augmentation.hflip = 1 } };
    expect(&job, STRIATE_OK, NULL);
    assert_int_equal(report->notes, 0);

    struct job whole = { .training = { .freeze = "conv.*,norm.*", .out = fresh("whole") } }, stopped = whole;
    expect(&whole, STRIATE_OK, NULL);
    stopped.stop_at = -1;
    stopped.training.out = fresh("stopped");
    expect(&stopped, STRIATE_INTERRUPTED, "stopped on request, before the first step");
    stopped.stop_at = 0;
    stopped.training.resume = 1;
    expect(&stopped, STRIATE_OK, NULL);
    expect_same_run(whole.training.out, stopped.training.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(check_loading), cmocka_unit_test(check_extra),
                                        cmocka_unit_test(check_training), cmocka_unit_test(check_features) };
    return cmocka_run_group_tests_name("transfer", tests, trainings_begin, trainings_end);
}
