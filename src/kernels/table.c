// table.c - this instruction set's kernels as a table.
#include "kernels/declare.h"

#define TEXT_OF(name) #name
#define TEXT(name)    TEXT_OF(name)

extern const struct kernels KERNEL(kernels);
const struct kernels KERNEL(kernels) = {
    .isa = TEXT(ISA),
    .lanes = LANES,
    .vectors = VECTORS,
#define K(name, result, arguments) .name = KERNEL(name),
#include "kernels/kernels.def"
#undef K
};
