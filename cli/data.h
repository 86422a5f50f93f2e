// data.h - what `striate data` is made of.
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include "cli.h"

struct data_arguments {
    int json, size, resize, quality, shard_size;
    float val_split;
    uint64_t seed;
    struct augment_arguments augment;
};

int data_look(const struct data_arguments *a, const char *directory);
int data_check(const struct data_arguments *a, const char *directory);
int data_show(const struct data_arguments *a, const char *directory, const char *file);
int data_split(const struct data_arguments *a, const char *directory, const char *file);
int data_pack(const struct data_arguments *a, const char *directory, const char *folder);

#endif
