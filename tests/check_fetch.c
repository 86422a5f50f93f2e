// check_fetch.c - data sets from a server on loopback that is slow to tell the truth: it breaks off, knows no ranges, sends too much, or
// something else.
#include "scratch.h"

#include "base/sha256.h"
#include "data/download.h"
#include "data/fetch.h"
#include "data/tar.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

static void sums(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sum;
    } rows[] = {
        // FIPS 180-4's examples, and lengths about a block
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };
    char sum[SHA256_TEXT];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sha256(sum, rows[i].text, strlen(rows[i].text));
        assert_string_equal(sum, rows[i].sum);
    }
    static char million[1000000];
    memset(million, 'a', sizeof million);
    sha256(sum, million, sizeof million);
    assert_string_equal(sum, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// ---- the server: what it does comes first in the path, /MODE/FILE, of files in scratch/public

static char base[64]; // its URL
static pid_t server;

static void answer(int client)
{
    char request[4096] = "", mode[32], name[256], path[512];
    size_t size = 0, got;
    ssize_t n;
    while (!strstr(request, "\r\n\r\n") && (n = read(client, request + size, sizeof request - 1 - size)) > 0)
        size += (size_t)n, request[size] = 0;
    if (sscanf(request, "GET /%31[^/]/%255s", mode, name) != 2) return;
    snprintf(path, sizeof path, "%s/public/%s", scratch, name);
    FILE *file = fopen(path, "rb");
    static char bytes[1 << 20];
    got = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file) fclose(file);
    size_t from = 0, all = got;
    const char *range = strcasestr(request, "Range: bytes=");
    if (range && strcmp(mode, "norange")) from = strtoul(range + 13, NULL, 10);
    if (!file) {
        dprintf(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    }
    if (from >= all && from) {
        dprintf(client, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    }
    if (!strcmp(mode, "wrong") && got) bytes[got / 2] ^= 1;
    bool endless = !strcmp(mode, "endless"), cut = !strcmp(mode, "cut") && !from;
    dprintf(client, "HTTP/1.1 %s\r\n", from ? "206 Partial Content" : "200 OK");
    if (from) dprintf(client, "Content-Range: bytes %zu-%zu/%zu\r\n", from, all - 1, all);
    if (!endless) dprintf(client, "Content-Length: %zu\r\n", all - from);
    dprintf(client, "Connection: close\r\n\r\n");
    n = write(client, bytes + from, cut ? (all - from) / 2 : all - from);
    for (int i = 0; endless && n > 0 && i < 1000; i++) n = write(client, bytes, sizeof bytes);
}

static int begin(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    if (scratch_begin(state) || listening < 0 || bind(listening, (struct sockaddr *)&address, size) ||
        getsockname(listening, (struct sockaddr *)&address, &size) || listen(listening, 8))
        return -1;
    snprintf(base, sizeof base, "http://127.0.0.1:%d", ntohs(address.sin_port));
    setenv("no_proxy", "127.0.0.1", 1);
    server = fork();
    if (server) {
        close(listening);
        return server < 0 ? -1 : 0;
    }
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int client = accept(listening, NULL, NULL);
        if (client < 0) _exit(1);
        answer(client);
        shutdown(client, SHUT_WR);
        close(client);
    }
}

static int end(void **state)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return scratch_end(state);
}

// ---- sets made here

static char sum_a[SHA256_TEXT], sum_b[SHA256_TEXT];
static char text_a[5000], text_b[] = "two";
static struct fetch_set loose = { "loose", NULL, NULL, { { "a", sum_a }, { "b", sum_b } } };
static struct fetch_set packed = { "packed", NULL, "both.tar.gz", { { "a", sum_a }, { "b", sum_b } } };

