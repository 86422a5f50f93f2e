// memory.h - how much memory there is to take.
#ifndef MEMORY_H
#define MEMORY_H

#include "striate.h"

// As striate_memory_available, by the files under `root` instead of "/".
size_t memory_available(const char *root);

#endif
