// check_base.c - the ground floor: memory, random numbers, files, threads and the sentence of the last failure.
#include "striate.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/status.h"
#include "base/thread.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

// ---- arena

static char *format_in(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_format(arena, format, arguments);
    va_end(arguments);
    return text;
}

static void arena_gives_zeroed_memory_that_stays(void **state)
{
    (void)state;
    enum { PIECES = 500 };
    struct arena arena = { 0 };
    unsigned char *pieces[PIECES];
    size_t sizes[PIECES];
    for (int i = 0; i < PIECES; i++) {
        sizes[i] = (size_t)(i * i * 7 % 3000) + (i % 50 == 0 ? 100000 : 0);
        pieces[i] = arena_take(&arena, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        for (size_t j = 0; j < sizes[i]; j++) assert_int_equal(pieces[i][j], 0);
        memset(pieces[i], i & 255, sizes[i]);
    }
    for (int i = 0; i < PIECES; i++)
        for (size_t j = 0; j < sizes[i]; j++) assert_int_equal(pieces[i][j], i & 255);
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_take(&arena, SIZE_MAX / 2 + 1));
    assert_string_equal(arena_copy(&arena, "text"), "text");
    assert_string_equal(format_in(&arena, "%s.%d", "layer", 3), "layer.3");
    arena_free(&arena);
    assert_null(arena.last);
    arena_free(&arena);
}

static void aligned_floats_are(void **state)
{
    (void)state;
    for (size_t count = 0; count < 100; count++) {
        float *floats = aligned_floats(count);
        assert_int_equal((uintptr_t)floats % 64, 0);
        for (size_t i = 0; i < count; i++) assert_true(floats[i] == 0);
        free(floats);
    }
    assert_null(aligned_floats(SIZE_MAX / 4));
    assert_null(aligned_floats(SIZE_MAX));
}

// ---- random

// The known answers that Random123 publishes for philox4x32 with 10 rounds.
static void philox_gives_the_published_words(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], words[4];
    } known[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (int i = 0; i < 3; i++) {
        const uint32_t *counter = known[i].counter, *key = known[i].key;
        struct random_key stream = { .seed = (uint64_t)key[1] << 32 | key[0],
                                     .place = (uint64_t)counter[3] << 32 | counter[2],
                                     .use = 0,
                                     .part = counter[1] };
        uint32_t words[4];
        random_words(stream, counter[0], words);
        assert_memory_equal(words, known[i].words, sizeof words);
    }
}

static void streams_differ_in_every_part_of_their_key(void **state)
{
    (void)state;
    const struct random_key keys[] = {
        { 1, 2, RANDOM_SHUFFLE, 3 },
        { 2, 2, RANDOM_SHUFFLE, 3 },
        { 1 | 1ull << 40, 2, RANDOM_SHUFFLE, 3 },
        { 1, 3, RANDOM_SHUFFLE, 3 },
        { 1, 2 | 1ull << 40, RANDOM_SHUFFLE, 3 },
        { 1, 2, RANDOM_DROPOUT, 3 },
        { 1, 2, RANDOM_WEIGHTS, 3 },
        { 1, 2, RANDOM_AUGMENT, 3 },
        { 1, 2, RANDOM_SPLIT, 3 },
        { 1, 2, RANDOM_SHUFFLE, 4 },
    };
    enum { KEYS = sizeof keys / sizeof *keys };
    for (int i = 0; i < KEYS; i++)
        for (int j = 0; j < i; j++) {
            int equal = 0;
            for (uint32_t n = 0; n < 64; n++) equal += random_uniform(keys[i], n) == random_uniform(keys[j], n);
            assert_in_range(equal, 0, 1);
        }
}

static void uniform_and_normal_numbers_are(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    struct random_key key = { .seed = 7 };
    double sum = 0, squares = 0, neighbours = 0, last = 0, moment[5] = { 0 };
    int bins[100] = { 0 };
    for (uint32_t i = 0; i < COUNT; i++) {
        double u = random_uniform(key, i), z = random_normal(key, i);
        assert_true(u >= 0 && u < 1);
        assert_true(isfinite(z));
        bins[(int)(u * 100)]++;
        sum += u;
        squares += u * u;
        for (int p = 1; p <= 4; p++) moment[p] += pow(z, p) / COUNT;
        neighbours += z * last / COUNT; // sine and cosine of one angle must not be correlated
        last = z;
    }
    assert_true(fabs(sum / COUNT - 0.5) < 0.003);
    assert_true(fabs(squares / COUNT - 1 / 3.0) < 0.003);
    double chi = 0;
    for (int i = 0; i < 100; i++) chi += (bins[i] - COUNT / 100.0) * (bins[i] - COUNT / 100.0) / (COUNT / 100.0);
    assert_true(chi > 55 && chi < 160); // 99 degrees of freedom
    assert_true(fabs(moment[1]) < 0.01 && fabs(moment[2] - 1) < 0.015 && fabs(moment[3]) < 0.03 && fabs(moment[4] - 3) < 0.1);
    assert_true(fabs(neighbours) < 0.01);
}

