// clock.h - seconds that only go forward.
#ifndef CLOCK_H
#define CLOCK_H

double clock_seconds(void);

#endif
