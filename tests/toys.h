// toys.h - small made-up data sets, networks and weights for check_cli.c, sound ones and ones with each fault, in the folder it works in.
#ifndef TOYS_H
#define TOYS_H

void toys_write(void);

#endif
