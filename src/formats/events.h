// events.h - TensorBoard's event file: scalars, images and histograms over the steps of a training.
//
// A file is records of (length, CRC, bytes, CRC) (TFRecord), the bytes of each a protocol buffer `Event` (tensorflow/core/util/event.proto,
// framework/summary.proto). What is added waits in memory for events_flush; when memory runs out that says so.
#ifndef EVENTS_H
#define EVENTS_H

#include "striate.h"

struct events;

// Begins a file of its own in `folder`: events.out.tfevents.SECONDS.HOST.PROCESS. Of earlier files TensorBoard drops what is later than `step`.
striate_status events_open(struct events **events, const char *folder, int64_t step);
void events_close(struct events *events); // what was not flushed is lost

void events_scalar(struct events *events, const char *tag, int64_t step, double value);
void events_image(struct events *events, const char *tag, int64_t step, const void *png, size_t size, int height, int width);
void events_histogram(struct events *events, const char *tag, int64_t step, const float *values, size_t count);

striate_status events_flush(struct events *events);

#endif
