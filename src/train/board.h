// board.h - a training as TensorBoard shows it: loss and learning rate of every step; after an epoch the metrics, the distributions of weights
// and gradients, and the pictures of the run folder.
#ifndef BOARD_H
#define BOARD_H

#include "formats/events.h"
#include "graph/plan.h"
#include "train/run_folder.h"

void board_step(struct events *events, int64_t step, double loss, double learning_rate);
striate_status board_epoch(struct events *events, const struct run_folder *folder, const striate_plan *plan);

#endif
