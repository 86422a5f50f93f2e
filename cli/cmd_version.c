// cmd_version.c - what is installed, for bug reports.
#include "cli.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "GCC " __VERSION__
#endif

const struct usage version_usage = {
    "",   "Prints the version, the instruction set and the number of threads in use, the compiler and the libraries.",
    NULL, 0,
    0,    NULL
};

int cmd_version(int argc, char **argv)
{
    options_parse(&version_usage, NULL, argc, argv);
    printf("striate %s\n", striate_version());
    printf("isa        %s\n", striate_isa());
    printf("threads    %d\n", striate_threads(0));
    printf("compiler   %s\n", COMPILER);
    printf("libraries  %s\n", STRIATE_LIBRARIES);
    return CODE_OK;
}