static void put_gzip(const char *name, const void *bytes, size_t size)
{
    gzFile file = gzopen(scratch_path(name), "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

static uint8_t tar[1 << 16];
static size_t tar_size;

static void add(const char *name, const void *bytes, size_t size)
{
    tar_header(tar + tar_size, name, size);
    memcpy(tar + tar_size + TAR_BLOCK, bytes, size);
    tar_size += TAR_BLOCK + size + tar_padding(size);
}

static void publish(void)
{
    for (size_t i = 0; i < sizeof text_a; i++) text_a[i] = (char)(i * i * 31 % 251);
    sha256(sum_a, text_a, sizeof text_a);
    sha256(sum_b, text_b, sizeof text_b);
    put_gzip("public/a.gz", text_a, sizeof text_a);
    put_gzip("public/b.gz", text_b, sizeof text_b);
    memset(tar, 0, sizeof tar);
    tar_size = 0;
    add("folder/a", text_a, sizeof text_a);
    add("folder/readme.html", "hello", 5);
    add("folder/b", text_b, sizeof text_b);
    put_gzip("public/both.tar.gz", tar, tar_size);
}

static striate_status from(const struct fetch_set *set, const char *mode, const char *folder)
{
    char url[128];
    snprintf(url, sizeof url, "%s/%s", base, mode);
    return fetch(set, scratch_path(folder), &(striate_fetch_options){ .url = url });
}

static void expect_file(const char *name, const void *want, size_t size)
{
    struct bytes bytes;
    expect_ok(file_read(&bytes, scratch_path(name), 1 << 20));
    assert_int_equal(bytes.size, size);
    assert_memory_equal(bytes.data, want, size);
    free(bytes.data);
}

static bool can_download(void)
{
    publish();
    if (from(&loose, "fine", "probe") != STRIATE_UNSUPPORTED) return true;
    assert_non_null(strstr(striate_error(), "libcurl"));
    return false;
}

static void fetches(void **state)
{
    (void)state;
    if (!can_download()) skip();
    static const char *const modes[] = { "fine", "cut", "norange" };
    for (int i = 0; i < 3; i++) {
        char folder[32], path[64];
        snprintf(folder, sizeof folder, "got%d", i);
        for (int kind = 0; kind < 2; kind++) { // the cut one gets half of each file at each first try
            const struct fetch_set *set = kind ? &packed : &loose;
            int tries = 0;
            striate_status status;
            do status = from(set, modes[i], folder);
            while (status == STRIATE_IO && ++tries < 10);
            expect_ok(status);
            assert_int_equal(tries, i == 1 ? (kind ? 1 : 2) : 0);
            expect_ok(from(set, "gone", folder)); // all there: nothing is asked for
        }
        snprintf(path, sizeof path, "%s/a", folder);
        expect_file(path, text_a, sizeof text_a);
        snprintf(path, sizeof path, "%s/b", folder);
        expect_file(path, text_b, sizeof text_b);
        snprintf(path, sizeof path, "%s/readme.html", folder);
        assert_false(file_exists(scratch_path(path)));
        snprintf(path, sizeof path, "%s/both.tar.gz.part", folder);
        assert_false(file_exists(scratch_path(path)));
        snprintf(path, sizeof path, "%s/a.gz.part", folder);
        assert_false(file_exists(scratch_path(path)));
    }
    // a part that is no beginning of it: from a server that knows no ranges it is fetched whole, else it is found out and removed
    scratch_write("odd/b.gz.part", "something else of some length, longer than b", 44);
    expect_ok(from(&loose, "fine", "odd"));
    scratch_write("odd2/a.gz.part", "xx", 2);
    expect_failure(from(&loose, "fine", "odd2"), STRIATE_BAD_FILE, "a.gz.part", "SHA-256 is", NULL);
    expect_ok(from(&loose, "fine", "odd2"));
    scratch_write("odd3/a.gz.part", "xx", 2);
    expect_ok(from(&loose, "norange", "odd3"));
}

static void refuses(void **state)
{
    (void)state;
    if (!can_download()) skip();
    expect_failure(from(&loose, "wrong", "bad"), STRIATE_BAD_FILE, "a.gz.part", NULL);
    assert_false(file_exists(scratch_path("bad/a.gz")));
    assert_false(file_exists(scratch_path("bad/a.gz.part")));
    struct fetch_set missing = { "missing", NULL, NULL, { { "c", sum_a } } };
    expect_failure(from(&missing, "fine", "bad"), STRIATE_IO, "/fine/c.gz: the server answers 404", "--url", NULL);
    char url[128];
    snprintf(url, sizeof url, "%s/endless/a.gz", base);
    struct download much = { .url = url, .path = scratch_path("much"), .cap = 3 << 20 };
    expect_failure(download(&much), STRIATE_BAD_FILE, "more than the 3145728 bytes", NULL);
    struct download nowhere = { .url = "http://127.0.0.1:1/", .path = scratch_path("nowhere"), .cap = 1 };
    expect_failure(download(&nowhere), STRIATE_IO, "http://127.0.0.1:1/", NULL);

    tar_size = 0;
    memset(tar, 0, sizeof tar);
    add("../a", text_a, sizeof text_a);
    put_gzip("public/both.tar.gz", tar, tar_size);
    expect_failure(from(&packed, "fine", "bad"), STRIATE_BAD_FILE, "both.tar.gz: a member named '../a'", NULL);
    tar_size = 0;
    add("a", text_a, sizeof text_a);
    put_gzip("public/both.tar.gz", tar, tar_size);
    expect_failure(from(&packed, "fine", "bad"), STRIATE_BAD_FILE, "1 of the 2 files", NULL);
    tar_size = 0;
    add("b", "six", 3);
    put_gzip("public/both.tar.gz", tar, tar_size);
    expect_failure(from(&packed, "fine", "bad"), STRIATE_BAD_FILE, "SHA-256 is", NULL);
    assert_false(file_exists(scratch_path("bad/b")));

    gzFile bomb = gzopen(scratch_path("public/both.tar.gz"), "wb9"); // 300 MB of nothing in 300 KB
    static char nothing[1 << 20];
    for (int i = 0; i < 300; i++) assert_int_equal(gzwrite(bomb, nothing, sizeof nothing), sizeof nothing);
    assert_int_equal(gzclose(bomb), Z_OK);
    expect_failure(from(&packed, "fine", "bad"), STRIATE_BAD_FILE, "unpacks to more than", NULL);
    expect_failure(striate_data_fetch("imagenet", scratch, (striate_fetch_options){ 0 }), STRIATE_BAD_ARGUMENT, "'imagenet'",
                   "cifar100", NULL);
}

// The real sums are those of real files, where they lie on this machine.
static void knows_the_real_ones(void **state)
{
    (void)state;
#ifdef STRIATE_TEST_DATA
    if (!file_exists(STRIATE_TEST_DATA "/mnist/t10k-labels-idx1-ubyte.gz") || !can_download()) skip();
    expect_ok(striate_data_fetch("mnist", scratch_path("mnist"),
                                 (striate_fetch_options){ .url = "file://" STRIATE_TEST_DATA "/mnist" }));
    striate_data *data = opens("mnist", STRIATE_SPLIT_TEST);
    assert_int_equal(striate_data_about(data).images, 10000);
    striate_data_close(data);
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sums), cmocka_unit_test(fetches), cmocka_unit_test(refuses),
                                        cmocka_unit_test(knows_the_real_ones) };
    return cmocka_run_group_tests(tests, begin, end);
}
