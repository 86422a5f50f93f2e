// download.c - over libcurl, which is loaded when it is first needed: it draws in more libraries than all the rest together, and programs
// that download nothing start without them.
#include "data/download.h"

#include "base/status.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SLOW_BYTES = 100, SLOW_SECONDS = 60, CONNECT_SECONDS = 30 };

struct curl {
    CURL *(*init)(void);
    CURLcode (*setopt)(CURL *curl, CURLoption option, ...);
    CURLcode (*perform)(CURL *curl);
    CURLcode (*getinfo)(CURL *curl, CURLINFO info, ...);
    void (*cleanup)(CURL *curl);
    const char *(*strerror)(CURLcode code);
};

static striate_status load(struct curl *curl)
{
    static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib", "libcurl.dylib" };
    static const char *const functions[] = { "curl_easy_init",    "curl_easy_setopt",  "curl_easy_perform",
                                             "curl_easy_getinfo", "curl_easy_cleanup", "curl_easy_strerror" };
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) library = dlopen(names[i], RTLD_NOW);
    if (!library) FAIL(UNSUPPORTED, "libcurl cannot be loaded: %s; install it, or get the file by other means", dlerror());
    void *found[6];
    for (size_t i = 0; i < 6; i++)
        if (!(found[i] = dlsym(library, functions[i])))
            FAIL(UNSUPPORTED, "libcurl has no %s; install a newer one", functions[i]);
    memcpy(curl, found, sizeof *curl);
    return STRIATE_OK;
}

struct transfer {
    const struct download *what;
    FILE *file;
    uint64_t size; // of the file
    bool too_long, lost;
};

static size_t on_bytes(char *bytes, size_t one, size_t count, void *user)
{
    struct transfer *t = user;
    t->too_long = count * one > t->what->cap - t->size;
    if (t->too_long) return 0;
    t->lost = fwrite(bytes, one, count, t->file) != count;
    t->size += count * one;
    return t->lost ? 0 : count * one;
}

static int on_progress(void *user, curl_off_t all, curl_off_t done, curl_off_t up, curl_off_t upped)
{
    const struct transfer *t = user;
    (void)up, (void)upped;
    if (!t->what->progress || all <= 0) return 0;
    return t->what->progress(t->what->user, (int)(1000 * done / all), 1000);
}

static CURLcode perform(const struct curl *curl, CURL *handle, struct transfer *t, uint64_t from)
{
    curl->setopt(handle, CURLOPT_URL, t->what->url);
    curl->setopt(handle, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)from);
    curl->setopt(handle, CURLOPT_FAILONERROR, 1L);
    curl->setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl->setopt(handle, CURLOPT_MAXREDIRS, 10L);
    curl->setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl->setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl->setopt(handle, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
    curl->setopt(handle, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
    curl->setopt(handle, CURLOPT_WRITEFUNCTION, on_bytes);
    curl->setopt(handle, CURLOPT_WRITEDATA, t);
    curl->setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl->setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl->setopt(handle, CURLOPT_XFERINFODATA, t);
    return curl->perform(handle);
}

static striate_status explain(const struct curl *curl, CURL *handle, const struct transfer *t, CURLcode code)
{
    long answer = 0;
    if (!code) return STRIATE_OK;
    curl->getinfo(handle, CURLINFO_RESPONSE_CODE, &answer);
    if (t->too_long)
        FAIL(BAD_FILE, "%s: more than the %" PRIu64 " bytes it may have; is it another file?", t->what->url, t->what->cap);
    if (t->lost) FAIL(IO, "%s: cannot write: %s", t->what->path, strerror(errno));
    if (code == CURLE_ABORTED_BY_CALLBACK)
        FAIL(INTERRUPTED, "%s: stopped on request; the next try goes on there", t->what->url);
    if (code == CURLE_HTTP_RETURNED_ERROR) FAIL(IO, "%s: the server answers %ld; --url names a mirror", t->what->url, answer);
    FAIL(IO, "%s: %s; the next try goes on there", t->what->url, curl->strerror(code));
}

striate_status download(const struct download *what)
{
    struct curl curl;
    TRY(load(&curl));
    CURL *handle = curl.init();
    if (!handle) FAIL(NO_MEMORY, "%s: no memory to get it", what->url);
    struct transfer t = { .what = what, .file = fopen(what->path, "ab") };
    striate_status status = t.file ? STRIATE_OK : status_fail(STRIATE_IO, "%s: cannot write: %s", what->path, strerror(errno));
    if (!status) {
        fseek(t.file, 0, SEEK_END);
        t.size = (uint64_t)ftell(t.file);
        CURLcode code = perform(&curl, handle, &t, t.size);
        long answer = 0;
        curl.getinfo(handle, CURLINFO_RESPONSE_CODE, &answer);
        if (code == CURLE_RANGE_ERROR ||
            answer == 416) { // what is there is no beginning of it, or the server knows no beginnings
            t.size = 0;
            code = ftruncate(fileno(t.file), 0) ? CURLE_WRITE_ERROR : perform(&curl, handle, &t, 0);
        }
        status = explain(&curl, handle, &t, code);
    }
    if (t.file && fclose(t.file) && !status)
        status = status_fail(STRIATE_IO, "%s: cannot write: %s", what->path, strerror(errno));
    curl.cleanup(handle);
    return status;
}
