// run_folder.h - the folder that a training leaves behind, but for its two .safetensors.
#ifndef RUN_FOLDER_H
#define RUN_FOLDER_H

#include "train/metrics.h"
#include "train/settings.h"

enum run_file {
    RUN_MODEL,
    RUN_LAST,
    RUN_JSONL,
    RUN_CSV,
    RUN_ARGUMENTS,
    RUN_CURVE,
    RUN_CONFUSION,
    RUN_CONFUSED,
    RUN_WORST,
    RUN_FILTERS,
    RUN_REPORT,
    RUN_FILES
};

struct run_folder {
    char *path[RUN_FILES];
    struct metrics metrics;
    const char *out; // its name, the caller's
    int lock;        // a file descriptor that holds the folder; -1: none
};

// Makes the folder settings->training.out, or to resume takes it as it is; one training at a time may hold it. Call run_folder_close also
// after a failure.
striate_status run_folder_open(struct run_folder *folder, const struct settings *settings);
void run_folder_close(struct run_folder *folder);

// Removes what an earlier training left; writes args.json, and the metrics without a row.
striate_status run_folder_begin(const struct run_folder *folder, const struct settings *settings);
// Reads the rows of the first `epochs` epochs back, for a resume.
striate_status run_folder_recall(struct run_folder *folder, int epochs);
// Adds a row and writes metrics.jsonl and metrics.csv.
striate_status run_folder_add(struct run_folder *folder, const striate_epoch *row);
// Writes the text as a file, whole or not at all, and releases it.
striate_status run_folder_write(const char *path, struct text *text);
// Keeps last.safetensors as epoch-N.safetensors too, and of those no more than the last `keep`.
striate_status run_folder_keep(const struct run_folder *folder, int epoch, int keep);
// Writes curve.png, where the library was built with what that needs.
striate_status run_folder_draw(const struct run_folder *folder);

#endif
