/* admin_token.c - see admin_token.h. */
#include "admin/admin_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "proto/base64.h"

static bool token_make(struct admin_token *t, const char *path)
{
    char temporary[4096 + sizeof(".new")];
    uint8_t secret[ADMIN_TOKEN_BYTES];
    bool is_done;
    int fd;

    random_secure(secret, sizeof(secret));
    t->bytes = (uint32_t)base64_write(BASE64_URL, span_of(secret, sizeof(secret)), (char *)t->text);
    t->text[t->bytes] = '\n';
    /* Beside its place and renamed: a crash leaves no half of a secret. */
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    is_done = write(fd, t->text, t->bytes + 1) == (ssize_t)t->bytes + 1 && fsync(fd) == 0;
    if (close(fd) != 0)
        is_done = false;
    return is_done && rename(temporary, path) == 0;
}

/* false: it is not there, or cannot be read; errno. */
static bool token_load(struct admin_token *t, const char *path, struct stat *out_stat)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    ssize_t n;
    bool is_file;

    if (fd < 0)
        return false;
    is_file = fstat(fd, out_stat) == 0;
    n = read(fd, t->text, sizeof(t->text));
    (void)close(fd);
    t->bytes = n > 0 ? (uint32_t)n : 0;
    while (t->bytes > 0 && t->text[t->bytes - 1] <= ' ')
        t->bytes--;
    return is_file;
}

bool admin_token_open(struct admin_token *t, const char *state_dir, char *out_error, uint32_t out_error_bytes)
{
    struct stat stat = { 0 };
    char path[4096];

    memset(t, 0, sizeof(*t));
    if ((size_t)snprintf(path, sizeof(path), "%s/admin-token", state_dir) >= sizeof(path)) {
        snprintf(out_error, out_error_bytes, "state folder's name is too long");
        return false;
    }
    if (!token_load(t, path, &stat)) {
        if (errno == ENOENT && token_make(t, path))
            return true;
        snprintf(out_error, out_error_bytes, "the token of the admin interface cannot be kept in %s: %s", path, strerror(errno));
        return false;
    }
    if (t->bytes < ADMIN_TOKEN_TEXT_MIN || t->bytes == ADMIN_TOKEN_TEXT_MAX) {
        snprintf(out_error, out_error_bytes, "%s must hold %d to %d characters: delete it, and a new one is made", path,
                 ADMIN_TOKEN_TEXT_MIN, ADMIN_TOKEN_TEXT_MAX - 1);
        return false;
    }
    if ((stat.st_mode & 077) != 0) {
        snprintf(out_error, out_error_bytes, "others may read %s: chmod 600 it, or delete it, and a new one is made", path);
        return false;
    }
    return true;
}

bool admin_token_fits(const struct admin_token *t, struct span authorization)
{
    static const struct span scheme = { (const uint8_t *)"bearer ", 7 };
    struct span given = SPAN_LIT("");
    uint8_t differs;

    if (authorization.len >= scheme.len && span_is_nocase(span_of(authorization.at, scheme.len), scheme))
        given = span_trim(span_from(authorization, scheme.len));
    /* Every byte of ours is looked at, whatever was given. */
    differs = given.len != t->bytes;
    for (uint32_t i = 0; i < t->bytes; i++)
        differs |= (uint8_t)(t->text[i] ^ (i < given.len ? given.at[i] : 0));
    return differs == 0 && t->bytes > 0;
}

uint64_t admin_token_failed(struct admin_token *t, uint64_t now_ns)
{
    if (t->failures_n > 0 && now_ns - t->failed_ns > ADMIN_TOKEN_FORGIVE_S * NS_PER_S)
        t->failures_n = 0;
    t->failed_ns = now_ns;
    if (t->failures_n < ADMIN_TOKEN_DELAYS_MAX)
        t->failures_n++;
    return t->failures_n * ADMIN_TOKEN_DELAY_MS * NS_PER_MS;
}
