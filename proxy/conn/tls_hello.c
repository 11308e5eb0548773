/* tls_hello.c - read the ClientHello that stands at the front of a queue, without eating it.
 *
 * Spec:   RFC 8446 s4.1.2 (ClientHello), s4.2 (extensions), s5.1 (records); RFC 6066 s3 (server name); RFC 7301 s3.1.
 * Layer:  conn (tls_*). Pure.
 * Bounds: TLS_HELLO_BYTES_MAX of message in TLS_HELLO_RECORDS_MAX records. A whole hello is copied once when it lies in
 *         several pieces; what is not whole costs a look at its record headers.
 *
 * Only what decides about certificate, policy and protocol is read; the library reads it all again and judges the rest.
 */
#include "conn/tls.h"

#include <string.h>

#include "base/limits.h"
#include "base/must.h"
#include "conn/tls_record.h"
#include "conn/tls_suite.h"

enum {
    CLIENT_HELLO             = 1,
    HANDSHAKE_HEADER_BYTES   = 4,
    EXT_SERVER_NAME          = 0,
    EXT_SUPPORTED_GROUPS     = 10,
    EXT_SIGNATURE_ALGORITHMS = 13,
    EXT_ALPN                 = 16,
    EXT_SUPPORTED_VERSIONS   = 43,
    VERSION_TLS12            = 0x0303,
    VERSION_TLS13            = 0x0304,
    SERVER_NAME_BYTES_MAX    = 255,
};

/* A part that is being read from the front; the first read past its end sticks. */
struct part {
    const uint8_t *at;
    uint32_t       left;
    bool           is_short;
};

