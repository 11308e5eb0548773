/* access_log.c - write the line; see access_log.h.
 *
 * Layer:  engine. Hot: once a request. No printf: JSON with the default keys takes some 200 ns.
 */
#include "engine/access_log.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/must.h"
#include "proto/decimal.h"
#include "proto/json_write.h"

enum {
    NUMBER_BYTES_MAX = 48,  /* longest thing that is not a text: address and port */
    CLIP_LAST        = 16,
};

/* The last clip must fit whatever peers sent: each escaped byte is 6, and "..." stands behind. */
STATIC_MUST(ACCESS_FORMAT_BYTES_MAX + 256 + ACCESS_OPS_MAX * (CLIP_LAST * 6 + 3) + 128 <= LOG_RECORD_BYTES_MAX,
            "a line must fit a record's room");
STATIC_MUST(NUMBER_BYTES_MAX <= CLIP_LAST * 6 + 3, "numbers are not longer than clipped texts");

static const char flags[WHY_N][4] = {
    [WHY_UP_NO_ENDPOINT] = "UH",     [WHY_IO_REFUSED] = "UF",         [WHY_IO_UNREACHABLE] = "UF",
    [WHY_UP_CONNECT_TIMEOUT] = "UF", [WHY_IO_TIMEOUT] = "UF",         [WHY_UP_RESET_EARLY] = "UC",
    [WHY_UP_RESET_LATE] = "UC",      [WHY_UP_TIMEOUT] = "UT",         [WHY_UP_IDLE] = "SI",
    [WHY_ROUTE_NO_HOST] = "NR",      [WHY_ROUTE_NO_MATCH] = "NR",     [WHY_ROUTE_NO_BACKEND] = "NC",
    [WHY_CONN_CLIENT_GONE] = "DC",   [WHY_H2_CANCELLED] = "DC",       [WHY_H2_UP_RESET] = "UR",
    [WHY_H2_UP_REFUSED] = "UR",
};

const char *access_log_flags(enum why why)
{
    MUST((unsigned)why < WHY_N);
    if (flags[why][0] != 0)
        return flags[why];
    switch (why_fault(why)) {
    case WHY_FAULT_UP:       return "UPE";
    case WHY_FAULT_CLIENT:   return why_http(why) == 400 ? "DPE" : "-";
    case WHY_FAULT_NONE:
    case WHY_FAULT_US:
    case WHY_FAULT_OPERATOR: return "-";
    }
    must_not_reach("access_log_flags: unlisted fault");
}

/* The place in the line. Its address goes nowhere but into inlined functions, so the compiler keeps it in registers:
 * through a text_write the same line took half as long again. */
struct line {
    char *at, *end;
    bool  is_full; /* sticks; end is then at */
    /* Of operators only. */
    bool  omits_empty;
    bool  has_value;             /* since the field began, or ever       */
    bool  is_open, is_quoted;    /* a field of JSON                      */
    char *field_at;              /* where it began, its comma included   */
    uint32_t fields_n;           /* kept before it                       */
};

static inline void line_fill_up(struct line *w)
{
    w->is_full = true;
    w->end = w->at;
}

static inline bool line_room(struct line *w, size_t bytes)
{
    if ((size_t)(w->end - w->at) >= bytes)
        return true;
    line_fill_up(w);
    return false;
}

static inline void put(struct line *w, struct span s)
{
    if (!line_room(w, s.len))
        return;
    if (s.len > 0)
        memcpy(w->at, s.at, s.len);
    w->at += s.len;
}

static inline void put_number(struct line *w, uint64_t value)
{
    if (line_room(w, DECIMAL_BYTES_MAX))
        w->at += decimal_write(value, w->at);
}

static inline void put_value(struct line *w, struct span value, uint32_t clip)
{
    bool is_long = value.len > clip;
    char *at = json_write_escape(w->at, w->end, is_long ? span_of(value.at, clip) : value);

    if (at == NULL)
        line_fill_up(w);
    else
        w->at = at;
    if (is_long)
        put(w, SPAN_LIT("..."));
}

static inline void put_stamp(struct line *w, const struct access_record *r)
{
    if (!line_room(w, TIMESTAMP_BYTES))
        return;
    timestamp_write(r->stamps, r->began_wall_ns, w->at);
    w->at += TIMESTAMP_BYTES;
}

static struct span version_text(uint8_t version)
{
    switch (version) {
    case HTTP_VERSION_10: return SPAN_LIT("HTTP/1.0");
    case HTTP_VERSION_11: return SPAN_LIT("HTTP/1.1");
    case HTTP_VERSION_2:  return SPAN_LIT("HTTP/2");
    }
    return SPAN_NONE;
}

