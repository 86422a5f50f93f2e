// cmd_data.c - data sets: looked at, checked, drawn, split, packed.
#include "data.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct data_arguments, field)
static const struct option show_options[] = {
    { "size", OPTION_INT, AT(size), "N", .doc = "a side of the pictures; else that of the images, or 224 where they differ",
      .low = 1, .high = 4096 },
    { "", OPTION_GROUP, AT(augment), NULL, .group = augment_options },
    { 0 },
};
static const struct option split_options[] = {
    { "val-split", OPTION_FLOAT, AT(val_split), "F", .doc = "the share of each class that is held out", .preset = "0.1",
      .low = 1e-6, .high = 0.9 },
    { 0 },
};
static const struct option pack_options[] = {
    { "quality", OPTION_INT, AT(quality), "Q", .doc = "of JPEGs that are resized", .preset = "95", .low = 1, .high = 100 },
    { "shard-size", OPTION_INT, AT(shard_size), "MB", .doc = "the largest shard", .preset = "64", .low = 1, .high = 4096 },
    { 0 },
};
static const struct option fetch_options[] = {
    { "url", OPTION_TEXT, AT(url), "URL", .doc = "a mirror's folder with the same file names, in place of the public one" },
    { 0 },
};
static const struct option options[] = {
    { "json", OPTION_FLAG, AT(json), NULL, .doc = "DIR, check: print one JSON object" },
    { "resize", OPTION_INT, AT(resize), "N",
      .doc = "pack: bring the shorter side to N where it is longer; show: crop from images resized so, as in training",
      .low = 1, .high = 16384 },
    { "seed", OPTION_SEED, AT(seed), "N", .doc = "show, split: of what is drawn at random", .preset = "1" },
    { "", OPTION_GROUP, 0, NULL, .doc = "show", .group = show_options },
    { "", OPTION_GROUP, 0, NULL, .doc = "split", .group = split_options },
    { "", OPTION_GROUP, 0, NULL, .doc = "pack", .group = pack_options },
    { "", OPTION_GROUP, 0, NULL, .doc = "fetch", .group = fetch_options },
    { 0 },
};
const struct usage data_usage = {
    "DIR [--json]\ncheck DIR [--json]\nshow DIR FILE.png [--random-crop-pad N ...]\nsplit DIR FILE.csv [--val-split F]\n"
    "pack DIR FOLDER [--resize N]\n"
    "fetch mnist|fashion-mnist|cifar10|cifar100 [FOLDER] [--url URL]",
    "DIR alone: its format, images per split and class, sizes, mean and standard deviation, and the first ten problems. DIR "
    "holds "
    "MNIST's four IDX files (raw or .gz), the binary files of CIFAR-10 or CIFAR-100, a folder of PNG and JPEG images per "
    "class, "
    "directly or under train/ and val/ (or test/), or tar shards; or it is a list of images (.csv).\n"
    "check: decodes everything, and names the images that cannot be read, whose ending lies, that are there twice, or whose "
    "size is "
    "unlike the others'.\n"
    "show: draws 100 training images; with options of augmentation 10, each as in ten epochs.\n"
    "split: writes a list of the training images, a share of each class held out, that --data takes in place of DIR.\n"
    "pack: writes the images as tar shards, resized once, which are faster to read.\n"
    "fetch: downloads a data set into FOLDER, or data/NAME; goes on where an earlier try broke off, and checks SHA-256.",
    options,
    1,
    3,
    "DIR|check|show|split|pack|fetch"
};

static int needs_two(const char *verb, const char *what)
{
    return complain(CODE_USAGE, "data %s needs DIR and %s", verb, what);
}

int cmd_data(int argc, char **argv)
{
    struct data_arguments a = { 0 };
    options_preset(&data_usage, &a);
    int words = options_parse(&data_usage, &a, argc, argv);
    static const struct {
        const char *name, *second;
        int (*run)(const struct data_arguments *a, const char *directory, const char *second);
    } verbs[] = { { "show", "FILE.png", data_show }, { "split", "FILE.csv", data_split }, { "pack", "FOLDER", data_pack } };
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(argv[1], verbs[i].name))
            return words == 3 ? verbs[i].run(&a, argv[2], argv[3]) : needs_two(verbs[i].name, verbs[i].second);
    if (!strcmp(argv[1], "fetch"))
        return words > 1 ? data_fetch(&a, argv[2], words > 2 ? argv[3] : NULL)
                         : complain(CODE_USAGE, "data fetch needs a name: mnist, fashion-mnist, cifar10 or cifar100");
    bool check = !strcmp(argv[1], "check");
    if (words != 1 + check)
        return complain(CODE_USAGE,
                        check ? "data check needs DIR" : "data: there is no verb '%s'; striate data --help lists them",
                        argv[1]);
    return check ? data_check(&a, argv[2]) : data_look(&a, argv[1]);
}
