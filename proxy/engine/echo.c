/* echo.c - see echo.h.
 *
 * Layer:  engine.
 */
#include "engine/echo.h"

#include "base/must.h"
#include "proto/json_write.h"
#include "proto/timestamp.h"

static struct span version_text(uint8_t version)
{
    switch (version) {
    case HTTP_VERSION_10: return SPAN_LIT("HTTP/1.0");
    case HTTP_VERSION_11: return SPAN_LIT("HTTP/1.1");
    case HTTP_VERSION_2:  return SPAN_LIT("HTTP/2");
    }
    return SPAN_NONE;
}

static void headers_write(struct json_write *j, const struct head *request)
{
    json_write_key(j, SPAN_LIT("headers"));
    json_write_open(j, '[');
    for (uint32_t i = 0; i < request->fields_n; i++) {
        json_write_open(j, '[');
        json_write_string(j, request->fields[i].name);
        json_write_string(j, request->fields[i].value);
        json_write_close(j, ']');
    }
    json_write_close(j, ']');
}

static void client_write(struct json_write *j, const struct service_call *call)
{
    json_write_key(j, SPAN_LIT("client"));
    json_write_open(j, '{');
    json_write_member(j, "address", call->client);
    json_write_member_u64(j, "port", call->client_port);
    json_write_close(j, '}');
    json_write_key(j, SPAN_LIT("tls"));
    if (!call->is_tls) {
        json_write_null(j);
        return;
    }
    json_write_open(j, '{');
    json_write_member(j, "version", span_str(call->tls_version));
    json_write_member(j, "cipher", span_str(call->tls_cipher));
    json_write_close(j, '}');
}

static void time_write(struct json_write *j, uint64_t wall_ns)
{
    struct timestamp_cache cache = { 0 };
    char text[TIMESTAMP_BYTES];

    timestamp_write(&cache, wall_ns, text);
    json_write_member(j, "time", span_of(text, sizeof(text)));
}

enum why echo_answer(void *owner, const struct service_call *call, struct service_answer *out)
{
    const struct head *request = call->request;
    struct text_write w;
    struct json_write j;

    UNUSED(owner);
    MUST(request != NULL && call->tls_version != NULL && call->tls_cipher != NULL);
    text_write_init_bufq(&w, &call->shard->queues, &out->body, ECHO_BYTES_MAX);
    json_write_init(&j, &w);
    json_write_open(&j, '{');
    json_write_member(&j, "method", request->method_text);
    json_write_member(&j, "scheme", request->scheme);
    json_write_member(&j, "authority", request->authority);
    json_write_member(&j, "path", head_path(request));
    json_write_member(&j, "query", head_query(request));
    json_write_member(&j, "protocol", version_text(request->version));
    headers_write(&j, request);
    json_write_member_u64(&j, "body_bytes", call->body_bytes);
    client_write(&j, call);
    json_write_member(&j, "listener", call->listener);
    json_write_member(&j, "request_id", call->request_id);
    time_write(&j, call->shard->wall_ns);
    json_write_close(&j, '}');
    text_write_byte(&w, '\n');
    out->status = 200;
    out->content_type = SPAN_LIT("application/json");
    return text_write_finish(&w);
}
