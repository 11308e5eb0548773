/* store_inside.h - what the files of the store share.
 *
 * Layer:  store.
 * Owner:  store.c; nobody else includes this.
 */
#pragma once

#include <lmdb.h>

#include "store/store.h"

struct store {
    MDB_env *env;
    MDB_dbi  facts, generations, blobs, pins; /* generations and pins by number, big endian */
    int      lock;             /* of the file beside, so that two gateways do not share a store; -1: none */
    bool     is_read_only;
    bool     is_empty;         /* read only, and made by a process that was killed before its first commit */
    uint64_t bytes;            /* of the file, when it was looked at last: it only grows */
    char     path[4096];
    int      result;           /* of the last failure, as LMDB or the kernel calls it */
    char     error[256];
};

/* What LMDB or the kernel says as an ending; s->error has its words. */
enum why store_why(struct store *s, int result);
/* Errors: as store_why, and WHY_STORE_DAMAGED when the file was cut meanwhile. */
MUST_CHECK enum why store_begin(struct store *s, bool is_write, MDB_txn **out);
/* Big endian, so that the order of keys is that of numbers. */
void store_number_write(uint64_t number, uint8_t out[8]);
uint64_t store_number_read(const uint8_t bytes[8]);
