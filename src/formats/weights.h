// weights.h - the parameters of a graph and the tensors of a safetensors file.
#ifndef WEIGHTS_H
#define WEIGHTS_H

#include "base/arena.h"
#include "formats/safetensors.h"

// Tensors whose name begins so are the house's own (a checkpoint's): no parameters of a network.
#define WEIGHTS_OWN "striate."

// Fills all parameters of the graph from the file, or none: every one must be there in its shape, and nothing else but WEIGHTS_OWN and
// *.num_batches_tracked. Nothing is allocated before that is sure.
striate_status weights_read(striate_graph *graph, const struct safetensors *file);
// The same, but that some may stay as they are.
striate_status weights_read_some(striate_graph *graph, const struct safetensors *file, const striate_load_options *options);

// The parameters of a sealed graph as entries[param_count] in its order, their values copied into the arena.
striate_status weights_entries(struct safetensors_entry *entries, struct arena *arena, const striate_graph *graph);

#endif
