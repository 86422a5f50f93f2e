// toys.c - see toys.h.
#include "toys.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "striate.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SIDE = 12, CLASSES = 10, TRAIN = 160, TEST = 40 };

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

static void big_endian(uint8_t *at, uint32_t n)
{
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(n >> (24 - 8 * i));
}

// Image `index` of class `label`: a bright row at its height, on noise.
static void paint(uint8_t *pixels, int side, int channels, int label, int index)
{
    uint32_t noise = (uint32_t)index * 2654435761u + 1;
    for (int i = 0; i < side * side * channels; i++) {
        noise = noise * 1664525 + 1013904223;
        pixels[i] = (uint8_t)((noise >> 24) / 4 + (i / (side * channels) == label + 1 ? 180 : 0));
    }
}

// Four IDX files. cut: bytes missing at the end of the training images; grow: bytes too many; magic: their third byte; labels: how
// many; worst: a label.
struct idx_fault {
    int cut, grow, magic, labels, worst;
};

static void write_split(const char *folder, const char *split, int count, struct idx_fault fault)
{
    static uint8_t images[16 + TRAIN * SIDE * SIDE + 64], labels[8 + TRAIN];
    char path[128];
    memset(images, 0, sizeof images);
    images[2] = (uint8_t)(fault.magic ? fault.magic : 8);
    images[3] = 3;
    big_endian(images + 4, (uint32_t)count);
    big_endian(images + 8, SIDE);
    big_endian(images + 12, SIDE);
    memset(labels, 0, sizeof labels);
    labels[2] = 8;
    labels[3] = 1;
    int labelled = fault.labels ? fault.labels : count;
    big_endian(labels + 4, (uint32_t)labelled);
    for (int i = 0; i < count; i++) {
        labels[8 + i] = (uint8_t)(i % CLASSES);
        paint(images + 16 + i * SIDE * SIDE, SIDE, 1, i % CLASSES, i);
    }
    if (fault.worst) labels[8 + 3] = (uint8_t)fault.worst;
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", folder, split);
    write_file(path, images, (size_t)(16 + count * SIDE * SIDE - fault.cut + fault.grow));
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", folder, split);
    write_file(path, labels, (size_t)(8 + labelled));
}

static void write_idx(const char *folder, struct idx_fault fault)
{
    mkdir(folder, 0777);
    write_split(folder, "train", TRAIN, fault);
    write_split(folder, "t10k", TEST, (struct idx_fault){ 0 });
}

static void write_cifar(const char *folder, int cut, int worst)
{
    enum { RECORD = 1 + 3 * 32 * 32, EACH = 10 };
    static uint8_t records[EACH * RECORD], pixels[32 * 32 * 3];
    char path[128];
    mkdir(folder, 0777);
    for (int file = 1; file <= 6; file++) {
        for (int i = 0; i < EACH; i++) {
            records[i * RECORD] = (uint8_t)(file == 2 && i == 4 && worst ? worst : i);
            paint(pixels, 32, 3, i, i);
            memcpy(records + i * RECORD + 1, pixels, sizeof pixels);
        }
        snprintf(path, sizeof path, file < 6 ? "%s/data_batch_%d.bin" : "%s/test_batch.bin", folder, file);
        write_file(path, records, (size_t)(EACH * RECORD - (file == 3 ? cut : 0)));
    }
}

static void write_folder(const char *folder, int classes, int each)
{
    static const char *const names[] = { "ants", "bees", "cows" };
    uint8_t pixels[16 * 16 * 3];
    char path[128];
    mkdir(folder, 0777);
    for (int c = 0; c < classes; c++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[c]);
        mkdir(path, 0777);
        for (int i = 0; i < each; i++) {
            striate_image image = { pixels, 16, 16, 3 };
            paint(pixels, 16, 3, 4 * c, i);
            snprintf(path, sizeof path, "%s/%s/%02d.png", folder, names[c], i);
            assert_int_equal(striate_image_save_png(&image, path), STRIATE_OK);
        }
    }
}

// A PNG whose header says 60,000 x 60,000; the checksum is right.
static const uint8_t bomb[] = { 0x89, 'P',  'N',  'G', '\r', '\n', 0x1a, '\n', 0,    0, 0, 13, 'I', 'H', 'D', 'R', 0,
                                0,    0xea, 0x60, 0,   0,    0xea, 0x60, 8,    '\0', 0, 0, 0,  0,   0,   0,   0 };