static struct span text_or_none(const char *text)
{
    return text != NULL ? span_str(text) : SPAN_NONE;
}

/* ---- the default keys ---- */

/* Milliseconds with three decimals. */
static inline void put_ms(struct line *w, uint64_t ns)
{
    if (!line_room(w, DECIMAL_BYTES_MAX + 4))
        return;
    w->at += decimal_write(ns / NS_PER_MS, w->at);
    *w->at++ = '.';
    decimal_write_3((uint32_t)(ns % NS_PER_MS / NS_PER_US), w->at);
    w->at += 3;
}

static inline void json_request(struct line *w, const struct access_record *r, uint32_t clip)
{
    put(w, SPAN_LIT("{\"time\":\""));
    put_stamp(w, r);
    put(w, SPAN_LIT("\",\"id\":\""));
    put_value(w, r->request_id, clip);
    put(w, SPAN_LIT("\",\"client\":\""));
    put_value(w, r->client, clip);
    put(w, SPAN_LIT("\",\"method\":\""));
    put_value(w, r->method, clip);
    put(w, SPAN_LIT("\",\"scheme\":\""));
    put_value(w, r->scheme, clip);
    put(w, SPAN_LIT("\",\"host\":\""));
    put_value(w, r->authority, clip);
    put(w, SPAN_LIT("\",\"target\":\""));
    put_value(w, r->target, clip);
    put(w, SPAN_LIT("\",\"protocol\":\""));
    put(w, version_text(r->version));
    put(w, SPAN_LIT("\",\"user_agent\":\""));
    const struct field *agent = r->request != NULL ? head_find(r->request, FIELD_USER_AGENT) : NULL;
    if (agent != NULL)
        put_value(w, agent->value, clip);
}

static inline void json_answer(struct line *w, const struct access_record *r, uint32_t clip)
{
    put(w, SPAN_LIT("\",\"status\":"));
    put_number(w, r->status);
    put(w, SPAN_LIT(",\"why\":\""));
    put(w, span_str(why_name(r->why)));
    put(w, SPAN_LIT("\",\"listener\":\""));
    put_value(w, r->listener, clip);
    put(w, SPAN_LIT("\",\"route\":\""));
    put_value(w, r->route, clip);
    put(w, SPAN_LIT("\",\"upstream\":\""));
    put_value(w, r->upstream, clip);
    put(w, SPAN_LIT("\",\"endpoint\":\""));
    put_value(w, r->endpoint, clip);
    put(w, SPAN_LIT("\",\"tries\":"));
    put_number(w, r->tries_n);
    put(w, SPAN_LIT(",\"received\":"));
    put_number(w, r->bytes_in);
    put(w, SPAN_LIT(",\"sent\":"));
    put_number(w, r->bytes_out);
    put(w, SPAN_LIT(",\"duration_ms\":"));
    put_ms(w, r->duration_ns);
    put(w, SPAN_LIT(",\"upstream_ms\":"));
    put_ms(w, r->up_head_ns);
    put(w, SPAN_LIT(",\"tls\":\""));
    put(w, text_or_none(r->tls_version));
    put(w, SPAN_LIT("\",\"cipher\":\""));
    put(w, text_or_none(r->tls_cipher));
    if (r->shadow_why != WHY_OK) {
        put(w, SPAN_LIT("\",\"shadow\":\""));
        put(w, span_str(why_name(r->shadow_why)));
    }
    if (r->shadow_route.len > 0) {
        put(w, SPAN_LIT("\",\"shadow_route\":\""));
        put_value(w, r->shadow_route, clip);
    }
    put(w, SPAN_LIT("\"}\n"));
}

/* ---- operators ---- */

static struct span field_value(const struct head *head, struct span lower_name)
{
    const struct field *field = head != NULL ? head_find_name(head, lower_name) : NULL;

    return field != NULL ? field->value : SPAN_NONE;
}

static struct span request_value(const struct access_record *r, struct span name)
{
    if (name.len == 0)
        return SPAN_NONE;
    if (name.at[0] != ':') {
        if (span_is(name, SPAN_LIT("x-envoy-original-path")))
            return r->target; /* What Envoy keeps in this field when it rewrites. */
        if (span_is(name, SPAN_LIT("x-request-id")))
            return r->request_id;
        return field_value(r->request, name);
    }
    if (span_is(name, SPAN_LIT(":method")))
        return r->method;
    if (span_is(name, SPAN_LIT(":path")))
        return r->request != NULL && r->request->target.len > 0 ? r->request->target : r->target;
    if (span_is(name, SPAN_LIT(":authority")))
        return r->authority;
    return span_is(name, SPAN_LIT(":scheme")) ? r->scheme : SPAN_NONE;
}

