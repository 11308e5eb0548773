/* keeper_store_test.c - generations on disk: there again after a restart, and nothing worse than a sentence when the disk fails.
 *
 * Method: real files in a folder of their own. A process that applies without end is killed two hundred times; what is found then is the
 * generation of before or that of after, whole, and never older than one that apply had answered.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "store/hash.h"
#include "unit/admin/keeper_world.h"

enum { KILLS = 200, LETTERS = 8 };

static char folder[64]; /* tidy: mutable-state: because each test makes its own and removes it */

static void path_of(const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", folder, name);
}

/* All documents in force as one text. */
static void export_text(struct keeper *k, uint64_t generation, char *out, size_t out_bytes)
{
    struct conf_arena *arena = conf_arena_open(1 << 24);
    struct span text = SPAN_NONE;
    enum why why = keeper_export(k, generation, arena, &text);

    CHECK(why == WHY_OK && text.len < out_bytes, "%s\n", why_name(why));
    memcpy(out, text.at, text.len);
    out[text.len] = 0;
    conf_arena_close(arena);
}

static void check_export(struct keeper *k, uint64_t generation, const char *want)
{
    char got[4096];

    export_text(k, generation, got, sizeof(got));
    CHECK(strcmp(got, want) == 0, "generation %u: got\n%swant\n%s", (unsigned)generation, got, want);
}

#define SHOWN(name, bytes) "type: ForgeBodyCap\nmesh: default\nname: " name "\nspec:\n  bytes: " bytes "\n"

TEST(keeper_finds_its_generations_again)
{
    struct control c = { 0 };
    struct keeper_status status;
    struct keeper *k;

    folder_make(folder);
    k = open_keeper(&c, folder);
    done(say(k, "dir", CAP("a", "1") "---\n" CAP("b", "1")), WHY_OK, 1);
    done(say(k, "api", CAP("a", "2")), WHY_OK, 2);
    keeper_close(k);
    k = open_keeper(&c, folder);
    CHECK(keeper_current(k) == 2, "%u\n", (unsigned)keeper_current(k));
    check_documents(k, "a! b");
    check_export(k, 0, SHOWN("a", "2") "---\n" SHOWN("b", "1"));
    check_export(k, 1, SHOWN("a", "1") "---\n" SHOWN("b", "1"));
    done(say(k, "dir", CAP("a", "1") "---\n" CAP("b", "1")), WHY_OK, 2); /* What the folder said before, so the edit stays. */
    done(keeper_refresh(k), WHY_OK, 2);
    CHECK(c.documents_n == 2 && c.generation == 2, "%u documents\n", c.documents_n);
    done(say(k, "api", CAP("c", "1")), WHY_OK, 3);
    keeper_status(k, &status);
    CHECK(status.store_why == WHY_OK && status.generations_n == 3 && status.oldest_generation == 1 && status.store_bytes > 0, "status\n");
    keeper_close(k);
    folder_remove(folder);
}

