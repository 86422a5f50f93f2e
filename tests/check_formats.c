// check_formats.c - safetensors and npy: what is written is read again, and every way a header can lie is refused with its reason.
#include "base/file.h"
#include "formats/safetensors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// A file: 8 bytes of header length, the header, `data` zero bytes; of exactly its size, so that a read beyond it shows.
static uint8_t *file_of(const char *header, size_t data, size_t *size)
{
    uint64_t length = strlen(header);
    *size = sizeof length + length + data;
    uint8_t *bytes = calloc(1, *size);
    assert_non_null(bytes);
    memcpy(bytes, &length, sizeof length);
    memcpy(bytes + sizeof length, header, length);
    return bytes;
}

static void assert_refused(const uint8_t *bytes, size_t size, const char *part)
{
    struct safetensors *file = NULL;
    assert_int_equal(safetensors_parse(&file, bytes, size, "some.safetensors"), STRIATE_BAD_FILE);
    assert_null(file);
    if (!strstr(striate_error(), part)) fail_msg("'%s' does not say '%s'", striate_error(), part);
    assert_non_null(strstr(striate_error(), "some.safetensors"));
}

#define TENSOR(name, dtype, shape, offsets)                                                                                    \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]}"

static const struct row {
    const char *header;
    size_t data;
    const char *part; // of the sentence
} rows[] = {
    { "", 0, "does not begin with '{'" },
    { "[]", 0, "does not begin with '{'" },
    { " {}", 0, "does not begin with '{'" },
    { "{", 0, "JSON, line 1" },
    { "{}x", 0, "JSON, line 1" },
    { "{\"a\":1,}", 0, "JSON" },
    { "{\"a\xff\":1}", 0, "JSON" },
    { "{" TENSOR("a", "F32", "1", "0,4") "," TENSOR("a", "F32", "1", "4,8") "}", 8, "duplicate" },
    { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "duplicate" },
    { "{\"a\":7}", 0, "'a': is not an object" },
    { "{\"a\":null}", 0, "'a': is not an object" },
    { "{\"a\\n\":{}}", 0, "control character 0x0a" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"extra\":0}}", 4, "'a': unknown key 'extra'" },
    { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'a': dtype is missing" },
    { "{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'a': dtype is missing or not a string" },
    { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "'a': shape is not an array" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "'a': data_offsets is not [begin, end]" },
    { "{" TENSOR("a", "F31", "1", "0,4") "}", 4, "'a': unknown dtype 'F31'" },
    { "{" TENSOR("a", "f32", "1", "0,4") "}", 4, "'a': unknown dtype 'f32'" },
    { "{" TENSOR("a", "F64", "1", "0,4") "}", 4, "has 4 bytes of data where its shape and dtype need 8" },
    { "{" TENSOR("a", "F32", "2", "0,4") "}", 4, "has 4 bytes of data where its shape and dtype need 8" },
    { "{" TENSOR("a", "F32", "-1", "0,4") "}", 4, "dimension 0 of its shape is not a whole number" },
    { "{" TENSOR("a", "F32", "1,1.0", "0,4") "}", 4, "dimension 1 of its shape is not a whole number" },
    { "{" TENSOR("a", "F32", "\"1\"", "0,4") "}", 4, "dimension 0 of its shape is not a whole number" },
    { "{" TENSOR("a", "F32", "1,1,1,1,1,1,1,1,1", "0,4") "}", 4, "9 dimensions; at most 8" },
    { "{" TENSOR("a", "F32", "4611686018427387904,4", "0,0") "}", 0, "overflows" },
    { "{" TENSOR("a", "F64", "4294967296,4294967296", "0,0") "}", 0, "overflows" },
    { "{" TENSOR("a", "F32", "99999999999999999999", "0,4") "}", 4, "JSON" },
    { "{" TENSOR("a", "F32", "1", "0,4,4") "}", 4, "data_offsets is not [begin, end]" },
    { "{" TENSOR("a", "F32", "1", "4,0") "}", 4, "data_offsets is not [begin, end]" },
    { "{" TENSOR("a", "F32", "1", "-4,0") "}", 4, "data_offsets is not [begin, end]" },
    { "{" TENSOR("a", "F32", "1", "0.0,4") "}", 4, "data_offsets is not [begin, end]" },
    { "{" TENSOR("a", "F32", "2", "0,8") "}", 4, "ends at byte 8 of the data, which has 4" },
    { "{" TENSOR("a", "F32", "1", "9223372036854775803,9223372036854775807") "}", 4, "ends at byte 9223372036854775807" },
    { "{" TENSOR("a", "F32", "1", "4,8") "}", 8, "hole before tensor 'a': bytes 0 to 4" },
    { "{" TENSOR("a", "F32", "1", "0,4") "," TENSOR("b", "F32", "1", "8,12") "}", 12, "hole before tensor 'b': bytes 4 to 8" },
    { "{" TENSOR("b", "F32", "1", "8,12") "," TENSOR("a", "F32", "1", "0,4") "}", 12, "hole before tensor 'b': bytes 4 to 8" },
    { "{" TENSOR("a", "F32", "2", "0,8") "," TENSOR("b", "F32", "1", "4,8") "}", 8, "'a' and 'b' overlap at byte 4" },
    { "{" TENSOR("a", "F32", "1", "0,4") "," TENSOR("b", "F32", "1", "0,4") "}", 4, "overlap at byte 0" },
    { "{" TENSOR("a", "F32", "1", "0,4") "}", 5, "bytes 4 to 5 at the end of the data belong to no tensor" },
    { "{}", 1, "bytes 0 to 1 at the end" },
    { "{\"__metadata__\":[]}", 0, "__metadata__ is not an object of strings" },
    { "{\"__metadata__\":{\"k\":1}}", 0, "the value of 'k' is not a string" },
    { "{\"__metadata__\":{\"k\":\"a\",\"k\":\"b\"}}", 0, "duplicate" },
};

static void refuses_lying_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t size;
        uint8_t *bytes = file_of(rows[i].header, rows[i].data, &size);
        assert_refused(bytes, size, rows[i].part);
        free(bytes);
    }
}