static uint32_t take_number(struct part *p, unsigned bytes)
{
    uint32_t value = 0;

    if (p->left < bytes) {
        p->is_short = true;
        p->left = 0;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | p->at[i];
    p->at += bytes;
    p->left -= bytes;
    return value;
}

/* What follows a length of so many bytes. */
static struct part take_part(struct part *p, unsigned length_bytes)
{
    uint32_t len = take_number(p, length_bytes);

    if (p->left < len)
        p->is_short = true;
    if (p->is_short)
        return (struct part){ .is_short = true };
    struct part inner = { .at = p->at, .left = len };
    p->at += len;
    p->left -= len;
    return inner;
}

/* ---- extensions ---- */

/* RFC 6066 s3: host names are ASCII without a final dot; underscores are common. One final dot is forgiven. */
static bool read_host_name(struct part name, char *out)
{
    if (name.left > 0 && name.at[name.left - 1] == '.')
        name.left--;
    if (name.left == 0 || name.left > SERVER_NAME_BYTES_MAX)
        return false;
    for (uint32_t i = 0; i < name.left; i++) {
        uint8_t c = name.at[i];
        bool    is_dot = c == '.' && i > 0 && name.at[i - 1] != '.';
        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_' && !is_dot)
            return false;
        out[i] = (char)c;
    }
    out[name.left] = 0;
    return true;
}

static enum why read_server_name(struct part ext, struct tls_hello *out)
{
    struct part names = take_part(&ext, 2);

    while (names.left > 0) {
        bool        is_host = take_number(&names, 1) == 0;
        struct part name = take_part(&names, 2);
        if (names.is_short)
            break;
        if (!is_host)
            continue;
        if (out->server_name[0] != 0)
            return WHY_TLS_HELLO_BAD; /* RFC 6066 s3: one name of a type. */
        if (!read_host_name(name, out->server_name))
            return WHY_TLS_SERVER_NAME;
    }
    return ext.is_short || ext.left > 0 || names.is_short ? WHY_TLS_HELLO_BAD : WHY_OK;
}

static enum why read_alpn(struct part ext, struct tls_hello *out)
{
    struct part names = take_part(&ext, 2);

    out->has_alpn = true;
    while (names.left > 0) {
        struct part name = take_part(&names, 1);
        if (name.left == 0)
            return WHY_TLS_HELLO_BAD;
        out->offers_h2 |= name.left == 2 && memcmp(name.at, "h2", 2) == 0;
        out->offers_h1 |= name.left == 8 && memcmp(name.at, "http/1.1", 8) == 0;
    }
    return ext.is_short || ext.left > 0 || names.is_short ? WHY_TLS_HELLO_BAD : WHY_OK;
}

static enum why read_versions(struct part ext, struct tls_hello *out)
{
    struct part versions = take_part(&ext, 1);

    out->offers_tls12 = false; /* The list replaces what the old field said. */
    while (versions.left > 0) {
        uint32_t version = take_number(&versions, 2);
        out->offers_tls12 |= version == VERSION_TLS12;
        out->offers_tls13 |= version == VERSION_TLS13;
    }
    return ext.is_short || ext.left > 0 || versions.is_short ? WHY_TLS_HELLO_BAD : WHY_OK;
}

static enum why read_signatures(struct part ext, struct tls_hello *out)
{
    struct part schemes = take_part(&ext, 2);

    while (schemes.left > 0)
        out->signatures |= tls_suite_signature((uint16_t)take_number(&schemes, 2));
    return ext.is_short || ext.left > 0 || schemes.is_short ? WHY_TLS_HELLO_BAD : WHY_OK;
}

static enum why read_groups(struct part ext, struct tls_hello *out)
{
    struct part groups = take_part(&ext, 2);

    out->lacks_groups = true;
    while (groups.left > 0)
        if (tls_suite_has_group((uint16_t)take_number(&groups, 2)))
            out->lacks_groups = false;
    return ext.is_short || ext.left > 0 || groups.is_short ? WHY_TLS_HELLO_BAD : WHY_OK;
}

static enum why read_extension(uint32_t type, struct part ext, struct tls_hello *out)
{
    static const struct { uint32_t type; enum why (*read)(struct part ext, struct tls_hello *out); } readers[] = {
        { EXT_SERVER_NAME, read_server_name },
        { EXT_SUPPORTED_GROUPS, read_groups },
        { EXT_SIGNATURE_ALGORITHMS, read_signatures },
        { EXT_ALPN, read_alpn },
        { EXT_SUPPORTED_VERSIONS, read_versions },
    };

    for (size_t i = 0; i < COUNT(readers); i++)
        if (readers[i].type == type)
            return readers[i].read(ext, out);
    return WHY_OK;
}

/* RFC 8446 s4.2: not twice. Only those that we read could make us and the library disagree. */
static bool is_repeated(uint32_t type, uint64_t *io_seen)
{
    if (type >= 64)
        return false;
    bool was = (*io_seen >> type & 1) != 0;
    *io_seen |= UINT64_C(1) << type;
    return was;
}

static enum why read_extensions(struct part all, struct tls_hello *out)
{
    uint64_t seen = 0;

    while (all.left > 0) {
        uint32_t    type = take_number(&all, 2);
        struct part ext = take_part(&all, 2);
        if (all.is_short || is_repeated(type, &seen))
            return WHY_TLS_HELLO_BAD;
        enum why why = read_extension(type, ext, out);
        if (why != WHY_OK)
            return why;
    }
    return all.is_short ? WHY_TLS_HELLO_BAD : WHY_OK;
}

/* ---- the message ---- */

static void read_suites(struct part suites, struct tls_hello *out)
{
    while (suites.left > 0) {
        const struct tls_suite *suite = tls_suite_find((uint16_t)take_number(&suites, 2));
        if (suite == NULL || suite->is_tls13)
            continue;
        if (suite->is_rsa)
            out->offers_rsa12 = true;
        else
            out->offers_ecdsa12 = true;
    }
}

static enum why read_message(struct part message, struct tls_hello *out)
{
    struct part session, suites, compressions, extensions;

    out->offers_tls12 = take_number(&message, 2) >= VERSION_TLS12;
    for (unsigned i = 0; i < 8; i++) /* Random: 32 bytes. */
        (void)take_number(&message, 4);
    session = take_part(&message, 1);
    suites = take_part(&message, 2);
    compressions = take_part(&message, 1);
    if (message.is_short || session.left > 32 || suites.left == 0 || suites.left % 2 != 0 || compressions.left == 0)
        return WHY_TLS_HELLO_BAD;
    read_suites(suites, out);
    if (message.left == 0)
        return WHY_OK; /* A TLS 1.2 hello may end here. */
    extensions = take_part(&message, 2);
    if (message.is_short || message.left > 0)
        return WHY_TLS_HELLO_BAD;
    return read_extensions(extensions, out);
}

/* ---- records ---- */

/* Reading position in a queue. */
struct cursor {
    const struct bufseg *seg;
    uint32_t             used;   /* of seg */
    uint32_t             left;   /* of the queue */
};

static void cursor_take(struct cursor *c, uint8_t *out, uint32_t len)
{
    MUST(len <= c->left);
    c->left -= len;
    while (len > 0) {
        uint32_t part = c->seg->len - c->used;
        if (part > len)
            part = len;
        if (out != NULL) {
            memcpy(out, c->seg->at + c->used, part);
            out += part;
        }
        len -= part;
        c->used += part;
        if (c->used == c->seg->len) {
            c->seg = c->seg->next;
            c->used = 0;
        }
    }
}

static enum tls_hello_got bad(enum why *out_why, enum why why)
{
    *out_why = why;
    return TLS_HELLO_BAD;
}

/* The first byte tells TLS from HTTP: methods and the HTTP/2 preface begin with a letter, a handshake with 22. */
static enum why first_byte(uint8_t byte)
{
    uint8_t lower = byte | 0x20;

    if (byte == TLS_CONTENT_HANDSHAKE)
        return WHY_OK;
    return lower >= 'a' && lower <= 'z' ? WHY_TLS_PLAIN_HTTP : WHY_TLS_NOT_TLS;
}

/* How many bytes the message has, 0 while its header is not there; from the header's four bytes at the front. */
static enum why message_bytes(const uint8_t *header, uint32_t have, uint32_t *out_bytes)
{
    *out_bytes = 0;
    if (have > 0 && header[0] != CLIENT_HELLO)
        return WHY_TLS_HELLO_BAD;
    if (have < HANDSHAKE_HEADER_BYTES)
        return WHY_OK;
    uint32_t bytes = (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
    if (bytes > TLS_HELLO_BYTES_MAX - HANDSHAKE_HEADER_BYTES)
        return WHY_TLS_HELLO_LONG;
    *out_bytes = HANDSHAKE_HEADER_BYTES + bytes;
    return WHY_OK;
}

/* Walk the records; with message != NULL copy what they carry. */
static enum tls_hello_got walk(const struct bufq *wire, uint8_t *message, uint32_t *out_bytes, enum why *out_why)
{
    struct cursor c = { .seg = wire->first, .left = wire->bytes };
    uint8_t  start[HANDSHAKE_HEADER_BYTES];
    uint32_t have = 0, want = 0;
    enum why why;

    for (unsigned records_n = 0; want == 0 || have < want; records_n++) {
        uint8_t header[TLS_RECORD_HEADER_BYTES];
        if (c.left > 0 && (why = first_byte(c.seg->at[c.used])) != WHY_OK)
            return bad(out_why, records_n == 0 ? why : WHY_TLS_HELLO_BAD);
        if (records_n == TLS_HELLO_RECORDS_MAX)
            return bad(out_why, WHY_TLS_HELLO_LONG);
        if (c.left < sizeof(header))
            return TLS_HELLO_MORE;
        cursor_take(&c, header, sizeof(header));
        uint32_t promised = (uint32_t)header[3] << 8 | header[4];
        if (header[1] != 3)
            return bad(out_why, WHY_TLS_NOT_TLS);
        if (promised == 0 || promised > TLS_RECORD_CONTENT_MAX)
            return bad(out_why, WHY_TLS_HELLO_BAD);
        while (have < HANDSHAKE_HEADER_BYTES && promised > 0 && c.left > 0) {
            cursor_take(&c, &start[have], 1);
            if (message != NULL)
                message[have] = start[have];
            have++;
            promised--;
        }
        if ((why = message_bytes(start, have, &want)) != WHY_OK)
            return bad(out_why, why);
        if (want > 0 && promised > want - have)
            return bad(out_why, WHY_TLS_HELLO_BAD); /* Nothing may follow it before we have answered. */
        uint32_t bytes = promised < c.left ? promised : c.left;
        cursor_take(&c, message != NULL ? message + have : NULL, bytes);
        have += bytes;
        if (c.left == 0 && (want == 0 || have < want))
            return TLS_HELLO_MORE;
    }
    *out_bytes = want;
    return TLS_HELLO_DONE;
}

enum tls_hello_got tls_hello_read(const struct bufq *wire, struct tls_hello *out_hello, enum why *out_why)
{
    uint8_t  message[TLS_HELLO_BYTES_MAX];
    uint32_t bytes;
    enum tls_hello_got got = walk(wire, NULL, &bytes, out_why);

    if (got != TLS_HELLO_DONE)
        return got;
    got = walk(wire, message, &bytes, out_why);
    MUST(got == TLS_HELLO_DONE);
    memset(out_hello, 0, sizeof(*out_hello));
    enum why why = read_message((struct part){ .at = message + HANDSHAKE_HEADER_BYTES,
                                               .left = bytes - HANDSHAKE_HEADER_BYTES }, out_hello);
    return why == WHY_OK ? TLS_HELLO_DONE : bad(out_why, why);
}