TEST(keeper_rolls_back_as_a_new_generation)
{
    struct control c = { 0 };
    struct conf_arena *arena = conf_arena_open(1 << 24);
    const struct keeper_difference *differences;
    const struct keeper_generation *all;
    struct keeper *k;
    uint32_t n;

    folder_make(folder);
    k = open_keeper(&c, folder);
    done(say(k, "dir", CAP("a", "1") "---\n" CAP("b", "1")), WHY_OK, 1);
    done(say(k, "dir", CAP("a", "2") "---\n" CAP("c", "1")), WHY_OK, 2);
    done(keeper_rollback(k, 1, "ann", "worse", 1, false), WHY_KEEPER_EXPECTED, 2);
    struct keeper_result *r = keeper_rollback(k, 1, "ann", "worse", 2, true);
    CHECK(r->differences_n == 3 && c.published_n == 2, "%u\n", r->differences_n);
    done(r, WHY_OK, 2);
    done(keeper_rollback(k, 1, "ann", "worse", 2, false), WHY_OK, 3);
    check_documents(k, "a! b! c-!");
    check_export(k, 0, SHOWN("a", "1") "---\n" SHOWN("b", "1"));
    CHECK(c.documents_n == 2 && c.generation == 3, "%u documents\n", c.documents_n);
    CHECK(keeper_history(k, 0, 10, arena, &all, &n) && n == 3 && all[0].rollback_of == 1 && span_is(all[0].reason, SPAN_LIT("worse")),
          "%u\n", n);
    CHECK(all[0].is_current && !all[1].is_current && hash_is_equal(all[0].digest, all[2].digest), "digest\n");
    /* The folder says what it said before: that is no reason to undo the rollback. What it says new is. */
    done(say(k, "dir", CAP("a", "2") "---\n" CAP("c", "1")), WHY_OK, 3);
    done(keeper_rollback(k, 1, "ann", "once more", 0, false), WHY_OK, 3);
    done(keeper_rollback(k, 2, "ann", "", 0, false), WHY_OK, 4);
    check_documents(k, "a c");
    CHECK(keeper_history(k, 0, 1, arena, &all, &n) && n == 1 && span_is(all[0].reason, SPAN_LIT("back to generation 2")), "no reason\n");
    done(keeper_rollback(k, 1, "ann", "", 0, false), WHY_OK, 5);
    done(say(k, "dir", CAP("a", "3") "---\n" CAP("c", "1")), WHY_OK, 6);
    check_documents(k, "a b! c-!");
    CHECK(keeper_diff(k, 1, 2, arena, &differences, &n) == WHY_OK && n == 3, "%u\n", n);
    CHECK(differences[0].verb == KEEPER_CHANGED && differences[1].verb == KEEPER_REMOVED && differences[2].verb == KEEPER_ADDED, "verbs\n");
    CHECK(keeper_diff(k, 1, 99, arena, &differences, &n) == WHY_KEEPER_UNKNOWN, "with nothing\n");
    CHECK(keeper_pin(k, 1, true) == WHY_OK && keeper_pin(k, 99, true) == WHY_KEEPER_UNKNOWN, "pin\n");
    struct keeper_generation g;
    CHECK(keeper_generation(k, 1, arena, &g) == WHY_OK && g.is_pinned && g.documents_n == 2, "not pinned\n");
    conf_arena_close(arena);
    keeper_close(k);
    folder_remove(folder);
}

/* ---- secrets ---- */

#define SECRET_TEXT "very-much-a-secret-0123456789"
#define SECRET_BASE64 "dmVyeS1tdWNoLWEtc2VjcmV0LTAxMjM0NTY3ODk="
#define SECRET "type: Secret\nname: s\ndata: " SECRET_BASE64 "\n"
#define SECRET_LATER "type: Secret\nname: s\ndata: dmVyeS1tdWNoLWEtc2VjcmV0LTAxMjM0NTY3ODkx\n"

static bool has_secret(const void *bytes, size_t n)
{
    return memmem(bytes, n, "very-much-a", 11) != NULL || memmem(bytes, n, "dmVyeS1tdWNo", 12) != NULL;
}

/* In no file of the folder: that is what a thief of the disk has. */
static void check_files(void)
{
    struct dirent *entry;
    DIR *dir = opendir(folder);
    char *bytes = malloc(1 << 22);

    while ((entry = readdir(dir)) != NULL) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        FILE *f = entry->d_name[0] != '.' ? fopen(path, "r") : NULL;
        size_t n = f != NULL ? fread(bytes, 1, 1 << 22, f) : 0;
        CHECK(!has_secret(bytes, n), "%s has the secret\n", entry->d_name);
        if (f != NULL)
            fclose(f);
    }
    closedir(dir);
    free(bytes);
}

/* What a call logs goes into a file that is looked at. */
static void check_said(int saved, int log)
{
    char said[8192];
    ssize_t n = pread(log, said, sizeof(said), 0);

    dup2(saved, STDERR_FILENO);
    close(saved);
    close(log);
    CHECK(n < 0 || !has_secret(said, (size_t)n), "the log has the secret\n");
}

