/* tls_hello_test.c - what a ClientHello asks for, and a name for each that is none.
 *
 * Method: hellos are built byte by byte from parts, so that each row differs in one thing; every good and every bad one
 *         is read with the wire cut at each byte, and must give the same answer.
 */
#include "conn/tls.h"

#include "base/limits.h"
#include "conn/tls_suite.h"
#include "lib/check.h"

struct bytes {
    uint8_t at[80000];
    size_t  len;
};

static void put(struct bytes *b, const void *at, size_t len)
{
    CHECK(b->len + len <= sizeof(b->at), "test's own buffer is too small\n");
    memcpy(b->at + b->len, at, len);
    b->len += len;
}

static void put_number(struct bytes *b, size_t value, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0;) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        put(b, &byte, 1);
    }
}

static void put_part(struct bytes *b, const struct bytes *part, unsigned length_bytes)
{
    put_number(b, part->len, length_bytes);
    put(b, part->at, part->len);
}

/* What a hello is made of; zero leaves a part out. */
struct recipe {
    const char *name;              /* server_name, "" for none */
    const char *alpn;              /* names with their length bytes */
    uint16_t    versions[4];       /* supported_versions */
    uint16_t    signatures[8];
    uint16_t    groups[4];
    uint16_t    suites[6];
    uint16_t    legacy_version;    /* 0: 0x0303 */
    uint32_t    padding;           /* of an unknown extension */
    bool        repeats_name, repeats_versions; /* the extension twice */
    bool        two_names;         /* in one extension */
    bool        bare;              /* no extensions at all */
    int         session_bytes;
    int         trailing;          /* junk behind the extensions, inside the message */
};

static void put_extension(struct bytes *all, unsigned type, const struct bytes *content)
{
    put_number(all, type, 2);
    put_part(all, content, 2);
}

static void put_server_name(struct bytes *all, const struct recipe *r)
{
    static struct bytes name, names, ext;

    name.len = names.len = ext.len = 0;
    put(&name, r->name, strlen(r->name));
    for (int i = 0; i < (r->two_names ? 2 : 1); i++) {
        put_number(&names, 0, 1);
        put_part(&names, &name, 2);
    }
    put_part(&ext, &names, 2);
    put_extension(all, 0, &ext);
    if (r->repeats_name)
        put_extension(all, 0, &ext);
}

static void put_list(struct bytes *all, unsigned type, const uint16_t *list, size_t n_max, unsigned length_bytes)
{
    static struct bytes list_bytes, ext;

    list_bytes.len = ext.len = 0;
    for (size_t i = 0; i < n_max && list[i] != 0; i++)
        put_number(&list_bytes, list[i], 2);
    if (list_bytes.len == 0)
        return;
    put_part(&ext, &list_bytes, length_bytes);
    put_extension(all, type, &ext);
}

/* The handshake message, with its header. */
static void cook(const struct recipe *r, struct bytes *out)
{
    static struct bytes body, extensions, alpn, ext, suites;
    static const uint8_t zeros[65536];

    body.len = extensions.len = alpn.len = ext.len = suites.len = 0;
    put_number(&body, r->legacy_version != 0 ? r->legacy_version : 0x0303, 2);
    put(&body, zeros, 32);
    put_number(&body, (size_t)r->session_bytes, 1);
    put(&body, zeros, (size_t)r->session_bytes);
    for (size_t i = 0; i < COUNT(r->suites) && r->suites[i] != 0; i++)
        put_number(&suites, r->suites[i], 2);
    if (suites.len == 0)
        put_number(&suites, 0x1301, 2);
    put_part(&body, &suites, 2);
    put_number(&body, 0x0100, 2); /* one compression method: none */
    if (r->name != NULL)
        put_server_name(&extensions, r);
    if (r->alpn != NULL) {
        put(&alpn, r->alpn, strlen(r->alpn));
        put_part(&ext, &alpn, 2);
        put_extension(&extensions, 16, &ext);
    }
    for (int i = 0; i < (r->repeats_versions ? 2 : 1); i++)
        put_list(&extensions, 43, r->versions, COUNT(r->versions), 1);
    put_list(&extensions, 13, r->signatures, COUNT(r->signatures), 2);
    put_list(&extensions, 10, r->groups, COUNT(r->groups), 2);
    if (r->padding > 0) {
        ext.len = 0;
        put(&ext, zeros, r->padding);
        put_extension(&extensions, 21, &ext);
    }
    if (!r->bare)
        put_part(&body, &extensions, 2);
    put(&body, zeros, (size_t)r->trailing);
    out->len = 0;
    put_number(out, 1, 1);
    put_part(out, &body, 3);
}