static void random_order_is_a_fair_permutation(void **state)
{
    (void)state;
    enum { MOST = 300, ROUNDS = 24000 };
    int order[MOST], places[4][4] = { 0 }, all[24] = { 0 };
    for (int count = 0; count < MOST; count++) {
        bool seen[MOST] = { 0 };
        random_order((struct random_key){ .seed = (uint64_t)count }, order, count);
        for (int i = 0; i < count; i++) {
            assert_in_range(order[i], 0, count - 1);
            assert_false(seen[order[i]]);
            seen[order[i]] = true;
        }
    }
    for (int round = 0; round < ROUNDS; round++) {
        random_order((struct random_key){ .seed = 5, .place = (uint64_t)round, .use = RANDOM_SHUFFLE }, order, 4);
        for (int i = 0; i < 4; i++) places[i][order[i]]++;
        int rank = 0; // which of the 24 orders it is
        for (int i = 0; i < 4; i++) {
            int smaller = 0;
            for (int j = i + 1; j < 4; j++) smaller += order[j] < order[i];
            rank = rank * (4 - i) + smaller;
        }
        all[rank]++;
    }
    for (int i = 0; i < 16; i++) assert_in_range(places[i / 4][i % 4], ROUNDS / 4 - 350, ROUNDS / 4 + 350);
    for (int i = 0; i < 24; i++) assert_in_range(all[i], ROUNDS / 24 - 160, ROUNDS / 24 + 160);
}

// ---- file

static char *in_folder(const char *name) // free() it
{
    return file_join("check_base.folder", name);
}

static int entries(void)
{
    DIR *list = opendir("check_base.folder");
    assert_non_null(list);
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(list));) count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

static void write_string(const char *path, const char *s)
{
    assert_int_equal(file_write(path, &(struct span){ s, strlen(s) }, 1), STRIATE_OK);
}

static void assert_holds(const char *path, const char *s)
{
    struct bytes bytes;
    assert_int_equal(file_read(&bytes, path, 1000), STRIATE_OK);
    assert_int_equal(bytes.size, strlen(s));
    assert_memory_equal(bytes.data, s, bytes.size);
    free(bytes.data);
}

static void files_are_written_whole(void **state)
{
    (void)state;
    assert_int_equal(file_make_folder("check_base.folder"), STRIATE_OK);
    assert_int_equal(file_make_folder("check_base.folder"), STRIATE_OK);
    assert_true(file_is_folder("check_base.folder"));
    char *path = in_folder("a");
    assert_int_equal(file_write(path, (struct span[]){ { "one ", 4 }, { NULL, 0 }, { "two", 3 } }, 3), STRIATE_OK);
    assert_holds(path, "one two");
    struct stat about;
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0666 & ~mask);
    write_string(path, "");
    assert_holds(path, "");
    assert_int_equal(file_append(path, "more\n", 5), STRIATE_OK);
    assert_int_equal(file_append(path, "and more", 8), STRIATE_OK);
    assert_holds(path, "more\nand more");
    assert_int_equal(entries(), 1);
    assert_int_equal(file_write("/dev/null", &(struct span){ "x", 1 }, 1), STRIATE_OK); // not replaced by a file
    assert_int_equal(stat("/dev/null", &about), 0);
    assert_true(S_ISCHR(about.st_mode));
    unlink(path);
    free(path);

    char *deep = in_folder("deep//er/"), *parent = in_folder("deep");
    assert_int_equal(file_make_folder(deep), STRIATE_OK);
    assert_true(file_is_folder(deep));
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(rmdir(parent), 0);
    free(deep);
    free(parent);
}