TEST(keeper_tells_no_secret)
{
    struct control c = { 0 };
    struct keeper *k;
    char exported[4096];
    int saved = dup(STDERR_FILENO), log = open("/tmp", O_TMPFILE | O_RDWR, 0600);

    dup2(log, STDERR_FILENO);
    folder_make(folder);
    k = open_keeper(&c, folder);
    struct keeper_result *r = say(k, "api", SECRET "---\n" CAP("a", "1"));
    for (uint32_t i = 0; i < r->differences_n; i++)
        CHECK(!has_secret(r->differences[i].lines.at, r->differences[i].lines.len), "in a difference\n");
    CHECK(memmem(r->differences[1].lines.at, r->differences[1].lines.len, "***", 3) != NULL, "%.*s\n", SPAN_FMT(r->differences[1].lines));
    done(r, WHY_OK, 1);
    r = say(k, "api", SECRET);
    CHECK(r->is_unchanged, "the same secret is a change\n");
    done(r, WHY_OK, 1);
    r = say(k, "api", SECRET_LATER);
    CHECK(r->differences_n == 1 && !has_secret(r->differences[0].lines.at, r->differences[0].lines.len), "in a difference\n");
    CHECK(memmem(r->differences[0].lines.at, r->differences[0].lines.len, "\n-# sealed ", 11) != NULL, "%.*s\n", SPAN_FMT(r->differences[0].lines));
    done(r, WHY_OK, 2);
    export_text(k, 1, exported, sizeof(exported));
    CHECK(!has_secret(exported, strlen(exported)) && strstr(exported, "data: forge-sealed:v1:") != NULL, "%s\n", exported);
    keeper_close(k);
    check_files();
    check_said(saved, log);
    /* The export of the first generation brings back its secret, here. */
    k = open_keeper(&c, folder);
    r = say(k, "api", exported);
    CHECK(r->differences_n == 1, "%u\n", r->differences_n);
    done(r, WHY_OK, 3);
    done(say(k, "api", SECRET), WHY_OK, 3);
    keeper_close(k);
    folder_remove(folder);
    /* Elsewhere it is refused; so is one that was touched. */
    folder_make(folder);
    k = open_keeper(&c, folder);
    r = say(k, "api", exported);
    CHECK(strstr(r->diag.items[0].text, "sealed on another node") != NULL, "%s\n", r->diag.items[0].text);
    done(r, WHY_CONF_BAD, 0);
    done(say(k, "api", "type: Secret\nname: s\ndata: forge-sealed:v1:AAAA\n"), WHY_CONF_BAD, 0);
    keeper_close(k);
    folder_remove(folder);
}

TEST(keeper_wants_its_own_key)
{
    struct control c = { 0 };
    struct keeper_status status;
    struct keeper *k;
    char key[128], away[128];

    folder_make(folder);
    path_of("store.key", key);
    path_of("away", away);
    k = open_keeper(&c, folder);
    done(say(k, "api", SECRET), WHY_OK, 1);
    keeper_close(k);
    CHECK(rename(key, away) == 0, "rename\n");
    for (int with_another = 0; with_another < 2; with_another++) {
        k = open_keeper(&c, folder);
        keeper_status(k, &status);
        CHECK(status.store_why == WHY_SEAL_KEY && status.generation == 0, "%s\n", why_name(status.store_why));
        CHECK(strstr(k != NULL ? (const char *)status.store_sentence.at : "", "Put the right key file back") != NULL, "%.*s\n",
              SPAN_FMT(status.store_sentence));
        struct keeper_result *r = say(k, "api", CAP("a", "1"));
        CHECK(strstr(r->diag.items[0].text, "key") != NULL, "%s\n", r->diag.items[0].text);
        done(r, WHY_SEAL_KEY, 0);
        done(say(k, "dir", CAP("a", "1")), WHY_OK, 1); /* In memory. */
        check_export(k, 0, SHOWN("a", "1"));
        keeper_close(k);
        CHECK(access(key, F_OK) != 0 || with_another, "a new key for an old store\n");
        FILE *f = fopen(key, "w");
        CHECK(f != NULL && fputs("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", f) >= 0 && fclose(f) == 0, "%s\n", key);
        CHECK(chmod(key, 0600) == 0, "mode\n");
    }
    CHECK(rename(away, key) == 0, "rename\n");
    k = open_keeper(&c, folder);
    CHECK(keeper_current(k) == 1, "%u\n", (unsigned)keeper_current(k));
    done(say(k, "api", SECRET), WHY_OK, 1);
    keeper_close(k);
    folder_remove(folder);
}

