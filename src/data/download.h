// download.h - a file from the net.
#ifndef DOWNLOAD_H
#define DOWNLOAD_H

#include "striate.h"

struct download {
    const char *url, *path;     // path: goes on where an earlier try broke off
    uint64_t cap;               // bytes at most
    striate_progress *progress; // of thousandths
    void *user;
};
striate_status download(const struct download *what);

#endif
