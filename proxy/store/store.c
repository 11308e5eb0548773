/* store.c - see store.h. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "store/store_inside.h"

enum { LOOK_BYTES = 65536 };

/* LMDB calls a write that the kernel cut short an I/O error, and a disk that gets full cuts the first one short. */
static int true_name(const struct store *s, int result)
{
    struct rlimit limit;
    struct statvfs fs;
    struct stat st;

    if (result != EIO || stat(s->path, &st) != 0)
        return result;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && (uint64_t)st.st_size + STORE_ROOM_BYTES > limit.rlim_cur)
        return EFBIG;
    if (statvfs(s->path, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < STORE_ROOM_BYTES)
        return ENOSPC;
    return result;
}

enum why store_why(struct store *s, int result)
{
    if (result == 0)
        return WHY_OK;
    result = s->result = true_name(s, result);
    snprintf(s->error, sizeof(s->error), "%s", mdb_strerror(result));
    switch (result) {
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return WHY_STORE_FULL;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL:
    case MDB_INCOMPATIBLE:
    case MDB_NOTFOUND:
        return WHY_STORE_DAMAGED;
    default:
        return WHY_STORE_IO;
    }
}

void store_number_write(uint64_t number, uint8_t out[8])
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

uint64_t store_number_read(const uint8_t bytes[8])
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

/* LMDB never makes the file shorter. If somebody else did, a look at the map is death. */
static enum why check_size(struct store *s, uint64_t *out_bytes)
{
    struct stat st;
    int fd;

    if (mdb_env_get_fd(s->env, &fd) != 0 || fstat(fd, &st) != 0)
        return store_why(s, EIO);
    if ((uint64_t)st.st_size < s->bytes) {
        s->result = MDB_CORRUPTED;
        snprintf(s->error, sizeof(s->error), "somebody cut the file");
        return WHY_STORE_DAMAGED;
    }
    *out_bytes = s->bytes = (uint64_t)st.st_size;
    return WHY_OK;
}

enum why store_begin(struct store *s, bool is_write, MDB_txn **out)
{
    uint64_t bytes;
    enum why why = check_size(s, &bytes);

    return why == WHY_OK ? store_why(s, mdb_txn_begin(s->env, NULL, is_write ? 0 : MDB_RDONLY, out)) : why;
}

enum why store_look(struct store *s)
{
    uint8_t piece[LOOK_BYTES];
    uint64_t bytes = 0;
    enum why why = check_size(s, &bytes);
    int fd;

    if (why != WHY_OK)
        return why;
    if (mdb_env_get_fd(s->env, &fd) != 0)
        return store_why(s, EIO);
    for (uint64_t at = 0; at < bytes && at < STORE_LOOK_BYTES_MAX; at += LOOK_BYTES)
        if (pread(fd, piece, sizeof(piece), (off_t)at) < 0)
            return store_why(s, errno);
    return WHY_OK;
}

/* ---- open, close ---- */

/* The kernel lets go of it when the process ends, however it ends. */
static enum why lock(struct store *s)
{
    char path[sizeof(s->path) + sizeof(".pid")], pid[32];
    int len;

    snprintf(path, sizeof(path), "%s.pid", s->path);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0)
        return store_why(s, errno);
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = pread(s->lock, pid, sizeof(pid) - 1, 0);

        pid[n > 0 ? n : 0] = 0;
        snprintf(s->error, sizeof(s->error), "process %s uses it", pid);
        return WHY_STORE_BUSY;
    }
    len = snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    if (ftruncate(s->lock, 0) != 0 || pwrite(s->lock, pid, (size_t)len, 0) != len)
        return WHY_OK; /* It is locked; that nobody can read by whom matters little, and a full disk is told elsewhere. */
    return WHY_OK;
}

static enum why open_databases(struct store *s)
{
    static const struct { const char *name; size_t at; } rows[] = {
        { "facts", offsetof(struct store, facts) }, { "generations", offsetof(struct store, generations) },
        { "blobs", offsetof(struct store, blobs) }, { "pins", offsetof(struct store, pins) },
    };
    MDB_txn *txn;
    MDB_stat stat;
    MDB_dbi names;
    enum why why = store_begin(s, !s->is_read_only, &txn);

    if (why != WHY_OK)
        return why;
    if (s->is_read_only && mdb_dbi_open(txn, NULL, 0, &names) == 0 && mdb_stat(txn, names, &stat) == 0 && stat.ms_entries == 0) {
        s->is_empty = true;
        mdb_txn_abort(txn);
        return WHY_OK;
    }
    for (size_t i = 0; i < COUNT(rows) && why == WHY_OK; i++)
        why = store_why(s, mdb_dbi_open(txn, rows[i].name, s->is_read_only ? 0 : MDB_CREATE, (MDB_dbi *)(void *)((char *)s + rows[i].at)));
    if (why != WHY_OK) {
        mdb_txn_abort(txn);
        return why;
    }
    return store_why(s, mdb_txn_commit(txn));
}

