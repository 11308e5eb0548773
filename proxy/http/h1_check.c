/* h1_check.c - see h1_check.h.
 *
 * Spec:   RFC 9112 s3.2, s6, s9.3; RFC 9110 s6.5.1, s7.6.1, s7.8, s8.6, s10.1.1.
 * Layer:  http. Pure.
 */
#include "http/h1_check.h"

#include "base/limits.h"
#include "proto/uri.h"

#define ID(name) (UINT64_C(1) << FIELD_##name)

/* Fields that the connection looks at; the others cost one test of a bit. */
static const uint64_t looked_at = ID(HOST) | ID(CONTENT_LENGTH) | ID(TRANSFER_ENCODING) | ID(CONNECTION) | ID(UPGRADE) |
                                  ID(EXPECT);

/* Framing, routing, authentication and what describes the body: settled by the head, never by what follows the body. */
static const uint64_t never_trailers = ID(HOST) | ID(CONTENT_LENGTH) | ID(TRANSFER_ENCODING) | ID(CONNECTION) |
                                       ID(UPGRADE) | ID(EXPECT) | ID(KEEP_ALIVE) | ID(PROXY_CONNECTION) | ID(TE) |
                                       ID(TRAILER) | ID(HTTP2_SETTINGS) | ID(PROXY_AUTHENTICATE) |
                                       ID(PROXY_AUTHORIZATION) | ID(AUTHORIZATION) | ID(COOKIE) | ID(SET_COOKIE) |
                                       ID(CONTENT_TYPE) | ID(LOCATION) | ID(FORWARDED) | ID(X_FORWARDED_FOR) |
                                       ID(X_FORWARDED_HOST) | ID(X_FORWARDED_PORT) | ID(X_FORWARDED_PROTO);

/* What one walk over the fields finds. */
struct found {
    struct span host, length, coding, upgrade, expect;
    uint32_t    hosts_n, lengths_n, codings_n, upgrades_n, expects_n;
    uint32_t    options_n;
    bool        says_close, says_keep_alive, says_upgrade;
};

/* Options of one Connection field. */
static void read_connection(struct found *found, struct span options)
{
    struct span part;

    if (span_is(options, SPAN_LIT("keep-alive"))) { /* Nearly all there are. */
        found->options_n++;
        found->says_keep_alive = true;
        return;
    }
    while (found->options_n <= HEAD_CONNECTION_OPTIONS_MAX && span_next(&options, ',', &part)) {
        struct span option = span_trim(part);
        found->options_n++;
        if (span_is_nocase(option, SPAN_LIT("keep-alive")))
            found->says_keep_alive = true;
        else if (span_is_nocase(option, SPAN_LIT("close")))
            found->says_close = true;
        else if (span_is_nocase(option, SPAN_LIT("upgrade")))
            found->says_upgrade = true;
    }
}

static void note(struct found *found, enum field_id id, struct span value)
{
    if (id == FIELD_CONNECTION) {
        read_connection(found, value);
    } else if (id == FIELD_HOST) {
        found->host = value;
        found->hosts_n++;
    } else if (id == FIELD_CONTENT_LENGTH) {
        found->length = value;
        found->lengths_n++;
    } else if (id == FIELD_TRANSFER_ENCODING) {
        found->coding = value;
        found->codings_n++;
    } else if (id == FIELD_UPGRADE) {
        found->upgrade = value;
        found->upgrades_n++;
    } else {
        found->expect = value;
        found->expects_n++;
    }
}

/* Names are ours: they lie in the arena. */
static enum field_id settle_name(const struct field *f)
{
    return field_settle_name((uint8_t *)(uintptr_t)f->name.at, f->name.len);
}

/* Member by member: copying the struct right after a byte of it was written waits for that write. */
static void keep(struct field *to, const struct field *f, enum field_id id)
{
    to->name = f->name;
    to->value = f->value;
    to->id = (uint8_t)id;
    to->flags = 0;
}