/* ---- a disk that fails ---- */

TEST(keeper_serves_the_backup_of_a_damaged_store)
{
    struct control c = { 0 };
    struct keeper_status status;
    struct keeper *k;
    char path[128], moved[128];

    folder_make(folder);
    path_of("store.mdb", path);
    path_of("store.mdb.damaged", moved);
    k = open_keeper(&c, folder);
    done(say(k, "api", SECRET "---\n" CAP("a", "1")), WHY_OK, 1);
    keeper_on_tick(k, UINT64_C(1) << 40);
    keeper_status(k, &status);
    CHECK(status.backup_generation == 1, "%u\n", (unsigned)status.backup_generation);
    keeper_close(k);
    CHECK(truncate(path, 10000) == 0, "truncate\n");
    k = open_keeper(&c, folder);
    keeper_status(k, &status);
    CHECK(status.store_why == WHY_STORE_DAMAGED && status.generation == 1, "%s\n", why_name(status.store_why));
    CHECK(memmem(status.store_sentence.at, status.store_sentence.len, "store.mdb.damaged) and start again", 34) != NULL, "%.*s\n",
          SPAN_FMT(status.store_sentence));
    done(keeper_refresh(k), WHY_OK, 1);
    CHECK(c.documents_n == 2, "%u documents\n", c.documents_n);
    done(say(k, "api", CAP("a", "2")), WHY_STORE_DAMAGED, 1);
    CHECK(keeper_pin(k, 1, true) == WHY_STORE_DAMAGED, "pinned\n");
    done(say(k, "dir", CAP("b", "1")), WHY_OK, 2);
    check_documents(k, "a b s");
    keeper_close(k);
    CHECK(rename(path, moved) == 0, "rename\n");
    k = open_keeper(&c, folder);
    keeper_status(k, &status);
    CHECK(status.store_why == WHY_OK && status.generation == 1, "%s\n", why_name(status.store_why));
    done(say(k, "api", CAP("a", "2")), WHY_OK, 2);
    keeper_close(k);
    folder_remove(folder);
}

TEST(keeper_starts_without_store_and_backup)
{
    struct control c = { 0 };
    struct keeper_status status;
    struct keeper *k;
    char path[128], backup[128];

    folder_make(folder);
    path_of("store.mdb", path);
    path_of("store.mdb.backup", backup);
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(i == 0 ? path : backup, "w");
        CHECK(f != NULL && fputs("this is no store\n", f) >= 0 && fclose(f) == 0, "no file\n");
        k = open_keeper(&c, folder);
        keeper_status(k, &status);
        CHECK(status.store_why == WHY_STORE_DAMAGED && status.generation == 0, "%s\n", why_name(status.store_why));
        done(say(k, "dir", CAP("a", "1")), WHY_OK, 1);
        keeper_close(k);
    }
    k = open_keeper(&c, "/nonexistent");
    keeper_status(k, &status);
    CHECK(status.store_why == WHY_STORE_IO, "%s\n", why_name(status.store_why));
    done(say(k, "api", CAP("a", "1")), WHY_STORE_IO, 0);
    keeper_close(k);
    folder_remove(folder);
}

