// report.h - report.html: a run to look at, in one file that needs no other.
#ifndef REPORT_H
#define REPORT_H

#include "train/run_folder.h"

struct report {
    const struct run_folder *folder;
    const struct settings *settings;
    striate_model *model;
    const striate_data *validation;       // NULL: none
    const striate_evaluation *evaluation; // of the last epoch on it
};

// Writes the pictures of the folder and report.html, which holds them all.
striate_status report_write(const struct report *report);

#endif
