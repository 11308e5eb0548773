/* self_signed.c - see self_signed.h. */
#include "worker/self_signed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/span.h"
#include "conf/conf_arena.h"
#include "conn/tls_selfsigned.h"

static bool write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.at, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = span_from(bytes, (size_t)n);
    }
    return true;
}

/* Written beside its place and renamed, so that a crash leaves no half of a key. */
static bool keep(const char path[4096], struct span chain, struct span key)
{
    char temporary[4096 + sizeof(".new")];
    int fd;
    bool done;

    snprintf(temporary, sizeof(temporary), "%s.new", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    done = write_all(fd, chain) && write_all(fd, key) && fsync(fd) == 0;
    if (close(fd) != 0)
        done = false;
    return done && rename(temporary, path) == 0;
}

bool self_signed_ensure(const char *state_dir)
{
    struct span names[] = { SPAN_LIT("localhost"), SPAN_LIT("127.0.0.1"), SPAN_LIT("::1"), SPAN_NONE };
    uint32_t names_n = COUNT(names) - 1;
    char path[4096], host[64] = "";
    struct tls_selfsigned pems;
    enum why why;

    if ((size_t)snprintf(path, sizeof(path), "%s/self-signed.pem", state_dir) >= sizeof(path)) {
        log_error("state folder's name is too long");
        return false;
    }
    if (access(path, R_OK) == 0)
        return true;
    if (gethostname(host, sizeof(host) - 1) == 0 && host[0] != 0 && strcmp(host, "localhost") != 0)
        names[names_n++] = span_str(host);
    why = tls_selfsigned_make(host[0] != 0 ? host : "localhost", names, names_n, &pems);
    if (why != WHY_OK) {
        log_error("the self-signed certificate cannot be made: %s", why_sentence(why));
        return false;
    }
    if (!keep(path, span_str(pems.chain_pem), span_str(pems.key_pem))) {
        log_error("the self-signed certificate cannot be kept in %s: %s", path, strerror(errno));
        return false;
    }
    log_info("made a self-signed certificate for %s%slocalhost: %s", host, host[0] != 0 ? " and " : "", path);
    return true;
}

bool self_signed_read(const char *state_dir, struct conf_arena *arena, struct span *out)
{
    size_t bytes = 8 * TLS_SELFSIGNED_PEM_BYTES;
    uint8_t *memory = conf_arena_take(arena, bytes);
    char path[4200];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "%s/self-signed.pem", state_dir);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || memory == NULL)
        return false;
    n = read(fd, memory, bytes);
    (void)close(fd);
    *out = span_of(memory, n > 0 ? (size_t)n : 0);
    return n > 0 && (size_t)n < bytes;
}
