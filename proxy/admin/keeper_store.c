/* keeper_store.c - the keeper and its disk: opening, committing, a backup copy, and what to do when it does not work.
 *
 * Layer:  admin.
 * Thread: control's; keeper_store_open before there are others, because store_check forks.
 */
#include <stdio.h>
#include <unistd.h>

#include "admin/keeper_inside.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"

static void *take(void *owner, size_t bytes)
{
    return conf_arena_take(owner, bytes);
}

struct store_memory keeper_store_memory(struct conf_arena *arena)
{
    return (struct store_memory){ take, arena };
}

/* ---- what to do about it ---- */

static void say(struct keeper *k, enum why why, const char *detail, bool has_backup)
{
    const size_t n = sizeof(k->store_sentence);
    const char *path = k->path;
    char *out = k->store_sentence;

    k->is_broken = true;
    k->store_why = why;
    if (why == WHY_STORE_DAMAGED && has_backup)
        snprintf(out, n, "the store %.200s is damaged (%s): changes are not taken. Stop the gateway, move the file away (mv %.200s "
                 "%.200s.damaged) and start again: the backup copy is restored", path, detail, path, path);
    else if (why == WHY_STORE_DAMAGED)
        snprintf(out, n, "the store %.200s is damaged (%s) and there is no good backup copy: changes are not taken. Stop the gateway, move "
                 "the file away (mv %.200s %.200s.damaged) and start again with --config DIR", path, detail, path, path);
    else if (why == WHY_STORE_BUSY)
        snprintf(out, n, "the store %.200s: %s: changes are not taken. Stop that gateway, or give this one a --state of its own", path,
                 detail);
    else if (why == WHY_SEAL_KEY)
        snprintf(out, n, "secrets in the store %.200s cannot be opened: %s. Put the right key file back and start again; changes are not "
                 "taken until then", path, detail);
    else
        snprintf(out, n, "the store %.200s cannot be used (%s): changes are not taken. Mend that (the disk, its room, permissions) and "
                 "start again", path, detail);
    log_error("%s", k->store_sentence);
}

/* ---- the key ---- */

/* A known text under the key: so that another key is seen at once. */
static const struct span known = SPAN_LIT("forge");

static enum why check_key(struct keeper *k, char error[SEAL_ERROR_BYTES])
{
    struct conf_arena *arena = conf_arena_open(1 << 16);
    struct store_memory memory = keeper_store_memory(arena);
    uint8_t bytes[16 + SEAL_OVERHEAD_BYTES];
    struct span sealed;
    size_t n;
    enum why why;

    if (arena == NULL)
        return WHY_STORE_IO;
    why = store_get_fact(k->store, "sealed", &memory, &sealed);
    if (why == WHY_OK && sealed.at == NULL && (why = seal_read_file(&k->seal, k->key_path, error)) == WHY_SEAL_KEY &&
        access(k->key_path, F_OK) != 0 && (why = seal_make_file(k->key_path, error)) == WHY_OK) /* A new store, a new key. */
        why = seal_read_file(&k->seal, k->key_path, error);
    else if (why == WHY_OK && sealed.at != NULL && (why = seal_read_file(&k->seal, k->key_path, error)) == WHY_OK &&
             (sealed.len > sizeof(bytes) || seal_open(&k->seal, SPAN_LIT("sealed"), sealed, bytes, &n) != WHY_OK)) {
        snprintf(error, SEAL_ERROR_BYTES, "%.200s is not the key that they were sealed with", k->key_path);
        why = WHY_SEAL_KEY;
    }
    if (why == WHY_OK && sealed.at == NULL && !k->is_broken) {
        seal_close(&k->seal, SPAN_LIT("sealed"), known, bytes);
        why = store_put_fact(k->store, "sealed", span_of(bytes, known.len + SEAL_OVERHEAD_BYTES));
        if (why != WHY_OK)
            snprintf(error, SEAL_ERROR_BYTES, "%s", store_error(k->store));
    }
    conf_arena_close(arena);
    return why;
}

/* For what is kept in memory only. */
static void key_of_chance(struct keeper *k)
{
    uint8_t key[SEAL_KEY_BYTES];
    bool is_taken;

    if (k->seal.keys_n > 0)
        return;
    random_secure(key, sizeof(key));
    is_taken = seal_add_key(&k->seal, key);
    MUST(is_taken);
    explicit_bzero(key, sizeof(key));
}

