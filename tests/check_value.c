// check_value.c - the ground floor's text: strings that grow, numbers that come back, the nearest word; JSON read exactly or refused.
#include "striate.h"

#include "base/random.h"
#include "base/status.h"
#include "base/text.h"
#include "base/value.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// ---- text

static void text_grows(void **state)
{
    (void)state;
    struct text text = { 0 };
    for (int i = 0; i < 1000; i++) text_add(&text, "%d,", i);
    assert_false(text.failed);
    assert_int_equal(text.length, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(text.s), text.length);
    assert_non_null(strstr(text.s, ",499,500,501,"));
    text_add_bytes(&text, "", SIZE_MAX / 2); // more than there is
    assert_true(text.failed);
    text_add(&text, "more");
    assert_int_equal(strlen(text.s), 10 * 2 + 90 * 3 + 900 * 4);
    text_free(&text);
    assert_null(text.s);
}

static void skip_without_json(void)
{
    struct value *root = NULL;
    bool missing = value_parse(&root, "[]", 2, "test") == STRIATE_UNSUPPORTED;
    value_free(root);
    if (missing) skip();
}

static void text_escapes_json(void **state)
{
    (void)state;
    skip_without_json();
    char s[256];
    for (int i = 0; i < 127; i++) s[i] = (char)(i + 1);
    strcpy(s + 127, "\xC3\xA9 \xE2\x82\xAC \"quoted\" back\\slash");
    struct text text = { 0 };
    struct value *root;
    text_add_bytes(&text, "[", 1);
    text_add_json(&text, s);
    text_add(&text, ",");
    text_add_json(&text, "");
    text_add_bytes(&text, "]", 1);
    assert_int_equal(value_parse(&root, text.s, text.length, "test"), STRIATE_OK);
    assert_string_equal(value_string(value_at(root, 0)), s);
    assert_string_equal(value_string(value_at(root, 1)), "");
    value_free(root);
    text_free(&text);
}

static void assert_float_text(double value, const char *expected)
{
    struct text text = { 0 };
    text_add_float(&text, value);
    assert_string_equal(text.s, expected);
    text_free(&text);
}

static void floats_come_back(void **state)
{
    (void)state;
    assert_float_text(20, "20"); // not 2e+01
    assert_float_text(0, "0");
    assert_float_text(-1, "-1");
    assert_float_text(1000000, "1000000");
    assert_float_text(2147483647, "2147483647");
    assert_float_text(0.1f, "0.1");
    assert_float_text(0.0001f, "0.0001");
    assert_float_text(1e-5f, "1e-05");
    assert_float_text(0.00390625f, "0.00390625");
    assert_float_text(12.5, "12.5");
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t words[4];
        random_words((struct random_key){ .seed = 3 }, i, words);
        float value;
        memcpy(&value, words, sizeof value);
        if (!isfinite(value)) continue;
        struct text text = { 0 };
        double back;
        text_add_float(&text, value);
        assert_true(text_to_float(text.s, &back));
        assert_true((float)back == value);
        assert_true(text.length <= 16);
        text_free(&text);
    }
}

static void numbers_do_not_depend_on_the_locale(void **state)
{
    (void)state;
    static const char *const locales[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "ru_RU.UTF-8", "nl_NL.UTF-8", "pt_BR.UTF-8" };
    bool found = false;
    for (int i = 0; i < 5 && !found; i++) found = setlocale(LC_NUMERIC, locales[i]);
    double value = 0;
    struct text text = { 0 };
    text_add_float(&text, 0.5);
    bool read = text_to_float("0.25", &value);
    char after[16];
    snprintf(after, sizeof after, "%.1f", 0.5); // the caller's locale is as it was
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(text.s, "0.5");
    text_free(&text);
    assert_true(read && value == 0.25);
    assert_string_equal(after, found ? "0,5" : "0.5");
    if (!found) skip(); // no such locale on this machine
}

static void numbers_are_read_whole_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        bool good;
        long long value;
    } ints[] = { { "0", true, 0 },
                 { "-5", true, -5 },
                 { "100", true, 100 },
                 { "101", false, 0 },
                 { "-6", false, 0 },
                 { "", false, 0 },
                 { "1x", false, 0 },
                 { "1.5", false, 0 },
                 { "1 ", false, 0 },
                 { "0x10", false, 0 },
                 { "one", false, 0 },
                 { "9223372036854775807", false, 0 },
                 { "9223372036854775808", false, 0 },
                 { "99999999999999999999", false, 0 } };
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        long long value = 42;
        assert_int_equal(text_to_int(ints[i].s, -5, 100, &value), ints[i].good);
        assert_true(value == (ints[i].good ? ints[i].value : 42));
    }
    long long most;
    assert_true(text_to_int("9223372036854775807", 0, INT64_MAX, &most) && most == INT64_MAX);
    assert_false(text_to_int("9223372036854775808", 0, INT64_MAX, &most));
    static const char *const bad[] = { "", "x", "1x", "1 ", "nan", "inf", "-inf", "1e999", "1,5", "." };
    double number = 42;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(text_to_float(bad[i], &number));
    assert_true(number == 42);
    assert_true(text_to_float("-1.5e-3", &number) && number == -1.5e-3);
}

