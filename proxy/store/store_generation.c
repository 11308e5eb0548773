/* store_generation.c - generations and contents: put, get, pin, and let go of.
 *
 * Layer:  store.
 * Thread: control's.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/memory.h"
#include "store/generation_record.h"
#include "store/store_inside.h"

enum { NUMBER_BYTES = 8, PLAIN = 0, SEALED = 1, NOT_FULL_BELOW = 3 };

static MDB_val key_of(const uint8_t *bytes, size_t n)
{
    return (MDB_val){ n, (void *)(uintptr_t)bytes };
}

static enum why damaged(struct store *s, const char *what)
{
    snprintf(s->error, sizeof(s->error), "%s", what);
    return WHY_STORE_DAMAGED;
}

/* ---- looking ---- */

enum why store_current(struct store *s, uint64_t *out)
{
    MDB_val key = key_of((const uint8_t *)"current", 7), value;
    MDB_txn *txn;
    enum why why = store_begin(s, false, &txn);
    int result;

    if (why != WHY_OK)
        return why;
    result = mdb_get(txn, s->facts, &key, &value);
    if (result == 0 && value.mv_size == NUMBER_BYTES)
        *out = store_number_read(value.mv_data);
    else if (result == 0)
        why = damaged(s, "the number of the generation in force is damaged");
    else if (result == MDB_NOTFOUND)
        *out = 0;
    else
        why = store_why(s, result);
    mdb_txn_abort(txn);
    return why;
}

/* A copy of a value. */
static enum why copy(const MDB_val *value, const struct store_memory *memory, struct span *out)
{
    uint8_t *bytes = memory->take(memory->owner, value->mv_size + 1);

    if (bytes == NULL)
        return WHY_ARENA_FULL;
    memcpy(bytes, value->mv_data, value->mv_size);
    bytes[value->mv_size] = 0;
    *out = span_of(bytes, value->mv_size);
    return WHY_OK;
}

enum why store_get(struct store *s, uint64_t number, const struct store_memory *memory, struct generation *out)
{
    uint8_t name[NUMBER_BYTES];
    MDB_val key = key_of(name, NUMBER_BYTES), value;
    struct span bytes;
    MDB_txn *txn;
    enum why why = store_begin(s, false, &txn);
    int result;

    if (why != WHY_OK)
        return why;
    store_number_write(number, name);
    result = mdb_get(txn, s->generations, &key, &value);
    why = result == MDB_NOTFOUND ? WHY_KEEPER_UNKNOWN : result != 0 ? store_why(s, result) : copy(&value, memory, &bytes);
    mdb_txn_abort(txn);
    if (why != WHY_OK)
        return why;
    switch (generation_record_read(bytes, memory->take, memory->owner, out)) {
    case GENERATION_RECORD_OK:
        return out->number == number ? WHY_OK : damaged(s, "a generation has the number of another one");
    case GENERATION_RECORD_BAD:
        break;
    case GENERATION_RECORD_MEMORY:
        return WHY_ARENA_FULL;
    }
    return damaged(s, "the record of a generation is damaged");
}

enum why store_list(struct store *s, uint64_t before, uint32_t limit, uint64_t *out, uint32_t *out_n)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    MDB_txn *txn;
    enum why why = store_begin(s, false, &txn);
    int result;

    *out_n = 0;
    if (why != WHY_OK)
        return why;
    why = store_why(s, mdb_cursor_open(txn, s->generations, &cursor));
    if (why == WHY_OK) {
        for (result = mdb_cursor_get(cursor, &key, &value, MDB_LAST); result == 0 && *out_n < limit;
             result = mdb_cursor_get(cursor, &key, &value, MDB_PREV)) {
            uint64_t number = key.mv_size == NUMBER_BYTES ? store_number_read(key.mv_data) : 0;

            if (before == 0 || number < before)
                out[(*out_n)++] = number;
        }
        if (result != 0 && result != MDB_NOTFOUND)
            why = store_why(s, result);
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return why;
}

enum why store_get_blob(struct store *s, const struct generation_document *d, const struct store_memory *memory, struct span *out)
{
    MDB_val key = key_of(d->digest, HASH_BYTES), value;
    uint8_t digest[HASH_BYTES];
    MDB_txn *txn;
    enum why why = store_begin(s, false, &txn);

    if (why != WHY_OK)
        return why;
    why = store_why(s, mdb_get(txn, s->blobs, &key, &value));
    if (why == WHY_OK && (value.mv_size == 0 || *(const uint8_t *)value.mv_data != (d->is_sealed ? SEALED : PLAIN)))
        why = damaged(s, "a document is damaged");
    if (why == WHY_OK)
        why = copy(&value, memory, out);
    mdb_txn_abort(txn);
    if (why != WHY_OK)
        return why;
    *out = span_from(*out, 1);
    if (d->is_sealed)
        return WHY_OK; /* Whoever opens the seal will see. */
    hash_of(*out, digest);
    return hash_is_equal(digest, d->digest) ? WHY_OK : damaged(s, "a document is damaged");
}