static void a_failed_write_leaves_nothing(void **state)
{
    (void)state;
    char *path = in_folder("kept"), *folder = in_folder("folder"), *inside = in_folder("kept/a"), *missing = in_folder("no/a");
    write_string(path, "kept");
    assert_int_equal(file_make_folder(folder), STRIATE_OK);
    struct span span = { "new", 3 };
    assert_int_equal(file_write(folder, &span, 1), STRIATE_IO);
    assert_non_null(strstr(striate_error(), "folder"));
    assert_int_equal(file_write(inside, &span, 1), STRIATE_IO);
    assert_int_equal(file_write(missing, &span, 1), STRIATE_IO);
    assert_int_equal(file_append(missing, "a", 1), STRIATE_IO);
    assert_int_equal(file_make_folder(path), STRIATE_IO);
    assert_int_equal(file_make_folder(inside), STRIATE_IO);
    assert_int_equal(file_write("", &span, 1), STRIATE_IO);
    if (file_exists("/dev/full")) {
        assert_int_equal(file_write("/dev/full", &span, 1), STRIATE_IO);
        assert_non_null(strstr(striate_error(), "space"));
        assert_int_equal(file_append("/dev/full", "a", 1), STRIATE_IO);
    }
    assert_holds(path, "kept");
    assert_int_equal(entries(), 2);
    rmdir(folder);
    unlink(path);
    char *names[] = { path, folder, inside, missing };
    for (int i = 0; i < 4; i++) free(names[i]);
}

static void reading_stops_at_its_cap(void **state)
{
    (void)state;
    char *path = in_folder("a"), *missing = in_folder("missing");
    struct bytes bytes = { NULL, 77 };
    write_string(path, "0123456789");
    for (size_t cap = 0; cap < 13; cap++) {
        striate_status status = file_read(&bytes, path, cap);
        assert_int_equal(status, cap < 10 ? STRIATE_BAD_FILE : STRIATE_OK);
        if (status) continue;
        assert_int_equal(bytes.size, 10);
        assert_memory_equal(bytes.data, "0123456789", 10);
        free(bytes.data);
        bytes = (struct bytes){ NULL, 77 };
    }
    assert_int_equal(file_read(&bytes, "/dev/zero", 300000), STRIATE_BAD_FILE);
    assert_int_equal(file_read(&bytes, missing, 10), STRIATE_IO);
    assert_non_null(strstr(striate_error(), "missing"));
    assert_int_equal(file_read(&bytes, "check_base.folder", 10), STRIATE_IO);
    assert_null(bytes.data); // untouched on failure
    assert_int_equal(bytes.size, 77);
    unlink(path);
    free(path);
    free(missing);
    rmdir("check_base.folder");
    assert_false(file_exists("check_base.folder"));
}

static void paths_join_and_part(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a///", "b", "a/b" }, { "/", "b", "/b" }, { "a/c", "", "a/c/" }
    };
    for (int i = 0; i < 5; i++) {
        char *path = file_join(cases[i][0], cases[i][1]);
        assert_string_equal(path, cases[i][2]);
        free(path);
    }
    assert_string_equal(file_base("a/b.png"), "b.png");
    assert_string_equal(file_base("b.png"), "b.png");
    assert_string_equal(file_base("a/"), "");
}

// ---- parallel

struct visits {
    atomic_int *of;
    size_t count, grain;
    atomic_int wrong;
};

static void visit(void *context, size_t begin, size_t end)
{
    struct visits *v = context;
    if (begin >= end || end > v->count || begin % v->grain || end - begin > v->grain) v->wrong++;
    for (size_t i = begin; i < end && i < v->count; i++) v->of[i]++;
}

static void every_index_is_visited_once(void **state)
{
    (void)state;
    static const size_t counts[] = { 0, 1, 2, 3, 7, 64, 1000, 4099 }, grains[] = { 0, 1, 2, 3, 64, 5000, SIZE_MAX };
    static atomic_int of[5000];
    for (int threads = 0; threads <= 9; threads += 3)
        for (int i = 0; i < 8; i++)
            for (int j = 0; j < 7; j++) {
                assert_true(striate_threads(threads) >= 1);
                for (int k = 0; k < 5000; k++) of[k] = 0;
                struct visits v = { of, counts[i], grains[j] ? grains[j] : 1, 0 };
                parallel_for(counts[i], grains[j], visit, &v);
                assert_int_equal(v.wrong, 0);
                for (size_t k = 0; k < 5000; k++) assert_int_equal(of[k], k < counts[i]);
            }
    assert_int_equal(striate_threads(3), 3);
    assert_int_equal(parallel_threads(), 3);
    assert_int_equal(striate_threads(-1), striate_threads(0));
    assert_in_range(striate_threads(2147483647), 1, 10000);
    striate_threads(0);
}

static void visit_nested(void *context, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) parallel_for(10, 1, visit, context);
}

