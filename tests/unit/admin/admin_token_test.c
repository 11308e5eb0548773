/* admin_token_test.c - the token is made once, kept to its owner, and fits only as a whole.
 *
 * Method: a state folder of the test's own.
 */
#include "admin/admin_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/check.h"

static bool fits(const struct admin_token *t, const char *scheme, const char *token, size_t n)
{
    char text[600];
    int bytes = snprintf(text, sizeof(text), "%s%.*s", scheme, (int)n, token);

    return admin_token_fits(t, span_of(text, (size_t)bytes));
}

static void write_token(const char *dir, const char *text, mode_t mode)
{
    char path[200];
    FILE *f;

    snprintf(path, sizeof(path), "%s/admin-token", dir);
    unlink(path);
    f = fopen(path, "w");
    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, mode) == 0, "cannot write\n");
}

TEST(token_is_made_once)
{
    char dir[] = "/tmp/forge-token-XXXXXX", path[100], error[256] = "";
    struct admin_token first, again;
    struct stat s;

    CHECK(mkdtemp(dir) != NULL, "no folder\n");
    CHECK(admin_token_open(&first, dir, error, sizeof(error)) && first.bytes == 43, "%s\n", error);
    snprintf(path, sizeof(path), "%s/admin-token", dir);
    CHECK(stat(path, &s) == 0 && (s.st_mode & 0777) == 0600 && s.st_size == 44, "mode %o\n", s.st_mode);
    CHECK(admin_token_open(&again, dir, error, sizeof(error)) && again.bytes == 43 && memcmp(again.text, first.text, 43) == 0, "%s\n", error);
    const char *text = (const char *)first.text;
    CHECK(fits(&first, "Bearer ", text, 43) && fits(&first, "bearer   ", text, 43), "the right one\n");
    CHECK(!fits(&first, "Bearer ", text, 42) && !fits(&first, "Bearer ", text, 0) && !fits(&first, "Basic ", text, 43) &&
          !fits(&first, "", text, 43) && !fits(&first, "Bearer x", text, 43), "another one\n");
    again.text[42] ^= 1;
    CHECK(!fits(&first, "Bearer ", (const char *)again.text, 43), "one bit\n");
    CHECK(!admin_token_fits(&first, SPAN_NONE), "nothing\n");
    CHECK(unlink(path) == 0 && rmdir(dir) == 0, "clean up\n");
}

TEST(token_that_is_no_secret_is_refused)
{
    static const struct { const char *text; mode_t mode; const char *says; } rows[] = {
        { "", 0600, "must hold" }, { "short\n", 0600, "must hold" }, { "a-token-that-others-may-read-1234567890\n", 0644, "chmod 600" },
        { "a-token-of-an-operator-1234567890\n", 0600, NULL },
    };
    char dir[] = "/tmp/forge-token-XXXXXX", path[100];

    CHECK(mkdtemp(dir) != NULL, "no folder\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        char error[256] = "";
        struct admin_token t;
        write_token(dir, rows[i].text, rows[i].mode);
        CHECK(admin_token_open(&t, dir, error, sizeof(error)) == (rows[i].says == NULL), "row %zu: %s\n", i, error);
        CHECK(rows[i].says == NULL || strstr(error, rows[i].says) != NULL, "row %zu: %s\n", i, error);
    }
    snprintf(path, sizeof(path), "%s/admin-token", dir);
    CHECK(unlink(path) == 0 && rmdir(dir) == 0, "clean up\n");
    char error[256] = "";
    struct admin_token t;
    CHECK(!admin_token_open(&t, "/nowhere/at/all", error, sizeof(error)) && strstr(error, "cannot be kept") != NULL, "%s\n", error);
}

TEST(token_guesses_are_slowed)
{
    struct admin_token t = { 0 };
    uint64_t now_ns = 1000 * NS_PER_S, last_ns = 0;

    for (int i = 0; i < 100; i++) {
        uint64_t delay_ns = admin_token_failed(&t, now_ns);
        CHECK(delay_ns >= last_ns && delay_ns >= 100 * NS_PER_MS && delay_ns <= 3 * NS_PER_S, "guess %d waits %llu ns\n", i, (unsigned long long)delay_ns);
        last_ns = delay_ns;
    }
    CHECK(last_ns == 3 * NS_PER_S, "%llu\n", (unsigned long long)last_ns);
    now_ns += 61 * NS_PER_S;
    CHECK(admin_token_failed(&t, now_ns) == 100 * NS_PER_MS, "never forgiven\n");
}

CHECK_RUN(RUN(token_is_made_once), RUN(token_that_is_no_secret_is_refused), RUN(token_guesses_are_slowed))
