/* try_head.c - the head of a request to try: written as a client writes it, read as a session reads it, compared.
 *
 * Layer:  engine.
 */
#include <string.h>

#include "engine/try_inside.h"
#include "http/h1_reader.h"
#include "io/socket_address.h"
#include "proto/address.h"
#include "proto/decimal.h"

enum { CLIENT_PORT = 50000 }; /* of a client that does not name its own: an ephemeral one */

bool try_read_client(struct span client, struct socket_address *out)
{
    uint8_t address[ADDRESS_BYTES];
    uint16_t port = CLIENT_PORT;

    if (client.len == 0)
        client = SPAN_LIT("127.0.0.1");
    if (!address_parse(client, address) && !address_parse_port(client, address, &port))
        return false;
    socket_address_join(address, port, out);
    return true;
}

/* A line break would be the end of its line, and what follows another field. */
static bool is_one_line(struct span text)
{
    return span_find(text, '\r') == text.len && span_find(text, '\n') == text.len && span_find(text, '\0') == text.len;
}

const char *try_check(const struct try_request *request)
{
    struct socket_address peer;

    if (request->headers_n > TRY_HEADERS_MAX)
        return "a request to try has at most 100 headers: take some out";
    if (request->scheme.len > 0 && !span_is(request->scheme, SPAN_LIT("http")) && !span_is(request->scheme, SPAN_LIT("https")))
        return "the scheme must be http or https";
    if (!try_read_client(request->client, &peer))
        return "the client must be an address, as 192.0.2.1, 192.0.2.1:4711 or 2001:db8::1";
    if (!is_one_line(request->method) || !is_one_line(request->authority) || !is_one_line(request->target))
        return "method, host and path are one line each: take the line break out";
    for (uint32_t i = 0; i < request->headers_n; i++) {
        if (request->headers[i].name.len == 0)
            return "a header needs a name: write `Name: value`";
        if (!is_one_line(request->headers[i].name) || !is_one_line(request->headers[i].value))
            return "a header is one line: take the line break out";
    }
    return NULL;
}

/* ---- written and read ---- */

static bool has_header(const struct try_request *request, struct span name)
{
    for (uint32_t i = 0; i < request->headers_n; i++)
        if (span_is_nocase(request->headers[i].name, name))
            return true;
    return false;
}

static enum why write_field(struct try *t, struct bufq *wire, struct span name, struct span value)
{
    const struct span pieces[] = { name, SPAN_LIT(": "), value, SPAN_LIT("\r\n") };
    enum why why = WHY_OK;

    for (size_t i = 0; i < COUNT(pieces) && why == WHY_OK; i++)
        why = bufq_push_copy(&t->shard.queues, wire, pieces[i]);
    return why;
}

/* How long the body is, unless the request says so itself. */
static enum why write_length(struct try *t, struct bufq *wire)
{
    const struct try_request *r = t->request;
    char digits[DECIMAL_BYTES_MAX];

    if (has_header(r, SPAN_LIT("content-length")) || has_header(r, SPAN_LIT("transfer-encoding")))
        return WHY_OK;
    if (r->is_chunked)
        return write_field(t, wire, SPAN_LIT("transfer-encoding"), SPAN_LIT("chunked"));
    if (r->body_bytes == 0)
        return WHY_OK;
    return write_field(t, wire, SPAN_LIT("content-length"), span_of(digits, decimal_write(r->body_bytes, digits)));
}

static enum why write_head(struct try *t, struct bufq *wire)
{
    const struct try_request *r = t->request;
    bool has_host = t->authority.at != NULL;
    const struct span line[] = { t->method, SPAN_LIT(" "), t->target,
                                 has_host ? SPAN_LIT(" HTTP/1.1\r\n") : SPAN_LIT(" HTTP/1.0\r\n") };
    enum why why = WHY_OK;

