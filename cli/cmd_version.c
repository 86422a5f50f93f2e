// cmd_version.c - what is installed, for bug reports.
#include "cli.h"

const struct usage version_usage = {
    "", "Prints the version, the instruction set and the number of threads in use, and the compiler.", NULL, 0, 0, NULL
};

int cmd_version(int argc, char **argv)
{
    options_parse(&version_usage, NULL, argc, argv);
#if defined(__clang__)
    const char *compiler = "";
#else
    const char *compiler = "GCC ";
#endif
    printf("striate %s\n", striate_version());
    printf("isa       %s\n", striate_isa());
    printf("threads   %d\n", striate_threads(0));
    printf("compiler  %s%s\n", compiler, __VERSION__);
    printf("jansson   %s\n", jansson_version_str());
    return CODE_OK;
}