static void the_nearest_word_is_found(void **state)
{
    (void)state;
    static const char *const words[] = { "train", "eval", "predict", "summary", "batch-size", NULL };
    static const char *const cases[][2] = { { "train", "train" },          { "trian", "train" },
                                            { "trai", "train" },           { "evla", "eval" },
                                            { "predcit", "predict" },      { "summery", "summary" },
                                            { "batchsize", "batch-size" }, { "batch_size", "batch-size" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(text_nearest(cases[i][0], words), cases[i][1]);
    assert_null(text_nearest("zebra", words));
    assert_null(text_nearest("", words));
    assert_null(text_nearest("train", (const char *const[]){ NULL }));
    char longer[1000];
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = 0;
    assert_null(text_nearest(longer, words));
}

// ---- value

static striate_status collect(void *context, const char *key, const struct value *value)
{
    int64_t number;
    if (!value_integer(value, &number)) FAIL(BAD_FILE, "%s: not an integer", key);
    text_add(context, "%s=%lld ", key, (long long)number);
    return STRIATE_OK;
}

static void json_is_read_exactly(void **state)
{
    (void)state;
    skip_without_json();
    static const char json[] =
        "{\"big\": 9007199254740993, \"least\": -9223372036854775808, \"half\": 0.5, \"s\": \"a\\u00e9\","
        " \"list\": [1, [], {}], \"no\": null}";
    struct value *root;
    assert_int_equal(value_parse(&root, json, sizeof json - 1, "test"), STRIATE_OK);
    int64_t integer = 0;
    double number = 0;
    assert_true(value_integer(value_get(root, "big"), &integer) && integer == 9007199254740993);
    assert_true(value_integer(value_get(root, "least"), &integer) && integer == INT64_MIN);
    assert_false(value_integer(value_get(root, "half"), &integer));
    assert_true(value_number(value_get(root, "half"), &number) && number == 0.5);
    assert_true(value_number(value_at(value_get(root, "list"), 0), &number) && number == 1);
    assert_string_equal(value_string(value_get(root, "s")), "a\xC3\xA9");
    assert_null(value_string(value_get(root, "big")));
    assert_true(value_is_object(root) && !value_is_array(root));
    assert_true(value_is_array(value_get(root, "list")));
    assert_int_equal(value_size(root), 6);
    assert_int_equal(value_size(value_get(root, "list")), 3);
    assert_int_equal(value_size(value_get(root, "big")), 0);
    assert_null(value_get(root, "missing"));
    assert_null(value_get(value_get(root, "big"), "x"));
    assert_null(value_at(value_get(root, "list"), 3));
    assert_false(value_integer(NULL, &integer) || value_number(NULL, &number) || value_is_object(NULL));
    struct text text = { 0 };
    assert_int_equal(value_each(root, collect, &text), STRIATE_BAD_FILE); // at "half"
    assert_string_equal(text.s, "big=9007199254740993 least=-9223372036854775808 ");
    text_free(&text);
    value_free(root);

    static const char ordered[] = "{\"z\": 1, \"a\": 2, \"m\": 3}";
    assert_int_equal(value_parse(&root, ordered, sizeof ordered - 1, "test"), STRIATE_OK);
    assert_int_equal(value_each(root, collect, &text), STRIATE_OK);
    assert_string_equal(text.s, "z=1 a=2 m=3 ");
    text_free(&text);
    value_free(root);
    value_free(NULL);
}

static void bad_json_is_refused(void **state)
{
    (void)state;
    skip_without_json();
    static const char *const bad[] = { "",
                                       "{",
                                       "{\"a\":1,\"a\":2}",
                                       "[1] x",
                                       "[1,]",
                                       "{\"a\"}",
                                       "[\"\xff\"]",
                                       "[\"\\u0000\"]",
                                       "[NaN]",
                                       "[1e999]",
                                       "['a']",
                                       "[01]",
                                       "[9223372036854775808]",
                                       "{\"x\":{\"b\":1,\"b\":1}}" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct value *root = NULL;
        assert_int_equal(value_parse(&root, bad[i], strlen(bad[i]), "file.json"), STRIATE_BAD_FILE);
        assert_null(root);
        assert_non_null(strstr(striate_error(), "file.json"));
    }
    struct value *root = NULL;
    char *deep = malloc(1 << 20);
    memset(deep, '[', 1 << 20);
    assert_int_equal(value_parse(&root, deep, 1 << 20, "deep"), STRIATE_BAD_FILE);
    free(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(text_escapes_json),
        cmocka_unit_test(floats_come_back),
        cmocka_unit_test(numbers_do_not_depend_on_the_locale),
        cmocka_unit_test(numbers_are_read_whole_or_not),
        cmocka_unit_test(the_nearest_word_is_found),
        cmocka_unit_test(json_is_read_exactly),
        cmocka_unit_test(bad_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