static void refuses_lying_lengths(void **state)
{
    (void)state;
    static const struct {
        uint64_t length;
        const char *part;
    } lengths[] = {
        { 3, "cut short: a header of 3 bytes, but only 2 are left" },
        { 16 << 20, "cut short" },
        { (16 << 20) + 1, "announces a header of 16777217 bytes" },
        { 100000000, "announces a header of 100000000 bytes" },
        { UINT64_MAX, "announces a header of 18446744073709551615 bytes" },
    };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t size;
        uint8_t *bytes = file_of("{}", 0, &size);
        memcpy(bytes, &lengths[i].length, sizeof lengths[i].length);
        assert_refused(bytes, size, lengths[i].part);
        free(bytes);
    }
}

// Every beginning of a good file is a bad file.
static void refuses_truncation(void **state)
{
    (void)state;
    size_t size;
    uint8_t *whole = file_of("{\"__metadata__\":{\"k\":\"v\"}," TENSOR("a", "F16", "3", "0,6") "}   ", 6, &size);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *part = malloc(cut ? cut : 1);
        assert_non_null(part);
        memcpy(part, whole, cut);
        assert_refused(part, cut, cut < 8 ? "too few" : "some.safetensors");
        free(part);
    }
    struct safetensors *file;
    assert_int_equal(safetensors_parse(&file, whole, size, "whole"), STRIATE_OK);
    safetensors_free(file);
    free(whole);
}

