// filters.h - the picture of kernels.
#ifndef FILTERS_H
#define FILTERS_H

#include "striate.h"

// The kernels w[K][R * S][C] as a sheet (filters.c). note: what follows their sizes in the subtitle.
striate_status filters_draw(const char *path, const char *title, const char *note, const striate_parameter *w);

#endif
