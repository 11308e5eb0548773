/* h2_nv.c - see h2_nv.h.
 *
 * Spec:   RFC 9113 s8.2.2, s8.3; RFC 8441 s4, s5.
 * Layer:  http.
 */
#include "http/h2_nv.h"

#include "base/must.h"

#define ID(name) (UINT64_C(1) << FIELD_##name)
/* Never on this wire (RFC 9113 s8.2.2), or written from the head's own members. What Connection listed, the engine has taken
 * out with head_strip_hop. */
static const uint64_t not_sent = ID(CONNECTION) | ID(KEEP_ALIVE) | ID(PROXY_CONNECTION) | ID(TRANSFER_ENCODING) | ID(UPGRADE) |
                                 ID(HTTP2_SETTINGS) | ID(TE) | ID(HOST) | ID(CONTENT_LENGTH);
/* The handshake of RFC 6455 s4 has no meaning in RFC 8441. */
static const uint64_t not_in_connect = ID(SEC_WEBSOCKET_KEY) | ID(SEC_WEBSOCKET_ACCEPT);
/* A guess at these must not be checked by the size of a compressed block (RFC 7541 s7.1). */
static const uint64_t secret_ids = ID(AUTHORIZATION) | ID(SET_COOKIE) | ID(PROXY_AUTHORIZATION);

static void nv_add(struct h2_nv *out, struct span name, struct span value, uint8_t flags)
{
    MUST(out->n < H2_NV_MAX);
    out->at[out->n++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.at, .namelen = name.len,
        .value = (uint8_t *)(uintptr_t)value.at, .valuelen = value.len, .flags = flags,
    };
}

static void nv_add_fixed(struct h2_nv *out, struct span name, struct span value)
{
    nv_add(out, name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
}

static void nv_add_status(struct h2_nv *out, unsigned status)
{
    MUST(status >= 100 && status <= 999);
    for (unsigned i = 3; i > 0; status /= 10)
        out->_status[--i] = (char)('0' + status % 10);
    nv_add(out, SPAN_LIT(":status"), span_of(out->_status, 3), NGHTTP2_NV_FLAG_NO_COPY_NAME);
}

static void nv_add_length(struct h2_nv *out, uint64_t length)
{
    char *end = out->_length + sizeof(out->_length), *at = end;

    do {
        *--at = (char)('0' + length % 10);
        length /= 10;
    } while (length > 0);
    nv_add(out, SPAN_LIT("content-length"), span_of(at, (size_t)(end - at)), NGHTTP2_NV_FLAG_NO_COPY_NAME);
}

static void nv_add_fields(struct h2_nv *out, const struct head *h, uint64_t without)
{
    MUST(h->fields_n <= HEAD_FIELDS_MAX + 1);
    for (unsigned i = 0; i < h->fields_n; i++) {
        const struct field *f = &h->fields[i];
        uint64_t id = UINT64_C(1) << f->id;
        uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

        if (f->id != FIELD_OTHER && (without & id) != 0)
            continue;
        if ((f->flags & FIELD_NEVER_INDEX) != 0 || (f->id != FIELD_OTHER && (secret_ids & id) != 0))
            flags |= NGHTTP2_NV_FLAG_NO_INDEX;
        nv_add(out, f->name, f->value, flags);
    }
}

void h2_nv_response(struct h2_nv *out, const struct head *h)
{
    bool is_switch = h->status == 101;

    out->n = 0;
    nv_add_status(out, is_switch ? 200 : h->status);
    nv_add_fields(out, h, not_sent | (is_switch ? not_in_connect : 0));
    if (h->has_content_length && !is_switch && h->status >= 200 && h->status != 204)
        nv_add_length(out, h->content_length);
}

void h2_nv_request(struct h2_nv *out, const struct head *h)
{
    out->n = 0;
    nv_add_fixed(out, SPAN_LIT(":method"), h->is_upgrade ? SPAN_LIT("CONNECT") : h->method_text);
    nv_add_fixed(out, SPAN_LIT(":scheme"), h->scheme.len > 0 ? h->scheme : SPAN_LIT("http"));
    if (h->authority.len > 0)
        nv_add_fixed(out, SPAN_LIT(":authority"), h->authority);
    nv_add_fixed(out, SPAN_LIT(":path"), h->target);
    if (h->is_upgrade)
        nv_add_fixed(out, SPAN_LIT(":protocol"), h->protocol);
    nv_add_fields(out, h, not_sent | (h->is_upgrade ? not_in_connect : 0));
    if (h->has_content_length && !h->is_upgrade)
        nv_add_length(out, h->content_length);
    if (h->accepts_trailers)
        nv_add_fixed(out, SPAN_LIT("te"), SPAN_LIT("trailers"));
}

void h2_nv_trailers(struct h2_nv *out, const struct head *h)
{
    out->n = 0;
    nv_add_fields(out, h, not_sent | ID(TRAILER));
}

void h2_nv_problem(struct h2_nv *out, unsigned status, struct span content_type, uint64_t length)
{
    out->n = 0;
    nv_add_status(out, status);
    nv_add_fixed(out, SPAN_LIT("content-type"), content_type);
    nv_add_length(out, length);
}
