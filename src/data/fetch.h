// fetch.h - data sets as they are published.
#ifndef FETCH_H
#define FETCH_H

#include "striate.h"

enum { FETCH_FILES = 9 };
struct fetch_set {
    const char *name, *url; // of the folder that holds its files, with a last '/'
    const char *archive;    // a .tar.gz that holds them; NULL: each lies there by itself, as NAME.gz
    struct fetch_file {
        const char *name, *sha256; // of what is in it, unpacked
    } files[FETCH_FILES];          // ended by a NULL name
};

// Into `folder`, which is made. Files that are there already, and right, are not fetched again.
striate_status fetch(const struct fetch_set *set, const char *folder, const struct striate_fetch_options *options);

#endif
