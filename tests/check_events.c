// check_events.c - TensorBoard's event file, read back by a reader of its own: record by record, field by field.
#include "formats/events.h"
#include "base/file.h"
#include "scratch.h"

#include <dirent.h>
#include <math.h>

// A field of a message: its number, and its value, or where that is bytes, these.
struct field {
    int number, type;
    uint64_t value;
    const uint8_t *bytes;
    size_t size;
};

static uint64_t varint(const uint8_t **at, const uint8_t *end)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        assert_true(*at < end && shift < 64);
        value |= (uint64_t)(**at & 0x7F) << shift;
        if (!(*(*at)++ & 0x80)) return value;
    }
}

static struct field next_field(const uint8_t **at, const uint8_t *end)
{
    uint64_t key = varint(at, end);
    struct field f = { .number = (int)(key >> 3), .type = (int)(key & 7) };
    if (f.type == 0) {
        f.value = varint(at, end);
        return f;
    }
    f.size = f.type == 1 ? 8 : f.type == 5 ? 4 : varint(at, end);
    assert_true(f.size <= (size_t)(end - *at));
    f.bytes = *at;
    *at += f.size;
    return f;
}

// The field of this number in a message, which must be there.
static struct field field_of(struct field message, int number)
{
    for (const uint8_t *at = message.bytes, *end = at + message.size; at < end;) {
        struct field f = next_field(&at, end);
        if (f.number == number) return f;
    }
    fail_msg("there is no field %d", number);
    return message;
}

static double real(struct field f)
{
    double wide = NAN;
    float narrow = NAN;
    if (f.type == 1) memcpy(&wide, f.bytes, 8);
    if (f.type == 5) memcpy(&narrow, f.bytes, 4);
    return f.type == 1 ? wide : narrow;
}

static uint32_t table_crc(const uint8_t *bytes, size_t size) // CRC-32C by table, masked
{
    uint32_t crc = ~0u, table[256];
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) table[i] = table[i] & 1 ? table[i] >> 1 ^ 0x82F63B78 : table[i] >> 1;
    }
    for (size_t i = 0; i < size; i++) crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
    crc = ~crc;
    return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
}

static struct field next_record(const uint8_t **at, const uint8_t *end)
{
    uint64_t length;
    uint32_t crc;
    assert_true(end - *at >= 16);
    memcpy(&length, *at, 8);
    memcpy(&crc, *at + 8, 4);
    assert_int_equal(crc, table_crc(*at, 8));
    assert_true(length <= (uint64_t)(end - *at) - 16);
    struct field record = { .bytes = *at + 12, .size = length };
    memcpy(&crc, record.bytes + length, 4);
    assert_int_equal(crc, table_crc(record.bytes, length));
    *at += length + 16;
    return record;
}

static struct bytes only_file(const char *folder)
{
    struct bytes bytes = { 0 };
    DIR *list = opendir(folder);
    for (const struct dirent *entry; (entry = readdir(list));)
        if (!strncmp(entry->d_name, "events.out.tfevents.", 20)) {
            char *path = file_join(folder, entry->d_name);
            assert_null(bytes.data);
            assert_int_equal(file_read(&bytes, path, 1 << 20), STRIATE_OK);
            free(path);
        }
    closedir(list);
    assert_non_null(bytes.data);
    return bytes;
}

static struct field value_of(struct field event, const char *tag, uint64_t step)
{
    assert_int_equal(field_of(event, 2).value, step);
    assert_true(real(field_of(event, 1)) > 1.6e9);
    struct field value = field_of(field_of(event, 5), 1), name = field_of(value, 1);
    assert_int_equal(name.size, strlen(tag));
    assert_memory_equal(name.bytes, tag, name.size);
    return value;
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct events *events;
    const float values[] = { -1, 0, 0.5f, 3, NAN, INFINITY };
    expect_ok(events_open(&events, scratch, 7));
    events_scalar(events, "loss/train", 300, 0.25);
    events_histogram(events, "conv1.weight", 301, values, 6);
    events_histogram(events, "nothing", 301, values + 4, 2);
    events_image(events, "filters", 302, "PNG", 3, 20, 30);
    expect_ok(events_flush(events));
    events_close(events);

    struct bytes file = only_file(scratch);
    const uint8_t *at = file.data, *end = at + file.size;
    struct field version = field_of(next_record(&at, end), 3);
    assert_memory_equal(version.bytes, "brain.Event:2", version.size);
    struct field start = next_record(&at, end);
    assert_int_equal(field_of(start, 2).value, 8);
    assert_int_equal(field_of(field_of(start, 7), 1).value, 1);
    assert_true(real(field_of(value_of(next_record(&at, end), "loss/train", 300), 2)) == 0.25);

    struct field histogram = field_of(value_of(next_record(&at, end), "conv1.weight", 301), 5);
    const double facts[] = { -1, 3, 4, 2.5, 10.25 };
    for (int i = 0; i < 5; i++) assert_true(real(field_of(histogram, i + 1)) == facts[i]);
    struct field limits = field_of(histogram, 6), counts = field_of(histogram, 7);
    assert_int_equal(limits.size, counts.size);
    double below = 0;
    for (size_t i = 0; i < limits.size; i += sizeof(double)) {
        double limit, count, want = 0;
        memcpy(&limit, limits.bytes + i, sizeof limit);
        memcpy(&count, counts.bytes + i, sizeof count);
        below += count;
        for (int v = 0; v < 4; v++) want += values[v] < limit;
        if (i + sizeof(double) < limits.size) assert_true(below == want);
    }
    assert_true(below == 4);

    struct field image = field_of(value_of(next_record(&at, end), "filters", 302), 4);
    assert_int_equal(field_of(image, 1).value, 20);
    assert_int_equal(field_of(image, 2).value, 30);
    assert_memory_equal(field_of(image, 4).bytes, "PNG", 3);
    assert_true(at == end);
    free(file.data);
}

static void a_folder_that_is_not_there(void **state)
{
    (void)state;
    struct events *events;
    expect_failure(events_open(&events, "no/such/folder", 0), STRIATE_IO, "no/such/folder/events.out.tfevents.", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(a_folder_that_is_not_there),
    };
    return cmocka_run_group_tests_name("events", tests, scratch_begin, scratch_end);
}