static void walk(struct head *h, struct found *found)
{
    uint32_t kept_n = 0;

    *found = (struct found){ 0 };
    for (uint32_t i = 0; i < h->fields_n; i++) {
        const struct field *f = &h->fields[i];
        enum field_id id = settle_name(f);
        if ((looked_at >> id & 1) != 0) {
            note(found, id, f->value);
            if (id == FIELD_HOST) {
                h->bytes -= (uint32_t)(f->name.len + f->value.len + 32);
                continue;
            }
        }
        keep(&h->fields[kept_n++], f, id);
    }
    h->fields_n = (uint16_t)kept_n;
}

static bool keeps(const struct head *h, const struct found *found)
{
    return !found->says_close && (h->version == HTTP_VERSION_11 || found->says_keep_alive);
}

/* One protocol, and none that changes the framing of HTTP itself: h2c by upgrade would carry requests past every check
 * here (request smuggling by h2c). */
static bool is_upgradable(struct span protocol)
{
    if (protocol.len == 0 || span_find(protocol, ',') < protocol.len || span_find(protocol, ' ') < protocol.len)
        return false;
    return !span_is_nocase(protocol, SPAN_LIT("h2c")) && !span_is_nocase(protocol, SPAN_LIT("h2")) &&
           !span_is_nocase(span_of(protocol.at, protocol.len < 4 ? protocol.len : 4), SPAN_LIT("http")) &&
           !span_is_nocase(span_of(protocol.at, protocol.len < 3 ? protocol.len : 3), SPAN_LIT("tls"));
}

/* ---- requests ---- */

/* Target to origin form, authority from where RFC 9112 s3.2.2 says: an absolute target wins, and Host must agree. */
static enum why settle_target(struct head *h, const struct found *found)
{
    struct span scheme, authority, origin;
    enum why why;

    if (found->hosts_n > 1)
        return WHY_H1_HOST_TWICE;
    if (found->hosts_n == 0 && h->version == HTTP_VERSION_11)
        return WHY_H1_HOST_MISSING;
    h->authority = found->host;
    if (h->target.len == 1 && h->target.at[0] == '*') {
        if (h->method != METHOD_OPTIONS)
            return WHY_H1_TARGET_FORM;
    } else if (h->target.len == 0 || h->target.at[0] != '/') {
        if (!uri_split_absolute(h->target, &scheme, &authority, &origin))
            return WHY_H1_TARGET_FORM;
        if (found->hosts_n == 1 && !span_is_nocase(authority, found->host))
            return WHY_H1_HOST_MISMATCH;
        h->authority = authority;
        h->target = origin;
    }
    why = uri_check_target(h->target);
    /* Only HTTP/1.0 gets here without a host; routing then decides by address alone. */
    if (why != WHY_OK || (h->authority.len == 0 && found->hosts_n == 0))
        return why;
    return uri_check_authority(h->authority);
}

static enum why frame_request(struct head *h, const struct found *found, struct h1_facts *out_facts)
{
    if (found->codings_n > 0) {
        if (found->lengths_n > 0)
            return WHY_H1_LENGTH_AND_CODING;
        if (h->version == HTTP_VERSION_10)
            return WHY_H1_CODING_10;
        if (found->codings_n > 1 || !span_is_nocase(found->coding, SPAN_LIT("chunked")))
            return WHY_H1_CODING;
        out_facts->is_chunked = true;
        h->has_body = true;
    } else if (found->lengths_n > 0) {
        if (found->lengths_n > 1 || !span_to_u64(found->length, &h->content_length))
            return WHY_H1_LENGTH;
        h->has_content_length = true;
        h->has_body = h->content_length > 0;
    }
    return WHY_OK;
}

/* HTTP/1.0 did not know it, and without a body there is nothing to wait for: then it does not go on either, because
 * peers disagree about it (Expect-based desync). */
static enum why settle_expect(struct head *h, const struct found *found)
{
    if (found->expects_n == 0)
        return WHY_OK;
    if (h->version == HTTP_VERSION_11 &&
        (found->expects_n > 1 || !span_is_nocase(found->expect, SPAN_LIT("100-continue"))))
        return WHY_H1_EXPECT;
    h->expects_continue = h->version == HTTP_VERSION_11 && h->has_body;
    if (!h->expects_continue)
        (void)head_remove_id(h, FIELD_EXPECT);
    return WHY_OK;
}

