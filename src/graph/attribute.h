// attribute.h - an op's attributes as text: one table serves the network file, the list of ops and the builders.
#ifndef ATTRIBUTE_H
#define ATTRIBUTE_H

#include "base/text.h"
#include "ops/op.h"

// Both fail with a sentence that says what is wrong; the caller adds where.
striate_status attribute_find(const struct attribute **attribute, const struct op *op, const char *name);
striate_status attribute_read(void *options, const struct attribute *attribute, const char *value);

// Adds " name=value" for each attribute that is not its default, in the order of the table.
void attribute_write(struct text *text, const void *options, const struct op *op);

#endif
