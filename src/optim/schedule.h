// schedule.h - the learning rate as a function of the step.
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "striate.h"

// The rate of step `step` (0 for the first) by the formulas of striate_schedule; every 0 of the options stands for itself here. `reductions`: how
// often a plateau has been found.
double schedule_rate(const striate_training *options, int64_t step, int64_t steps_per_epoch, int64_t reductions);

#endif