bool store_is_pinned(struct store *s, uint64_t number)
{
    uint8_t name[NUMBER_BYTES];
    MDB_val key = key_of(name, NUMBER_BYTES), value;
    MDB_txn *txn;
    int result;

    store_number_write(number, name);
    if (store_begin(s, false, &txn) != WHY_OK)
        return false;
    result = mdb_get(txn, s->pins, &key, &value);
    mdb_txn_abort(txn);
    return result == 0;
}

/* ---- letting go ---- */

/* Addresses of one generation that no other one has, as far as is known. */
struct orphans {
    uint8_t (*all)[HASH_BYTES]; /* sorted once they are all there */
    uint32_t n;
    bool    *is_used;
};

static int digest_order(const void *a, const void *b)
{
    return memcmp(a, b, HASH_BYTES);
}

static bool orphans_add(void *owner, const uint8_t digest[HASH_BYTES])
{
    struct orphans *o = owner;

    memcpy(o->all[o->n++], digest, HASH_BYTES);
    return true;
}

static bool orphans_use(void *owner, const uint8_t digest[HASH_BYTES])
{
    struct orphans *o = owner;
    uint8_t (*found)[HASH_BYTES] = bsearch(digest, o->all, o->n, HASH_BYTES, digest_order);

    if (found != NULL)
        o->is_used[found - o->all] = true;
    return true;
}

/* Without those that are used: what is looked for gets little soon, since neighbours have nearly all in common. */
static void orphans_shrink(struct orphans *o)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < o->n; i++) {
        if (!o->is_used[i])
            memmove(o->all[n++], o->all[i], HASH_BYTES);
        o->is_used[i] = false;
    }
    o->n = n;
}

static enum why delete_blobs(struct store *s, MDB_txn *txn, const struct orphans *o)
{
    for (uint32_t i = 0; i < o->n; i++) {
        MDB_val key = key_of(o->all[i], HASH_BYTES);
        int result = mdb_del(txn, s->blobs, &key, NULL);

        if (result != 0 && result != MDB_NOTFOUND) /* One document may be there under two names. */
            return store_why(s, result);
    }
    return WHY_OK;
}

/* The record goes, and the contents that nobody else has. cursor stands in generations. */
static enum why forget(struct store *s, MDB_txn *txn, MDB_cursor *cursor, uint64_t number)
{
    uint8_t name[NUMBER_BYTES];
    MDB_val key = key_of(name, NUMBER_BYTES), value;
    struct orphans o = { .n = 0 };
    size_t bytes;
    enum why why;
    int result;

    store_number_write(number, name);
    if ((why = store_why(s, mdb_get(txn, s->generations, &key, &value))) != WHY_OK)
        return why;
    bytes = value.mv_size / HASH_BYTES * (HASH_BYTES + 1) + 1; /* A record has more than 32 bytes a document. */
    o.all = memory_map(bytes);
    if (o.all == NULL)
        return store_why(s, MDB_MAP_FULL);
    o.is_used = (bool *)(void *)((uint8_t *)o.all + value.mv_size / HASH_BYTES * HASH_BYTES);
    generation_record_each(span_of(value.mv_data, value.mv_size), orphans_add, &o);
    qsort(o.all, o.n, HASH_BYTES, digest_order);
    for (result = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); result == 0 && o.n > 0;
         result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        if (key.mv_size != NUMBER_BYTES || store_number_read(key.mv_data) == number)
            continue;
        generation_record_each(span_of(value.mv_data, value.mv_size), orphans_use, &o);
        orphans_shrink(&o);
    }
    if (result != 0 && result != MDB_NOTFOUND)
        why = store_why(s, result);
    if (why == WHY_OK)
        why = delete_blobs(s, txn, &o);
    memory_unmap(o.all, bytes);
    key = key_of(name, NUMBER_BYTES);
    return why == WHY_OK ? store_why(s, mdb_del(txn, s->generations, &key, NULL)) : why;
}

/* Let go of the oldest until `kept` are left, all but pinned ones and the newest. */
static enum why retain(struct store *s, MDB_txn *txn, size_t kept)
{
    uint64_t newest = 0;
    MDB_cursor *cursor;
    MDB_val key, value, pin;
    MDB_stat stat;
    enum why why = store_why(s, mdb_stat(txn, s->generations, &stat));
    int result;