    for (size_t i = 0; i < COUNT(line) && why == WHY_OK; i++)
        why = bufq_push_copy(&t->shard.queues, wire, line[i]);
    if (why == WHY_OK && has_host && !has_header(r, SPAN_LIT("host")))
        why = write_field(t, wire, SPAN_LIT("host"), t->authority);
    for (uint32_t i = 0; i < r->headers_n && why == WHY_OK; i++)
        why = write_field(t, wire, r->headers[i].name, r->headers[i].value);
    if (why == WHY_OK)
        why = write_length(t, wire);
    return why == WHY_OK ? bufq_push_copy(&t->shard.queues, wire, SPAN_LIT("\r\n")) : why;
}

enum why try_take_head(struct try *t)
{
    struct bufq_env *env = &t->shard.queues;
    struct h1_reader reader;
    struct h1_facts facts;
    struct bufq wire = { 0 };
    enum why why = write_head(t, &wire);
    enum h1_got got;

    h1_reader_init(&reader, false);
    if (why == WHY_OK) {
        got = h1_reader_begin(&reader, env, &wire, &why);
        if (got == H1_DONE)
            got = h1_reader_head(&reader, env, &wire, &t->x.request, NULL, &facts, &why);
        if (got == H1_MORE)
            why = WHY_H1_REQUEST_CUT;
    }
    bufq_clear(env, &wire);
    t->x.request.scheme = t->is_tls ? SPAN_LIT("https") : SPAN_LIT("http");
    return why;
}

/* ---- compared ---- */

void try_note_head(struct try *t)
{
    const struct head *h = &t->x.request;

    MUST(h->fields_n <= COUNT(t->before.fields));
    t->before.fields_n = h->fields_n;
    t->before.target = h->target;
    t->before.authority = h->authority;
    if (h->fields_n > 0)
        memcpy(t->before.fields, h->fields, h->fields_n * sizeof(h->fields[0]));
}

static void change(struct try *t, enum try_change_kind kind, struct span name, struct span value, struct span was)
{
    if (t->changes_n < TRY_CHANGES_MAX)
        t->changes[t->changes_n++] = (struct try_change){ kind, name, value, was };
}

static void change_text(struct try *t, const char *name, struct span was, struct span is)
{
    if (!span_is(was, is))
        change(t, TRY_CHANGED, span_str(name), is, was);
}

/* The field of h that f became: the same value first, then (not is_same) another one of its name. h->fields_n: none. */
static uint32_t find_field(const struct head *h, const bool *is_used, const struct field *f, bool is_same)
{
    uint32_t i = 0;

    while (i < h->fields_n && (is_used[i] || !span_is(h->fields[i].name, f->name) ||
                               (is_same && !span_is(h->fields[i].value, f->value))))
        i++;
    return i;
}

struct try_changes try_changes_of(struct try *t, bool is_whole)
{
    const struct head *h = &t->x.request;
    bool is_used[HEAD_FIELDS_MAX + 1] = { false }, is_kept[HEAD_FIELDS_MAX + 1] = { false };
    uint32_t first = t->changes_n, at;

    if (is_whole) {
        change_text(t, ":authority", t->before.authority, h->authority);
        change_text(t, ":path", t->before.target, h->target);
    }
    for (uint32_t i = 0; i < t->before.fields_n; i++) {
        at = find_field(h, is_used, &t->before.fields[i], true);
        is_kept[i] = at < h->fields_n;
        if (is_kept[i])
            is_used[at] = true;
    }
    for (uint32_t i = 0; i < t->before.fields_n; i++) {
        const struct field *f = &t->before.fields[i];
        if (is_kept[i])
            continue;
        at = find_field(h, is_used, f, false);
        if (at < h->fields_n) {
            is_used[at] = true;
            change(t, TRY_CHANGED, f->name, h->fields[at].value, f->value);
        } else {
            change(t, TRY_REMOVED, f->name, SPAN_NONE, f->value);
        }
    }
    for (uint32_t i = 0; i < h->fields_n; i++)
        if (!is_used[i])
            change(t, TRY_ADDED, h->fields[i].name, h->fields[i].value, SPAN_NONE);
    return (struct try_changes){ t->changes + first, t->changes_n - first };
}