/* ---- open ---- */

/* The records of the one in force. */
static enum why load_current(struct keeper *k)
{
    struct conf_arena *memory = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    struct store_memory into = keeper_store_memory(memory);
    struct generation current = { .number = 0 };
    uint64_t number = 0;
    enum why why;

    if (memory == NULL)
        return WHY_STORE_IO;
    why = store_current(k->store, &number);
    if (why == WHY_OK && number != 0)
        why = store_get(k->store, number, &into, &current);
    if (why != WHY_OK) {
        conf_arena_close(memory);
        return why == WHY_KEEPER_UNKNOWN ? WHY_STORE_DAMAGED : why;
    }
    k->memory = memory;
    k->current = current;
    return WHY_OK;
}

static enum why open_file(struct keeper *k, const char *path, char error[STORE_SENTENCE_BYTES])
{
    struct store_options options = { .path = path, .is_read_only = k->is_broken };
    enum why why = store_check(path);

    snprintf(error, STORE_SENTENCE_BYTES, "%s", why == WHY_STORE_DAMAGED ? "not all of it can be read" : "it is no file that can be read");
    if (why != WHY_OK || (why = store_open(&options, &k->store, error)) != WHY_OK)
        return why;
    if ((why = check_key(k, error)) != WHY_OK || (why = load_current(k)) != WHY_OK) {
        if (why != WHY_SEAL_KEY)
            snprintf(error, STORE_SENTENCE_BYTES, "%s", store_error(k->store));
        store_close(k->store);
        k->store = NULL;
        seal_fini(&k->seal);
    }
    return why;
}

/* Somebody moved a damaged file away: the copy takes its place. */
static void restore(struct keeper *k)
{
    struct store_options options = { .path = k->backup_path, .is_read_only = true };
    char error[STORE_SENTENCE_BYTES];
    struct store *copy;

    if (access(k->path, F_OK) == 0 || access(k->backup_path, R_OK) != 0)
        return;
    if (store_check(k->backup_path) != WHY_OK || store_open(&options, &copy, error) != WHY_OK) {
        log_error("the backup copy %s is damaged, too: starting with an empty store", k->backup_path);
        return;
    }
    if (store_backup(copy, k->path) == WHY_OK)
        log_warn("there was no store %s: its backup copy was restored", k->path);
    else
        log_error("the backup copy %s cannot be restored: %s", k->backup_path, store_error(copy));
    store_close(copy);
}

void keeper_store_open(struct keeper *k)
{
    const char *dir = k->options.state_dir;
    char error[STORE_SENTENCE_BYTES] = "", copy_error[STORE_SENTENCE_BYTES];
    enum why why = WHY_OK;

    if (dir != NULL && (size_t)snprintf(k->path, sizeof(k->path), "%s/store.mdb", dir) < sizeof(k->path) &&
        (size_t)snprintf(k->key_path, sizeof(k->key_path), "%s/store.key", dir) < sizeof(k->key_path)) {
        snprintf(k->backup_path, sizeof(k->backup_path), "%s.backup", k->path);
        restore(k);
        why = open_file(k, k->path, error);
    } else if (dir != NULL) {
        why = WHY_STORE_IO;
        snprintf(error, sizeof(error), "its name is too long");
    }
    if (why != WHY_OK) {
        k->is_broken = true; /* A copy is only read. */
        say(k, why, error, why == WHY_STORE_DAMAGED && access(k->backup_path, R_OK) == 0 &&
                           open_file(k, k->backup_path, copy_error) == WHY_OK);
    }
    key_of_chance(k);
}

void keeper_store_close(struct keeper *k)
{
    if (k->must_backup && store_backup(k->store, k->backup_path) != WHY_OK)
        log_warn("the backup copy %s could not be written: %s; the one before stays", k->backup_path, store_error(k->store));
    store_close(k->store);
    seal_fini(&k->seal);
}

/* ---- looking ---- */

bool keeper_store_look(struct keeper *k)
{
    enum why why = k->store != NULL ? store_look(k->store) : WHY_OK;

    if (why == WHY_OK)
        return true;
    say(k, why, store_error(k->store), why == WHY_STORE_DAMAGED && access(k->backup_path, R_OK) == 0);
    k->must_backup = false;
    store_close(k->store); /* Which does not touch the map's pages. */
    k->store = NULL;
    return false;
}

