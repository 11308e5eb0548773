/* tls_thread.c - counted memory and a pool of kernel random bytes, per thread.
 *
 * Layer:  conn (tls_*).
 * Thread: any; the state is the calling thread's.
 *
 * The library builds a generator for each connection (4 us) unless it is given one: handing out the kernel's bytes from
 * a pool costs 0.1 us. Bytes are wiped as they are handed out, so that a dump never holds past keys. Free lists of our
 * own for its 45 allocations a handshake were measured and left out: malloc is below 1 % of a handshake.
 */
#include "conn/tls_thread.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/must.h"
#include "base/random.h"

enum { POOL_BYTES = 4096 };

struct tls_thread {
    int64_t  heap_bytes;
    uint32_t fail_after;
    uint32_t pool_used;              /* from the front; the rest is fresh     */
    bool     has_pool;
    uint8_t  pool[POOL_BYTES];
};

/* tidy: mutable-state: because the library's callbacks for memory and chance are given no context */
static _Thread_local struct tls_thread own;

void tls_thread_random(void *out, size_t bytes)
{
    if (bytes > POOL_BYTES / 4) {
        random_secure(out, bytes);
        return;
    }
    if (!own.has_pool || POOL_BYTES - own.pool_used < bytes) {
        random_secure(own.pool, POOL_BYTES);
        own.pool_used = 0;
        own.has_pool = true;
    }
    memcpy(out, own.pool + own.pool_used, bytes);
    explicit_bzero(own.pool + own.pool_used, bytes);
    own.pool_used += (uint32_t)bytes;
}

/* tidy: module-prefix: because user_settings.h tells the library this name */
int forge_tls_random_block(unsigned char *out, unsigned int n);

/* tidy: module-prefix: because user_settings.h tells the library this name */
int forge_tls_random_block(unsigned char *out, unsigned int n)
{
    tls_thread_random(out, n);
    return 0;
}

/* ---- memory ---- */

static bool may_take(size_t bytes)
{
    if (own.fail_after > 0 && --own.fail_after == 0)
        return false;
    return bytes <= TLS_HEAP_BYTES_MAX && own.heap_bytes <= (int64_t)(TLS_HEAP_BYTES_MAX - bytes);
}

void *tls_thread_malloc(size_t bytes)
{
    /* tidy: banned-calls: because this is the hook that the library's own allocations go through */
    void *at = may_take(bytes) ? malloc(bytes) : NULL;

    if (at != NULL)
        own.heap_bytes += (int64_t)malloc_usable_size(at);
    return at;
}

void *tls_thread_realloc(void *at, size_t bytes)
{
    int64_t before = at != NULL ? (int64_t)malloc_usable_size(at) : 0;
    /* tidy: banned-calls: because this is the hook that the library's own allocations go through */
    void   *grown = may_take(bytes) ? realloc(at, bytes) : NULL;

    if (grown != NULL)
        own.heap_bytes += (int64_t)malloc_usable_size(grown) - before;
    return grown;
}

void tls_thread_free(void *at)
{
    if (at != NULL)
        own.heap_bytes -= (int64_t)malloc_usable_size(at);
    /* tidy: banned-calls: because this is the hook that the library's own allocations go through */
    free(at);
}

uint64_t tls_thread_heap_bytes(void)
{
    return own.heap_bytes > 0 ? (uint64_t)own.heap_bytes : 0;
}

void tls_thread_fail_after(uint32_t n)
{
    own.fail_after = n;
}
