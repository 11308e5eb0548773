/* uri_fuzz.c - targets and hosts of any bytes.
 *
 * Goal:   no byte string breaks the readers; what the normaliser answers is a fixed point, passes the check and holds
 *         nothing that the table in uri.h refuses.
 * Method: the input is taken as a target, as an authority and as a query in turn.
 * Replay: uri_fuzz FILE
 */
#include "base/limits.h"
#include "base/must.h"
#include "proto/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_path(struct span path, struct arena *arena)
{
    struct span out, again;

    if (uri_normalise_path(path, arena, &out) != WHY_OK)
        return;
    MUST(out.len <= path.len);
    MUST(uri_check_target(out) == WHY_OK);
    MUST(uri_normalise_path(out, arena, &again) == WHY_OK && span_is(out, again));
    for (size_t i = 0; i + 1 < out.len; i++)
        MUST(out.at[i] != '/' || out.at[i + 1] != '/');
    for (size_t i = 0; i + 2 < out.len; i++) {
        MUST(memcmp(out.at + i, "%2F", 3) != 0 && memcmp(out.at + i, "%5C", 3) != 0 &&
             memcmp(out.at + i, "%2E", 3) != 0);
        MUST(memcmp(out.at + i, "/./", 3) != 0 && (i + 3 >= out.len || memcmp(out.at + i, "/../", 4) != 0));
    }
    MUST(!span_ends(out, SPAN_LIT("/.")) && !span_ends(out, SPAN_LIT("/..")));
}

static void fuzz_target(struct span target, struct arena *arena)
{
    struct span scheme, authority, origin, path = target;

    if (uri_split_absolute(target, &scheme, &authority, &origin)) {
        MUST(authority.len > 0 && origin.len > 0 && origin.at[0] == '/');
        path = origin;
    }
    path = span_of(path.at, span_find(path, '?'));
    fuzz_path(path, arena);
    (void)!uri_check_target(target);
}

static void fuzz_authority(struct span authority)
{
    struct span host;
    uint16_t port;
    bool is_split = uri_split_host_port(authority, &host, &port);

    MUST(is_split == (uri_check_authority(authority) == WHY_OK));
    if (is_split)
        MUST(host.len > 0 && host.len <= authority.len && (host.len == authority.len) == (port == 0));
}

static void fuzz_query(struct span query, struct arena *arena)
{
    struct span name, value, text;
    size_t seen = 0;

    while (uri_query_next(&query, &name, &value)) {
        seen += name.len + value.len;
        if (uri_query_decode(value, arena, &text) == WHY_OK)
            MUST(text.len <= value.len);
    }
    MUST(seen <= EXCHANGE_ARENA_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf_pool bufs;
    struct arena arena;
    struct span input = span_of(data, size);

    if (size > HEAD_LINE_BYTES_MAX + 16 || buf_pool_open(&bufs, 32, 32) != WHY_OK)
        return 0;
    arena_init(&arena, &bufs, EXCHANGE_ARENA_BYTES_MAX);
    fuzz_target(input, &arena);
    fuzz_authority(input);
    fuzz_query(input, &arena);
    arena_fini(&arena);
    buf_pool_close(&bufs);
    return 0;
}