static enum why open_env(struct store *s, size_t bytes_max)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (s->is_read_only ? MDB_RDONLY | MDB_NOLOCK : 0);
    enum why why = store_why(s, mdb_env_create(&s->env));
    int dead = 0;

    if (why == WHY_OK && (why = store_why(s, mdb_env_set_maxdbs(s->env, 4))) == WHY_OK &&
        (why = store_why(s, mdb_env_set_maxreaders(s->env, 64))) == WHY_OK &&
        (why = store_why(s, mdb_env_set_mapsize(s->env, bytes_max != 0 ? bytes_max : STORE_BYTES_MAX))) == WHY_OK &&
        (why = store_why(s, mdb_env_open(s->env, s->path, flags, 0600))) == WHY_OK)
        why = store_why(s, mdb_reader_check(s->env, &dead)); /* A killed process leaves its reader's slot. */
    return why;
}

enum why store_open(const struct store_options *options, struct store **out, char *out_error)
{
    struct store *s = memory_map(sizeof(*s));
    enum why why;

    if (s == NULL)
        return WHY_STORE_IO;
    s->lock = -1;
    s->is_read_only = options->is_read_only;
    if ((size_t)snprintf(s->path, sizeof(s->path), "%s", options->path) >= sizeof(s->path)) {
        why = store_why(s, ENAMETOOLONG);
    } else if ((why = s->is_read_only ? WHY_OK : lock(s)) == WHY_OK && (why = open_env(s, options->bytes_max)) == WHY_OK) {
        why = open_databases(s);
    }
    if (why == WHY_OK) {
        if (!s->is_read_only)
            store_sync_folder(s->path); /* It may be new. */
        *out = s;
        return WHY_OK;
    }
    memcpy(out_error, s->error, sizeof(s->error));
    store_close(s);
    return why;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    if (s->env != NULL)
        mdb_env_close(s->env);
    if (s->lock >= 0)
        close(s->lock);
    memory_unmap(s, sizeof(*s));
}

const char *store_error(const struct store *s)
{
    return s->error;
}

/* ---- facts ---- */

enum why store_get_fact(struct store *s, const char *name, const struct store_memory *memory, struct span *out)
{
    MDB_val key = { strlen(name), (void *)(uintptr_t)name }, value;
    MDB_txn *txn;
    enum why why = store_begin(s, false, &txn);
    int result;
    uint8_t *copy;

    if (why != WHY_OK)
        return why;
    *out = SPAN_NONE;
    result = mdb_get(txn, s->facts, &key, &value);
    if (result == 0) {
        copy = memory->take(memory->owner, value.mv_size + 1);
        if (copy != NULL)
            *out = span_of(memcpy(copy, value.mv_data, value.mv_size), value.mv_size);
        why = copy != NULL ? WHY_OK : WHY_ARENA_FULL;
    } else if (result != MDB_NOTFOUND) {
        why = store_why(s, result);
    }
    mdb_txn_abort(txn);
    return why;
}

enum why store_put_fact(struct store *s, const char *name, struct span value)
{
    MDB_val key = { strlen(name), (void *)(uintptr_t)name }, data = { value.len, (void *)(uintptr_t)value.at };
    MDB_txn *txn;
    enum why why = store_begin(s, true, &txn);

    if (why != WHY_OK)
        return why;
    why = store_why(s, mdb_put(txn, s->facts, &key, &data, 0));
    if (why != WHY_OK) {
        mdb_txn_abort(txn);
        return why;
    }
    return store_why(s, mdb_txn_commit(txn));
}

/* ---- the whole ---- */

void store_figures(struct store *s, struct store_figures *out)
{
    MDB_envinfo info;
    MDB_stat stat;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val first, value;

    *out = (struct store_figures){ 0 };
    if (store_begin(s, false, &txn) != WHY_OK)
        return;
    if (mdb_env_info(s->env, &info) != 0 || mdb_env_stat(s->env, &stat) != 0) {
        mdb_txn_abort(txn);
        return;
    }
    out->bytes = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    out->bytes_max = info.me_mapsize;
    if (mdb_stat(txn, s->generations, &stat) == 0)
        out->generations_n = stat.ms_entries;
    if (mdb_cursor_open(txn, s->generations, &cursor) == 0) {
        if (mdb_cursor_get(cursor, &first, &value, MDB_FIRST) == 0 && first.mv_size == 8)
            out->oldest = store_number_read(first.mv_data);
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
}

void store_sync_folder(const char *path_of_file)
{
    const char *slash = strrchr(path_of_file, '/');
    char folder[4096];
    int fd;

    snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - path_of_file + 1) : 1, slash != NULL ? path_of_file : ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

enum why store_backup(struct store *s, const char *path)
{
    char temporary[4096];
    enum why why = store_look(s);
    int fd;

    if (why != WHY_OK)
        return why;
    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary))
        return store_why(s, ENAMETOOLONG);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return store_why(s, errno);
    why = store_why(s, mdb_env_copyfd2(s->env, fd, MDB_CP_COMPACT));
    if (why == WHY_OK && fsync(fd) != 0)
        why = store_why(s, errno);
    if (close(fd) != 0 && why == WHY_OK)
        why = store_why(s, errno);
    if (why == WHY_OK && rename(temporary, path) != 0)
        why = store_why(s, errno);
    if (why != WHY_OK)
        (void)unlink(temporary);
    else
        store_sync_folder(path);
    return why;
}