TEST(keeper_gives_up_a_store_that_was_cut)
{
    struct control c = { 0 };
    struct conf_arena *arena = conf_arena_open(1 << 24);
    struct diag *diag = malloc(sizeof(*diag));
    struct keeper_status status;
    struct keeper_view view;
    struct keeper *k;
    char path[128];
    struct span text;

    folder_make(folder);
    path_of("store.mdb", path);
    k = open_keeper(&c, folder);
    done(say(k, "dir", CAP("a", "1")), WHY_OK, 1);
    keeper_on_tick(k, UINT64_C(1) << 40);
    CHECK(truncate(path, 0) == 0, "truncate\n");
    keeper_status(k, &status);
    CHECK(status.generation == 1, "%u\n", (unsigned)status.generation);
    CHECK(keeper_export(k, 1, arena, &text) == WHY_STORE_DAMAGED, "%s\n", "exported");
    CHECK(keeper_view(k, 0, diag, &view) != WHY_OK, "viewed\n");
    struct keeper_result *r = say(k, "api", CAP("a", "2"));
    CHECK(strstr(r->diag.items[0].text, "somebody cut the file") != NULL, "%s\n", r->diag.items[0].text);
    done(r, WHY_STORE_DAMAGED, 1);
    CHECK(c.published_n == 1 && c.discarded_n == 0, "published\n");
    done(say(k, "dir", CAP("a", "3")), WHY_OK, 2); /* All that it says is on its own disk. */
    keeper_close(k);
    free(diag);
    conf_arena_close(arena);
    folder_remove(folder);
}

/* In a child, because the limit is the process's. */
static int full_disk(void)
{
    struct rlimit limit = { 48 * 1024, RLIM_INFINITY };
    struct control c = { 0 };
    struct keeper *k;
    struct keeper_status status;
    char *text = malloc(200000);
    size_t used = 0;

    signal(SIGXFSZ, SIG_IGN);
    k = open_keeper(&c, folder);
    for (int i = 0; i < 1500; i++)
        used += (size_t)snprintf(text + used, 200000 - used, "---\ntype: ForgeBodyCap\nname: cap-%d\nspec: {bytes: 1}\n", i);
    done(say(k, "api", CAP("a", "1")), WHY_OK, 1);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit\n");
    struct keeper_result *r = say(k, "api", text);
    CHECK(strstr(r->diag.items[0].text, "make room on that disk") != NULL, "%s\n", r->diag.items[0].text);
    done(r, WHY_STORE_FULL, 1);
    CHECK(c.discarded_n == 1 && c.published_n == 1 && c.generation == 1, "published\n");
    keeper_status(k, &status);
    CHECK(status.store_why == WHY_STORE_FULL && status.generation == 1, "%s\n", why_name(status.store_why));
    check_documents(k, "a");
    limit.rlim_cur = RLIM_INFINITY;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit\n");
    done(say(k, "api", text), WHY_OK, 2);
    keeper_status(k, &status);
    CHECK(status.store_why == WHY_OK && c.documents_n == 1501, "%s\n", why_name(status.store_why));
    keeper_close(k);
    free(text);
    return 0;
}

TEST(keeper_survives_a_full_disk)
{
    int status;
    pid_t pid;

    folder_make(folder);
    fflush(NULL);
    if ((pid = fork()) == 0)
        _exit(full_disk());
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: %d\n", status);
    folder_remove(folder);
}

/* ---- killed at any moment ---- */

/* Generation n has LETTERS documents that all say n, and a secret now and then. */
static void apply_without_end(int answers)
{
    struct control c = { 0 };
    struct keeper *k = open_keeper(&c, folder);

    for (;;) {
        unsigned long long next = keeper_current(k) + 1;
        char text[1024];
        size_t used = 0;

        for (int i = 0; i < LETTERS; i++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "---\ntype: ForgeBodyCap\nname: %c\nspec: {bytes: %llu}\n", 'a' + i, next);
        struct keeper_result *r = say(k, "api", text);
        if (r->why != WHY_OK || write(answers, &r->generation, sizeof(r->generation)) != sizeof(r->generation))
            _exit(1);
        keeper_result_close(r);
        keeper_on_tick(k, next << 40); /* Backup copies all the time, too. */
    }
}

