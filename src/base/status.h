// status.h - how a function fails: TRY passes a failure on, FAIL makes one with its sentence. Nothing else.
#ifndef STATUS_H
#define STATUS_H

#include "striate.h"

#define TRY(call)                                                                                                              \
    do {                                                                                                                       \
        striate_status try_status = (call);                                                                                    \
        if (try_status) return try_status;                                                                                     \
    } while (0)

// FAIL(BAD_FILE, "%s: ...", path): the sentence names file, place, reason and remedy.
// The status comes last so that the compiler sees it is never STRIATE_OK.
#define FAIL(name, ...) return status_fail(STRIATE_##name, __VA_ARGS__), STRIATE_##name

// Keeps the sentence for striate_error() and returns `status`.
striate_status status_fail(striate_status status, const char *format, ...) STRIATE_PRINTF(2, 3);

#endif
