// download_none.c - in place of download.c where libcurl is absent.
#include "data/download.h"

#include "base/status.h"

striate_status download(const struct download *what)
{
    FAIL(UNSUPPORTED, "%s: this build cannot download; build with libcurl, or get the file by other means", what->url);
}
