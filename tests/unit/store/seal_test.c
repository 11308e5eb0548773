/* seal_test.c - a seal opens with its key, at its place, unchanged, and otherwise not.
 *
 * Method: texts of all short lengths, every byte flipped; key files as operators spoil them. The published vector of AES-256-GCM is
 * tests/unit/conn's business; that it is that cipher is seen by opening with the library directly.
 */
#include "store/seal.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"

static const uint8_t first_key[SEAL_KEY_BYTES] = { 1 }, second_key[SEAL_KEY_BYTES] = { 2 };

TEST(seal_opens_what_it_closed)
{
    struct seal s = { .keys_n = 0 };
    uint8_t plain[100], sealed[100 + SEAL_OVERHEAD_BYTES], again[sizeof(sealed)], opened[sizeof(sealed)];
    size_t n;

    CHECK(seal_add_key(&s, first_key), "no room\n");
    for (size_t len = 0; len <= sizeof(plain); len += 7) {
        memset(plain, (int)len, sizeof(plain));
        seal_close(&s, SPAN_LIT("here"), span_of(plain, len), sealed);
        seal_close(&s, SPAN_LIT("here"), span_of(plain, len), again);
        CHECK(memcmp(sealed, again, len + SEAL_OVERHEAD_BYTES) != 0, "the same nonce twice\n");
        CHECK(len < 7 || memmem(sealed, len + SEAL_OVERHEAD_BYTES, plain, len) == NULL, "it is not even encrypted\n");
        CHECK(seal_open(&s, SPAN_LIT("here"), span_of(sealed, len + SEAL_OVERHEAD_BYTES), opened, &n) == WHY_OK, "%zu\n", len);
        CHECK(n == len && memcmp(opened, plain, len) == 0, "%zu: something else came out\n", len);
        CHECK(seal_open(&s, SPAN_LIT("there"), span_of(sealed, len + SEAL_OVERHEAD_BYTES), opened, &n) == WHY_STORE_DAMAGED, "moved\n");
    }
    seal_fini(&s);
    CHECK(s.keys_n == 0, "not wiped\n");
}

TEST(seal_sees_every_change)
{
    struct seal s = { .keys_n = 0 };
    uint8_t sealed[20 + SEAL_OVERHEAD_BYTES], opened[sizeof(sealed)];
    size_t n;

    CHECK(seal_add_key(&s, first_key), "no room\n");
    seal_close(&s, SPAN_LIT("x"), SPAN_LIT("twenty bytes of text"), sealed);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        enum why want = i >= 1 && i < 1 + SEAL_ID_BYTES ? WHY_SEAL_KEY : WHY_STORE_DAMAGED;
        sealed[i] ^= 0x10;
        enum why why = seal_open(&s, SPAN_LIT("x"), span_of(sealed, sizeof(sealed)), opened, &n);
        CHECK(why == want, "byte %zu: %s\n", i, why_name(why));
        sealed[i] ^= 0x10;
        CHECK(seal_open(&s, SPAN_LIT("x"), span_of(sealed, i), opened, &n) != WHY_OK, "cut at %zu\n", i);
    }
}