/* In records of so many bytes at most. */
static void wrap(const struct bytes *message, size_t record_bytes, struct bytes *out)
{
    out->len = 0;
    for (size_t at = 0; at < message->len; at += record_bytes) {
        size_t part = message->len - at < record_bytes ? message->len - at : record_bytes;
        put_number(out, 0x160301, 3);
        put_number(out, part, 2);
        put(out, message->at + at, part);
    }
}

/* ---- reading ---- */

struct answer {
    enum tls_hello_got got;
    enum why           why;
    struct tls_hello   hello;
};

/* Each byte of the cut comes as a piece of its own when by_byte. */
static struct answer read_bytes(struct bufq_env *env, const uint8_t *at, size_t len, size_t cut)
{
    struct answer a = { .why = WHY_OK };
    struct bufq q = { 0 };
    size_t parts[] = { cut, len - cut };

    for (size_t i = 0, used = 0; i < COUNT(parts); used += parts[i++]) {
        struct buf *b = buf_take(&env->bufs, BUF_LARGE);
        CHECK(b != NULL && parts[i] <= b->bytes, "piece of %zu\n", parts[i]);
        if (parts[i] == 0) {
            buf_drop(b);
            continue;
        }
        memcpy(b->mem, at + used, parts[i]);
        b->used = (uint32_t)parts[i];
        struct bufseg *seg = pool_take(&env->segs); /* Not through push, which would join what is small. */
        *seg = (struct bufseg){ .buf = b, .at = b->mem, .len = (uint32_t)parts[i] };
        if (q.last != NULL)
            q.last->next = seg;
        else
            q.first = seg;
        q.last = seg;
        q.segs++;
        q.bytes += seg->len;
    }
    a.got = tls_hello_read(&q, &a.hello, &a.why);
    CHECK(q.bytes == len, "the wire was eaten\n");
    bufq_clear(env, &q);
    return a;
}

static void open_env(struct bufq_env *env)
{
    CHECK(bufq_env_open(env, 64, 16, 16) == WHY_OK, "no queues\n");
}

static void read_in_every_way(const char *what, const struct bytes *wire, enum tls_hello_got got, enum why why,
                              struct tls_hello *out_hello)
{
    struct bufq_env env;
    struct answer whole;

    open_env(&env);
    whole = read_bytes(&env, wire->at, wire->len, wire->len);
    CHECK(whole.got == got && whole.why == why, "%s: got %d %s\n", what, (int)whole.got, why_name(whole.why));
    size_t step = wire->len > 4000 ? 97 : 1;
    for (size_t cut = 1; cut < wire->len; cut += step) {
        struct answer a = read_bytes(&env, wire->at, wire->len, cut);
        CHECK(a.got == got && a.why == why, "%s cut=%zu: got %d %s\n", what, cut, (int)a.got, why_name(a.why));
        CHECK(got != TLS_HELLO_DONE || memcmp(&a.hello, &whole.hello, sizeof(a.hello)) == 0, "%s cut=%zu\n", what, cut);
        struct answer part = read_bytes(&env, wire->at, cut, cut);
        CHECK(part.got == TLS_HELLO_MORE || (part.got == got && got == TLS_HELLO_BAD && part.why == why),
              "%s: the first %zu bytes gave %d %s\n", what, cut, (int)part.got, why_name(part.why));
    }
    CHECK(env.segs.live_n == 0, "%s: pieces are out\n", what);
    bufq_env_close(&env);
    *out_hello = whole.hello;
}

