// zoo.c - the networks known by name.
#include "zoo/zoo.h"

static const striate_zoo_entry all[] = {
#define ZOO(name, year, builder, title) { #name, title, year, zoo_##builder },
#include "zoo/zoo.def"
#undef ZOO
    { 0 },
};

const striate_zoo_entry *striate_zoo(void)
{
    return all;
}