TEST(seal_knows_older_keys)
{
    struct seal old = { .keys_n = 0 }, both = old, other = old;
    uint8_t sealed[4 + SEAL_OVERHEAD_BYTES], opened[sizeof(sealed)], a[HASH_BYTES], b[HASH_BYTES], plain[HASH_BYTES];
    size_t n;

    CHECK(seal_add_key(&old, first_key) && seal_add_key(&both, second_key) && seal_add_key(&both, first_key), "no room\n");
    CHECK(seal_add_key(&other, second_key), "no room\n");
    seal_close(&old, SPAN_LIT("x"), SPAN_LIT("text"), sealed);
    CHECK(seal_open(&both, SPAN_LIT("x"), span_of(sealed, sizeof(sealed)), opened, &n) == WHY_OK, "the older key is not tried\n");
    CHECK(seal_open(&other, SPAN_LIT("x"), span_of(sealed, sizeof(sealed)), opened, &n) == WHY_SEAL_KEY, "opened without the key\n");
    seal_close(&both, SPAN_LIT("x"), SPAN_LIT("text"), sealed);
    CHECK(seal_open(&old, SPAN_LIT("x"), span_of(sealed, sizeof(sealed)), opened, &n) == WHY_SEAL_KEY, "sealed under the older key\n");
    seal_address(&old, SPAN_LIT("text"), a);
    seal_address(&both, SPAN_LIT("text"), b);
    CHECK(hash_is_equal(a, b), "a new key moves addresses\n");
    seal_address(&other, SPAN_LIT("text"), b);
    hash_of(SPAN_LIT("text"), plain);
    CHECK(!hash_is_equal(a, b) && !hash_is_equal(a, plain), "the address does not depend on the key\n");
    CHECK(seal_add_key(&both, first_key) && seal_add_key(&both, first_key) && !seal_add_key(&both, first_key), "five keys\n");
}

/* One spoilt file. */
static enum why read_text(const char *path, const char *text, mode_t mode, char *error)
{
    struct seal s = { .keys_n = 0 };
    FILE *f = fopen(path, "w");

    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, mode) == 0, "%s\n", path);
    return seal_read_file(&s, path, error);
}

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"

TEST(seal_reads_and_makes_files)
{
    static const struct { const char *text; mode_t mode; enum why why; const char *said; } rows[] = {
        { KEY "\n", 0600, WHY_OK, "" },
        { "# new\n" KEY "\n\n  " KEY "\t\n# old", 0400, WHY_OK, "" },
        { "", 0600, WHY_SEAL_KEY, "has no key" },
        { KEY "0\n", 0600, WHY_SEAL_KEY, "no key of 64 hexadecimal digits" },
        { "g" KEY "\n", 0600, WHY_SEAL_KEY, "no key of 64 hexadecimal digits" },
        { KEY "\n" KEY "\n" KEY "\n" KEY "\n" KEY "\n", 0600, WHY_SEAL_KEY, "too many keys" },
        { KEY "\n", 0640, WHY_SEAL_KEY, "chmod 600" },
    };
    char dir[] = "/tmp/seal_test.XXXXXX", path[64], error[SEAL_ERROR_BYTES] = "";
    struct seal s = { .keys_n = 0 }, again = s;
    struct stat st;

    CHECK(mkdtemp(dir) != NULL, "no folder\n");
    snprintf(path, sizeof(path), "%s/store.key", dir);
    CHECK(seal_read_file(&s, path, error) == WHY_SEAL_KEY && strstr(error, "does not exist") != NULL, "%s\n", error);
    CHECK(seal_make_file(path, error) == WHY_OK && seal_read_file(&s, path, error) == WHY_OK && s.keys_n == 1, "%s\n", error);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "mode %o\n", st.st_mode);
    CHECK(seal_read_file(&again, path, error) == WHY_OK && memcmp(&s, &again, sizeof(s)) == 0, "another key\n");
    CHECK(seal_make_file("/nonexistent/store.key", error) == WHY_STORE_IO && strstr(error, "No such file") != NULL, "%s\n", error);
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)unlink(path);
        error[0] = 0;
        enum why why = read_text(path, rows[i].text, rows[i].mode, error);
        CHECK(why == rows[i].why && strstr(error, rows[i].said) != NULL, "row %zu: %s, %s\n", i, why_name(why), error);
        CHECK(strstr(error, "0123") == NULL, "row %zu: the key is told\n", i);
    }
    (void)unlink(path);
    rmdir(dir);
}

CHECK_RUN(RUN(seal_opens_what_it_closed), RUN(seal_sees_every_change), RUN(seal_knows_older_keys), RUN(seal_reads_and_makes_files))