static void loops_may_nest(void **state)
{
    (void)state;
    static atomic_int of[10];
    struct visits v = { of, 10, 1, 0 };
    striate_threads(3);
    parallel_for(20, 1, visit_nested, &v);
    for (int i = 0; i < 10; i++) assert_int_equal(of[i], 20);
    striate_threads(0);
}

struct slots {
    size_t limit;
    atomic_int inside[16], wrong, pieces, beyond; // beyond: the first slot
};

static void work_in_slot(void *context, size_t begin, size_t end)
{
    struct slots *s = context;
    size_t slot = parallel_slot();
    s->pieces += (int)(end - begin);
    if (slot >= s->limit) {
        s->wrong++;
        return;
    }
    s->beyond += slot > 0;
    if (s->inside[slot]++) s->wrong++;
    usleep(10); // others come
    s->inside[slot]--;
}

// Each piece has slots of its own beneath it, fewer than there are around it.
static void work_beneath(void *context, size_t begin, size_t end)
{
    size_t slot = parallel_slot();
    struct slots beneath = { .limit = 1 };
    parallel_for_on(1, 3, 1, work_in_slot, &beneath);
    if (beneath.wrong || beneath.pieces != 3 || parallel_slot() != slot) ((struct slots *)context)->wrong++;
    work_in_slot(context, begin, end);
}

static void slots_are_below_their_limit_and_held_by_one(void **state)
{
    (void)state;
    static const size_t limits[] = { 1, 2, 3, 8, 16 };
    int beyond = 0;
    for (int threads = 1; threads <= 8; threads *= 2)
        for (int i = 0; i < 5; i++)
            for (int nested = 0; nested < 2; nested++) {
                striate_threads(threads);
                struct slots s = { .limit = limits[i] };
                parallel_for_on(limits[i], 32, 1, nested ? work_beneath : work_in_slot, &s);
                assert_int_equal(s.wrong, 0);
                assert_int_equal(s.pieces, 32);
                if (threads == 1 || limits[i] == 1) assert_int_equal(s.beyond, 0);
                beyond += s.beyond;
            }
    assert_true(beyond > 0); // helpers came at all
    assert_int_equal(parallel_slot(), 0);
    striate_threads(0);
}

static void fail_beside(void *context)
{
    status_fail(STRIATE_IO, "of another thread");
    *(int *)context = 5;
}

static void a_background_thread_has_an_error_of_its_own(void **state)
{
    (void)state;
    int done = 0;
    status_fail(STRIATE_IO, "of this thread");
    struct background *thread = background_start(fail_beside, &done);
    assert_non_null(thread);
    background_join(thread);
    background_join(NULL);
    assert_int_equal(done, 5);
    assert_string_equal(striate_error(), "of this thread");
}

// ---- status

static striate_status passes_on(bool fail)
{
    TRY(fail ? status_fail(STRIATE_BAD_FILE, "file %d", 3) : STRIATE_OK);
    FAIL(UNSUPPORTED, "went on");
}

static void sentences_may_quote_the_last(void **state)
{
    (void)state;
    assert_int_equal(passes_on(true), STRIATE_BAD_FILE);
    assert_string_equal(striate_error(), "file 3");
    assert_int_equal(status_fail(STRIATE_IO, "while reading: %s (%s)", striate_error(), striate_error()), STRIATE_IO);
    assert_string_equal(striate_error(), "while reading: file 3 (file 3)");
    for (int i = 0; i < 12; i++) status_fail(STRIATE_IO, "%s; %s", striate_error(), striate_error());
    assert_true(strlen(striate_error()) > 500); // cut, not overrun
    assert_int_equal(passes_on(false), STRIATE_UNSUPPORTED);
    assert_string_equal(striate_error(), "went on");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_memory_that_stays),
        cmocka_unit_test(aligned_floats_are),
        cmocka_unit_test(philox_gives_the_published_words),
        cmocka_unit_test(streams_differ_in_every_part_of_their_key),
        cmocka_unit_test(uniform_and_normal_numbers_are),
        cmocka_unit_test(random_order_is_a_fair_permutation),
        cmocka_unit_test(files_are_written_whole),
        cmocka_unit_test(a_failed_write_leaves_nothing),
        cmocka_unit_test(reading_stops_at_its_cap),
        cmocka_unit_test(paths_join_and_part),
        cmocka_unit_test(every_index_is_visited_once),
        cmocka_unit_test(loops_may_nest),
        cmocka_unit_test(slots_are_below_their_limit_and_held_by_one),
        cmocka_unit_test(a_background_thread_has_an_error_of_its_own),
        cmocka_unit_test(sentences_may_quote_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
