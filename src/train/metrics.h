// metrics.h - a row of numbers per finished epoch, as metrics.jsonl and metrics.csv hold them.
#ifndef METRICS_H
#define METRICS_H

#include "base/text.h"

struct metrics {
    striate_epoch *rows; // free() releases them
    int count, room;
};

striate_status metrics_add(struct metrics *metrics, const striate_epoch *row);
void metrics_to_jsonl(struct text *text, const struct metrics *metrics);
void metrics_to_csv(struct text *text, const struct metrics *metrics);
// Adds the rows of the epochs up to `epochs` of a metrics.jsonl.
striate_status metrics_read(struct metrics *metrics, const char *path, int epochs);

#endif
