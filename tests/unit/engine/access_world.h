/* access_world.h - a finished request, for the tests of the access log. */
#pragma once

#include "lib/check.h"

#include "base/limits.h"
#include "conf/snapshot.h"
#include "engine/access_log.h"

struct world {
    struct buf_pool        bufs;
    struct arena           arena;
    struct head            request, response;
    struct timestamp_cache stamps;
    struct access_record   record;
    struct access_format   format;
    struct diag            diag;
    char                   out[LOG_RECORD_BYTES_MAX];
};

static inline void world_open(struct world *w)
{
    memset(w, 0, sizeof(*w));
    CHECK(buf_pool_open(&w->bufs, 64, 64) == WHY_OK, "no memory for the test\n");
    arena_init(&w->arena, &w->bufs, EXCHANGE_ARENA_BYTES_MAX);
    head_init(&w->request, &w->arena);
    head_init(&w->response, &w->arena);
    w->request.target = SPAN_LIT("/as/sent");
    CHECK(head_add(&w->request, SPAN_LIT("User-Agent"), SPAN_LIT("curl/8"), 0) &&
          head_add(&w->request, SPAN_LIT("X-Forwarded-For"), SPAN_LIT("203.0.113.9"), 0) &&
          head_add(&w->response, SPAN_LIT("Content-Type"), SPAN_LIT("text/plain"), 0), "heads\n");
    w->record = (struct access_record){
        .began_wall_ns = UINT64_C(1700000000123000000), .duration_ns = 12345678, .up_head_ns = 7000999,
        .client = SPAN_LIT("203.0.113.9"), .client_port = 4711, .status = 200, .version = HTTP_VERSION_11, .tries_n = 1,
        .request_id = SPAN_LIT("id-1"), .method = SPAN_LIT("GET"), .scheme = SPAN_LIT("https"),
        .authority = SPAN_LIT("api.example"), .target = SPAN_LIT("/as/written?q=1"), .listener = SPAN_LIT("edge:8443"),
        .route = SPAN_LIT("orders"), .upstream = SPAN_LIT("orders-up"), .endpoint = SPAN_LIT("192.0.2.1:80"),
        .bytes_in = 5, .bytes_out = 1234, .tls_version = "TLSv1.3", .tls_cipher = "TLS_AES_128_GCM_SHA256",
        .request = &w->request, .response = &w->response, .stamps = &w->stamps,
    };
    diag_init(&w->diag);
}

static inline void world_close(struct world *w)
{
    arena_fini(&w->arena);
    buf_pool_close(&w->bufs);
}

static inline bool compile(struct world *w, const char *format, bool is_json)
{
    struct access_log conf = { .is_on = true, .is_json = is_json, .format = span_str(format) };

    return access_format_compile(&w->format, &conf, SPAN_LIT("default"), (struct diag_place){ 0 }, &w->diag);
}

static inline struct span line_of(struct world *w)
{
    return span_of(w->out, access_log_format(&w->format, &w->record, w->out, sizeof(w->out)));
}
