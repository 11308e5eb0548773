/* h2_block.c - see h2_block.h.
 *
 * Spec:   RFC 9113 s8.2, s8.3, s8.2.3; RFC 9110 s5.6.2 (token), s15 (status), s10.1.1 (Expect).
 * Layer:  http.
 */
#include "http/h2_block.h"

#include "base/limits.h"
#include "proto/uri.h"

enum { FIELD_OVERHEAD = 32 }; /* RFC 9113 s6.5.2 */

#define ID(id) (UINT64_C(1) << (id))
/* Framing, routing and identity have been decided when trailers come: these may not change them (RFC 9110 s6.5.1). */
static const uint64_t not_in_trailers =
    ID(FIELD_CONTENT_LENGTH) | ID(FIELD_HOST) | ID(FIELD_TE) | ID(FIELD_TRAILER) | ID(FIELD_EXPECT) | ID(FIELD_COOKIE) |
    ID(FIELD_AUTHORIZATION) | ID(FIELD_SET_COOKIE) | ID(FIELD_FORWARDED) | ID(FIELD_X_FORWARDED_FOR) |
    ID(FIELD_X_FORWARDED_HOST) | ID(FIELD_X_FORWARDED_PORT) | ID(FIELD_X_FORWARDED_PROTO);

void h2_block_begin(struct h2_block *b, enum h2_block_kind kind, struct head *head, bool is_from_up)
{
    *b = (struct h2_block){ .head = head, .kind = (uint8_t)kind, .is_from_up = is_from_up };
    MUST(head == NULL || head->arena != NULL);
    if (head != NULL)
        head->version = HTTP_VERSION_2;
}

static void block_fail(struct h2_block *b, enum why why)
{
    if (b->why == WHY_OK)
        b->why = why;
}

static enum why why_large(const struct h2_block *b)
{
    return b->is_from_up ? WHY_H2_UP_HEAD_LARGE : WHY_H2_HEAD_LARGE;
}

void h2_block_bad_field(struct h2_block *b)
{
    block_fail(b, b->is_from_up ? WHY_H2_UP_MESSAGE : WHY_H2_FIELD);
}

/* A copy in the arena; a full arena is found at the end of the block. */
static struct span block_keep(struct h2_block *b, struct span value)
{
    return arena_copy(b->head->arena, value);
}

/* ---- pseudo-fields ---- */

static void block_status(struct h2_block *b, struct span value)
{
    uint64_t status;

    if (!span_to_u64(value, &status) || value.len != 3 || status < 100 || status > 599)
        block_fail(b, WHY_H2_UP_MESSAGE);
    else
        b->head->status = (uint16_t)status;
}

static void block_scheme(struct h2_block *b, struct span value)
{
    b->has_scheme = true;
    if (span_is_nocase(value, SPAN_LIT("https")))
        b->head->scheme = SPAN_LIT("https");
    else if (span_is_nocase(value, SPAN_LIT("http")))
        b->head->scheme = SPAN_LIT("http");
    else
        block_fail(b, WHY_H2_SCHEME);
}

/* nghttp2 has refused unknown and doubled ones, and those in the wrong kind of block. */
static void block_pseudo(struct h2_block *b, struct span name, struct span value)
{
    struct head *h = b->head;

    if (span_is(name, SPAN_LIT(":method"))) {
        enum method method = method_of(value);
        h->method = (uint8_t)method;
        h->method_text = method == METHOD_OTHER ? block_keep(b, value) : method_name(method);
    } else if (span_is(name, SPAN_LIT(":path"))) {
        h->target = block_keep(b, value);
    } else if (span_is(name, SPAN_LIT(":authority"))) {
        h->authority = block_keep(b, value);
    } else if (span_is(name, SPAN_LIT(":scheme"))) {
        block_scheme(b, value);
    } else if (span_is(name, SPAN_LIT(":protocol"))) {
        h->protocol = block_keep(b, value);
    } else {
        block_status(b, value);
    }
}

/* ---- fields ---- */

/* Fields that say something about the message itself. true: it needs no place in the list. */
static bool block_meaning(struct h2_block *b, enum field_id id, struct span value)
{
    struct head *h = b->head;
    bool is_request = b->kind == H2_BLOCK_REQUEST;

    if (b->kind == H2_BLOCK_TRAILERS)
        return (not_in_trailers & ID(id)) != 0;
    switch ((int)id) {
    case FIELD_HOST:
        if (!is_request)
            return false;
        b->host = block_keep(b, value);
        return true;
    case FIELD_TE: /* nghttp2 lets nothing but "trailers" pass. */
        h->accepts_trailers = is_request;
        return true;
    case FIELD_CONTENT_LENGTH: /* nghttp2 has refused a second one and anything but digits. */
        h->has_content_length = span_to_u64(value, &h->content_length);
        if (!h->has_content_length)
            h2_block_bad_field(b);
        return false;
    case FIELD_EXPECT:
        if (is_request && span_is_nocase(value, SPAN_LIT("100-continue")))
            h->expects_continue = true;
        return false;
    case FIELD_COOKIE:
        b->cookies_n++;
        return false;
    }
    return false;
}

