// events.c - see events.h. A protocol buffer is a row of fields, each a key (number * 8 + type) and a value; a message within a message is
// preceded by its length, so it is made first.
#include "formats/events.h"

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5, BUCKETS = 64 };

struct events {
    char *path;
    struct text records; // not yet written
};

// ---- protocol buffers ----

static void put_varint(struct text *to, uint64_t value)
{
    uint8_t bytes[10];
    size_t count = 0;
    for (; value >= 0x80; value >>= 7) bytes[count++] = (uint8_t)(value | 0x80);
    bytes[count++] = (uint8_t)value;
    text_add_bytes(to, (const char *)bytes, count);
}

static void put_key(struct text *to, int field, int type)
{
    put_varint(to, (uint64_t)(field << 3 | type));
}

static void put_integer(struct text *to, int field, int64_t value)
{
    put_key(to, field, VARINT);
    put_varint(to, (uint64_t)value);
}

static void put_float(struct text *to, int field, float value)
{
    put_key(to, field, FIXED32);
    text_add_bytes(to, (const char *)&value, sizeof value);
}

static void put_double(struct text *to, int field, double value)
{
    put_key(to, field, FIXED64);
    text_add_bytes(to, (const char *)&value, sizeof value);
}

static void put_bytes(struct text *to, int field, const void *bytes, size_t size)
{
    put_key(to, field, LENGTH);
    put_varint(to, size);
    text_add_bytes(to, bytes, size);
}

static void put_message(struct text *to, int field, struct text *message) // which it releases
{
    if (!message->failed) put_bytes(to, field, message->s, message->length);
    to->failed |= message->failed;
    text_free(message);
}

// ---- records ----

static uint32_t checksum(const void *bytes, size_t size) // CRC-32C, masked as TFRecord wants it
{
    uint32_t crc = ~0u;
    for (const uint8_t *p = bytes, *end = p + size; p < end; p++) {
        crc ^= *p;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xA282EAD8;
}

static void add_record(struct events *events, struct text *event) // which it releases
{
    struct text *to = &events->records;
    to->failed |= event->failed;
    if (!event->failed) {
        uint64_t length = event->length;
        uint32_t of_length = checksum(&length, sizeof length), of_bytes = checksum(event->s, event->length);
        text_add_bytes(to, (const char *)&length, sizeof length);
        text_add_bytes(to, (const char *)&of_length, sizeof of_length);
        text_add_bytes(to, event->s, event->length);
        text_add_bytes(to, (const char *)&of_bytes, sizeof of_bytes);
    }
    text_free(event);
}

static struct text event_at(int64_t step)
{
    struct timespec now;
    struct text event = { 0 };
    timespec_get(&now, TIME_UTC);
    put_double(&event, 1, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
    put_integer(&event, 2, step);
    return event;
}

static void add_value(struct events *events, const char *tag, int64_t step, struct text *content)
{
    struct text value = { 0 }, summary = { 0 }, event = event_at(step);
    put_bytes(&value, 1, tag, strlen(tag));
    value.failed |= content->failed;
    if (!content->failed) text_add_bytes(&value, content->s, content->length);
    text_free(content);
    put_message(&summary, 1, &value);
    put_message(&event, 5, &summary);
    add_record(events, &event);
}

// ---- what users add ----

void events_scalar(struct events *events, const char *tag, int64_t step, double value)
{
    struct text content = { 0 };
    put_float(&content, 2, (float)value);
    add_value(events, tag, step, &content);
}

void events_image(struct events *events, const char *tag, int64_t step, const void *png, size_t size, int height, int width)
{
    struct text image = { 0 }, content = { 0 };
    put_integer(&image, 1, height);
    put_integer(&image, 2, width);
    put_integer(&image, 3, 3); // RGB
    put_bytes(&image, 4, png, size);
    put_message(&content, 4, &image);
    add_value(events, tag, step, &content);
}

void events_histogram(struct events *events, const char *tag, int64_t step, const float *values, size_t count)
{
    double low = INFINITY, high = -INFINITY, sum = 0, squares = 0, limits[BUCKETS], counts[BUCKETS] = { 0 };
    size_t finite = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
        sum += values[i];
        squares += (double)values[i] * values[i];
        finite++;
    }
    if (!finite) return;
    double width = high > low ? (high - low) / BUCKETS : 1;
    for (int b = 0; b < BUCKETS; b++) limits[b] = low + (b + 1) * width;
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i])) counts[(int)fmin((values[i] - low) / width, BUCKETS - 1)]++;
    struct text histogram = { 0 }, content = { 0 };
    const double facts[] = { low, high, (double)finite, sum, squares };
    for (int i = 0; i < 5; i++) put_double(&histogram, i + 1, facts[i]);
    put_bytes(&histogram, 6, limits, sizeof limits);
    put_bytes(&histogram, 7, counts, sizeof counts);
    put_message(&content, 5, &histogram);
    add_value(events, tag, step, &content);
}

striate_status events_flush(struct events *events)
{
    struct text *records = &events->records;
    striate_status status = records->failed ? status_fail(STRIATE_NO_MEMORY, "%s: no memory for its events", events->path)
                                            : file_append(events->path, records->s, records->length);
    text_free(records);
    return status;
}

// ---- open and close ----

striate_status events_open(struct events **events, const char *folder, int64_t step)
{
    char host[128] = "localhost", name[256];
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "events.out.tfevents.%010" PRId64 ".%s.%d", (int64_t)time(NULL), host, (int)getpid());
    struct events *made = calloc(1, sizeof *made);
    char *path = file_join(folder, name);
    if (!made || !path) {
        free(made);
        free(path);
        FAIL(NO_MEMORY, "%s: no memory for TensorBoard's events", folder);
    }
    made->path = path;
    struct text event = event_at(0), session = { 0 };
    put_bytes(&event, 3, "brain.Event:2", 13);
    add_record(made, &event);
    put_integer(&session, 1, 1); // SessionLog.START
    event = event_at(step + 1);
    put_message(&event, 7, &session);
    add_record(made, &event);
    striate_status status = events_flush(made);
    if (status) {
        events_close(made);
        return status;
    }
    *events = made;
    return STRIATE_OK;
}

void events_close(struct events *events)
{
    if (!events) return;
    text_free(&events->records);
    free(events->path);
    free(events);
}
