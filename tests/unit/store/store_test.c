/* store_test.c - what was committed is there again, whole; what was not has never been.
 *
 * Method: real LMDB files in a folder of their own. Limits of the map and of the file are made small.
 */
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "unit/store/store_world.h"

/* The names and contents of a generation, as "a1 b1". */
static void check_generation(struct store_world *w, uint64_t number, const char *want)
{
    struct store_memory memory = store_world_memory(w);
    struct generation g;
    char got[256] = "";
    size_t used = 0;

    enum why why = store_get(w->store, number, &memory, &g);
    CHECK(why == WHY_OK, "generation %u: %s, %s\n", (unsigned)number, why_name(why), store_error(w->store));
    for (uint32_t i = 0; i < g.documents_n; i++) {
        struct span text;
        why = store_get_blob(w->store, &g.documents[i], &memory, &text);
        CHECK(why == WHY_OK, "generation %u, document %u: %s\n", (unsigned)number, i, why_name(why));
        used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%.*s", i > 0 ? " " : "", SPAN_FMT(text));
    }
    CHECK(strcmp(got, want) == 0, "generation %u: got %s, want %s\n", (unsigned)number, got, want);
}

static void check_current(struct store_world *w, uint64_t want)
{
    uint64_t current = 99;

    CHECK(store_current(w->store, &current) == WHY_OK && current == want, "%u is in force\n", (unsigned)current);
}

TEST(store_keeps_what_was_put)
{
    struct store_world *w = store_world_new();
    struct store_figures figures;
    uint64_t numbers[8];
    uint32_t n;

    CHECK(store_check(w->path) == WHY_OK, "nothing is damaged\n");
    CHECK(store_world_open(w, 0) == WHY_OK, "%s\n", w->error);
    check_current(w, 0);
    struct store_memory memory = store_world_memory(w);
    struct generation g;
    CHECK(store_get(w->store, 1, &memory, &g) == WHY_KEEPER_UNKNOWN, "there is a generation\n");
    CHECK(store_world_put(w, 1, "ab", 1) == WHY_OK, "%s\n", store_error(w->store));
    CHECK(store_world_put(w, 2, "abc", 2) == WHY_OK, "%s\n", store_error(w->store));
    store_close(w->store);
    CHECK(store_check(w->path) == WHY_OK, "damaged\n");
    CHECK(store_world_open(w, 0) == WHY_OK, "%s\n", w->error);
    check_current(w, 2);
    check_generation(w, 1, "a1 b1");
    check_generation(w, 2, "a2 b2 c2");
    CHECK(store_list(w->store, 0, 8, numbers, &n) == WHY_OK && n == 2 && numbers[0] == 2 && numbers[1] == 1, "%u\n", n);
    CHECK(store_list(w->store, 2, 8, numbers, &n) == WHY_OK && n == 1 && numbers[0] == 1, "%u\n", n);
    CHECK(store_list(w->store, 0, 1, numbers, &n) == WHY_OK && n == 1 && numbers[0] == 2, "%u\n", n);
    store_figures(w->store, &figures);
    CHECK(figures.generations_n == 2 && figures.oldest == 1 && figures.bytes > 0 && figures.bytes_max == STORE_BYTES_MAX, "figures\n");
    store_world_free(w);
}

TEST(store_keeps_facts)
{
    struct store_world *w = store_world_new();
    struct store_memory memory = store_world_memory(w);
    struct span value;

    CHECK(store_world_open(w, 0) == WHY_OK, "%s\n", w->error);
    CHECK(store_get_fact(w->store, "x", &memory, &value) == WHY_OK && value.at == NULL, "a fact out of nothing\n");
    CHECK(store_put_fact(w->store, "x", SPAN_LIT("y")) == WHY_OK, "%s\n", store_error(w->store));
    CHECK(store_get_fact(w->store, "x", &memory, &value) == WHY_OK && span_is(value, SPAN_LIT("y")), "%.*s\n", SPAN_FMT(value));
    store_world_free(w);
}