    if (why != WHY_OK || stat.ms_entries <= kept || (why = store_why(s, mdb_cursor_open(txn, s->generations, &cursor))) != WHY_OK)
        return why;
    if (mdb_cursor_get(cursor, &key, &value, MDB_LAST) == 0)
        newest = store_number_read(key.mv_data);
    for (size_t n = stat.ms_entries, passed_n = 0; n > kept && why == WHY_OK;) {
        uint64_t number;

        result = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
        for (size_t i = 0; i < passed_n && result == 0; i++)
            result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        if (result != 0 || (number = store_number_read(key.mv_data)) == newest)
            break;
        if (mdb_get(txn, s->pins, &key, &pin) == 0) {
            passed_n++;
            continue;
        }
        why = forget(s, txn, cursor, number);
        n--;
    }
    mdb_cursor_close(cursor);
    return why;
}

/* ---- putting ---- */

static enum why put_blobs(struct store *s, MDB_txn *txn, const struct store_blob *blobs, uint32_t blobs_n)
{
    for (uint32_t i = 0; i < blobs_n; i++) {
        MDB_val key = key_of(blobs[i].digest, HASH_BYTES), value = { blobs[i].bytes.len + 1, NULL };
        int result = mdb_put(txn, s->blobs, &key, &value, MDB_RESERVE | MDB_NOOVERWRITE);
        uint8_t *at = value.mv_data;

        if (result == MDB_KEYEXIST)
            continue;
        if (result != 0)
            return store_why(s, result);
        at[0] = blobs[i].is_sealed ? SEALED : PLAIN;
        memcpy(at + 1, blobs[i].bytes.at, blobs[i].bytes.len);
    }
    return WHY_OK;
}

static enum why put_record(struct store *s, MDB_txn *txn, const struct generation *g)
{
    uint8_t name[NUMBER_BYTES];
    MDB_val key = key_of(name, NUMBER_BYTES), value = { generation_record_bytes(g), NULL };
    enum why why;

    store_number_write(g->number, name);
    if ((why = store_why(s, mdb_put(txn, s->generations, &key, &value, MDB_RESERVE))) != WHY_OK)
        return why;
    generation_record_write(g, value.mv_data);
    key = key_of((const uint8_t *)"current", 7);
    value = key_of(name, NUMBER_BYTES);
    return store_why(s, mdb_put(txn, s->facts, &key, &value, 0));
}

static enum why put(struct store *s, const struct generation *g, const struct store_blob *blobs, uint32_t blobs_n)
{
    MDB_txn *txn;
    enum why why = store_begin(s, true, &txn);

    if (why != WHY_OK)
        return why;
    if ((why = put_blobs(s, txn, blobs, blobs_n)) != WHY_OK || (why = put_record(s, txn, g)) != WHY_OK ||
        (why = retain(s, txn, STORE_GENERATIONS_KEPT)) != WHY_OK) {
        mdb_txn_abort(txn);
        return why;
    }
    return store_why(s, mdb_txn_commit(txn));
}

/* Half of the generations make room for one. */
static enum why make_room(struct store *s)
{
    MDB_stat stat;
    MDB_txn *txn;
    enum why why = store_begin(s, true, &txn);

    if (why != WHY_OK)
        return why;
    if ((why = store_why(s, mdb_stat(txn, s->generations, &stat))) != WHY_OK ||
        (why = retain(s, txn, stat.ms_entries / 2)) != WHY_OK) {
        mdb_txn_abort(txn);
        return why;
    }
    return store_why(s, mdb_txn_commit(txn));
}

enum why store_put(struct store *s, const struct generation *g, const struct store_blob *blobs, uint32_t blobs_n)
{
    enum why why = put(s, g, blobs, blobs_n);

    /* Pages that were let go of are used from the commit after the next one on: hence two tries. */
    for (int tries = 0; tries < 4 && why == WHY_STORE_FULL && s->result == MDB_MAP_FULL; tries++) {
        struct store_figures figures;

        store_figures(s, &figures);
        if (figures.generations_n < NOT_FULL_BELOW || make_room(s) != WHY_OK)
            return WHY_STORE_FULL;
        why = put(s, g, blobs, blobs_n);
    }
    return why;
}

enum why store_pin(struct store *s, uint64_t number, bool is_pinned)
{
    uint8_t name[NUMBER_BYTES];
    MDB_val key = key_of(name, NUMBER_BYTES), value = { 1, name };
    MDB_txn *txn;
    enum why why = store_begin(s, true, &txn);
    int result;

    if (why != WHY_OK)
        return why;
    store_number_write(number, name);
    result = mdb_get(txn, s->generations, &key, &value);
    if (result == MDB_NOTFOUND) {
        why = WHY_KEEPER_UNKNOWN;
    } else if (result != 0) {
        why = store_why(s, result);
    } else {
        value = key_of(name, 1);
        result = is_pinned ? mdb_put(txn, s->pins, &key, &value, 0) : mdb_del(txn, s->pins, &key, NULL);
        why = result == MDB_NOTFOUND ? WHY_OK : store_why(s, result);
    }
    if (why != WHY_OK) {
        mdb_txn_abort(txn);
        return why;
    }
    return store_why(s, mdb_txn_commit(txn));
}
