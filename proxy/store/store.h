/* store.h - generations and contents of documents on disk: one LMDB file, one writer, every commit whole or not at all.
 *
 * Layer:  store. The only place that knows LMDB (0.9.31, default flags and MDB_NOTLS: data, then the root, each flushed to disk).
 * Owner:  the keeper. What is read is copied into memory of the caller's choice.
 * Bounds: STORE_BYTES_MAX of map; STORE_GENERATIONS_KEPT, fewer when the map would be full.
 * Thread: control's. A commit waits for the disk (2 ms measured on ext4, fsync twice): never on a worker.
 *
 * Contents are addressed by their SHA-256 (sealed ones by a keyed hash) and kept once, whatever number of generations has them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"
#include "store/generation.h"

enum { STORE_SENTENCE_BYTES = 768 };

struct store;

/* Where what is read goes; take answers 8-byte aligned memory or NULL. */
struct store_memory {
    void *(*take)(void *owner, size_t bytes);
    void  *owner;
};

struct store_options {
    const char *path;        /* the file; "-lock" behind it is LMDB's own */
    size_t      bytes_max;   /* 0: STORE_BYTES_MAX                        */
    bool        is_read_only;
};

struct store_blob {
    const uint8_t *digest;   /* HASH_BYTES */
    struct span    bytes;
    bool           is_sealed;
};

struct store_figures {
    uint64_t bytes, bytes_max, generations_n, oldest;
};

/* Is the file sound? All of it is read, in a child process: damage may kill whoever touches it. Pre: one thread only.
 * A file that is not there is sound. Errors: WHY_STORE_DAMAGED, WHY_STORE_IO. */
MUST_CHECK enum why store_check(const char *path);
/* Made when it is not there. Errors: WHY_STORE_DAMAGED, WHY_STORE_FULL, WHY_STORE_IO, WHY_STORE_BUSY (another process has it);
 * *out_error then says the detail in a few words, and is at least 256 long. */
MUST_CHECK enum why store_open(const struct store_options *options, struct store **out, char *out_error);
/* Accepts NULL. */
void store_close(struct store *s);
/* Does the disk still give what it kept? Read through the kernel, which answers, where the map would kill; so asked before each
 * piece of work. What was read is in memory then, and the map has it. Takes 0.2 ms for 1 MB; the first STORE_LOOK_BYTES_MAX are
 * read. Errors: WHY_STORE_DAMAGED (the file was cut), WHY_STORE_IO. The store must not be touched any more then. */
MUST_CHECK enum why store_look(struct store *s);
/* A few words about the last failure: "No space left on device". */
const char *store_error(const struct store *s);

/* The generation in force; 0: none. */
MUST_CHECK enum why store_current(struct store *s, uint64_t *out);
/* Errors: WHY_KEEPER_UNKNOWN, WHY_STORE_..., WHY_ARENA_FULL. */
MUST_CHECK enum why store_get(struct store *s, uint64_t number, const struct store_memory *memory, struct generation *out);
/* Numbers below before (0: all), newest first, at most limit, into out. */
MUST_CHECK enum why store_list(struct store *s, uint64_t before, uint32_t limit, uint64_t *out, uint32_t *out_n);
/* Errors: WHY_STORE_DAMAGED also when it is not there or is not what its address says. */
MUST_CHECK enum why store_get_blob(struct store *s, const struct generation_document *d, const struct store_memory *memory,
                                   struct span *out);
/* All in one commit: contents that are not there yet, the record, the pointer to it, and what retention lets go of.
 * Pre: documents are sorted; each content is there already or among the blobs. Errors: WHY_STORE_...; nothing has changed then. */
MUST_CHECK enum why store_put(struct store *s, const struct generation *g, const struct store_blob *blobs, uint32_t blobs_n);
/* A pinned one outlives retention. Errors: WHY_KEEPER_UNKNOWN, WHY_STORE_.... */
MUST_CHECK enum why store_pin(struct store *s, uint64_t number, bool is_pinned);
bool store_is_pinned(struct store *s, uint64_t number);
/* Small facts by name. A missing one is SPAN_NONE. */
MUST_CHECK enum why store_get_fact(struct store *s, const char *name, const struct store_memory *memory, struct span *out);
MUST_CHECK enum why store_put_fact(struct store *s, const char *name, struct span value);
void store_figures(struct store *s, struct store_figures *out);
/* A whole copy, written beside path and renamed. Takes 27 ms for 1 MB. */
MUST_CHECK enum why store_backup(struct store *s, const char *path);
/* A new or renamed file's name is on disk, too. What cannot be done is not told: the file itself is there. */
void store_sync_folder(const char *path_of_file);