static struct tls_hello read_recipe(const char *what, const struct recipe *r, size_t record_bytes,
                                    enum tls_hello_got got, enum why why)
{
    static struct bytes message, wire;
    struct tls_hello hello;

    cook(r, &message);
    wrap(&message, record_bytes, &wire);
    read_in_every_way(what, &wire, got, why, &hello);
    return hello;
}

/* ---- tests ---- */

TEST(tls_hello_tells_name_versions_protocols_and_signatures)
{
    const struct recipe r = {
        .name = "Shop.Example.COM.", .alpn = "\x02h2\x08http/1.1\x05" "other", .versions = { 0x0a0a, 0x0304, 0x0303 },
        .groups = { 0x0019, 0x001d }, .signatures = { 0x0403, 0x0804, 0x0201 },
        .suites = { 0x1301, 0xc02b, 0xc02f }, .session_bytes = 32,
    };
    static const size_t records[] = { 16384, 100, 50 };

    for (size_t i = 0; i < COUNT(records); i++) {
        struct tls_hello h = read_recipe("usual", &r, records[i], TLS_HELLO_DONE, WHY_OK);
        CHECK(strcmp(h.server_name, "shop.example.com") == 0, "name %s\n", h.server_name);
        CHECK(h.has_alpn && h.offers_h2 && h.offers_h1, "alpn\n");
        CHECK(h.offers_tls12 && h.offers_tls13, "versions\n");
        CHECK(h.signatures == (TLS_SIGNATURE_P256 | TLS_SIGNATURE_RSA), "signatures %x\n", (unsigned)h.signatures);
        CHECK(h.offers_ecdsa12 && h.offers_rsa12 && !h.lacks_groups, "suites and groups\n");
    }
}

TEST(tls_hello_tells_what_is_not_offered)
{
    const struct recipe old = { .suites = { 0xc02f }, .bare = true };
    const struct recipe new_only = { .versions = { 0x0304 }, .alpn = "\x08http/1.0", .signatures = { 0x0503, 0x0807 },
                                     .groups = { 0x0019, 0x001e } };
    const struct recipe ancient = { .legacy_version = 0x0301, .suites = { 0x002f } };
    struct tls_hello h = read_recipe("old", &old, 16384, TLS_HELLO_DONE, WHY_OK);

    CHECK(h.server_name[0] == 0 && !h.has_alpn && h.offers_tls12 && !h.offers_tls13 && !h.lacks_groups, "old\n");
    CHECK(!h.offers_ecdsa12 && h.offers_rsa12 && h.signatures == 0, "old suites\n");
    h = read_recipe("new", &new_only, 16384, TLS_HELLO_DONE, WHY_OK);
    CHECK(!h.offers_tls12 && h.offers_tls13 && h.has_alpn && !h.offers_h1 && !h.offers_h2, "new\n");
    CHECK(h.signatures == (TLS_SIGNATURE_P384 | TLS_SIGNATURE_ED25519), "new signatures %x\n", (unsigned)h.signatures);
    CHECK(h.lacks_groups, "P-521 and X448 are not ours\n");
    h = read_recipe("ancient", &ancient, 16384, TLS_HELLO_DONE, WHY_OK);
    CHECK(!h.offers_tls12 && !h.offers_tls13, "ancient\n");
}