/* What has no value. */
static void put_dash(struct line *w)
{
    if (!w->omits_empty)
        put(w, SPAN_LIT("-"));
}

static void put_service_time(struct line *w, const struct access_record *r)
{
    if (r->up_head_ns == 0) {
        put_dash(w);
        return;
    }
    w->has_value = true;
    put_number(w, r->up_head_ns / NS_PER_MS);
}

/* The field that is open is over: it stays, unless all its operators had nothing to say and such fields are left out. */
static void close_field(struct line *w)
{
    if (!w->is_open || w->is_full)
        return;
    w->is_open = false;
    if (w->omits_empty && !w->has_value) {
        w->at = w->field_at;
        return;
    }
    if (w->is_quoted)
        put(w, SPAN_LIT("\""));
    w->fields_n++;
}

static void put_field(struct line *w, const struct access_format *f, const struct access_op *op)
{
    close_field(w);
    w->field_at = w->at;
    put(w, w->fields_n == 0 ? SPAN_LIT("{") : SPAN_LIT(","));
    put(w, span_of(f->text + op->at, op->len));
    w->is_open = true;
    w->is_quoted = op->bytes_max == 0;
    w->has_value = false;
    put(w, w->is_quoted ? SPAN_LIT(":\"") : SPAN_LIT(":"));
}

static void put_fields_end(struct line *w)
{
    close_field(w);
    put(w, w->fields_n == 0 ? SPAN_LIT("{}") : SPAN_LIT("}"));
}

static void put_flags(struct line *w, const struct access_record *r)
{
    const char *text = access_log_flags(r->why);

    if (text[0] == '-') {
        put_dash(w);
        return;
    }
    w->has_value = true;
    put(w, span_str(text));
}

static void put_or_dash(struct line *w, struct span value, const struct access_op *op, uint32_t clip)
{
    if (op->bytes_max > 0 && value.len > op->bytes_max)
        value.len = op->bytes_max; /* Cut by the operator's wish: no dots, as in Envoy. */
    if (value.len == 0) {
        put_dash(w);
        return;
    }
    w->has_value = true;
    put_value(w, value, clip);
}

static void put_header(struct line *w, const struct access_format *f, const struct access_record *r,
                         const struct access_op *op, uint32_t clip)
{
    struct span first = span_of(f->text + op->at, op->len), other = span_of(f->text + op->other_at, op->other_len);
    struct span value;

    if (op->kind == ACCESS_REQ) {
        value = request_value(r, first);
        if (value.len == 0)
            value = request_value(r, other);
    } else {
        value = field_value(r->response, first);
        if (value.len == 0 && other.len > 0)
            value = field_value(r->response, other);
        if (value.len == 0 && span_is(first, SPAN_LIT("x-envoy-upstream-service-time"))) {
            put_service_time(w, r);
            return;
        }
    }
    put_or_dash(w, value, op, clip);
}

static void put_client(struct line *w, const struct access_record *r)
{
    bool has_brackets = span_find(r->client, ':') < r->client.len;

    if (has_brackets)
        put(w, SPAN_LIT("["));
    put_value(w, r->client, NUMBER_BYTES_MAX);
    if (has_brackets)
        put(w, SPAN_LIT("]"));
    put(w, SPAN_LIT(":"));
    put_number(w, r->client_port);
}

/* Operators that always have a value. */
static void put_certain(struct line *w, const struct access_format *f, const struct access_record *r, const struct access_op *op)
{
    w->has_value = true;
    switch ((enum access_op_kind)op->kind) {
    case ACCESS_LITERAL:           put(w, span_of(f->text + op->at, op->len)); return;
    case ACCESS_START_TIME:        put_stamp(w, r); return;
    case ACCESS_RESPONSE_CODE:     put_number(w, r->status); return;
    case ACCESS_BYTES_RECEIVED:    put_number(w, r->bytes_in); return;
    case ACCESS_BYTES_SENT:        put_number(w, r->bytes_out); return;
    case ACCESS_DURATION:          put_number(w, r->duration_ns / NS_PER_MS); return;
    case ACCESS_UPSTREAM_ATTEMPTS: put_number(w, r->tries_n); return;
    case ACCESS_CLIENT:            put_client(w, r); return;
    case ACCESS_CLIENT_PORT:       put_number(w, r->client_port); return;
    case ACCESS_DIRECTION:         put(w, SPAN_LIT("UNSPECIFIED")); return;
    case ACCESS_REQ:
    case ACCESS_RESP:
    case ACCESS_PROTOCOL:
    case ACCESS_RESPONSE_CODE_DETAILS:
    case ACCESS_RESPONSE_FLAGS:
    case ACCESS_RESPONSE_DURATION:
    case ACCESS_UPSTREAM_HOST:
    case ACCESS_UPSTREAM_CLUSTER:
    case ACCESS_CLIENT_WITHOUT_PORT:
    case ACCESS_TLS_VERSION:
    case ACCESS_TLS_CIPHER:
    case ACCESS_ROUTE_NAME:
    case ACCESS_LISTENER:
    case ACCESS_STREAM_ID:
    case ACCESS_MESH:
    case ACCESS_SHADOW:
    case ACCESS_SHADOW_ROUTE:
    case ACCESS_NOTHING:
    case ACCESS_FIELD:
    case ACCESS_FIELDS_END:
        break;
    }
    must_not_reach("access_log: an operator without a certain value");
}