static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void write_bomb(const char *path)
{
    uint8_t png[sizeof bomb + 64] = { 0 };
    memcpy(png, bomb, sizeof bomb);
    big_endian(png + 29, crc32_of(png + 12, 17));
    write_file(path, png, sizeof png);
}

static void write_tensors(const char *path, uint64_t length, const char *header, size_t data)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 8; i++) fputc((int)(length >> (8 * i) & 255), file);
    fputs(header, file);
    for (size_t i = 0; i < data; i++) fputc(0, file);
    fclose(file);
}

static void write_header(const char *path, const char *header, size_t data)
{
    write_tensors(path, strlen(header), header, data);
}

#define INPUT "data = input height=12 width=12 channels=1\n"
#define TINY  INPUT "c1 = conv data filters=4 kernel=3 stride=2\nr1 = relu c1\n"

void toys_write(void)
{
    write_idx("toy", (struct idx_fault){ 0 });
    write_idx("short", (struct idx_fault){ .cut = 100 });
    write_idx("empty", (struct idx_fault){ .cut = 16 + TRAIN * SIDE * SIDE });
    write_idx("long", (struct idx_fault){ .grow = 7 });
    write_idx("magic", (struct idx_fault){ .magic = 13 });
    write_idx("count", (struct idx_fault){ .labels = TRAIN - 1 });
    write_idx("label", (struct idx_fault){ .worst = 12 });
    write_idx("zipped", (struct idx_fault){ 0 });
    assert_int_equal(system("gzip zipped/*; cp -r zipped badzip; head -c 300 zipped/train-images-idx3-ubyte.gz "
                            ">badzip/train-images-idx3-ubyte.gz; mkdir nothing; cp -r toy half; rm half/train-labels*"),
                     0);
    write_cifar("cifar", 0, 0);
    write_cifar("cifar-short", 5, 0);
    write_cifar("cifar-label", 0, 10);
    write_folder("folder", 2, 12);
    write_folder("three", 3, 4);
    write_folder("one-class", 1, 4);
    write_folder("empty-class", 2, 4);
    mkdir("empty-class/cows", 0777);
    write_folder("broken", 2, 4);
    write_text("broken/ants/00.png", "this is no image");
    write_text("broken/bees/03.png", "");
    write_folder("cut", 2, 4);
    assert_int_equal(system("head -c 200 folder/bees/02.png >cut/bees/02.png"), 0);
    write_bomb("bomb.png");

    write_text("tiny.net", TINY "f1 = flatten r1\nout = dense f1 units=10\n");
    write_text("eight.net", TINY "out = dense r1 units=8\n");
    write_text("large.net", "data = input height=14 width=14 channels=1\nout = dense data units=10\n");
    write_text("colour.net", "data = input height=12 width=12 channels=3\nout = dense data units=10\n");
    write_text("sparse.net", "data = input height=4 width=4 channels=1\ny = conv data filters=1 kernel=2 no_bias=1\n");
    write_text("op.net", INPUT "c1 = convv data filters=4 kernel=3\n");
    write_text("attribute.net", INPUT "c1 = conv data filters=4 kernle=3\n");
    write_text("missing.net", INPUT "c1 = conv data kernel=3\n");
    write_text("input.net", INPUT "c1 = conv dat filters=4 kernel=3\n");
    write_text("cycle.net", INPUT "a = add data b\nb = relu a\n");
    write_text("shape.net", INPUT "c1 = conv data filters=4 kernel=3\ns = add c1 data\n");

    write_tensors("w-short.safetensors", 100, "{}", 0);
    write_tensors("w-giant.safetensors", (uint64_t)1 << 62, "{}", 0);
    write_text("w-empty.safetensors", "");
    write_header("w-twice.safetensors",
                 "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                 "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
                 8);
    write_header("w-hole.safetensors", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8);
    write_header("w-overlap.safetensors",
                 "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                 "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
                 8);
    write_header("w-dtype.safetensors", "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4);
    write_header("w-other.safetensors", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4);
    write_text("file", "in the way of a folder");
}
