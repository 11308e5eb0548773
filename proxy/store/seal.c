/* seal.c - see seal.h. */
#include "store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wolfssl/wolfcrypt/aes.h>

#include "base/random.h"
#include "proto/hex.h"
#include "store/store.h"

enum { VERSION = 1, FILE_BYTES_MAX = 4096 };

bool seal_add_key(struct seal *s, const uint8_t key[SEAL_KEY_BYTES])
{
    struct span whole = span_of(key, SEAL_KEY_BYTES);
    struct seal_key *k = &s->keys[s->keys_n];
    uint8_t id[HASH_BYTES];

    if (s->keys_n == SEAL_KEYS_MAX)
        return false;
    hash_keyed(whole, SPAN_LIT("forge key id 1"), id);
    memcpy(k->id, id, SEAL_ID_BYTES);
    hash_keyed(whole, SPAN_LIT("forge sealing 1"), k->sealing);
    hash_keyed(whole, SPAN_LIT("forge addressing 1"), s->addressing);
    s->keys_n++;
    return true;
}

void seal_fini(struct seal *s)
{
    explicit_bzero(s, sizeof(*s));
}

/* ---- the file ---- */

static bool take_line(struct seal *s, struct span line)
{
    uint8_t key[SEAL_KEY_BYTES];
    bool is_good;

    line = span_trim(line);
    if (line.len == 0 || line.at[0] == '#')
        return true;
    is_good = line.len == 2 * SEAL_KEY_BYTES && hex_read(line, key, sizeof(key)) && seal_add_key(s, key);
    explicit_bzero(key, sizeof(key));
    return is_good;
}

static enum why refuse(char *out_error, const char *path, const char *what)
{
    snprintf(out_error, SEAL_ERROR_BYTES, "%.100s %s", path, what);
    return WHY_SEAL_KEY;
}

enum why seal_read_file(struct seal *s, const char *path, char *out_error)
{
    uint8_t bytes[FILE_BYTES_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct span rest, line;
    struct stat st;
    ssize_t n;

    if (fd < 0)
        return refuse(out_error, path, errno == ENOENT ? "does not exist" : strerror(errno));
    n = fstat(fd, &st) == 0 ? read(fd, bytes, sizeof(bytes)) : -1;
    close(fd);
    if (n < 0 || n == FILE_BYTES_MAX)
        return refuse(out_error, path, "cannot be read as a file of keys");
    if ((st.st_mode & 077) != 0)
        return refuse(out_error, path, "may be read by others: chmod 600");
    rest = span_of(bytes, (size_t)n);
    while (span_next(&rest, '\n', &line)) {
        if (take_line(s, line))
            continue;
        explicit_bzero(bytes, sizeof(bytes));
        return refuse(out_error, path, "has a line that is no key of 64 hexadecimal digits, or too many keys");
    }
    explicit_bzero(bytes, sizeof(bytes));
    return s->keys_n > 0 ? WHY_OK : refuse(out_error, path, "has no key");
}

static enum why failed(char *out_error, const char *path, int error)
{
    snprintf(out_error, SEAL_ERROR_BYTES, "%.100s cannot be made: %s", path, strerror(error));
    return error == ENOSPC || error == EDQUOT || error == EFBIG ? WHY_STORE_FULL : WHY_STORE_IO;
}

enum why seal_make_file(const char *path, char *out_error)
{
    static const char head[] = "# Key of this node's secrets. Without it the store's secrets cannot be read. Keep a copy elsewhere.\n";
    char text[sizeof(head) + 2 * SEAL_KEY_BYTES + 1], temporary[4096];
    uint8_t key[SEAL_KEY_BYTES];
    size_t len = sizeof(head) - 1;
    ssize_t n;
    int fd;

    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary))
        return failed(out_error, path, ENAMETOOLONG);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed(out_error, path, errno);
    random_secure(key, sizeof(key));
    memcpy(text, head, len);
    len += hex_write(span_of(key, sizeof(key)), text + len);
    text[len++] = '\n';
    n = write(fd, text, len);
    if (n == (ssize_t)len && fsync(fd) != 0)
        n = -1;
    if (n >= 0 && n < (ssize_t)len)
        errno = ENOSPC;
    explicit_bzero(key, sizeof(key));
    explicit_bzero(text, sizeof(text));
    close(fd);
    if (n == (ssize_t)len && rename(temporary, path) == 0) {
        store_sync_folder(path); /* Before anything is sealed under it. */
        return WHY_OK;
    }
    n = errno;
    (void)unlink(temporary);
    return failed(out_error, path, (int)n);
}

/* ---- sealing ---- */

void seal_address(const struct seal *s, struct span plain, uint8_t out[HASH_BYTES])
{
    MUST(s->keys_n > 0);
    hash_keyed(span_of(s->addressing, sizeof(s->addressing)), plain, out);
}

static void set_key(Aes *aes, const struct seal_key *key)
{
    int result = wc_AesInit(aes, NULL, INVALID_DEVID);

    MUST(result == 0); /* No device, no allocation: it has nothing to fail with. */
    result = wc_AesGcmSetKey(aes, key->sealing, sizeof(key->sealing));
    MUST(result == 0);
}

void seal_close(const struct seal *s, struct span belongs, struct span plain, uint8_t *out)
{
    uint8_t *nonce = out + 1 + SEAL_ID_BYTES, *text = nonce + SEAL_NONCE_BYTES, *tag = text + plain.len;
    Aes aes;
    int result;

    MUST(s->keys_n > 0);
    out[0] = VERSION;
    memcpy(out + 1, s->keys[0].id, SEAL_ID_BYTES);
    random_secure(nonce, SEAL_NONCE_BYTES);
    set_key(&aes, &s->keys[0]);
    result = wc_AesGcmEncrypt(&aes, text, plain.at, (word32)plain.len, nonce, SEAL_NONCE_BYTES, tag, SEAL_TAG_BYTES, belongs.at,
                              (word32)belongs.len);
    MUST(result == 0);
    wc_AesFree(&aes);
    explicit_bzero(&aes, sizeof(aes));
}

static const struct seal_key *find_key(const struct seal *s, const uint8_t *id)
{
    for (uint32_t i = 0; i < s->keys_n; i++)
        if (memcmp(s->keys[i].id, id, SEAL_ID_BYTES) == 0)
            return &s->keys[i];
    return NULL;
}

enum why seal_open(const struct seal *s, struct span belongs, struct span sealed, uint8_t *out, size_t *out_n)
{
    const uint8_t *nonce = sealed.at + 1 + SEAL_ID_BYTES, *text = nonce + SEAL_NONCE_BYTES;
    const struct seal_key *key;
    Aes aes;
    int result;

    if (sealed.len < SEAL_OVERHEAD_BYTES || sealed.at[0] != VERSION)
        return WHY_STORE_DAMAGED;
    key = find_key(s, sealed.at + 1);
    if (key == NULL)
        return WHY_SEAL_KEY;
    set_key(&aes, key);
    result = wc_AesGcmDecrypt(&aes, out, text, (word32)(sealed.len - SEAL_OVERHEAD_BYTES), nonce, SEAL_NONCE_BYTES,
                              sealed.at + sealed.len - SEAL_TAG_BYTES, SEAL_TAG_BYTES, belongs.at, (word32)belongs.len);
    wc_AesFree(&aes);
    explicit_bzero(&aes, sizeof(aes));
    if (result != 0)
        return WHY_STORE_DAMAGED;
    *out_n = sealed.len - SEAL_OVERHEAD_BYTES;
    return WHY_OK;
}
