// report_pictures.h - what a report shows beside the curves.
#ifndef REPORT_PICTURES_H
#define REPORT_PICTURES_H

#include "train/report.h"

// confusion.png, worst.png, confused.png and filters.png, as far as there is something to show: else an older one is removed.
striate_status report_draw(const struct report *report);

#endif
