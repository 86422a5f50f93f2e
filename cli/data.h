// data.h - what `striate data` is made of.
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include "cli.h"

struct data_arguments {
    int json, size, resize, quality, shard_size;
    const char *url;
    float val_split;
    uint64_t seed;
    struct augment_arguments augment;
};

int data_look(const struct data_arguments *a, const char *directory);
int data_check(const struct data_arguments *a, const char *directory);
int data_show(const struct data_arguments *a, const char *directory, const char *file);
int data_split(const struct data_arguments *a, const char *directory, const char *file);
int data_fetch(const struct data_arguments *a, const char *set, const char *folder);
int data_pack(const struct data_arguments *a, const char *directory, const char *folder);

#endif