/* The last generation that apply answered before the end of the pipe. */
static uint64_t answered(int answers, uint64_t before)
{
    uint64_t generation;

    while (read(answers, &generation, sizeof(generation)) == (ssize_t)sizeof(generation))
        before = generation;
    return before;
}

static void check_whole(struct keeper *k)
{
    char text[4096], want[64];
    const char *at = text;
    int n = 0;

    if (keeper_current(k) == 0)
        return;
    export_text(k, 0, text, sizeof(text));
    snprintf(want, sizeof(want), "\n  bytes: %llu\n", (unsigned long long)keeper_current(k));
    while ((at = strstr(at, want)) != NULL) {
        at++;
        n++;
    }
    CHECK(n == LETTERS, "generation %llu is not whole:\n%s", (unsigned long long)keeper_current(k), text);
}

/* A process that applies, and the end of the pipe where it tells its answers. */
static pid_t start(int *out_answers)
{
    int ends[2];
    pid_t pid;

    fflush(NULL);
    CHECK(pipe(ends) == 0, "no pipe\n");
    pid = fork();
    CHECK(pid >= 0, "no process\n");
    if (pid == 0) {
        close(ends[0]);
        apply_without_end(ends[1]);
    }
    close(ends[1]);
    *out_answers = ends[0];
    return pid;
}

/* How long it takes from the start to the second answer, here and today. */
static uint64_t measure_us(void)
{
    uint64_t began_ns = clock_mono_ns(), generation;
    int answers;
    pid_t pid = start(&answers);

    CHECK(read(answers, &generation, sizeof(generation)) == sizeof(generation), "no answer\n");
    CHECK(read(answers, &generation, sizeof(generation)) == sizeof(generation), "no answer\n");
    CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid, "kill\n");
    close(answers);
    return (clock_mono_ns() - began_ns) / NS_PER_US;
}

TEST(keeper_is_whole_wherever_it_is_killed)
{
    uint64_t seed = 1, known, moved_n = 0, span_us;
    struct control c = { 0 };

    /* Not on a disk, where each commit waits: what a killed process leaves does not depend on that. */
    snprintf(folder, sizeof(folder), "%s/keeper_test.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    CHECK(mkdtemp(folder) != NULL, "no folder\n");
    span_us = measure_us() * 2;
    struct keeper *k = open_keeper(&c, folder);
    known = keeper_current(k);
    keeper_close(k);
    for (int i = 0; i < KILLS; i++) {
        struct keeper_status status;
        int answers;
        pid_t pid = start(&answers);

        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        usleep((useconds_t)((seed >> 33) % span_us));
        CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid, "kill\n");
        uint64_t answer = answered(answers, known);
        close(answers);
        k = open_keeper(&c, folder);
        keeper_status(k, &status);
        CHECK(status.store_why == WHY_OK, "kill %d: %.*s\n", i, SPAN_FMT(status.store_sentence));
        CHECK(keeper_current(k) == answer || keeper_current(k) == answer + 1, "kill %d: generation %u, answered was %u\n", i,
              (unsigned)keeper_current(k), (unsigned)answer);
        check_whole(k);
        moved_n += keeper_current(k) > known;
        known = keeper_current(k);
        keeper_close(k);
    }
    CHECK(moved_n > KILLS / 10, "only %u children came as far as a commit\n", (unsigned)moved_n);
    folder_remove(folder);
}

CHECK_RUN(RUN(keeper_finds_its_generations_again), RUN(keeper_rolls_back_as_a_new_generation), RUN(keeper_tells_no_secret),
          RUN(keeper_wants_its_own_key), RUN(keeper_serves_the_backup_of_a_damaged_store), RUN(keeper_starts_without_store_and_backup),
          RUN(keeper_gives_up_a_store_that_was_cut),
          RUN(keeper_survives_a_full_disk), RUN(keeper_is_whole_wherever_it_is_killed))
