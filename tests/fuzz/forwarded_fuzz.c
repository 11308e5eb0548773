/* forwarded_fuzz.c - X-Forwarded-For and Forwarded of any bytes.
 *
 * Goal:   no byte string breaks the readers; without trust the client is the peer; the text that we build is read back
 *         as ours.
 * Method: first byte: hops; the rest, cut at its first newline, is one line of each field.
 * Replay: forwarded_fuzz FILE
 */
#include "base/limits.h"
#include "base/must.h"
#include "proto/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_build(struct span line, const uint8_t *peer)
{
    struct forwarded_trust trust = { .hops = 1 };
    struct forwarded_chain chain = { 0 }, none = { 0 };
    struct buf_pool bufs;
    struct arena arena;
    struct span list = SPAN_NONE;
    uint8_t client[ADDRESS_BYTES];

    MUST(buf_pool_open(&bufs, 8, 8) == WHY_OK);
    arena_init(&arena, &bufs, EXCHANGE_ARENA_BYTES_MAX);
    if (forwarded_join(&arena, &list, line) == WHY_OK && forwarded_join_for(&arena, &list, peer) == WHY_OK) {
        forwarded_chain_add_for(&chain, list);
        forwarded_client(&trust, peer, &chain, &none, client);
        MUST(memcmp(client, peer, ADDRESS_BYTES) == 0);
    }
    arena_fini(&arena);
    buf_pool_close(&bufs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t peer[ADDRESS_BYTES] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 }, client[ADDRESS_BYTES];
    struct forwarded_chain xff = { 0 }, fwd = { 0 };
    struct forwarded_trust trust = { .hops = 0 };

    if (size == 0 || size > HEAD_LINE_BYTES_MAX)
        return 0;
    struct span rest = span_of(data + 1, size - 1), line;
    (void)!span_next(&rest, '\n', &line);
    forwarded_chain_add_for(&xff, line);
    forwarded_chain_add_forwarded(&fwd, rest);
    MUST(xff.elements_n <= size && fwd.elements_n <= size);
    forwarded_client(&trust, peer, &xff, &fwd, client);
    MUST(memcmp(client, peer, ADDRESS_BYTES) == 0);
    trust.hops = data[0] % (FORWARDED_HOPS_MAX + 1);
    forwarded_client(&trust, peer, &xff, &fwd, client);
    fuzz_build(line, peer);
    return 0;
}