enum why keeper_store_find(struct keeper *k, uint64_t generation, struct conf_arena *arena, struct generation *out)
{
    struct store_memory memory = keeper_store_memory(arena);

    if (k->current.number == 0)
        return WHY_KEEPER_UNKNOWN;
    if (generation == 0 || generation == k->current.number) {
        *out = k->current;
        return WHY_OK;
    }
    if (!keeper_store_look(k))
        return k->store_why;
    return k->store != NULL ? store_get(k->store, generation, &memory, out) : k->is_broken ? k->store_why : WHY_KEEPER_UNKNOWN;
}

/* ---- commit ---- */

/* What the change brought, sealed where it must be. */
static struct store_blob *list_blobs(struct keeper_work *w, uint32_t *out_n)
{
    struct store_blob *all = conf_arena_array(w->arena, (size_t)w->next.documents_n + 1, sizeof(*all));
    uint32_t n = 0;

    for (uint32_t i = 0; all != NULL && i < w->next.documents_n; i++) {
        const struct generation_document *d = &w->next.documents[i];
        uint8_t *sealed;

        if (d->text.at == NULL || d->is_deleted)
            continue;
        all[n] = (struct store_blob){ .digest = d->digest, .bytes = d->text, .is_sealed = d->is_sealed };
        if (d->is_sealed) {
            sealed = conf_arena_take(w->arena, d->text.len + SEAL_OVERHEAD_BYTES);
            if (sealed == NULL)
                return NULL;
            seal_close(&w->k->seal, span_of(d->digest, HASH_BYTES), d->text, sealed);
            all[n].bytes = span_of(sealed, d->text.len + SEAL_OVERHEAD_BYTES);
        }
        n++;
    }
    *out_n = n;
    return all;
}

enum why keeper_store_commit(struct keeper_work *w)
{
    struct keeper *k = w->k;
    uint32_t blobs_n = 0;
    struct store_blob *blobs;
    enum why why;

    if (k->store == NULL || k->is_broken)
        return WHY_OK; /* In memory only: who called knows. */
    blobs = list_blobs(w, &blobs_n);
    if (blobs == NULL) {
        diag_error(&w->r->diag, (struct diag_place){ 0 }, "the configuration does not fit into memory: leave some of it out");
        return WHY_CONF_BAD;
    }
    why = store_put(k->store, &w->next, blobs, blobs_n);
    if (why == WHY_OK) {
        k->store_why = WHY_OK;
        k->store_sentence[0] = 0;
        k->must_backup = true;
        return WHY_OK;
    }
    if (why == WHY_STORE_FULL) { /* It may be better the next time. */
        k->store_why = why;
        snprintf(k->store_sentence, sizeof(k->store_sentence), "generation %llu could not be kept in %.200s (%s): make room on that "
                 "disk and try again", (unsigned long long)w->next.number, k->path, store_error(k->store));
    } else {
        say(k, why, store_error(k->store), access(k->backup_path, R_OK) == 0);
    }
    diag_error(&w->r->diag, (struct diag_place){ 0 }, "%s", k->store_sentence);
    return why;
}

/* ---- the backup copy ---- */

void keeper_on_tick(struct keeper *k, uint64_t now_ns)
{
    uint64_t pause_ns = KEEPER_BACKUP_S_MIN * NS_PER_S, began_ns;

    if (k->view.candidate != NULL && now_ns - k->view_ns > KEEPER_VIEW_S_MAX * NS_PER_S)
        keeper_rest(k);
    if (pause_ns < KEEPER_BACKUP_PAUSES * k->backup_cost_ns)
        pause_ns = KEEPER_BACKUP_PAUSES * k->backup_cost_ns;
    if (!k->must_backup || k->is_broken || k->store == NULL || (k->backup_ns != 0 && now_ns - k->backup_ns < pause_ns))
        return;
    began_ns = clock_mono_ns();
    k->must_backup = false;
    k->backup_ns = now_ns;
    if (store_backup(k->store, k->backup_path) == WHY_OK)
        k->backup_generation = k->current.number;
    else
        log_warn("the backup copy %s could not be written: %s; the one before stays", k->backup_path, store_error(k->store));
    k->backup_cost_ns = clock_mono_ns() - began_ns;
}