TEST(tls_hello_that_is_malformed_has_a_name)
{
    static const struct row {
        const char   *what;
        struct recipe recipe;
        enum why      why;
    } rows[] = {
        { "name with a slash",      { .name = "a/b" },                                WHY_TLS_SERVER_NAME },
        { "name with a space",      { .name = "a b" },                                WHY_TLS_SERVER_NAME },
        { "name of dots",           { .name = "a..b" },                               WHY_TLS_SERVER_NAME },
        { "name that begins dotted", { .name = ".a" },                                WHY_TLS_SERVER_NAME },
        { "empty name",             { .name = "" },                                   WHY_TLS_SERVER_NAME },
        { "name beyond ASCII",      { .name = "b\xc3\xbc" "cher" },                   WHY_TLS_SERVER_NAME },
        { "extension twice",        { .name = "a", .repeats_name = true },            WHY_TLS_HELLO_BAD },
        { "versions twice",         { .versions = { 0x304 }, .repeats_versions = true }, WHY_TLS_HELLO_BAD },
        { "two names",              { .name = "a", .two_names = true },               WHY_TLS_HELLO_BAD },
        { "session id of 33",       { .session_bytes = 33 },                          WHY_TLS_HELLO_BAD },
        { "junk at the end",        { .trailing = 1 },                                WHY_TLS_HELLO_BAD },
        { "empty protocol",         { .alpn = "\x02h2" "\x01" },                      WHY_TLS_HELLO_BAD },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        (void)read_recipe(rows[i].what, &rows[i].recipe, 16384, TLS_HELLO_BAD, rows[i].why);
}

TEST(tls_hello_has_a_longest_name_and_a_longest_message)
{
    char name[258];
    struct recipe r = { .name = name };

    memset(name, 'x', sizeof(name));
    name[255] = 0;
    struct tls_hello h = read_recipe("255", &r, 16384, TLS_HELLO_DONE, WHY_OK);
    CHECK(strlen(h.server_name) == 255, "length %zu\n", strlen(h.server_name));
    name[255] = 'x';
    name[256] = 0;
    (void)read_recipe("256", &r, 16384, TLS_HELLO_BAD, WHY_TLS_SERVER_NAME);

    struct recipe long_one = { .name = "a" };
    static struct bytes message;
    cook(&long_one, &message);
    uint32_t rest = TLS_HELLO_BYTES_MAX - (uint32_t)message.len - 4;
    long_one.padding = rest;
    (void)read_recipe("16384", &long_one, 16384, TLS_HELLO_DONE, WHY_OK);
    long_one.padding = rest + 1;
    (void)read_recipe("16385", &long_one, 16384, TLS_HELLO_BAD, WHY_TLS_HELLO_LONG);
}

TEST(tls_hello_may_come_in_a_few_records)
{
    struct recipe r = { .name = "a.example.com", .padding = 400 };
    static struct bytes message;

    cook(&r, &message);
    size_t most = (message.len + TLS_HELLO_RECORDS_MAX - 1) / TLS_HELLO_RECORDS_MAX;
    (void)read_recipe("32 records", &r, most, TLS_HELLO_DONE, WHY_OK);
    (void)read_recipe("33 records", &r, (message.len + TLS_HELLO_RECORDS_MAX) / (TLS_HELLO_RECORDS_MAX + 1) - 1,
                      TLS_HELLO_BAD, WHY_TLS_HELLO_LONG);
    (void)read_recipe("1 byte each", &r, 1, TLS_HELLO_BAD, WHY_TLS_HELLO_LONG);
}

static void bad_wire(const char *what, const void *at, size_t len, enum why why)
{
    static struct bytes wire;
    struct tls_hello hello;

    wire.len = 0;
    put(&wire, at, len);
    read_in_every_way(what, &wire, TLS_HELLO_BAD, why, &hello);
}

TEST(tls_hello_tells_http_and_junk_from_tls)
{
    static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    bad_wire("http/1", get, sizeof(get) - 1, WHY_TLS_PLAIN_HTTP);
    bad_wire("http/2", preface, sizeof(preface) - 1, WHY_TLS_PLAIN_HTTP);
    bad_wire("ssl2", "\x80\x2e\x01\x00\x02", 5, WHY_TLS_NOT_TLS);
    bad_wire("ssh-less junk", "\x00\x01\x02", 3, WHY_TLS_NOT_TLS);
    bad_wire("alert first", "\x15\x03\x01\x00\x02\x01\x00", 7, WHY_TLS_NOT_TLS);
    bad_wire("record of version 2", "\x16\x02\x00\x00\x04\x01\x00\x00\x00", 9, WHY_TLS_NOT_TLS);
    bad_wire("empty record", "\x16\x03\x01\x00\x00", 5, WHY_TLS_HELLO_BAD);
    bad_wire("record too long", "\x16\x03\x01\x40\x01\x01\x00\x00\x10", 9, WHY_TLS_HELLO_BAD);
    bad_wire("server hello", "\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9, WHY_TLS_HELLO_BAD);
    bad_wire("hello of nothing", "\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9, WHY_TLS_HELLO_BAD);
    bad_wire("hello of 16 MB", "\x16\x03\x01\x00\x04\x01\xff\xff\xff", 9, WHY_TLS_HELLO_LONG);
    bad_wire("another record inside", "\x16\x03\x01\x00\x03\x01\x00\x00\x17\x03\x03\x00\x01\x00", 14,
             WHY_TLS_HELLO_BAD);
}

/* The verdict is there as soon as the lengths are, whatever of the rest has come. */
TEST(tls_hello_in_a_record_that_promises_more_is_bad)
{
    const struct recipe r = { .name = "a.example.com" };
    static struct bytes message, wire;
    struct tls_hello hello;

    cook(&r, &message);
    put(&message, "?", 1); /* inside the record, behind the message */
    wrap(&message, 16384, &wire);
    read_in_every_way("one byte too many", &wire, TLS_HELLO_BAD, WHY_TLS_HELLO_BAD, &hello);
    wire.len -= 1;
    read_in_every_way("promised only", &wire, TLS_HELLO_BAD, WHY_TLS_HELLO_BAD, &hello);
}

TEST(tls_hello_part_that_runs_over_its_end_is_bad)
{
    const struct recipe r = { .name = "a.example.com", .alpn = "\x02h2", .versions = { 0x0304 },
                              .signatures = { 0x0403 } };
    static struct bytes message, wire;
    struct bufq_env env;
    unsigned bad_n = 0;

    cook(&r, &message);
    wrap(&message, 16384, &wire);
    open_env(&env);
    /* One byte at a time is made the largest: lengths then overrun. No answer may differ between two cuts. */
    for (size_t i = 9; i < wire.len; i++) {
        uint8_t was = wire.at[i];
        wire.at[i] = 0xff;
        struct answer a = read_bytes(&env, wire.at, wire.len, wire.len);
        struct answer b = read_bytes(&env, wire.at, wire.len, i);
        CHECK(a.got == b.got && a.why == b.why, "byte %zu: %s and %s\n", i, why_name(a.why), why_name(b.why));
        bad_n += a.got == TLS_HELLO_BAD;
        wire.at[i] = was;
    }
    CHECK(bad_n >= 15, "only %u bytes matter\n", bad_n);
    bufq_env_close(&env);
}

CHECK_RUN(RUN(tls_hello_tells_name_versions_protocols_and_signatures), RUN(tls_hello_tells_what_is_not_offered),
          RUN(tls_hello_that_is_malformed_has_a_name), RUN(tls_hello_has_a_longest_name_and_a_longest_message),
          RUN(tls_hello_may_come_in_a_few_records), RUN(tls_hello_tells_http_and_junk_from_tls),
          RUN(tls_hello_in_a_record_that_promises_more_is_bad), RUN(tls_hello_part_that_runs_over_its_end_is_bad))