enum why h1_check_request(struct head *h, struct h1_facts *out_facts)
{
    struct found found;
    enum why why;

    *out_facts = (struct h1_facts){ 0 };
    walk(h, &found);
    if (found.options_n > HEAD_CONNECTION_OPTIONS_MAX)
        return WHY_H1_CONNECTION_OPTIONS;
    if ((why = frame_request(h, &found, out_facts)) != WHY_OK || (why = settle_target(h, &found)) != WHY_OK ||
        (why = settle_expect(h, &found)) != WHY_OK)
        return why;
    out_facts->keeps = keeps(h, &found);
    if (found.says_upgrade && found.upgrades_n == 1 && h->version == HTTP_VERSION_11 && !h->has_body &&
        is_upgradable(found.upgrade)) {
        h->is_upgrade = true;
        h->protocol = found.upgrade;
    }
    return WHY_OK;
}

/* ---- responses ---- */

static bool never_has_body(const struct head *h, const struct h1_asked *asked)
{
    return asked->is_head || h->status < 200 || h->status == 204 || h->status == 304;
}

static enum why frame_response(struct head *h, const struct found *found, const struct h1_asked *asked,
                               struct h1_facts *out_facts)
{
    bool is_bare = h->status < 200 || h->status == 204;

    if (found->codings_n > 0) {
        if (found->lengths_n > 0)
            return WHY_H1_ANSWER_LENGTH_AND_CODING;
        if (is_bare || h->version == HTTP_VERSION_10 || found->codings_n > 1 ||
            !span_is_nocase(found->coding, SPAN_LIT("chunked")))
            return WHY_H1_ANSWER_CODING;
    } else if (found->lengths_n > 0) {
        if (found->lengths_n > 1 || !span_to_u64(found->length, &h->content_length))
            return WHY_H1_ANSWER_LENGTH;
        /* RFC 9110 s8.6 forbids it in 1xx and 204. Zero is common and harmless, anything else is a body that is not
         * there or a next answer that we would misread. */
        if (is_bare && h->content_length > 0)
            return WHY_H1_ANSWER_LENGTH;
        h->has_content_length = !is_bare;
    }
    if (never_has_body(h, asked))
        return WHY_OK;
    out_facts->is_chunked = found->codings_n > 0;
    out_facts->until_eof = found->codings_n == 0 && found->lengths_n == 0;
    h->has_body = out_facts->is_chunked || out_facts->until_eof || h->content_length > 0;
    return WHY_OK;
}

enum why h1_check_response(struct head *h, const struct h1_asked *asked, struct h1_facts *out_facts)
{
    struct found found;
    enum why why;

    *out_facts = (struct h1_facts){ 0 };
    if (h->status < 100 || h->status > 599)
        return WHY_H1_ANSWER_STATUS;
    walk(h, &found);
    if (found.options_n > HEAD_CONNECTION_OPTIONS_MAX)
        return WHY_H1_ANSWER_HEAD;
    why = frame_response(h, &found, asked, out_facts);
    if (why != WHY_OK)
        return why;
    if (h->status == 101) {
        if (!asked->is_upgrade || !found.says_upgrade || found.upgrades_n != 1 || !is_upgradable(found.upgrade))
            return WHY_H1_ANSWER_UPGRADE;
        h->is_upgrade = true;
        h->protocol = found.upgrade;
    }
    out_facts->keeps = keeps(h, &found) && !out_facts->until_eof;
    return WHY_OK;
}

/* ---- trailers ---- */

void h1_check_trailers(struct head *trailers)
{
    uint32_t kept_n = 0;

    for (uint32_t i = 0; i < trailers->fields_n; i++) {
        const struct field *f = &trailers->fields[i];
        enum field_id id = settle_name(f);
        if ((never_trailers >> id & 1) != 0)
            trailers->bytes -= (uint32_t)(f->name.len + f->value.len + 32);
        else
            keep(&trailers->fields[kept_n++], f, id);
    }
    trailers->fields_n = (uint16_t)kept_n;
}
