// networks.h - every network of the zoo: what its paper, or its authors' code, says of it.
#ifndef NETWORKS_H
#define NETWORKS_H

#include <stdint.h>

// Parameters without running statistics; multiply-adds of convolutions and dense layers for one image; both without auxiliary classifiers.
struct network {
    const char *name;
    int64_t parameters, macs;
    int small;                  // an input's side for a quick training step; 0: another of the family takes it
    int64_t parameters_and_aux; // with auxiliary classifiers, where there are any
    const char *stages;         // the shapes that all data pass through, from the input to the scores
};
extern const struct network networks[];
extern const int network_count;

#endif