void h2_block_field(struct h2_block *b, struct span name, struct span value, bool never_index)
{
    enum field_id id;
    bool fits;

    b->bytes += (uint32_t)(name.len + value.len + FIELD_OVERHEAD);
    b->fields_n++;
    if (b->bytes > HEAD_BYTES_MAX || b->fields_n > HEAD_FIELDS_MAX)
        block_fail(b, why_large(b));
    if (b->kind == H2_BLOCK_REQUEST && span_is(name, SPAN_LIT(":method")))
        b->is_head = span_is(value, SPAN_LIT("HEAD"));
    if (b->why != WHY_OK || b->head == NULL)
        return;
    if (name.len > 0 && name.at[0] == ':') {
        block_pseudo(b, name, value);
        return;
    }
    id = field_id_of(name);
    if (block_meaning(b, id, value))
        return;
    if (id == FIELD_OTHER)
        fits = head_add(b->head, name, value, never_index ? FIELD_NEVER_INDEX : 0);
    else
        fits = head_add_static(b->head, id, field_name(id), block_keep(b, value));
    if (!fits && !b->head->arena->is_full)
        block_fail(b, why_large(b));
    else if (fits && never_index)
        b->head->fields[b->head->fields_n - 1].flags |= FIELD_NEVER_INDEX;
}

/* Crumbs become one field again (RFC 9113 s8.2.3): an HTTP/1 server wants it so, and policies look at one. */
static enum why block_join_cookies(struct h2_block *b)
{
    struct head *h = b->head;
    size_t bytes = 0;
    uint8_t *text, *to, flags = 0;

    for (unsigned i = 0; i < h->fields_n; i++)
        if (h->fields[i].id == FIELD_COOKIE)
            bytes += h->fields[i].value.len + 2;
    if (bytes > HEAD_LINE_BYTES_MAX)
        return why_large(b);
    text = to = arena_take(h->arena, bytes);
    if (text == NULL)
        return WHY_ARENA_FULL;
    for (unsigned i = 0; i < h->fields_n; i++) {
        const struct field *f = &h->fields[i];
        if (f->id != FIELD_COOKIE)
            continue;
        memcpy(to, f->value.at, f->value.len);
        memcpy(to + f->value.len, "; ", 2);
        to += f->value.len + 2;
        flags |= f->flags;
    }
    head_remove_id(h, FIELD_COOKIE);
    if (!head_add_static(h, FIELD_COOKIE, field_name(FIELD_COOKIE), span_of(text, bytes - 2)))
        return h->arena->is_full ? WHY_ARENA_FULL : why_large(b);
    h->fields[h->fields_n - 1].flags |= flags;
    return WHY_OK;
}

/* ---- the whole ---- */

static enum why block_end(struct h2_block *b)
{
    MUST(b->head != NULL);
    if (b->why == WHY_OK && b->head->arena->is_full)
        b->why = WHY_ARENA_FULL;
    return b->why;
}

/* Target, authority and scheme are there as far as nghttp2 insists on them; here they must also make sense. */
static enum why block_check_target(struct h2_block *b)
{
    struct head *h = b->head;
    enum why why;

    if (h->method == METHOD_CONNECT) {
        /* A plain CONNECT (RFC 9113 s8.5) would make us a forward proxy. */
        if (h->protocol.len == 0)
            return WHY_H2_METHOD;
        h->is_upgrade = true;
    } else if (h->method == METHOD_OTHER) {
        return WHY_H2_METHOD;
    }
    if (h->authority.len == 0)
        h->authority = b->host;
    else if (b->host.len > 0 && !span_is_nocase(h->authority, b->host))
        return WHY_H2_AUTHORITY;
    if (h->authority.len == 0)
        return WHY_H2_AUTHORITY;
    if ((why = uri_check_authority(h->authority)) != WHY_OK)
        return why;
    return uri_check_target(h->target);
}

enum why h2_block_end_request(struct h2_block *b, bool is_end_stream)
{
    struct head *h = b->head;

    if (block_end(b) != WHY_OK)
        return b->why;
    block_fail(b, block_check_target(b));
    if (b->why == WHY_OK && b->cookies_n > 1)
        block_fail(b, block_join_cookies(b));
    h->has_body = !is_end_stream && !h->is_upgrade;
    return b->why;
}

enum why h2_block_end_response(struct h2_block *b, bool is_end_stream, bool may_have_body)
{
    struct head *h = b->head;

    if (block_end(b) != WHY_OK)
        return b->why;
    MUST(h->status != 0);
    h->has_body = !is_end_stream && may_have_body && h->status >= 200 && h->status != 204 && h->status != 304;
    return WHY_OK;
}

enum why h2_block_end_trailers(struct h2_block *b)
{
    return block_end(b);
}
