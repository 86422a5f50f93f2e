// value.h - reading JSON: a value, its members and its numbers. Writing is text_add_json and a few commas.
#ifndef VALUE_H
#define VALUE_H

#include "striate.h"

#include <stdbool.h>

struct value; // members belong to the root

// Parses all of the bytes; duplicate keys, trailing bytes and invalid UTF-8 are errors. `name` begins the sentence.
striate_status value_parse(struct value **root, const char *bytes, size_t size, const char *name);
void value_free(struct value *root);

bool value_is_object(const struct value *value);
bool value_is_array(const struct value *value);
const struct value *value_get(const struct value *object, const char *key); // NULL if it is no object or has no such key
size_t value_size(const struct value *value);                               // of an array or object, else 0
const struct value *value_at(const struct value *array, size_t index);
const char *value_string(const struct value *value);             // NULL if it is no string
bool value_integer(const struct value *value, int64_t *integer); // false if it is no integer
bool value_number(const struct value *value, double *number);    // integers too
// Calls visit for each member of an object, in file order, until it fails.
striate_status value_each(const struct value *object,
                          striate_status (*visit)(void *context, const char *key, const struct value *value), void *context);

#endif
