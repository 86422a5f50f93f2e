// op.c - all ops, by index and by name.
#include "ops/op.h"

#include <string.h>

static const struct op *const all[] = {
#define OP(name) &striate_op_##name,
#include "ops/ops.def"
#undef OP
    NULL
};

const struct op *op_at(int index)
{
    return all[index];
}

const struct op *op_find(const char *name)
{
    for (int i = 0; all[i]; i++)
        if (!strcmp(all[i]->name, name)) return all[i];
    return NULL;
}