static void accepts_odd_but_right(void **state)
{
    (void)state;
    static const struct row right[] = {
        { "{}", 0, "" },
        { "{\"__metadata__\":{}}", 0, "" },
        { "{" TENSOR("scalar", "I64", "", "0,8") "}", 8, "scalar" },
        { "{" TENSOR("", "U8", "0", "0,0") "}", 0, "" },
        { "{" TENSOR("b", "U8", "2", "3,5") "," TENSOR("none", "F32", "0,7", "3,3") "," TENSOR("a", "BOOL", "3", "0,3") "}", 5,
          "a" },
        { "{" TENSOR("\\u00e4", "BF16", "1,1,1,1,1,1,1,1", "0,2") "} \n ", 2, "\xc3\xa4" },
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        size_t size;
        uint8_t *bytes = file_of(right[i].header, right[i].data, &size);
        struct safetensors *file = NULL;
        if (safetensors_parse(&file, bytes, size, "right")) fail_msg("%s", striate_error());
        if (*right[i].part) assert_non_null(safetensors_find(file, right[i].part));
        assert_null(safetensors_find(file, "nowhere"));
        safetensors_free(file);
        free(bytes);
    }
}

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/check_formats.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    static const float a[6] = { 1, -2, 3.5f, 0, 5, 6 };
    static const uint8_t b[3] = { 7, 8, 9 };
    static const int64_t c[1] = { INT64_MIN };
    const struct safetensors_entry entries[] = {
        { "z.\"quoted\"\\", "F32", 2, { 2, 3 }, a, sizeof a },
        { "b", "U8", 1, { 3 }, b, sizeof b },
        { "scalar", "I64", 0, { 0 }, c, sizeof c },
        { "empty", "F32", 2, { 0, 4 }, a, 0 },
    };
    const struct safetensors_note notes[] = { { "format", "x\ty\n" }, { "\xc3\xa4", "" } };
    char *path = file_join(folder, "round.safetensors"), *again = file_join(folder, "again.safetensors");
    assert_int_equal(safetensors_write(path, entries, 4, notes, 2), STRIATE_OK);
    assert_int_equal(safetensors_write(again, entries, 4, notes, 2), STRIATE_OK);

    struct safetensors *file;
    if (safetensors_open(&file, path)) fail_msg("%s", striate_error());
    assert_int_equal(file->count, 4);
    for (int i = 0; i < 4; i++) {
        const struct safetensors_entry *read = &file->entries[i], *put = &entries[i];
        assert_string_equal(read->name, put->name); // in the order given
        assert_string_equal(read->dtype, put->dtype);
        assert_int_equal(read->rank, put->rank);
        assert_memory_equal(read->dims, put->dims, sizeof put->dims);
        assert_int_equal(read->bytes, put->bytes);
        assert_memory_equal(read->data, put->data, put->bytes);
        assert_ptr_equal(safetensors_find(file, put->name), read);
    }
    assert_int_equal(file->note_count, 2);
    assert_string_equal(safetensors_get(file, "format"), "x\ty\n");
    assert_string_equal(safetensors_get(file, "\xc3\xa4"), "");
    assert_null(safetensors_get(file, "nothing"));
    safetensors_free(file);

    struct bytes one, two;
    assert_int_equal(file_read(&one, path, 1 << 20), STRIATE_OK);
    assert_int_equal(file_read(&two, again, 1 << 20), STRIATE_OK);
    assert_int_equal(one.size, two.size);
    assert_memory_equal(one.data, two.data, one.size);
    uint64_t length;
    memcpy(&length, one.data, sizeof length);
    assert_int_equal(length % 8, 0); // the data is aligned
    free(one.data);
    free(two.data);
    unlink(path);
    unlink(again);
    free(path);
    free(again);
}

static void fails_on_files_it_cannot_have(void **state)
{
    (void)state;
    struct safetensors *file = NULL;
    assert_int_equal(safetensors_open(&file, "/nowhere/x.safetensors"), STRIATE_IO);
    assert_non_null(strstr(striate_error(), "/nowhere/x.safetensors"));
    assert_int_equal(safetensors_open(&file, folder), STRIATE_IO);
    assert_int_equal(safetensors_write("/nowhere/x.safetensors", NULL, 0, NULL, 0), STRIATE_IO);
    assert_null(file);
}

static void writes_npy(void **state)
{
    (void)state;
    static const float values[6] = { 0, 1, 2, 3, 4, -5.5f };
    char *path = file_join(folder, "m.npy");
    assert_int_equal(striate_save_npy(path, values, 2, 3), STRIATE_OK);
    struct bytes bytes;
    assert_int_equal(file_read(&bytes, path, 1 << 20), STRIATE_OK);
    static const char head[] = "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    assert_int_equal(bytes.size, 128 + sizeof values);
    assert_memory_equal(bytes.data, head, sizeof head - 1);
    for (size_t i = sizeof head - 1; i < 127; i++) assert_int_equal(bytes.data[i], ' ');
    assert_int_equal(bytes.data[127], '\n');
    assert_memory_equal(bytes.data + 128, values, sizeof values);
    free(bytes.data);
    unlink(path);
    free(path);
    assert_int_equal(striate_save_npy("/nowhere/m.npy", values, 2, 3), STRIATE_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_lying_headers),
        cmocka_unit_test(refuses_lying_lengths),
        cmocka_unit_test(refuses_truncation),
        cmocka_unit_test(accepts_odd_but_right),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(fails_on_files_it_cannot_have),
        cmocka_unit_test(writes_npy),
    };
    return cmocka_run_group_tests_name("formats", tests, make_folder, remove_folder);
}
