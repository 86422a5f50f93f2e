// status.c - the last failure's sentence, one per thread.
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char sentence[1024];

striate_status status_fail(striate_status status, const char *format, ...)
{
    char fresh[sizeof sentence]; // the arguments may quote the sentence before
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fresh, sizeof fresh, format, arguments);
    va_end(arguments);
    memcpy(sentence, fresh, sizeof sentence);
    return status;
}

const char *striate_error(void)
{
    return sentence;
}

const char *striate_version(void)
{
    return STRIATE_VERSION;
}
