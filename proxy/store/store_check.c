/* store_check.c - is a file sound? Read all of it where a fall hurts nobody.
 *
 * Layer:  store.
 * Thread: only one may run yet: it forks.
 *
 * LMDB maps the file and trusts it. A cut file kills its reader by SIGBUS, a wrong page number by SIGSEGV or LMDB's own assertion;
 * so a child reads every record and every document, and its end is the answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "store/generation_record.h"
#include "store/store_inside.h"

enum { FREE_PAGES = 0 }; /* its MDB_dbi, which LMDB's own tools count on */

/* Bump memory for one record at a time. */
struct block {
    uint8_t *at;
    size_t   used, bytes;
};

static void *block_take(void *owner, size_t bytes)
{
    struct block *b = owner;
    size_t at = (b->used + 7) & ~(size_t)7;

    if (at > b->bytes || bytes > b->bytes - at)
        return NULL;
    b->used = at + bytes;
    return b->at + at;
}

/* Each content is what its address says; of sealed ones, who has the key will see. */
static bool blobs_are_sound(struct store *s)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    MDB_txn *txn;
    bool is_sound = true;
    int result;

    if (store_begin(s, false, &txn) != WHY_OK || mdb_cursor_open(txn, s->blobs, &cursor) != 0)
        return false;
    for (result = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); result == 0 && is_sound;
         result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct span bytes = span_of(value.mv_data, value.mv_size);
        uint8_t digest[HASH_BYTES];

        is_sound = key.mv_size == HASH_BYTES && bytes.len > 0;
        if (is_sound && bytes.at[0] == 0) {
            hash_of(span_from(bytes, 1), digest);
            is_sound = hash_is_equal(digest, key.mv_data);
        }
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return is_sound && (result == MDB_NOTFOUND || result == 0);
}

/* LMDB's own table of free pages, as its mdb_stat reads it: a count, and so many page numbers, greatest first. The next commit takes
 * pages from there, and would write over what is in use. */
static bool free_pages_are_sound(struct store *s)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    MDB_envinfo info;
    MDB_txn *txn;
    bool is_sound = true;
    int result;

    if (store_begin(s, false, &txn) != WHY_OK || mdb_env_info(s->env, &info) != 0 || mdb_cursor_open(txn, FREE_PAGES, &cursor) != 0)
        return false;
    for (result = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); result == 0 && is_sound;
         result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        const size_t *pages = value.mv_data;

        is_sound = key.mv_size == sizeof(size_t) && value.mv_size >= sizeof(*pages) && pages[0] < value.mv_size / sizeof(*pages);
        for (size_t i = 1; is_sound && i <= pages[0]; i++)
            is_sound = pages[i] >= 2 && pages[i] <= info.me_last_pgno && (i == 1 || pages[i] < pages[i - 1]);
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return is_sound && (result == MDB_NOTFOUND || result == 0);
}

/* The one in force is there with all its documents. */
static bool current_is_sound(struct store *s, struct block *b)
{
    struct store_memory memory = { block_take, b };
    struct generation g;
    struct span text;
    uint64_t current;

    b->used = 0;
    if (store_current(s, &current) != WHY_OK)
        return false;
    if (current == 0)
        return true;
    if (store_get(s, current, &memory, &g) != WHY_OK)
        return false;
    for (uint32_t i = 0; i < g.documents_n; i++) {
        size_t used = b->used;

        if (!g.documents[i].is_deleted && store_get_blob(s, &g.documents[i], &memory, &text) != WHY_OK)
            return false;
        b->used = used;
    }
    return true;
}

static bool records_are_sound(struct store *s, struct block *b)
{
    struct store_memory memory = { block_take, b };
    uint64_t number = 0;
    struct generation g;
    uint32_t n;

    for (;;) {
        if (store_list(s, number, 1, &number, &n) != WHY_OK)
            return false;
        if (n == 0)
            return true;
        b->used = 0;
        if (store_get(s, number, &memory, &g) != WHY_OK)
            return false;
    }
}

/* In the child. */
static bool is_sound(const char *path)
{
    struct store_options options = { .path = path, .is_read_only = true };
    struct block b = { .bytes = STORE_BYTES_MAX };
    char error[STORE_SENTENCE_BYTES];
    struct store *s;

    b.at = memory_map(b.bytes);
    if (b.at == NULL || store_open(&options, &s, error) != WHY_OK)
        return false;
    return s->is_empty || (free_pages_are_sound(s) && blobs_are_sound(s) && records_are_sound(s, &b) &&
           current_is_sound(s, &b));
}

static _Noreturn void child(const char *path)
{
    static const int deadly[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
    struct rlimit no_core = { 0, 0 };
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)setrlimit(RLIMIT_CORE, &no_core);
    if (nowhere >= 0) {
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO); /* The parent has the sentence. */
    }
    for (size_t i = 0; i < COUNT(deadly); i++)
        (void)signal(deadly[i], SIG_DFL); /* No reports of sanitizers: to die is an answer. */
    alarm(STORE_CHECK_S_MAX);
    _exit(is_sound(path) ? 0 : 1);
}

enum why store_check(const char *path)
{
    struct stat st;
    int status;
    pid_t pid;

    if (stat(path, &st) != 0)
        return errno == ENOENT ? WHY_OK : WHY_STORE_IO;
    if (!S_ISREG(st.st_mode))
        return WHY_STORE_IO;
    if (st.st_size == 0) /* Made, and nothing more. */
        return WHY_OK;
    pid = fork();
    if (pid < 0)
        return WHY_STORE_IO;
    if (pid == 0)
        child(path);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return WHY_STORE_IO;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? WHY_OK : WHY_STORE_DAMAGED;
}
