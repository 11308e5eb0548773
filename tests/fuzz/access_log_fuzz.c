/* access_log_fuzz.c - any format an operator writes, any text a peer sends.
 *
 * Goal:   a format compiles or is refused with a sentence; a compiled one makes one line that fits, holds no control
 *         byte beside its line feed, and is JSON with the default keys.
 * Method: the input up to its first newline is the format, the rest the text of each value.
 * Replay: access_log_fuzz FILE
 */
#include <yyjson.h>

#include "base/limits.h"
#include "base/must.h"
#include "conf/snapshot.h"
#include "engine/access_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t line_check(const struct access_format *f, const struct access_record *r, char *out, uint32_t room)
{
    uint32_t n = access_log_format(f, r, out, room);

    MUST(n <= room && (n > 0 || room < LOG_RECORD_BYTES_MAX));
    for (uint32_t i = 0; i + 1 < n; i++)
        MUST((uint8_t)out[i] >= ' ' || out[i] == '\t');
    MUST(n == 0 || out[n - 1] == '\n');
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size), format = SPAN_NONE, text;
    struct access_format f;
    struct diag diag;
    struct buf_pool bufs;
    struct arena arena;
    struct head request;
    struct timestamp_cache stamps = { 0 };
    char out[LOG_RECORD_BYTES_MAX];

    if (size > 8192 || buf_pool_open(&bufs, 32, 32) != WHY_OK)
        return 0;
    (void)!span_next(&rest, '\n', &format);
    text = rest;
    arena_init(&arena, &bufs, EXCHANGE_ARENA_BYTES_MAX);
    head_init(&request, &arena);
    (void)!head_add_static(&request, FIELD_USER_AGENT, SPAN_LIT("user-agent"), text);
    struct access_record r = {
        .began_wall_ns = size * UINT64_C(1000000007), .duration_ns = size, .client = SPAN_LIT("2001:db8::1"),
        .request_id = text, .method = text, .scheme = text, .authority = text, .target = text, .listener = text,
        .route = text, .upstream = text, .endpoint = text, .request = &request, .stamps = &stamps,
    };
    diag_init(&diag);
    struct access_log conf = { .is_on = true, .is_json = size % 2 != 0, .format = format };
    if (access_format_compile(&f, &conf, SPAN_LIT("default"), (struct diag_place){ 0 }, &diag)) {
        line_check(&f, &r, out, sizeof(out));
        line_check(&f, &r, out, 100);
    } else {
        MUST(diag.errors_n > 0);
    }
    conf = (struct access_log){ .is_json = true };
    MUST(access_format_compile(&f, &conf, SPAN_NONE, (struct diag_place){ 0 }, &diag));
    uint32_t n = line_check(&f, &r, out, sizeof(out));
    yyjson_doc *doc = yyjson_read(out, n, 0);
    MUST(doc != NULL);
    yyjson_doc_free(doc);
    arena_fini(&arena);
    buf_pool_close(&bufs);
    return 0;
}