TEST(store_lets_go_of_the_oldest)
{
    struct store_world *w = store_world_new();
    struct store_memory memory;
    struct generation_document gone = { .is_sealed = false }, kept = gone;
    struct store_figures figures;
    struct span text;

    CHECK(store_world_open(w, 0) == WHY_OK, "%s\n", w->error);
    for (unsigned i = 1; i <= STORE_GENERATIONS_KEPT; i++)
        CHECK(store_world_put(w, i, "ab", i == 3 ? 1 : i) == WHY_OK, "%u: %s\n", i, store_error(w->store));
    CHECK(store_pin(w->store, 2, true) == WHY_OK && store_is_pinned(w->store, 2) && !store_is_pinned(w->store, 3), "not pinned\n");
    CHECK(store_pin(w->store, 999, true) == WHY_KEEPER_UNKNOWN, "pinned what is not there\n");
    store_figures(w->store, &figures);
    CHECK(figures.generations_n == STORE_GENERATIONS_KEPT && figures.oldest == 1, "%u\n", (unsigned)figures.generations_n);
    /* The first goes; the third has the same contents, so they stay. */
    CHECK(store_world_put(w, 101, "ab", 101) == WHY_OK, "%s\n", store_error(w->store));
    check_generation(w, 3, "a1 b1");
    /* The second is pinned, so the third goes, and its contents with it. */
    CHECK(store_world_put(w, 102, "ab", 102) == WHY_OK, "%s\n", store_error(w->store));
    check_generation(w, 2, "a2 b2");
    memory = store_world_memory(w);
    hash_of(SPAN_LIT("a1"), gone.digest);
    hash_of(SPAN_LIT("a2"), kept.digest);
    CHECK(store_get_blob(w->store, &gone, &memory, &text) == WHY_STORE_DAMAGED, "still there: %.*s\n", SPAN_FMT(text));
    CHECK(store_get_blob(w->store, &kept, &memory, &text) == WHY_OK, "gone\n");
    struct generation g;
    CHECK(store_get(w->store, 3, &memory, &g) == WHY_KEEPER_UNKNOWN && store_get(w->store, 1, &memory, &g) == WHY_KEEPER_UNKNOWN, "still there\n");
    CHECK(store_pin(w->store, 2, false) == WHY_OK && !store_is_pinned(w->store, 2), "pinned\n");
    CHECK(store_world_put(w, 103, "ab", 103) == WHY_OK, "%s\n", store_error(w->store));
    CHECK(store_get(w->store, 2, &memory, &g) == WHY_KEEPER_UNKNOWN, "still there\n");
    store_close(w->store);
    w->store = NULL;
    CHECK(store_check(w->path) == WHY_OK, "damaged\n");
    store_world_free(w);
}

/* A map of 64 pages: old generations make room for new ones; what does not fit at all is refused, and the last one stays. */
TEST(store_makes_room_in_a_full_map)
{
    struct store_world *w = store_world_new();
    char *big = malloc(1 << 20);
    uint64_t current;

    memset(big, 'x', 1 << 20);
    CHECK(store_world_open(w, 64 * 4096) == WHY_OK, "%s\n", w->error);
    for (unsigned i = 1; i <= 40; i++) {
        struct store_world_generation *made = malloc(sizeof(*made));

        store_world_make(made, i, "a", i);
        snprintf(big, 16, "version %u", i);
        made->blobs[0].bytes = span_of(big, 20000);
        hash_of(made->blobs[0].bytes, made->documents[0].digest);
        enum why why = store_put(w->store, &made->g, made->blobs, 1);
        CHECK(why == WHY_OK, "%u: %s, %s\n", i, why_name(why), store_error(w->store));
        free(made);
    }
    struct store_world_generation *made = malloc(sizeof(*made));
    store_world_make(made, 41, "a", 41);
    made->blobs[0].bytes = span_of(big, 1 << 20);
    CHECK(store_put(w->store, &made->g, made->blobs, 1) == WHY_STORE_FULL, "a megabyte in 256 KiB\n");
    CHECK(store_current(w->store, &current) == WHY_OK && current == 40, "%u\n", (unsigned)current);
    CHECK(store_world_put(w, 41, "b", 1) == WHY_OK, "%s\n", store_error(w->store));
    check_generation(w, 41, "b1");
    free(made);
    free(big);
    store_world_free(w);
}

/* A file that may not grow is a full disk: in a child, because the limit is the process's. */
TEST(store_survives_a_full_disk)
{
    struct store_world *w = store_world_new();
    pid_t pid;
    int status;

    CHECK(store_world_open(w, 0) == WHY_OK && store_world_put(w, 1, "ab", 1) == WHY_OK, "%s\n", w->error);
    store_close(w->store);
    w->store = NULL;
    fflush(NULL);
    if ((pid = fork()) == 0) {
        struct rlimit limit = { 64 * 1024, 64 * 1024 };
        char *big = calloc(1, 1 << 20);
        struct store_world_generation made;
        struct generation_document *d = made.documents;

        signal(SIGXFSZ, SIG_IGN);
        store_world_make(&made, 2, "ab", 2);
        made.blobs[0].bytes = span_of(big, 1 << 20);
        hash_of(made.blobs[0].bytes, d->digest);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || store_world_open(w, 0) != WHY_OK)
            _exit(1);
        if (store_put(w->store, &made.g, made.blobs, 2) != WHY_STORE_FULL)
            _exit(2);
        /* What fits is taken all the same. */
        _exit(store_world_put(w, 2, "ab", 2) == WHY_OK ? 0 : 3);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: %d\n", WEXITSTATUS(status));
    CHECK(store_check(w->path) == WHY_OK && store_world_open(w, 0) == WHY_OK, "%s\n", w->error);
    check_current(w, 2);
    check_generation(w, 1, "a1 b1");
    check_generation(w, 2, "a2 b2");
    store_world_free(w);
}

