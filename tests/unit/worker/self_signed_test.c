/* self_signed_test.c - a gateway that starts for the first time makes itself a certificate, keeps it, and never replaces it. */
#include "worker/self_signed.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"

#include "base/log.h"
#include "conf/snapshot.h"
#include "conn/tls.h"

enum { PEM_BYTES = 16384 };

static size_t file_read(const char *path, char out[PEM_BYTES])
{
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(out, 1, PEM_BYTES - 1, f) : 0;

    out[n] = 0;
    if (f != NULL)
        fclose(f);
    return n;
}

TEST(self_signed_is_made_once)
{
    char dir[64] = "/tmp/self_signed_test.XXXXXX", path[128], first[PEM_BYTES], second[PEM_BYTES], error[256] = "";
    struct tls_ticket_keys *keys = NULL;
    struct tls_server *server = NULL;
    struct stat info;

    CHECK(mkdtemp(dir) != NULL && tls_init() == WHY_OK, "no folder, or no TLS\n");
    snprintf(path, sizeof(path), "%s/self-signed.pem", dir);
    CHECK(self_signed_ensure(dir), "not made\n");
    size_t n = file_read(path, first);
    CHECK(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600, "anybody may read the key: %o\n", info.st_mode & 0777);
    const struct tls_certificate certificate = { span_of(first, n), span_of(first, n) };
    const struct tls_host host = { .certificates = &certificate, .certificates_n = 1, .version_min = 12, .version_max = 13 };
    CHECK(tls_ticket_keys_open(&keys) == WHY_OK, "no memory\n");
    CHECK(tls_server_open(&host, keys, &server, error, sizeof(error)) == WHY_OK, "%s\n", error);
    CHECK(self_signed_ensure(dir), "not kept\n");
    CHECK(file_read(path, second) == n && memcmp(first, second, n) == 0, "made again\n");
    tls_server_close(server);
    tls_ticket_keys_close(keys);
    snprintf(second, sizeof(second), "%s.new", path);
    CHECK(access(second, F_OK) != 0, "half of the work is left\n");
    unlink(path);
    rmdir(dir);
}

TEST(self_signed_says_when_it_cannot)
{
    char longest[5000];

    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = 0;
    CHECK(tls_init() == WHY_OK, "no TLS\n");
    CHECK(!self_signed_ensure("/proc/self/none"), "a folder that is not there\n");
    CHECK(!self_signed_ensure(longest), "a name that is too long\n");
}

CHECK_RUN(RUN(self_signed_is_made_once), RUN(self_signed_says_when_it_cannot))
