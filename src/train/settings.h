// settings.h - what decides the outcome of a training, all of it: a resume must agree on every line.
#ifndef SETTINGS_H
#define SETTINGS_H

#include "base/text.h"

#include <stdbool.h>

struct settings {
    striate_training training; // defaults filled in
    int images, validation_images;
    bool augmented;  // images are changed at random
    uint64_t labels; // a hash of the labels of both sets
};

// Fills defaults in, checks ranges and looks at the data. validation may be NULL.
striate_status settings_make(struct settings *settings, const striate_training *training, const striate_data *data,
                             const striate_data *validation);

// The name of setting `index` (NULL past the last) and its value as JSON, which is the same for the same value.
const char *settings_name(int index);
void settings_add_value(struct text *text, const struct settings *settings, int index);

#endif