TEST(store_belongs_to_one_process)
{
    struct store_world *w = store_world_new();
    struct store_options options = { .path = w->path };
    int status;
    pid_t pid;

    CHECK(store_world_open(w, 0) == WHY_OK, "%s\n", w->error);
    fflush(NULL);
    if ((pid = fork()) == 0) {
        struct store *other = NULL;
        char wanted[64];

        snprintf(wanted, sizeof(wanted), "process %ld uses it", (long)getppid());
        _exit(store_open(&options, &other, w->error) == WHY_STORE_BUSY && strcmp(w->error, wanted) == 0 ? 0 : 1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "two processes have it\n");
    store_world_free(w);
}

TEST(store_says_what_is_in_its_way)
{
    struct store_world *w = store_world_new();
    struct store_options options = { .path = "/nonexistent/store.mdb" };

    CHECK(store_open(&options, &w->store, w->error) == WHY_STORE_IO && strstr(w->error, "No such file") != NULL, "%s\n", w->error);
    CHECK(mkdir(w->path, 0700) == 0 && store_check(w->path) == WHY_STORE_IO, "a folder is sound\n");
    CHECK(store_world_open(w, 0) == WHY_STORE_IO, "a folder is opened\n");
    rmdir(w->path);
    store_world_free(w);
}

/* A look at the map of a file that somebody cut is death: so it is not looked at. */
TEST(store_outlives_a_cut_of_its_file)
{
    struct store_world *w = store_world_new();
    struct store_figures figures;
    struct store_memory memory;
    struct generation g;
    uint64_t current;

    CHECK(store_world_open(w, 0) == WHY_OK && store_world_put(w, 1, "ab", 1) == WHY_OK, "%s\n", w->error);
    CHECK(store_look(w->store) == WHY_OK, "%s\n", store_error(w->store));
    CHECK(truncate(w->path, 0) == 0, "truncate\n");
    CHECK(store_look(w->store) == WHY_STORE_DAMAGED && strstr(store_error(w->store), "cut") != NULL, "%s\n", store_error(w->store));
    memory = store_world_memory(w);
    CHECK(store_get(w->store, 1, &memory, &g) == WHY_STORE_DAMAGED && store_current(w->store, &current) == WHY_STORE_DAMAGED, "read\n");
    CHECK(store_world_put(w, 2, "ab", 2) == WHY_STORE_DAMAGED && store_backup(w->store, "/tmp/none") == WHY_STORE_DAMAGED, "written\n");
    store_figures(w->store, &figures);
    CHECK(figures.bytes == 0 && !store_is_pinned(w->store, 1), "figures\n");
    store_world_free(w);
}

TEST(store_backup_is_a_store)
{
    struct store_world *w = store_world_new();
    char path[300];

    CHECK(store_world_open(w, 0) == WHY_OK && store_world_put(w, 1, "ab", 1) == WHY_OK, "%s\n", w->error);
    snprintf(path, sizeof(path), "%s.backup", w->path);
    CHECK(store_backup(w->store, path) == WHY_OK, "%s\n", store_error(w->store));
    CHECK(store_world_put(w, 2, "ab", 2) == WHY_OK, "%s\n", store_error(w->store));
    CHECK(store_backup(w->store, "/nonexistent/x") == WHY_STORE_IO, "into nowhere\n");
    store_close(w->store);
    CHECK((size_t)snprintf(w->path, sizeof(w->path), "%s", path) < sizeof(w->path), "long\n");
    CHECK(store_check(w->path) == WHY_OK, "damaged\n");
    struct store_options options = { .path = w->path, .is_read_only = true };
    CHECK(store_open(&options, &w->store, w->error) == WHY_OK, "%s\n", w->error);
    check_current(w, 1);
    check_generation(w, 1, "a1 b1");
    CHECK(store_world_put(w, 3, "ab", 3) == WHY_STORE_IO, "written to\n");
    store_world_free(w);
}

CHECK_RUN(RUN(store_keeps_what_was_put), RUN(store_keeps_facts), RUN(store_lets_go_of_the_oldest), RUN(store_makes_room_in_a_full_map),
          RUN(store_survives_a_full_disk), RUN(store_belongs_to_one_process), RUN(store_says_what_is_in_its_way),
          RUN(store_outlives_a_cut_of_its_file), RUN(store_backup_is_a_store))