static struct span shadow_why(const struct access_record *r)
{
    return r->shadow_why != WHY_OK ? span_str(why_name(r->shadow_why)) : SPAN_NONE;
}

static void put_op(struct line *w, const struct access_format *f, const struct access_record *r,
                     const struct access_op *op, uint32_t clip)
{
    switch ((enum access_op_kind)op->kind) {
    case ACCESS_LITERAL:
    case ACCESS_START_TIME:
    case ACCESS_RESPONSE_CODE:
    case ACCESS_BYTES_RECEIVED:
    case ACCESS_BYTES_SENT:
    case ACCESS_DURATION:
    case ACCESS_UPSTREAM_ATTEMPTS:
    case ACCESS_CLIENT:
    case ACCESS_CLIENT_PORT:
    case ACCESS_DIRECTION:             put_certain(w, f, r, op); return;
    case ACCESS_REQ:
    case ACCESS_RESP:                  put_header(w, f, r, op, clip); return;
    case ACCESS_PROTOCOL:              put_or_dash(w, version_text(r->version), op, clip); return;
    case ACCESS_RESPONSE_CODE_DETAILS: put_or_dash(w, span_str(why_name(r->why)), op, clip); return;
    case ACCESS_RESPONSE_FLAGS:        put_flags(w, r); return;
    case ACCESS_RESPONSE_DURATION:     put_service_time(w, r); return;
    case ACCESS_UPSTREAM_HOST:         put_or_dash(w, r->endpoint, op, clip); return;
    case ACCESS_UPSTREAM_CLUSTER:      put_or_dash(w, r->upstream, op, clip); return;
    case ACCESS_CLIENT_WITHOUT_PORT:   put_or_dash(w, r->client, op, clip); return;
    case ACCESS_TLS_VERSION:           put_or_dash(w, text_or_none(r->tls_version), op, clip); return;
    case ACCESS_TLS_CIPHER:            put_or_dash(w, text_or_none(r->tls_cipher), op, clip); return;
    case ACCESS_ROUTE_NAME:            put_or_dash(w, r->route, op, clip); return;
    case ACCESS_LISTENER:              put_or_dash(w, r->listener, op, clip); return;
    case ACCESS_STREAM_ID:             put_or_dash(w, r->request_id, op, clip); return;
    case ACCESS_MESH:                  put_or_dash(w, span_of(f->text + f->mesh_at, f->mesh_len), op, clip); return;
    case ACCESS_SHADOW:                put_or_dash(w, shadow_why(r), op, clip); return;
    case ACCESS_SHADOW_ROUTE:          put_or_dash(w, r->shadow_route, op, clip); return;
    case ACCESS_NOTHING:               put_dash(w); return;
    case ACCESS_FIELD:                 put_field(w, f, op); return;
    case ACCESS_FIELDS_END:            put_fields_end(w); return;
    }
    must_not_reach("access_log: unlisted operator");
}

uint32_t access_log_format(const struct access_format *f, const struct access_record *r, char *out, uint32_t out_bytes)
{
    static const uint16_t clips[] = { 1024, 128, CLIP_LAST };

    MUST(r->stamps != NULL && (unsigned)r->why < WHY_N && r->client.len < NUMBER_BYTES_MAX);
    for (unsigned i = 0; i < COUNT(clips); i++) {
        struct line w = { .at = out, .end = out + out_bytes, .omits_empty = f->omits_empty };
        if (f->ops_n == 0) {
            json_request(&w, r, clips[i]);
            json_answer(&w, r, clips[i]);
        } else {
            for (uint32_t k = 0; k < f->ops_n; k++)
                put_op(&w, f, r, &f->ops[k], clips[i]);
            put(&w, SPAN_LIT("\n"));
        }
        if (!w.is_full)
            return (uint32_t)(w.at - out);
    }
    return 0;
}
